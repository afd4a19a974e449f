"""One run from submit to result: traits, steps, threads, polling, downloads, recovery."""

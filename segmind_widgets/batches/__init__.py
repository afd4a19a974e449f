"""Many runs as one: rows from any source, sent in order, counted, and resumable."""

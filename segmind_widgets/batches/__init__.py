"""Many runs as one: rows from any source, submitted in order, counted and resumable."""

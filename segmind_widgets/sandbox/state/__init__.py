"""State of a running sandbox: accounts, files, models and jobs."""

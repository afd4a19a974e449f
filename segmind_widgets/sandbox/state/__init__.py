"""Accounts, files, models and jobs of a running sandbox."""

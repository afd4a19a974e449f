"""Requests sent by the workers of any `concurrent.futures.Executor`."""

"""A run as code: a cell, a client call, a Python script, a curl script."""

"""HTTP of the sandbox: requests, replies, faults, and the request log."""

"""HTTP layer of the sandbox: requests, replies, scripted failures, and the request log."""

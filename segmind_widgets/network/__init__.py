"""One account at one endpoint: transport, retries, rate limit, keys, uploads, directory."""

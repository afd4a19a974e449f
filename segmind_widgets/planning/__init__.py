"""A run that is checked and priced, and not sent: inputs, fingerprint, estimates, budget."""

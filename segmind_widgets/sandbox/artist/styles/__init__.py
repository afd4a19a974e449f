"""Styles, tones, lettering, and the sandbox's mark."""

"""Styles, tones, lettering, and the sandbox watermark."""

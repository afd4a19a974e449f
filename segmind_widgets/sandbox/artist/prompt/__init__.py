"""Prompts as drawing briefs: words, palettes, sizes."""

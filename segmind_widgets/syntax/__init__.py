"""Parsers of text that people write or paste: cells, templates, YAML, code snippets."""

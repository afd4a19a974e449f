"""Text that a person writes, as Python values: cells, templates, YAML, pasted snippets."""

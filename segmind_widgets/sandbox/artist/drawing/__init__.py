"""Primitives: colours, shapes, pens."""

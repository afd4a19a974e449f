"""Subjects that a scene can show."""

"""Backgrounds and whole compositions."""

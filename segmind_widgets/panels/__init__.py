"""Widgets over the client and its jobs: traits and layout, never protocol."""

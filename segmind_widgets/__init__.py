"""Jupyter magics and widgets for hosted image, video and sound models."""

__version__ = "0.1.0"

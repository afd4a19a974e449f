"""Base64 with pybase64, which is much faster, or with the standard library."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol


class Base64(Protocol):
    """The functions of pybase64 and of base64 that this package uses."""

    def b64encode(self, s: bytes, /) -> bytes:
        """Encode bytes as ASCII."""
        ...

    def b64decode(self, s: str, /, *, validate: bool) -> bytes:
        """Decode text. Raises ValueError: it is not base64."""
        ...


@lru_cache(maxsize=1)
def base64_codec() -> Base64:
    """Import and return pybase64, or base64 where pybase64 cannot be imported."""
    try:
        import pybase64
    except ImportError:
        import base64

        return base64
    return pybase64

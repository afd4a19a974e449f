"""The types of the sources that `Asset.of` accepts; imported only by type checkers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from PIL.Image import Image

from segmind_widgets.assets.asset import Asset


class HasOutputs(Protocol):
    """A job, or another object with outputs; the first one is the file."""

    @property
    def outputs(self) -> Sequence[Any]:
        """Files, in order."""
        ...


class HasArrayInterface(Protocol):
    """An array, such as NumPy's."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...


class SupportsRead(Protocol):
    """A file that is open for reading bytes."""

    def read(self) -> bytes:
        """Return the content from the current position."""
        ...


# a str is a URL or a path
FileSource: TypeAlias = (
    str | Path | bytes | bytearray | memoryview | Asset | Image | HasOutputs | HasArrayInterface
    | SupportsRead
)  # fmt: skip

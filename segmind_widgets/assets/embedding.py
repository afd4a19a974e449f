"""Reading, inserting and removing recipes in picture files, without changing anything else.

Functions return edits of the file, so a picture of any size can be copied without being decoded.
"""

from __future__ import annotations

import mmap
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from segmind_widgets.assets.containers import Data, Edit, container_of
from segmind_widgets.assets.xmp import NAMESPACE, Packet, Properties


def recipe_in(data: Data) -> str | None:
    """Return the JSON of the recipe in a picture; None where there is none, or a broken packet."""
    container = container_of(data)
    if container is None or NAMESPACE.encode() not in container.packet:
        return None
    try:
        return Packet(container.packet).recipe
    except ValueError:
        return None


def insertion(data: Data, candidates: Iterable[Properties]) -> list[Edit]:
    """Return the edits that insert the first candidate for which there is room.

    No edits are returned for other formats, for broken or signed (C2PA) files, and for files
    without room; nor if the picture's own XMP packet is broken, since its author may still be able
    to read it.
    """
    container = container_of(data)
    if container is None or container.is_fixed:
        return []
    try:
        packet = Packet(container.packet) if container.packet else None
    except ValueError:
        return []
    new_packet = Packet.new if packet is None else packet.with_recipe
    edits = (container.edits(new_packet(properties)) for properties in candidates)
    return next((one for one in edits if one), list[Edit]())


def removal(data: Data) -> list[Edit]:
    """Return the edits that remove a recipe and the properties that were added with it.

    Raises:
        ValueError: there is a recipe, but the file is broken, or was signed with the recipe in it.
    """
    container = container_of(data)
    mark = NAMESPACE.encode()
    if data.find(mark) < 0 and (container is None or mark not in container.packet):
        return []
    if container is None or container.is_fixed:
        raise ValueError("the file is broken or signed")
    return container.edits(Packet(container.packet).without_recipe()) if container.packet else []


def edited(view: memoryview, edits: Iterable[Edit]) -> Iterator[memoryview | bytes]:
    """Yield the pieces of a file after the edits; `edits` are in the file's order."""
    position = 0
    for edit in edits:
        yield view[position : edit.start]
        yield edit.new
        position = edit.end
    yield view[position:]


@contextmanager
def mapped(path: Path) -> Generator[Data, None, None]:
    """Map a file into memory, so that only the accessed parts are read."""
    with path.open("rb") as file:
        if not path.stat().st_size:  # an empty file cannot be mapped
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data

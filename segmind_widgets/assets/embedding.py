"""Recipes in the bytes of pictures: read, put in and taken out, without loss of anything else.

Functions return edits of the file, so that a picture of any size is copied and never decoded.
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
    """Return the edits that put in the first of the candidates for which there is room.

    No edits for other formats, and for broken, signed (C2PA) and full files; also where the
    picture's own XMP packet is broken: its author may still read it.
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
    """Return the edits that take a recipe out, with the properties that came with it.

    Raises:
        ValueError: there is one, and the file is broken, or signed with it.
    """
    container = container_of(data)
    mark = NAMESPACE.encode()
    if data.find(mark) < 0 and (container is None or mark not in container.packet):
        return []
    if container is None or container.is_fixed:
        raise ValueError("the file is broken or signed")
    return container.edits(Packet(container.packet).without_recipe()) if container.packet else []


def edited(view: memoryview, edits: Iterable[Edit]) -> Iterator[memoryview | bytes]:
    """Yield the pieces of a file with edits made; edits are in the file's order."""
    position = 0
    for edit in edits:
        yield view[position : edit.start]
        yield edit.new
        position = edit.end
    yield view[position:]


@contextmanager
def mapped(path: Path) -> Generator[Data, None, None]:
    """Map a file's bytes: only the parts that are looked at are read."""
    with path.open("rb") as file:
        if not path.stat().st_size:  # an empty file cannot be mapped
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data

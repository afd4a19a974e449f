"""The one file of a multipart form, found by hand: tornado's parser copies it several times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from segmind_widgets.sandbox.http.exchange import RequestBody


@dataclass(frozen=True)
class Part:
    """A file as it was sent. `data` is None where it is larger than was asked for."""

    filename: str
    size: int
    data: bytes | None


def file_part(body: RequestBody, content_type: str, field: str, limit: int) -> Part | None:
    """The file in a form's `field`; None where there is no such form or field, or no file in it.

    Args:
        body: the form.
        content_type: the request's header, which names the boundary.
        field: the field's name.
        limit: bytes; a larger file is measured, but not read.
    """
    found = re.match(r'(?i)multipart/form-data;.*?boundary="?([^";]+)', content_type)
    if not found:
        return None
    edge = b"--" + found[1].encode()
    with body.view() as view:
        at = view.find(edge)
        while at >= 0:
            head_end, following = view.find(b"\r\n\r\n", at), view.find(b"\r\n" + edge, at + 1)
            if head_end < 0 or following < 0:
                return None
            head = view[at:head_end].decode("utf-8", "replace")
            if re.search(rf'[; ]name="{field}"', head):
                name = re.search(r"""filename(?:="|\*=utf-8'')([^"\r;]*)""", head)
                start = head_end + 4
                size = following - start
                data = view[start:following] if size <= limit else None
                return Part(unquote(name[1]), size, data) if name else None
            at = following + 2
    return None

"""Extract one file from a multipart form.

Tornado's parser is not used because it copies the file several times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from segmind_widgets.sandbox.http.exchange import RequestBody


@dataclass(frozen=True)
class Part:
    """An uploaded file. `data` is None if the file exceeds the limit."""

    filename: str
    size: int
    data: bytes | None


def file_part(body: RequestBody, content_type: str, field: str, limit: int) -> Part | None:
    """Return the file in a field of a form, or None if there is no form, field or file.

    Args:
        body: the body of the request.
        content_type: the request's header, which contains the boundary.
        field: name of the field.
        limit: largest size in bytes; of a larger file only the size is returned.
    """
    boundary = re.match(r'(?i)multipart/form-data;.*?boundary="?([^";]+)', content_type)
    if not boundary:
        return None
    edge = b"--" + boundary[1].encode()
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

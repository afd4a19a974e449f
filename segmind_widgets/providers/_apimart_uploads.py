"""Uploads of APIMart: one picture as a multipart form, whose URL is valid for 72 hours."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from segmind_widgets.assets import media_types
from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import AssetError, ReplyError
from segmind_widgets.providers._base import Body
from segmind_widgets.providers._facts import number, whole
from segmind_widgets.providers._reasons import excerpt
from segmind_widgets.providers._replies import check_envelope, checked, json_object
from segmind_widgets.schemas import is_mapping
from segmind_widgets.types import Call, Reply, Uploaded

BYTES = 20_971_520
HOURS = 72.0
TYPES = ("jpeg", "png", "gif", "webp")
LIMITS = (
    f"APIMart takes JPEG, PNG, WebP and GIF of at most {BYTES >> 20} MB; their URLs are"
    f" valid for {HOURS:.0f} hours."
)


def check(asset: Asset) -> None:
    """Raise AssetError for a file that APIMart would refuse: its type, or its size in bytes."""
    kind = asset.media_type.removeprefix("image/")
    if not asset.media_type.startswith("image/") or kind not in TYPES:
        raise AssetError(
            f"{asset.filename}: unsupported image type: {asset.media_type},"
            f" allowed: {', '.join(TYPES)}",
            hint="Save the image as JPEG, PNG, WebP or GIF."
            if asset.kind == "image"
            else "APIMart only stores images. Give a URL of the file, if there is one.",
        )
    if (asset.size or 0) > BYTES:
        raise AssetError(
            f"{asset.filename}: file size {asset.size} exceeds maximum {BYTES} bytes",
            hint="Make it smaller: fewer pixels, or JPEG or WebP.",
        )


def upload_call(url: str, asset: Asset, progress: Callable[[int], None] | None) -> Call:
    """Return the call that uploads a file, as a stream."""
    edge = uuid.uuid4().hex
    name = asset.filename.replace('"', "").replace("\r", "").replace("\n", "")
    head = (
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {asset.media_type}\r\n\r\n"
    ).encode("utf-8", "replace")
    tail = f"\r\n--{edge}--\r\n".encode()
    parts = [(len(head), head), (asset.size or 0, asset.pieces), (len(tail), tail)]
    headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    body = Body(parts, progress)
    return Call("POST", url, headers=headers, timeout=300.0, body=body)


def parse(url: str, reply: Reply) -> Uploaded:
    """Return the address of the uploaded file and the time until which it is valid.

    Raises:
        ReplyError: the reply has no address.
    """
    call = Call("POST", url)
    body = json_object(call, checked(call, reply))
    check_envelope(body, reply)
    data = body["data"] if is_mapping(body.get("data")) else body
    if not isinstance(data.get("url"), str) or not data["url"]:
        raise ReplyError("APIMart's reply to the upload has no URL.", body=excerpt(reply.body))
    now = time.time()
    created = min(now, max(0.0, number(data.get("created_at")) or now))
    until = datetime.fromtimestamp(created, timezone.utc) + timedelta(hours=HOURS)
    return Uploaded(
        data["url"],
        until.isoformat(timespec="seconds"),
        filename=_optional_text(data.get("filename")),
        media_type=media_types.parse(data.get("content_type")),
        size=whole(data.get("bytes")),
    )


def _optional_text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None

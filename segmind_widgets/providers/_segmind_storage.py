"""Segmind Storage: several files in one JSON body, as data URLs that are made while it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.base64_codec import base64_codec
from segmind_widgets.errors import ReplyError
from segmind_widgets.providers._base import Body
from segmind_widgets.providers._outputs import address_of
from segmind_widgets.providers._replies import check_envelope, checked, json_object
from segmind_widgets.schemas import is_list, is_mapping
from segmind_widgets.types import Call, Reply, Uploaded

_TOGETHER = 16 * 1024 * 1024  # bytes of files sent in one upload
_URL_KEYS = ("urls", "file_urls", "url", "file_url")


def upload_calls(
    url: str, assets: Iterable[Asset], progress: Callable[[int], None] | None = None
) -> Iterator[tuple[Call, int]]:
    """Yield the calls that upload the assets, each with its number of assets."""
    group: list[Asset] = []
    for asset in assets:
        if group and sum(a.size or 0 for a in group) + (asset.size or 0) > _TOGETHER:
            yield _upload(url, group, progress), len(group)
            group = []
        group.append(asset)
    if group:
        yield _upload(url, group, progress), len(group)


def _upload(url: str, assets: list[Asset], progress: Callable[[int], None] | None) -> Call:
    parts: list[tuple[int, bytes | Callable[[], Iterator[bytes]]]] = []
    for asset in assets:
        head = f'{"," if parts else ""}"data:{asset.media_type};base64,'.encode()
        head = head if parts else b'{"data_urls":[' + head
        parts += [(len(head), head), (-(-(asset.size or 0) // 3) * 4, _base64(asset)), (1, b'"')]
    parts.append((2, b"]}"))
    headers = {
        "accept": "application/json, text/plain, */*",
        "content-type": "application/json",
    }
    return Call("POST", url, headers=headers, timeout=300.0, body=Body(parts, progress))


def _base64(asset: Asset) -> Callable[[], Iterator[bytes]]:
    return lambda: (base64_codec().b64encode(piece) for piece in asset.pieces())


def parse_upload(url: str, reply: Reply, count: int) -> list[Uploaded]:
    """Return the addresses of the uploaded files, in the order of sending.

    Raises:
        ReplyError: the reply has a different number of addresses.
    """
    call = Call("POST", url)
    body = json_object(call, checked(call, reply))
    check_envelope(body, reply)
    places = [body, body["data"]] if is_mapping(body.get("data")) else [body]
    for place in places:
        for name in _URL_KEYS:
            value = place.get(name)
            urls = value if is_list(value) else [value] if value else []
            if (
                urls
                and len(urls) == count
                and all(isinstance(u, str) and address_of(u) for u in urls)
            ):
                return [Uploaded(url) for url in urls]
    raise ReplyError("The reply of Segmind's storage has no URLs.", body=json.dumps(body)[:2000])

"""The service's last reply to each job, in a file beside the results.

A reply that is itself the picture, video or sound is not stored twice. The file is JSON of at most
2 MiB, without the parts of addresses that are signatures.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from segmind_widgets.errors import StoreError
from segmind_widgets.file_modes import PRIVATE
from segmind_widgets.nested import transform

NAME = "reply.json"
MAX_BYTES = 2 * 1024 * 1024
_log = logging.getLogger(__name__)
_SIGNATURE = re.compile(r"(https?://[^\s\"'<>?#\\]{1,2000})[?#][^\s\"'<>\\)\]]*", re.IGNORECASE)
_LOGIN = re.compile(r"(https?://)[^\s/@\"'<>?#\\]{1,200}@", re.IGNORECASE)
_BASE64 = re.compile(r"(?:data:[^,]{0,100},)?[A-Za-z0-9+/_\-\s]{1000,}={0,2}\s*")
_CUTS = (1_000_000, 10_000, 200)  # characters of each text, until the file is small enough
_MAX_PARSED = 64 * 1024 * 1024  # characters; of a longer reply only the beginning is kept
_SHOWN = 60  # characters of base64


class ResultFolder(Protocol):
    """The part of a store that is used here."""

    def new_file(self, target: str, key: str, index: int, suffix: str) -> Path:
        """Return a path for a result and create its folder. Raises StoreError if that fails."""
        ...


def keep(store: ResultFolder, target: str, key: str, body: bytes) -> Path | None:
    """Write a job's reply; return its path, or None for one that is no text or cannot be written.

    Args:
        store: has the folder of results.
        target: the job's model or workflow.
        key: the job's row in the journal.
        body: the body of the reply, without the key.
    """
    if (text := _text(body)) is None:
        return None
    try:
        path = store.new_file(target, key, 0, "")
        path = path.with_name(f"{path.name.removesuffix('-1')}-{NAME}")
        PRIVATE.write(path, _shortened(text))
    except (StoreError, OSError):
        _log.debug("The reply to %s was not kept", key, exc_info=True)
        return None
    return path


def find(results: Path, key: str, outputs: Iterable[Path] = ()) -> Path | None:
    """Return the file with a job's reply: beside its `outputs`, else in any folder of results."""
    pattern = f"*-{key[-12:]}-{NAME}"
    for folder in {path.parent for path in outputs}:
        with suppress(OSError):
            if found := next(folder.glob(pattern), None):
                return found
    return next(results.glob(f"*/{pattern}"), None)


def read(path: Path | None) -> Any:
    """Return the JSON value of a stored reply; None if it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path else None
    except (OSError, ValueError):
        return None


def _text(body: bytes) -> str | None:
    """Return a body as text; None if it is binary or empty."""
    if not body.strip() or b"\0" in body[:1024]:
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _shortened(text: str) -> bytes:
    if len(text) > _MAX_PARSED:
        return json.dumps(_clean(text[: MAX_BYTES // 8], MAX_BYTES)).encode()
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    for cut in _CUTS:
        data = json.dumps(transform(value, lambda leaf: _clean(leaf, cut)), indent=1)  # noqa: B023
        if len(data) <= MAX_BYTES:
            return data.encode()
    return json.dumps(_clean(text, MAX_BYTES // 8)).encode()


def _clean(value: Any, cut: int) -> Any:
    """Return a text without signatures, and cut to a length; other values as they are."""
    if not isinstance(value, str):
        return value
    if _BASE64.fullmatch(value):
        return f"{value[:_SHOWN]}… ({len(value):,} characters)"
    if len(value) > cut:
        value = f"{value[:cut]}… ({len(value):,} characters)"
    return _LOGIN.sub(r"\1", _SIGNATURE.sub(r"\1", value))

"""Thumbnails that can be enlarged, of pictures and other files whose bytes stay in the kernel.

The browser asks for what is about to be seen, and keeps no bytes in the widget's state. Messages
from the browser:

    look    key, side: a picture of it, at most `side` px wide and high
    part    id, key or token, offset: the file itself, a piece at a time, as it is pulled
    action  name, key

and to it `seen` (key, side, media_type, one buffer), `part` (id, name, size, media_type, one
buffer), `failed` (what was asked, text) and `save` (token, name).
"""

from __future__ import annotations

import mimetypes
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from traitlets import Bool, Dict, Int, List, TraitError, Unicode, validate

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import InputError
from segmind_widgets.widgets.browser import STATIC, Browser, error_text

KINDS = ("image", "video", "audio", "text", "file")
_MAX_SIDE = 4096  # px


def display_kind(asset: Asset) -> str:
    """Return the member of `KINDS` that fits an asset; "file" for a 3D model, a PDF and others."""
    return asset.kind if asset.kind in KINDS else "file"


def _run_now(work: Callable[[], None]) -> None:
    work()


class Pictures(Browser):
    """The thumbnails.

    Args:
        load: gives the bytes and the media type of a picture of a key, at most so many px wide
            and high. A text gives its beginning (`text/plain`). Empty bytes: the kind's sign is
            shown. What it raises is shown in the picture's place. Called for `image`, `video` and
            `text`.
        items: first value of the trait.
        whole: gives the whole file of a key, to play, read and download it.
        on_action: gets the name of a pressed action and the key; not `download` and `copy`, which
            the browser does.
        background: runs the work of `load` and `whole`, elsewhere if it likes; None: at once.
        piece: bytes of one message at most.
        traits: first values of the others.

    Raises:
        InputError: there is a `download` action and no `whole`.
    """

    _esm = STATIC / "pictures.js"
    _css = STATIC / "pictures.css"

    items = List(Dict()).tag(sync=True)
    """What is shown: dicts with `key` (unique, never of other content later) and any of `alt` (the
    prompt), `caption`, `badge`, `kind` (of `KINDS`, else image), `note`, `busy`, `error`, `url`
    (for `copy`), `name` (for `download`) and `actions` (names; else all)."""
    side = Int(160, min=32).tag(sync=True)
    """Px of a thumbnail, both ways."""
    selectable = Bool(False).tag(sync=True)
    """True: a click selects, a double click or Enter enlarges; else a click enlarges."""
    selected = Unicode("").tag(sync=True)
    """The selected key, or empty."""
    actions = List(Dict()).tag(sync=True)
    """Buttons under each item: dicts with `name`, `label` and `title` (tooltip)."""
    wrap = Bool(True).tag(sync=True)
    """False: one row that scrolls sideways."""
    label = Unicode("Pictures").tag(sync=True)
    """What the list is, for screen readers."""
    empty = Unicode("").tag(sync=True)
    """Shown where there are no items."""

    def __init__(
        self,
        load: Callable[[str, int], tuple[bytes, str]],
        items: Iterable[dict[str, Any]] = (),
        *,
        whole: Callable[[str], Path] | None = None,
        on_action: Callable[[str, str], None] | None = None,
        background: Callable[[Callable[[], None]], object] | None = None,
        piece: int | None = None,
        **traits: Any,
    ) -> None:
        self._load = load
        self._whole = whole
        self._on_action = on_action
        self._background = background or _run_now
        self._downloads = {"lightbox": (STATIC / "lightbox.js", "lightbox.js")}
        if whole is None and any(a.get("name") == "download" for a in traits.get("actions", ())):
            raise InputError("A download action needs `whole`, which gives the files.")
        receivers = {"look": self._look, "part": self._part, "action": self._act}
        super().__init__(receivers, piece=piece, items=list(items), **traits)

    def download(self, path: Path, name: str | None = None) -> None:
        """Have the browser save a file, under its own name or another."""
        token = uuid.uuid4().hex
        self._downloads[token] = path, name or path.name
        self._post({"type": "save", "token": token, "name": name or path.name})

    @validate("items")
    def _check(self, proposal: dict[str, Any]) -> list[dict[str, Any]]:
        items = proposal["value"]
        keys = [item.get("key") for item in items]
        if not all(isinstance(key, str) and key for key in keys) or len(set(keys)) < len(keys):
            raise TraitError("Each item needs a `key`, a text that no other item has.")
        if wrong := {item.get("kind", "image") for item in items} - set(KINDS):
            raise TraitError(f"kind is one of {', '.join(KINDS)}; not {', '.join(map(str, wrong))}")
        return items

    def _look(self, content: dict[str, Any], _: list[Any]) -> None:
        key, side = content["key"], min(int(content["side"]), _MAX_SIDE)

        def answer() -> None:
            data, media_type = self._load(key, side)
            self._post({**content, "type": "seen", "media_type": media_type}, data)

        self._run(content, answer)

    def _part(self, content: dict[str, Any], _: list[Any]) -> None:
        def answer() -> None:
            path, name = self._file(content)
            with path.open("rb") as file:
                file.seek(content["offset"])
                data = file.read(self.piece)
            told = {
                "type": "part",
                "id": content["id"],
                "name": name,
                "size": path.stat().st_size,
                "media_type": mimetypes.guess_type(name)[0] or "",
            }
            self._post(told, data)

        self._run(content, answer)

    def _file(self, content: dict[str, Any]) -> tuple[Path, str]:
        if "token" in content:
            return self._downloads[content["token"]]
        if self._whole is None:
            raise InputError("The whole file cannot be had here.")
        path = self._whole(content["key"])
        named = (item.get("name") for item in self.items if item["key"] == content["key"])
        return path, next(named, None) or path.name

    def _act(self, content: dict[str, Any], _: list[Any]) -> None:
        self.say("")
        if self._on_action:
            self._on_action(content["name"], content["key"])

    def _run(self, content: dict[str, Any], answer: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                answer()
            except Exception as error:  # noqa: BLE001 - it would vanish in a thread
                self.report_failure(content, error)

        self._background(guarded)

    def report_failure(self, content: dict[str, Any], error: Exception) -> None:
        """Answer a request for bytes with the error; show other errors below the list."""
        if content.get("type") in ("look", "part"):
            self._post(
                {**content, "type": "failed", "asked": content["type"], "text": error_text(error)}
            )
        else:
            super().report_failure(content, error)

"""A grid of thumbnails of files, with an enlarged view.

The bytes stay in the kernel: the browser requests thumbnails as they scroll into view, and no
bytes are in the widget's state. Messages from the browser:

    look    key, side: request a thumbnail, at most `side` px wide and high
    part    id, key or token, offset: request the next piece of the file itself
    action  name, key

and to the browser: `seen` (key, side, media_type, one buffer), `part` (id, name, size,
media_type, one buffer), `failed` (the request, text) and `save` (token, name).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from traitlets import Bool, Dict, Int, List, TraitError, Unicode, validate

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.media_types import type_of_name
from segmind_widgets.errors import InputError
from segmind_widgets.printable import printable
from segmind_widgets.widgets.browser import STATIC, Browser, error_text

KINDS = ("image", "video", "audio", "text", "file")
_MAX_SIDE = 4096  # px
_SHOWN = ("alt", "caption", "badge", "note", "error", "name")  # texts of an item


def display_kind(asset: Asset) -> str:
    """Return the member of `KINDS` for an asset; "file" for a 3D model, a PDF and other files."""
    return asset.kind if asset.kind in KINDS else "file"


def _run_now(work: Callable[[], None]) -> None:
    work()


class Pictures(Browser):
    """The grid.

    Args:
        load: called with a key and a size in px; returns the bytes and the media type of a
            thumbnail of at most that width and height, or for a text its beginning (`text/plain`).
            If the bytes are empty, an icon for the kind is shown. Its errors are shown instead of
            the thumbnail. Called for `image`, `video` and `text`.
        items: initial value of the trait.
        whole: returns the path of a key's file, to play, read and download it.
        on_action: called with the name of an action and the key, except for `download` and `copy`,
            which the browser performs.
        background: runs a function that calls `load` or `whole`, possibly in a thread; None: in
            the same thread.
        piece: largest size of a message in bytes.
        traits: initial values of the other traits.

    Raises:
        InputError: there is a `download` action without `whole`.
    """

    _esm = STATIC / "pictures.js"
    _css = STATIC / "pictures.css"

    items = List(Dict()).tag(sync=True)
    """Dicts with `key` (unique; its content never changes) and any of `alt` (the prompt),
    `caption`, `badge`, `kind` (of `KINDS`; default image), `note`, `busy`, `error`, `url` (for
    `copy`), `name` (for `download`) and `actions` (names; default all)."""
    side = Int(160, min=32).tag(sync=True)
    """Largest width and height of a thumbnail in px."""
    selectable = Bool(False).tag(sync=True)
    """Whether a click selects, and a double click or Enter enlarges; else a click enlarges."""
    selected = Unicode("").tag(sync=True)
    """The selected key, or empty."""
    actions = List(Dict()).tag(sync=True)
    """Buttons under each item: dicts with `name`, `label` and `title` (tooltip)."""
    wrap = Bool(True).tag(sync=True)
    """Whether rows wrap; if not, a single row scrolls horizontally."""
    label = Unicode("Images").tag(sync=True)
    """The name of the list, for screen readers."""
    empty = Unicode("").tag(sync=True)
    """The text shown for an empty list."""

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
            raise InputError("A download action needs `whole`, which returns the files.")
        receivers = {"look": self._look, "part": self._part, "action": self._act}
        super().__init__(receivers, piece=piece, items=list(items), **traits)

    def download(self, path: Path, name: str | None = None) -> None:
        """Let the browser save a file under its own name, or under `name`."""
        token = uuid.uuid4().hex
        self._downloads[token] = path, name or path.name
        self._post({"type": "save", "token": token, "name": name or path.name})

    @validate("items")
    def _check(self, proposal: dict[str, Any]) -> list[dict[str, Any]]:
        items = proposal["value"]
        keys = [item.get("key") for item in items]
        if not all(isinstance(key, str) and key for key in keys) or len(set(keys)) < len(keys):
            raise TraitError("Each item needs a `key`: a text that is unique in the list.")
        if wrong := {item.get("kind", "image") for item in items} - set(KINDS):
            raise TraitError(f"kind is one of {', '.join(KINDS)}; not {', '.join(map(str, wrong))}")
        return [
            {name: printable(text) if name in _SHOWN else text for name, text in item.items()}
            for item in items
        ]

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
            answer = {
                "type": "part",
                "id": content["id"],
                "name": name,
                "size": path.stat().st_size,
                "media_type": type_of_name(name) or "",
            }
            self._post(answer, data)

        self._run(content, answer)

    def _file(self, content: dict[str, Any]) -> tuple[Path, str]:
        if "token" in content:
            return self._downloads[content["token"]]
        if self._whole is None:
            raise InputError("The whole file is not available here.")
        path = self._whole(content["key"])
        names = (item.get("name") for item in self.items if item["key"] == content["key"])
        return path, next(names, None) or path.name

    def _act(self, content: dict[str, Any], _: list[Any]) -> None:
        self.say("")
        if self._on_action:
            self._on_action(content["name"], content["key"])

    def _run(self, content: dict[str, Any], answer: Callable[[], None]) -> None:
        def safe_answer() -> None:
            try:
                answer()
            except Exception as error:  # noqa: BLE001 - a thread would lose it
                self.report_failure(content, error)

        self._background(safe_answer)

    def report_failure(self, content: dict[str, Any], error: Exception) -> None:
        """Reply to a request for bytes with the error; show other errors below the list."""
        if content.get("type") in ("look", "part"):
            self._post(
                {**content, "type": "failed", "asked": content["type"], "text": error_text(error)}
            )
        else:
            super().report_failure(content, error)

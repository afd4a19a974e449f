"""Drop, choose or paste files, and get their URLs."""

from __future__ import annotations

import keyword
import os
import re
import shlex
import threading
import time
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import ipywidgets as widgets

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.damage import check_content
from segmind_widgets.assets.folders import files_of, path_kind
from segmind_widgets.errors import InputError, NotFound, SegmindError
from segmind_widgets.markup import element
from segmind_widgets.panels._base import Panel
from segmind_widgets.syntax.cells import parse_body
from segmind_widgets.syntax.snippets import Pasted
from segmind_widgets.widgets.base import error_text, free, provider_choice, row
from segmind_widgets.widgets.drop import Drop
from segmind_widgets.widgets.pictures import Pictures
from segmind_widgets.widgets.recent import Recent, local_kind
from segmind_widgets.widgets.text_box import PasteBox, TextBox

_UPDATE_INTERVAL = 0.2  # seconds between two updates of the progress
_MEDIA = "image/*,video/*,audio/*"


@dataclass
class UploadItem:
    """A file of the list. `asset` has a URL once it is uploaded; None: the file is unreadable."""

    name: str
    asset: Asset | None = None
    state: str = "waiting"
    provider: str | None = None
    error: str = ""
    key: str = field(default_factory=lambda: uuid4().hex[:8])

    @property
    def ready(self) -> bool:
        """Return whether the upload succeeded, so that the asset has its URL."""
        return self.asset is not None and not self.error and not self.busy

    @property
    def busy(self) -> bool:
        """Return whether the file is being uploaded or waiting for it."""
        return self.state.startswith(("waiting", "uploading")) and not self.error

    def item(self, place: str) -> dict[str, Any]:
        """Return the file as an item of `Pictures`; `place` is how cells name it."""
        asset = self.asset
        if asset is None:
            more = {"caption": self.name, "kind": "file", "actions": ["remove"]}
            return {"key": self.key, "alt": self.name, "error": self.error, **more}
        until = f", until {asset.expires_at}" if asset.expires_at else ""
        actions = {"copy": asset.url, "again": self.error, "remove": True}
        return {
            "key": self.key,
            "alt": self.name,
            "caption": " · ".join(asset.facts),
            "kind": local_kind(asset),
            "note": " · ".join(filter(None, [place, f"{self.state}{until}"]))
            if not self.error
            else "",
            "error": self.error,
            "busy": self.busy,
            "url": asset.url or "",
            "actions": [name for name, enabled in actions.items() if enabled],
        }


class UploadPanel(Panel):
    """An area to upload files of any size; equal content is uploaded once.

    `argument`: files, folders, patterns, URLs and `$names` to begin with.
    """

    title = "Upload"

    @classmethod
    def argument_of(cls, words: Sequence[str]) -> str:
        """Return the words of the magic's line with quotes, so that each stays one source."""
        return shlex.join(words)

    def build(self, argument: str) -> Sequence[widgets.Widget]:
        """Return the area, a field for URLs and paths, the list, and the variable's name."""
        self._entries: list[UploadItem] = []
        self._last_update = 0.0
        self._lock = threading.RLock()  # the list shows whole states, and the newest last
        self.drop = Drop(
            self.add,
            self.add_text,
            folder=self.incoming,
            accept=_MEDIA,
            label="Drop, paste or choose images, audio or video",
        )
        self._build_source()
        before = self.button("Earlier uploads", self.show_recent, tooltip="Use an earlier upload")
        self._recent_box = widgets.VBox()
        self._build_variable()
        self.list = Pictures(
            self._load,
            background=self.background,
            on_action=self._act,
            label="Uploaded files",
            actions=_ACTIONS,
        )
        if argument:
            self.guard(lambda: self.add_text(argument))
        return [
            self.drop,
            row(self.provider, self.limits),
            row(self.source, before),
            self._recent_box,
            self.list,
            row(self.variable),
        ]

    def _build_source(self) -> None:
        self.source = PasteBox(
            lambda text: self.guard(lambda: self.add_text(text)),
            description="URL, path or $variable",
            placeholder="or code that uploads a file",
            button="Add",
        )
        self.source.add_class("sw-wide")
        self.provider = provider_choice()
        self.limits = widgets.HTML(layout={"flex": "1 1 240px", "min_width": "0"})
        self.limits.add_class("sw-hint")
        self.provider.observe(self._show_limits, "value")
        self._show_limits()

    def _build_variable(self) -> None:
        self.variable = TextBox(self.without_keys, "uploaded", description="Variable name")
        self.variable.add_class("sw-wide")
        self.variable.observe(lambda _: self.guard(self._rename_variable), "value")

    @property
    def assets(self) -> list[Asset]:
        """Return the uploaded files with their URLs, oldest first."""
        return [entry.asset for entry in self._entries if entry.asset and entry.ready]

    def _show_limits(self, _: Any = None) -> None:
        limits = self.client.session.upload_limits(self.provider.value or "")
        self.limits.value = element("div", limits, style="line-height:1.4")

    # adding

    def take_input(self, asset: Any) -> str:
        """Upload a picture, video or sound file."""
        if asset.kind not in ("image", "video", "audio"):
            return ""
        self.add([asset])
        return "the uploads"

    def add(self, sources: Iterable[Any], provider: str | None = None) -> None:
        """Upload sources of `Asset.of`; the list shows the error of each unreadable one.

        Without `provider` they go to the provider in the settings.
        """
        entries = [replace(_item_of(source), provider=provider) for source in sources]
        self._entries += entries
        self._show()
        self.background(lambda: self._upload([entry for entry in entries if entry.asset]))

    def add_text(self, text: str) -> None:
        """Add text: URLs, paths, folders, patterns, `$name`, `${expression}`, or code that uploads.

        Raises:
            InputError: a part of the text is none of these.
        """
        code = self.client.session.find_code(text)
        text = self.without_keys(text).strip()
        if code is not None:
            self._add_code(code)
        else:
            self.add([source for word in _words(text) for source in self._sources(word)])

    def _sources(self, word: str) -> list[Any]:
        """Return the sources that a word names. Raises InputError where there are none."""
        if word.startswith("$"):
            value = parse_body(f"source: {word}", self.names)["source"]
            return list(value) if isinstance(value, (list, tuple)) else [value]
        return [word] if re.match(r"(https?|data):", word) else list(files_of(word))

    def _add_code(self, code: Pasted) -> None:
        if code.kind != "upload":
            word = "run" if code.kind == "model" else "workflow"
            raise InputError(
                f"This code runs {code.target} and uploads no file.",
                hint=f"Paste it into %segmind_panel {word}.",
            )
        refusal = code.access.refusal
        if refusal:
            raise refusal.with_hint("Drop these files here, or give their paths, to upload them.")
        code.check()
        self.say(code.summary)
        self.add(code.files, code.provider)

    def show_recent(self) -> None:
        """Show earlier uploads whose URLs are still valid, or hide them again."""
        before = self._recent_box.children
        self._recent_box.children = () if before else (self._recent(),)
        free(*before)

    def _recent(self) -> Recent:
        def find() -> list[tuple[Asset, str]]:
            return [
                (asset, asset.name or "")
                for asset in self.client.recent_uploads(provider=self.provider.value or None)
            ]

        return Recent(self, "Earlier uploads", find, self._use)

    def _use(self, asset: Asset) -> None:
        self._entries.append(UploadItem(asset.name or asset.filename, asset, "uploaded before"))
        self._show()
        self._set_variable()

    # uploading

    def _upload(self, entries: list[UploadItem]) -> None:
        for entry in entries:
            entry.error, entry.state = "", "uploading"
            self._show()
            try:
                asset: Any = entry.asset  # entries without an asset are not uploaded
                uploaded = self.client.upload(
                    asset,
                    provider=entry.provider or self.provider.value or None,
                    progress=self._progress(entry),
                )
            except SegmindError as error:
                with self._lock:
                    entry.error, entry.state = error_text(error), "waiting"
            else:
                with self._lock:
                    entry.asset = uploaded
                    entry.state = _state_text(entry)
            self._show()
        self.guard(self._set_variable)

    def _progress(self, entry: UploadItem) -> Any:
        def show(count: int, total: int) -> None:
            entry.state = f"uploading {count / 1e6:.1f} of {total / 1e6:.1f} MB"
            if time.monotonic() - self._last_update > _UPDATE_INTERVAL:
                self._show()

        return show

    def _rename_variable(self) -> None:
        self._show()
        self._set_variable()

    def _set_variable(self) -> None:
        """Update the notebook's variable. Raises InputError for an invalid or occupied name."""
        name = self.variable.value.strip()
        if not self.assets or not name or not isinstance(self.names, MutableMapping):
            return
        if not name.isidentifier() or keyword.iskeyword(name):
            raise InputError(f"{name!r} is not a valid variable name.", hint="Example: uploaded")
        if not isinstance(self.names.get(name, []), list):
            raise InputError(
                f"`{name}` is already the name of another variable.", hint="Choose another name."
            )
        self.names[name] = self.assets
        many = "" if len(self.assets) == 1 else f" to ${{{name}[{len(self.assets) - 1}]}}"
        self.say(f"In the inputs of a cell: ${{{name}[0]}}{many}")

    # showing

    def _show(self) -> None:
        self._last_update = time.monotonic()
        with self._lock:
            name = self.variable.value.strip()
            ready = [entry for entry in self._entries if entry.ready]
            self.list.items = [
                entry.item(f"{name}[{ready.index(entry)}]" if name and entry in ready else "")
                for entry in self._entries
            ]

    def _load(self, key: str, side: int) -> tuple[bytes, str]:
        asset = self._entry(key).asset
        if asset is None or not asset.local or asset.kind != "image":
            return b"", ""
        return asset.preview(side)

    def _act(self, name: str, key: str) -> None:
        entry = self._entry(key)
        if name == "remove":
            self._entries.remove(entry)
            self._rename_variable()
        elif name == "again":
            self.background(lambda: self._upload([entry]))

    def _entry(self, key: str) -> UploadItem:
        for entry in self._entries:
            if entry.key == key:
                return entry
        raise NotFound("This file is no longer in the list.")


_ACTIONS = [
    {"name": "copy", "label": "Copy URL", "title": "Copy the URL"},
    {"name": "again", "label": "Try again", "title": "Upload again"},
    {
        "name": "remove",
        "label": "Remove",
        "title": "Remove from the list; it stays uploaded",
    },
]


def _state_text(entry: UploadItem) -> str:
    """Return the state after an upload: uploaded, reused, or a URL that needed no upload."""
    if entry.asset is not None and not entry.asset.local:
        return "a URL, used without upload"
    return "uploaded before" if entry.state == "uploading" else "uploaded"


def _item_of(source: Any) -> UploadItem:
    name = str(source)[:80]
    try:
        asset = Asset.of(source)
        name = asset.filename
        check_content(asset)
    except SegmindError as error:
        return UploadItem(name, error=error_text(error))
    return UploadItem(name, asset)


def _words(text: str) -> list[str]:
    """Return the sources of a line; a file's own name may have spaces, and others be in quotes."""
    bare = text.strip("\"'").removeprefix("file:")
    if text.startswith(("${", "data:")) or path_kind(bare):
        return [bare]
    try:
        words = shlex.split(text, posix=os.name == "posix")
    except ValueError:  # a quote that does not end
        words = text.split()
    return [word.strip("\"'").removeprefix("file:") for word in words] or [bare]

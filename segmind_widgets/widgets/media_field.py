"""A field that takes files: dropped, chosen, pasted, from a variable, or a recent output."""

from __future__ import annotations

import html
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from segmind_widgets.assets.asset import Asset
from segmind_widgets.catalog.catalog import media_type
from segmind_widgets.catalog.validation import describe_schema, types
from segmind_widgets.errors import AssetError, InputError
from segmind_widgets.widgets.base import free
from segmind_widgets.widgets.drop import Drop
from segmind_widgets.widgets.fields import Field
from segmind_widgets.widgets.host import Host
from segmind_widgets.widgets.pictures import Pictures
from segmind_widgets.widgets.recent import Recent, local_kind, local_thumbnail, recent_outputs
from segmind_widgets.widgets.values import from_scalar

_SIDE = 64  # px of a thumbnail
_PICTURE_TYPES = {"image/png", "image/jpeg", "image/webp", "image/gif"}  # by everybody, if whole
_NOUNS = {"image": "picture", "video": "video", "audio": "sound file"}


class MediaField(widgets.VBox):
    """The files of one input.

    Args:
        field: one whose `kind` is media.
        panel: gives the client, the notebook's names, and a background for thumbnails.
        changed: called after the reader chose or removed something.
    """

    def __init__(self, field: Field, panel: Host, changed: Callable[[], None]) -> None:
        self.field, self.panel, self._on_change = field, panel, changed
        self.many = "array" in types(field.schema)
        self.media = media_type(field.schema).split("/")[0]
        self._items: dict[str, Asset] = {}
        self._last_key = 0
        self._pictures: Pictures | None = None
        self._outputs: Recent | None = None
        self._drop = Drop(
            self._on_files,
            self._on_text,
            folder=panel.incoming,
            accept="" if self.media == "*" else f"{self.media}/*",
            multiple=self.many,
            label=self._drop_label(),
            compact=True,
        )
        self._recent = panel.button(
            "Recent outputs", self.show_recent, tooltip="Use what was made before"
        )
        self._recent.add_class("sw-quiet")
        super().__init__([self._label(), self._recent, self._drop])
        self.add_class("sw-media")
        if self.many:
            self.add_class("sw-many")

    def _drop_label(self) -> str:
        noun = _NOUNS.get(self.media, "file")
        what = f"{noun}s" if self.many else f"a {noun}"
        return f"{self.field.label}: drop or paste {what}, a URL or $name"

    def _label(self) -> widgets.Widget:
        field = self.field
        star = '<span aria-hidden="true"> *</span>' if field.required else ""
        said = '<span class="sw-unseen">, required</span>' if field.required else ""
        tip = html.escape(field.spec()["tip"], quote=True)
        shown = html.escape(field.label)
        label = widgets.HTML(f'<span class="sw-label" title="{tip}">{shown}{star}{said}</span>')
        label.add_class("sw-label-line")
        return label

    # the value

    @property
    def value(self) -> Any:
        """An Asset, or the text of a URL; a list of them where the input takes one; else None."""
        chosen = [asset if asset.local else asset.url for asset in self._items.values()]
        if self.many:
            return chosen or None
        return chosen[0] if chosen else None

    @value.setter
    def value(self, value: Any) -> None:
        """Show this, anything that `Asset.of` takes; raises ValueError where it takes it not."""
        given = value if _is_list(value) else [] if value is None else [value]
        try:
            found = [self._with_file(Asset.of(one)) for one in given]
        except AssetError as error:
            raise ValueError(str(error)) from error
        if len(found) > 1 and not self.many:
            raise ValueError(f"{self.field.name} takes one file")
        self._items.clear()
        self._add(found)

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a line under the field."""
        self._drop.say(text, error=error)

    # what the reader does

    def _on_files(self, paths: list[Path]) -> None:
        self._choose([Asset.of(path) for path in paths])

    def _on_text(self, text: str) -> None:
        text = text.strip().strip("\"'")
        value = from_scalar(text, self.panel.names, self.field.name)
        if not isinstance(value, str):
            self._choose([Asset.of(one) for one in value] if _is_list(value) else [Asset.of(value)])
        elif value.startswith(("http://", "https://", "data:")):
            self._choose([Asset.of(value)])
        else:
            raise InputError(
                f"{text[:60]} is no URL.",
                hint="Paste a URL, $name for a variable, or file:PATH for a file of the kernel's.",
            )

    def _choose(self, assets: list[Asset]) -> None:
        for asset in assets:
            self._check(asset)
        if not self.many:
            self._items.clear()
        self._add([self._with_file(asset) for asset in assets])
        self._on_change()

    def _check(self, asset: Asset) -> None:
        known = asset.local and asset.kind in _NOUNS
        if self.media != "*" and known and asset.kind != self.media:
            one = self.field.schema.get("items", self.field.schema)
            raise InputError(
                f"{asset.filename} is {asset.media_type}: `{self.field.name}` takes"
                f" {describe_schema(one)}."
            )
        check_readable(asset)

    def _with_file(self, asset: Asset) -> Asset:
        """The asset with a file of its own, so that a cell can name it."""
        if asset.data is None:
            return asset
        folder = self.panel.incoming / str(asset.sha256)[:16]
        return Asset(path=asset.save(folder / asset.filename).resolve())

    def _remove(self, _: str, key: str) -> None:
        self._items.pop(key, None)
        self._show()
        self.say("")
        self._on_change()

    # how it shows

    def _add(self, assets: list[Asset]) -> None:
        for asset in assets:
            self._last_key += 1
            self._items[str(self._last_key)] = asset
        self._show()

    def _show(self) -> None:
        if self._pictures is None:
            if not self._items:
                return
            self._pictures = Pictures(
                partial(local_thumbnail, self._items),
                on_action=self._remove,
                background=self.panel.background,
                side=_SIDE,
                label=f"Chosen for {self.field.label}",
                actions=[{"name": "remove", "label": "×", "title": "Remove"}],
            )
            self._pictures.add_class("sw-chosen")
            label, recent, *others = self.children
            self.children = [label, recent, self._pictures, *others]
        self._pictures.items = [_item(key, asset) for key, asset in self._items.items()]
        self._pictures.layout.display = None if self._items else "none"

    # recent outputs

    def show_recent(self) -> None:
        """Unfold the newest outputs that fit, or fold them up again."""
        if self._outputs is not None:
            shown, self._outputs = self._outputs, None
            self.children = [child for child in self.children if child is not shown]
            free(shown)
            return
        find = partial(recent_outputs, self.panel, self.media)
        self._outputs = Recent(self.panel, "Recent outputs", find, self._use)
        self.children = [*self.children, self._outputs]

    def _use(self, asset: Asset) -> None:
        self._choose([asset])
        if not self.many:
            self.show_recent()

    def close(self) -> None:
        """Free all models."""
        parts = (*self.children, self.layout)
        super().close()
        free(*parts)


def to_assets(value: Any) -> Any:
    """A value of a media field with an Asset in the place of each file; URLs stay text."""
    if _is_list(value):
        return [to_assets(one) for one in value]
    return value if isinstance(value, str) else Asset.of(value)


def check_readable(asset: Asset) -> None:
    """Raise InputError for a file with nothing in it, and for a picture that cannot be one."""
    if asset.local and asset.size == 0:
        raise InputError(f"{asset.filename} is empty.", hint="Choose another file.")
    if asset.local and asset.media_type in _PICTURE_TYPES and not _is_picture(asset):
        raise InputError(
            f"{asset.filename} is damaged, or no picture.", hint="Choose another file."
        )


def _is_picture(asset: Asset) -> bool:
    try:
        return bool(asset.pixels)
    except AssetError:
        return False


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _item(key: str, asset: Asset) -> dict[str, Any]:
    caption = asset.url or ""
    if asset.local:
        with suppress(AssetError):
            caption = " · ".join(asset.facts[:-1])
    return {"key": key, "alt": caption, "caption": caption, "kind": local_kind(asset)}

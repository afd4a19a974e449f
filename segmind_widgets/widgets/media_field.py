"""A form field for files: dropped, chosen, pasted, from a variable, or a recent output."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from segmind_widgets.assets.asset import Asset
from segmind_widgets.assets.damage import check_content
from segmind_widgets.assets.folders import no_file, path_kind
from segmind_widgets.catalog.catalog import media_type
from segmind_widgets.catalog.validation import describe_schema, types
from segmind_widgets.errors import AssetError, InputError
from segmind_widgets.file_modes import PRIVATE
from segmind_widgets.markup import element, fragment
from segmind_widgets.widgets.base import free
from segmind_widgets.widgets.drop import Drop
from segmind_widgets.widgets.fields import Field
from segmind_widgets.widgets.host import Host
from segmind_widgets.widgets.pictures import Pictures
from segmind_widgets.widgets.recent import Recent, local_kind, local_thumbnail, recent_outputs
from segmind_widgets.widgets.values import from_scalar

_SIDE = 64  # px of a thumbnail
_NOUNS = {"image": "an image", "video": "a video", "audio": "an audio file"}


class MediaField(widgets.VBox):
    """The files of one input.

    Args:
        field: a field whose `kind` is media.
        panel: the panel around the form.
        on_change: called after the user chose or removed a file.
    """

    def __init__(self, field: Field, panel: Host, on_change: Callable[[], None]) -> None:
        self.field, self.panel, self._on_change = field, panel, on_change
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
            placeholder="URL, path or $name",
            compact=True,
        )
        self._recent = panel.button(
            "Recent outputs", self.show_recent, tooltip="Use the output of an earlier job"
        )
        self._recent.add_class("sw-quiet")
        super().__init__([self._label(), self._recent, self._drop])
        self.add_class("sw-media")
        if self.many:
            self.add_class("sw-many")

    def _drop_label(self) -> str:
        one = _NOUNS.get(self.media, "a file")
        files = f"{one.partition(' ')[2]}s" if self.many else one
        return f"{self.field.label}: drop or paste {files}"

    def _label(self) -> widgets.Widget:
        field = self.field
        star = element("span", " *", aria_hidden="true")
        spoken = element("span", ", required", class_="sw-unseen")
        mark = fragment(star, spoken) if field.required else ""
        tip = field.spec()["tip"]
        label = widgets.HTML(element("span", field.label, mark, class_="sw-label", title=tip))
        label.add_class("sw-label-line")
        return label

    # the value

    @property
    def value(self) -> Any:
        """Return an Asset or a URL as text, or a list if the input is a list; None if empty."""
        values = [asset if asset.local else asset.url for asset in self._items.values()]
        if self.many:
            return values or None
        return values[0] if values else None

    @value.setter
    def value(self, value: Any) -> None:
        """Show a source of `Asset.of`, or a list of them. Raises ValueError if `Asset.of` fails.

        A text is an address or a data URL: as in a cell, it is never taken for a path.
        """
        sources = value if _is_list(value) else [] if value is None else [value]
        for source in sources:
            if isinstance(source, str) and not re.match(r"(https?|data):", source, re.IGNORECASE):
                raise ValueError(f"{source[:60]} is no address of a file")
        try:
            files = [self._with_file(Asset.of(source)) for source in sources]
        except AssetError as error:
            raise ValueError(str(error)) from error
        if len(files) > 1 and not self.many:
            raise ValueError(f"{self.field.name} accepts only one file")
        self._items.clear()
        self._add(files)

    def takes(self, kind: str) -> bool:
        """Return whether the field takes files of this kind, such as "image"."""
        return self.media in ("*", kind)

    def put(self, asset: Asset) -> None:
        """Put a file in and focus the field; it replaces the one there, or is added to a list.

        Raises:
            InputError: the file cannot be read, or is of another kind.
        """
        self._choose([asset])
        self._drop.wants_focus = True

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a line of text below the field."""
        self._drop.say(text, error=error)

    # actions of the user

    def _on_files(self, paths: list[Path]) -> None:
        self._choose([Asset.of(path) for path in paths])

    def _on_text(self, text: str) -> None:
        text = self.panel.without_keys(text).strip().strip("\"'")
        value = from_scalar(text, self.panel.names, self.field.name)
        if not isinstance(value, str):
            self._choose([Asset.of(one) for one in value] if _is_list(value) else [Asset.of(value)])
        elif value.startswith(("http://", "https://", "data:")):
            self._choose([Asset.of(value)])
        else:
            self._choose([_file(value)])

    def _choose(self, assets: list[Asset]) -> None:
        for asset in assets:
            self._check(asset)
        if not self.many:
            self._items.clear()
        self._add([self._with_file(asset) for asset in assets])
        self._on_change()

    def _check(self, asset: Asset) -> None:
        is_media = asset.local and asset.kind in _NOUNS
        if self.media != "*" and is_media and asset.kind != self.media:
            schema = self.field.schema.get("items", self.field.schema)
            raise InputError(
                f"{asset.filename} is {asset.media_type}: `{self.field.name}` takes"
                f" {describe_schema(schema)}."
            )
        check_content(asset)

    def _with_file(self, asset: Asset) -> Asset:
        """Return the asset with a file on disk, so that a cell can refer to it."""
        if asset.data is None:
            return asset
        path = self.panel.incoming / str(asset.sha256)[:16] / asset.filename
        try:
            PRIVATE.make_folder(path.parent)
            PRIVATE.write(path, asset.data)
        except OSError as error:
            raise AssetError(f"{path} cannot be written: {error.strerror}.") from error
        return Asset(path=path.resolve())

    def _remove(self, _: str, key: str) -> None:
        self._items.pop(key, None)
        self._show()
        self.say("")
        self._on_change()

    # the list of files

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
        """Show the newest outputs of a matching kind, or hide them again."""
        if self._outputs is not None:
            before, self._outputs = self._outputs, None
            self.children = [child for child in self.children if child is not before]
            free(before)
            return
        find = partial(recent_outputs, self.panel, self.media)
        self._outputs = Recent(self.panel, "Recent outputs", find, self._use)
        self.children = [*self.children, self._outputs]

    def _use(self, asset: Asset) -> None:
        self._choose([asset])
        if not self.many:
            self.show_recent()

    def close(self) -> None:
        """Close all models."""
        parts = (*self.children, self.layout)
        super().close()
        free(*parts)


def to_assets(value: Any) -> Any:
    """Convert each file in a value to an Asset; text (URLs) is unchanged."""
    if _is_list(value):
        return [to_assets(item) for item in value]
    return value if isinstance(value, str) else Asset.of(value)


def _file(text: str) -> Asset:
    """Return the file of a path. Raises InputError where there is none."""
    kind = path_kind(text)
    if kind == "file":
        return Asset.of(Path(text).expanduser().resolve())
    if kind == "folder":
        raise InputError(f"{text[:60]} is a folder.", hint="Give the path of one of its files.")
    raise InputError(
        no_file(text),
        hint="Give a URL, the path of a file, or $name for a variable.",
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _item(key: str, asset: Asset) -> dict[str, Any]:
    caption = asset.url or ""
    if asset.local:
        with suppress(AssetError):
            caption = " · ".join(asset.facts[:-1])
    return {"key": key, "alt": caption, "caption": caption, "kind": local_kind(asset)}

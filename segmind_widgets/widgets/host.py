"""Protocols for the panel around a widget, so that widgets import neither it nor the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import ipywidgets as widgets

from segmind_widgets.assets.asset import Asset
from segmind_widgets.jobs.job import Job
from segmind_widgets.types import Model


class ModelFinder(Protocol):
    """The part of `catalog.Catalog` that widgets use."""

    def find(self, slug: str, provider: str) -> Model | None:
        """Return a model by its slug, or None where it is unknown."""
        ...


class Client(Protocol):
    """The methods of `SegmindClient` that widgets call."""

    def jobs(self, last: int = 20) -> list[Job]:
        """Return the newest jobs."""
        ...

    def thumbnail(self, asset: Asset, side: int = 320) -> tuple[bytes, str]:
        """Return a small picture of an asset and its media type."""
        ...

    def catalog(self, provider: str | None = None) -> ModelFinder:
        """Return the models of a provider."""
        ...


class Host(Protocol):
    """The part of `panels.Panel` that widgets use."""

    names: Mapping[str, Any]

    @property
    def client(self) -> Client:
        """Return the panel's client."""
        ...

    def without_keys(self, text: str) -> str:
        """Return a text with a placeholder for each API key in it."""
        ...

    @property
    def incoming(self) -> Path:
        """Return the folder of dropped and pasted files."""
        ...

    def say(self, text: str) -> None:
        """Show a line of text."""
        ...

    def button(
        self, text: str, action: Callable[[], Any], *, tooltip: str = "", primary: bool = False
    ) -> widgets.Button:
        """Return a button; errors of its action are shown in the panel's line."""
        ...

    def background(self, work: Callable[[], Any], then: Callable[[Any], Any] | None = None) -> None:
        """Run `work` and then `then(value)` in a thread; show their errors."""
        ...

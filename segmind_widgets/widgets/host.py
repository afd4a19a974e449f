"""The panel that widgets stand in, as they see it: they know no panel and no client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import ipywidgets as widgets

from segmind_widgets.assets.asset import Asset
from segmind_widgets.jobs.job import Job
from segmind_widgets.types import Model


class ModelFinder(Protocol):
    """A `catalog.Catalog`."""

    def find(self, slug: str, provider: str) -> Model | None:
        """A model by its slug; None where it is not known."""
        ...


class Client(Protocol):
    """The methods of `SegmindClient` that widgets call; see there."""

    def jobs(self, last: int = 20) -> list[Job]: ...
    def thumbnail(self, asset: Asset, side: int = 320) -> tuple[bytes, str]: ...
    def catalog(self, provider: str | None = None) -> ModelFinder: ...


class Host(Protocol):
    """A `panels.Panel`."""

    names: Mapping[str, Any]

    @property
    def client(self) -> Client:
        """The client of the panel."""
        ...

    @property
    def incoming(self) -> Path:
        """The folder of files that were dropped or pasted."""
        ...

    def say(self, text: str) -> None:
        """Show a line of text."""
        ...

    def button(
        self, text: str, action: Callable[[], Any], *, tooltip: str = "", primary: bool = False
    ) -> widgets.Button:
        """A button whose action's error is shown in the panel's line."""
        ...

    def background(self, work: Callable[[], Any], then: Callable[[Any], Any] | None = None) -> None:
        """Do `work` in a thread, then `then` with its value; errors are shown."""
        ...

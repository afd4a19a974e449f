"""Search fields for jobs: words in the inputs, and a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from segmind_widgets.widgets.text_box import TextBox

_ALL_MODELS = ("any", "")


class Search(widgets.HBox):
    """A text field, a list of models, and further fields.

    Args:
        clean: returns a text without API keys.
        words: initial search words.
        on_change: called when a field changes.
        more: further fields.
    """

    def __init__(
        self,
        clean: Callable[[str], str],
        words: str,
        on_change: Callable[[], object],
        *more: widgets.Widget,
    ) -> None:
        self.text = TextBox(
            clean, words, description="Find", placeholder="words in the prompt", live=True
        )
        self.text.add_class("sw-wide")
        self.model = widgets.Dropdown(options=[_ALL_MODELS], description="Model")
        self.model.add_class("sw-small")
        super().__init__([self.text, self.model, *more])
        self.add_class("sw-row")
        for field in self.children:
            field.observe(lambda _: on_change(), "value")

    @property
    def filters(self) -> dict[str, Any]:
        """Return the search as filters of `client.jobs`."""
        return {"text": self.text.value.strip(), "target": self.model.value or ""}

    @property
    def is_active(self) -> bool:
        """Return whether any filter is set."""
        return any(self.filters.values())

    def set_models(self, models: list[str]) -> None:
        """Replace the list of models; keep the selection."""
        names = sorted({*models, *filter(None, [self.model.value])}, key=str.lower)
        options = [_ALL_MODELS, *((name, name) for name in names)]
        if tuple(options) != tuple(self.model.options):
            selection = self.model.value
            with self.model.hold_trait_notifications():
                self.model.options = options
                self.model.value = selection

"""Search fields for jobs: words in the inputs, and a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
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
        self._models: dict[str, tuple[str, str]] = {}  # the field's value → model, provider
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
        target, provider = self._models.get(self.model.value or "", ("", ""))
        return {"text": self.text.value.strip(), "target": target, "provider": provider}

    @property
    def is_active(self) -> bool:
        """Return whether any filter is set."""
        return any(self.filters.values())

    def set_models(self, models: Iterable[tuple[str, str]]) -> None:
        """Replace the list of models, each with its provider; the selection stays."""
        pairs = sorted(set(models), key=lambda model: (model[0].lower(), model[1]))
        counts = Counter(name for name, _ in pairs)
        several = {name for name, count in counts.items() if count > 1}
        labels: dict[str, str] = {}
        for name, provider in pairs:
            value = f"{provider}:{name}" if name in several else name
            self._models[value] = name, provider if name in several else ""
            labels[value] = f"{name} ({provider})" if name in several else name
        if self.model.value:
            labels.setdefault(self.model.value, self.model.value)
        options = [_ALL_MODELS, *((label, value) for value, label in labels.items())]
        if tuple(options) != tuple(self.model.options):
            selection = self.model.value
            with self.model.hold_trait_notifications():
                self.model.options = options
                self.model.value = selection

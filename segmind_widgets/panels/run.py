"""Choose a model, fill in its form, run it, see what it made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from segmind_widgets.catalog import Catalog
from segmind_widgets.jobs import money, seconds
from segmind_widgets.panels._runs import RunsPanel
from segmind_widgets.panels._widgets import row
from segmind_widgets.types import Model

_KINDS = (
    ("all kinds", ""), ("pictures", "image"), ("editing pictures", "edit"), ("video", "video"),
    ("sound", "audio"), ("text", "text"),
)  # fmt: skip
_MOST = 200  # models in the list at once; a word finds the others


class RunPanel(RunsPanel):
    """Any model of the catalogue. `argument` is the model to begin with."""

    title = "Run a model"

    def choice(self, argument: str) -> Sequence[widgets.Widget]:
        """A search and the list of what it finds."""
        self.catalog = Catalog()
        self._filling = False
        self.search = widgets.Text(description="Find a model", placeholder="words, such as: video")
        self.search.add_class("sw-wide")
        self.modality = widgets.Dropdown(options=_KINDS, description="Which makes")
        self.modality.add_class("sw-small")
        self.list = widgets.Select(description="Models", rows=6)
        self.list.add_class("sw-list")
        self.facts = widgets.HTML()
        self.search.observe(self._find, "value")
        self.modality.observe(self._find, "value")
        self.provider.observe(self._read, "value")
        self.list.observe(self._chosen, "value")
        self._begin = argument.strip()
        self._find()
        if self._begin:
            self.choose(self._begin)
        self._read()
        return [row(self.search, self.modality, self.provider), self.list, self.facts]

    def choose(self, name: str) -> None:
        """Show the form of a model by its name, also of one that the catalogue does not know."""
        found = self.catalog.find(name)
        if found is not None and found.slug in dict(self.list.options).values():
            self.list.value = found.slug
        else:
            self._show(found or Model(name, description="The catalogue does not know it."))

    def _read(self, _: Any = None) -> None:
        """Read the live directory beside the kernel: it may be slow or offline."""
        provider = self.provider.value or None
        self.background(lambda: self.client.catalog(provider), self._known)

    def _known(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._find()
        live = catalog.find(self.model.slug) if self.form is not None else None
        if live is not None and live.schema != self.model.schema:
            self._show(live)
        elif live is not None:  # the form stays: somebody may be typing in it
            self.model = live
            self._tell_cost()

    def _find(self, _: Any = None) -> None:
        provider = self.provider.value if self.provider.value in ("segmind", "apimart") else None
        found = self.catalog.search(self.search.value, self.modality.value or None, provider)
        chosen = self.list.value
        options = [(_line(model), model.slug) for model in found[:_MOST]]
        self._filling = True  # the list chooses its first line by itself
        self.list.options = options
        self.list.value = chosen if chosen in dict(options).values() else None
        self._filling = False
        name = self.search.value.strip()
        if not found and name:
            self.say(f"No model fits {name!r}: try fewer words, or another kind.")

    def _chosen(self, _: Any = None) -> None:
        name = None if self._filling else self.list.value
        model = self.catalog.find(name) if name else None
        if model is not None:
            self._show(model)

    def _show(self, model: Model) -> None:
        import html

        what = " · ".join(filter(None, [model.modality, model.provider]))
        self.facts.value = (
            f"<b>{html.escape(model.name or model.slug)}</b> "
            f'<span class="sw-hint">{html.escape(what)}</span><br>{html.escape(model.description)}'
        )
        shown = self.form.inputs if self.form is not None else {}
        kept = {name: value for name, value in shown.items() if _fits(name, model)}
        self.show_form(model, kept)


def _fits(name: str, model: Model) -> bool:
    """What was typed for one model serves the next where it means the same there."""
    return name == "prompt" and name in (model.schema or {}).get("properties", {})


def _line(model: Model) -> str:
    facts = [model.slug, model.modality]
    facts += [money(model.cost)] if model.cost is not None else []
    facts += [seconds(model.seconds)] if model.seconds else []
    return " · ".join(filter(None, facts))

"""Choose a model, fill in its form, run it, see what it made."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from segmind_widgets.catalog.catalog import Catalog
from segmind_widgets.formatting import money, seconds
from segmind_widgets.panels._run_base import PROVIDER_OPTIONS, RunsPanel
from segmind_widgets.types import Model
from segmind_widgets.widgets.base import row

_KINDS = (
    ("all kinds", ""), ("pictures", "image"), ("editing pictures", "edit"), ("video", "video"),
    ("sound", "audio"), ("text", "text"),
)  # fmt: skip
_MAX_LISTED = 200  # models in the list at once; a word finds the others


class RunPanel(RunsPanel):
    """Any model of the catalogue. `argument` is the model to begin with."""

    title = "Run a model"

    def choice(self, argument: str) -> Sequence[widgets.Widget]:
        """A search and the list of what it finds."""
        self.catalog = Catalog()
        self.provider_name: str | None = (
            None  # the provider whose models are listed; None: not known yet
        )
        self._filling = False
        self._shows_no_match = False  # it was told that the search finds nothing
        self.search = widgets.Text(description="Find a model", placeholder="words, such as: video")
        self.search.add_class("sw-wide")
        self.modality = widgets.Dropdown(options=_KINDS, description="Which makes")
        self.modality.add_class("sw-small")
        self.list = widgets.Select(description="Models", rows=6)
        self.list.add_class("sw-list")
        self.facts = widgets.HTML()
        self.search.observe(self._find, "value")
        self.modality.observe(self._find, "value")
        self.provider.observe(self._load_directory, "value")
        self.list.observe(self._on_choice, "value")
        self._find()
        if argument.strip():
            self.choose(argument.strip())
        self._load_directory()
        return [row(self.search, self.modality, self.provider), self.list, self.facts]

    def choose(self, name: str) -> None:
        """Show the form of a model by its name, also of one that the catalogue does not know."""
        found = self.catalog.find(name, self.provider_name)
        if found is not None and found.slug in dict(self.list.options).values():
            self._set_options(self.list.options, found.slug)
        self._show(found or Model(name, description=self._unknown(name)))

    def _unknown(self, name: str) -> str:
        near = self.catalog.suggest(name, self.provider_name)
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        return f"The catalogue does not know it.{meant}"

    def _load_directory(self, _: Any = None) -> None:
        """Read the live directory beside the kernel: it may be slow or offline."""
        chosen = self.provider.value

        def read() -> tuple[Catalog, str]:
            endpoint = self.client.session.endpoints.choose(chosen or None)
            return self.client.session.directory.catalog(endpoint), endpoint.provider.name

        def known(found: tuple[Catalog, str]) -> None:
            if self.provider.value == chosen:  # else another answer is on its way
                self.catalog, self.provider_name = found
                self._find()
                self._update_form()

        self.background(read, known)

    def _update_form(self) -> None:
        """Hold the form against what the directory says of its model."""
        if self.form is None:
            return
        live = self.catalog.find(self.model.slug, self.provider_name)
        others = None if live is not None else self.catalog.find(self.model.slug)
        away = self.form_box.layout.display == "none"
        self.can_run(yes=others is None)
        if others is not None:
            where = {value: title for title, value in PROVIDER_OPTIONS}[others.provider]
            said = f"{others.slug} runs at {where}: choose that under Where, or another model."
            self.line.say(said, error=True)
            return
        if away:
            self.say("")
        if live is not None and live.schema != self.model.schema:
            self._show(live)
        elif live is not None:  # the form stays: somebody may be typing in it
            self.model = live
            self._show_cost()

    def _find(self, _: Any = None) -> None:
        found = self.catalog.search(
            self.search.value, self.modality.value or None, self.provider_name
        )
        options = [(_line(model), model.slug) for model in found[:_MAX_LISTED]]
        self._set_options(options, self.list.value)
        name = self.search.value.strip()
        if not found and name:
            self.say(
                f"No model fits {name!r}: try fewer words, or another kind. One that is not listed"
                " has its form by %segmind_panel run NAME."
            )
        elif self._shows_no_match:
            self.say("")
        self._shows_no_match = bool(name and not found)

    def _set_options(self, options: Sequence[tuple[str, str]], chosen: str | None) -> None:
        """Show these lines, and that one chosen if it is among them: it is no choice of now."""
        self._filling = True  # the list would choose its first line by itself
        self.list.options = options
        self.list.value = chosen if chosen in dict(options).values() else None
        self._filling = False

    def _on_choice(self, _: Any = None) -> None:
        name = None if self._filling else self.list.value
        model = self.catalog.find(name, self.provider_name) if name else None
        if model is not None:
            self._show(model)

    def _show(self, model: Model) -> None:
        what = " · ".join(filter(None, [model.modality, model.provider]))
        self.facts.value = (
            f"<b>{html.escape(model.name or model.slug)}</b> "
            f'<span class="sw-hint">{html.escape(what)}</span><br>{html.escape(model.description)}'
        )
        shown = self.form.inputs if self.form is not None else {}
        kept = {name: value for name, value in shown.items() if _is_transferable(name, model)}
        self.show_form(model, kept)
        live = self.catalog.find(
            model.slug, self.provider_name
        )  # the directory may have answered by now
        if live is not None and live.schema != model.schema:
            self._show(live)


def _is_transferable(name: str, model: Model) -> bool:
    """What was typed for one model serves the next where it means the same there."""
    return name == "prompt" and name in (model.schema or {}).get("properties", {})


def _line(model: Model) -> str:
    facts = [model.slug, model.modality]
    facts += [money(model.cost)] if model.cost is not None else []
    facts += [seconds(model.seconds)] if model.seconds else []
    return " · ".join(filter(None, facts))

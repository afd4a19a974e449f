"""Choose a model, fill in its form, run it, and see the outputs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from segmind_widgets.catalog.catalog import Catalog
from segmind_widgets.formatting import PREMIUM, money, seconds
from segmind_widgets.markup import Html, element, fragment, lines, link
from segmind_widgets.panels._run_base import RunsPanel
from segmind_widgets.planning.targets import plain_name, split_provider
from segmind_widgets.syntax.snippets import Pasted
from segmind_widgets.types import Model
from segmind_widgets.widgets.base import PROVIDER_OPTIONS, row
from segmind_widgets.widgets.text_box import TextBox

_KINDS = (
    ("any", ""), ("image", "image"), ("image editing", "edit"), ("video", "video"),
    ("audio", "audio"), ("text", "text"),
)  # fmt: skip
_MAX_LISTED = 200  # models in the list; a search finds the others


class RunPanel(RunsPanel):
    """A form for any model of the catalog. `argument`: the model to start with."""

    title = "Run a model"

    def choice(self, argument: str) -> Sequence[widgets.Widget]:
        """Return a search and the list of matching models."""
        self.catalog = Catalog()
        # the provider whose models are listed; None: not known yet
        self.provider_name: str | None = None
        self._filling = False
        self._shows_no_match = False  # whether the message line says that no model matches
        self.search = TextBox(
            self.without_keys,
            description="Find a model",
            placeholder="name or description, such as video",
            live=True,
        )
        self.search.add_class("sw-wide")
        self.modality = widgets.Dropdown(options=_KINDS, description="Output type")
        self.modality.add_class("sw-small")
        self.list = widgets.Select(description="Models", rows=6)
        self.list.add_class("sw-list")
        self.facts = widgets.HTML()
        self.search.observe(self._find, "value")
        self.modality.observe(self._find, "value")
        self.provider.observe(self._load_directory, "value")
        self.list.observe(self._on_choice, "value")
        self.source = self.paste_box("Or paste code", "or a model's URL")
        self.source.add_class("sw-wide")
        self._find()
        if re.search(r"\s|://", argument.strip()):
            self.guard(lambda: self.read(argument))
        elif argument.strip():
            self.choose(argument.strip())
        self._load_directory()
        search = row(self.search, self.modality, self.provider, self.source)
        return [search, self.list, self.facts]

    def show_pasted(self, pasted: Pasted) -> str:
        """Show the form of a model with the inputs of pasted text."""
        provider = pasted.provider or self.provider_name
        model = self.catalog.find(pasted.target, provider)
        if model is None:
            hint = self._unknown(pasted.target)
            model = Model(pasted.target, provider=provider or "segmind", schema=pasted.schema)
            model = replace(model, description=hint)
        self._set_options(self.list.options, model.slug)
        self._show(model, pasted.inputs)
        return ""

    def choose(self, name: str) -> None:
        """Show the form of a model by its name or address, even if it is not in the catalog."""
        name, provider = split_provider(name)
        if provider:
            self.provider.value = provider
        name = plain_name(name)
        model = self.catalog.find(name, self.provider_name)
        if model is not None and model.slug in dict(self.list.options).values():
            self._set_options(self.list.options, model.slug)
        if model is None:
            provider = self.provider_name or "segmind"
            model = Model(name, provider=provider, description=self._unknown(name))
        self._show(model)

    def _unknown(self, name: str) -> str:
        near = self.catalog.suggest(name, self.provider_name)
        suggestion = f" Did you mean {' or '.join(near)}?" if near else ""
        return f"This model is not in the list of known models.{suggestion}"

    def _load_directory(self, _: Any = None) -> None:
        """Load the live directory in a thread, since it may be slow or unreachable."""
        provider = self.provider.value
        if provider in self.client.session.provider_titles():
            self.provider_name = provider
            self._find()

        def read() -> tuple[Catalog, str]:
            endpoint = self.client.session.endpoints.choose(provider or None)
            return self.client.session.directory.catalog(endpoint), endpoint.provider.name

        def apply(result: tuple[Catalog, str]) -> None:
            if self.provider.value == provider:  # otherwise a newer request is running
                self.catalog, self.provider_name = result
                self._find()
                self._update_form()

        self.background(read, apply)

    def _update_form(self) -> None:
        """Update the form if the directory has another schema or provider for its model."""
        if self.form is None:
            return
        live = self.catalog.find(self.model.slug, self.provider_name)
        elsewhere = None if live is not None else self.catalog.find(self.model.slug)
        was_hidden = self.form_box.layout.display == "none"
        self.can_run(yes=elsewhere is None)
        if elsewhere is not None:
            where = {value: title for title, value in PROVIDER_OPTIONS}[elsewhere.provider]
            text = (
                f"{elsewhere.slug} is a model of {where}: choose that provider, or another model."
            )
            self.line.say(text, error=True)
            return
        if was_hidden:
            self.say("")
        if live is not None and live.schema and live.schema != self.model.schema:
            self._show(live, self.form.inputs)
        elif live is not None:  # keep the form: the user may be typing in it
            schema = {"schema": self.model.schema, "schema_source": self.model.schema_source}
            self.model = live if live.schema else replace(live, **schema)
            self._show_cost()
        self._load_page()

    def _load_page(self) -> None:
        """Fill in the form from the model's own page, once it comes, if nothing else has one."""
        model, provider = self.model, self.provider.value or None
        if model.schema is not None or model.provider != self.provider_name:
            return

        def apply(known: Model) -> None:
            if self.form is not None and self.model is model and known.schema:
                self._show(known, self.form.inputs)

        self.background(lambda: self.client.session.with_page(model, provider), apply)

    def _find(self, _: Any = None) -> None:
        models = self.catalog.search(
            self.search.value, self.modality.value or None, self.provider_name
        )
        options = [(_line(model), model.slug) for model in models[:_MAX_LISTED]]
        self._set_options(options, self.list.value)
        name = self.search.value.strip()
        if not models and name:
            self.say(
                f"No model matches {name!r}: try fewer words, or another output type. For a model"
                " that is not listed, use %segmind_panel run NAME."
            )
        elif self._shows_no_match:
            self.say("")
        self._shows_no_match = bool(name and not models)

    def _set_options(self, options: Sequence[tuple[str, str]], selection: str | None) -> None:
        """Show these options and select one, without treating that as a user's choice."""
        self._filling = True  # ipywidgets selects the first option of a new list
        self.list.options = options
        self.list.value = selection if selection in dict(options).values() else None
        self._filling = False
        self.head.scroll_lists()

    def _on_choice(self, _: Any = None) -> None:
        name = None if self._filling else self.list.value
        model = self.catalog.find(name, self.provider_name) if name else None
        if model is not None:
            self._show(model)

    def _show(self, model: Model, inputs: Mapping[str, Any] | None = None) -> None:
        """Show the form of a model with these inputs; None keeps those of the last model."""
        facts = " · ".join(filter(None, [model.modality, model.provider]))
        page = self.client.session.provider_class(model.provider).model_page(model.slug)
        remarks = [PREMIUM] if model.premium else []
        remarks += [] if model.listed else ["It is not in the provider's current list."]
        if model.schema_source == "hint":
            remarks.append("The form is read from the model's page, and may be incomplete.")
        address = fragment(" · ", link(page, "page")) if page else ""
        self.facts.value = lines(
            fragment(element("b", model.name or model.slug), " ", _hint(facts, address)),
            model.description,
            _hint(" ".join(remarks)) if remarks else "",
        )
        if inputs is None:
            before = self.form.inputs if self.form is not None else {}
            inputs = {n: value for n, value in before.items() if _is_transferable(n, model)}
        self.show_form(model, inputs)
        # the directory may have arrived in between
        live = self.catalog.find(model.slug, self.provider_name)
        if live is not None and live.schema and live.schema != model.schema:
            self._show(live, inputs)
        else:
            self._load_page()


def _hint(*children: str) -> Html:
    return element("span", *children, class_="sw-hint")


def _is_transferable(name: str, model: Model) -> bool:
    """Return whether an input of the previous model has the same meaning for this one."""
    return name == "prompt" and name in (model.schema or {}).get("properties", {})


def _line(model: Model) -> str:
    facts = [model.slug, model.modality, "premium" if model.premium else ""]
    facts += [money(model.cost)] if model.cost is not None else []
    facts += [seconds(model.seconds)] if model.seconds else []
    return " · ".join(filter(None, facts))

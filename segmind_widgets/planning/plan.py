"""A run that is checked but not sent: `--dry-run` shows it, and `client.start` sends it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from segmind_widgets.assets.asset import Asset
from segmind_widgets.catalog.validation import UNCHECKED, with_seed
from segmind_widgets.errors import AssetError, InputError, LimitError
from segmind_widgets.formatting import PREMIUM, money, seconds
from segmind_widgets.likeness import misspelt
from segmind_widgets.markup import element, output, verbatim
from segmind_widgets.network.directory import Directory
from segmind_widgets.network.endpoints import Endpoint
from segmind_widgets.network.uploads import Uploads, needed
from segmind_widgets.planning.checks import check_by_setting, check_masks
from segmind_widgets.planning.estimates import (
    USD_TOLERANCE,
    Estimate,
    OwnRuns,
    estimate,
    output_count,
    usual_time,
)
from segmind_widgets.planning.fingerprint import fingerprint
from segmind_widgets.planning.inputs import (
    file_lists,
    iter_files,
    placeholder,
    refuse_placeholders,
    resolve_data_urls,
    resolve_files,
    to_json,
)
from segmind_widgets.planning.model_input import without_model
from segmind_widgets.printable import printable
from segmind_widgets.providers import PROVIDERS
from segmind_widgets.storage.store import Store
from segmind_widgets.types import CheckInputs, Model, RunRequest, UsualTime


@dataclass(frozen=True)
class Plan:
    """A checked run. `inputs` contain the files; `files` are those that must be uploaded.

    `uploaded` are files that the provider already has. `notes` are sentences of warning; `estimate`
    is the cost, and `usual_time` is None if unknown. Without `again` an equal request
    within ten seconds is refused. `source` is the digest of the batch's row that it is made of.
    """

    request: RunRequest
    inputs: Mapping[str, Any]
    endpoint: Endpoint
    model: Model | None
    files: tuple[Asset, ...] = ()
    uploaded: tuple[Asset, ...] = ()
    notes: tuple[str, ...] = ()
    estimate: Estimate = field(default_factory=Estimate)
    usual_time: UsualTime | None = None
    again: bool = True
    source: str | None = None

    @property
    def expected_seconds(self) -> float | None:
        """Return the seconds that such a run usually takes; None if unknown."""
        return self.usual_time.seconds if self.usual_time else None

    @cached_property
    def fingerprint(self) -> str:
        """Return the digest of the request; see `fingerprint.fingerprint`. Reads the files."""
        return fingerprint(
            self.endpoint.provider.name,
            self.request.target,
            self.inputs,
            sandbox=self.endpoint.sandbox,
            kind=self.request.kind,
        )

    def equals(self, other: Plan) -> bool:
        """Return whether both are the same request; files are read only if all else is equal."""
        ours, theirs = ((p.request.target, sorted(p.inputs)) for p in (self, other))
        return ours == theirs and self.fingerprint == other.fingerprint

    def within(self, max_cost: float) -> None:
        """Check the estimate against the USD that this run may cost.

        Raises:
            LimitError: it may cost more, or the cost is unknown.
        """
        estimate, target = self.estimate, self.request.target
        if estimate.high is None:
            raise LimitError(
                f"The cost of {target} is unknown, and your limit is {money(max_cost)}.",
                hint=f"Nothing was sent. {estimate.remedy} To run it anyway, add --yes in a cell,"
                " or leave out max_cost in Python.",
            )
        # written this way, a NaN limit allows nothing
        if not estimate.high <= max_cost + USD_TOLERANCE:
            words = "typically costs" if estimate.low == estimate.high else "may cost up to"
            raise LimitError(
                f"{target} {words} {money(estimate.high)} ({estimate.source}), more than your "
                f"limit of {money(max_cost)}.",
                hint="Nothing was sent. Raise --max-cost, or choose a cheaper model.",
            )

    def check_repeatable(self) -> None:
        """Raise InputError if two runs are never the same, so that no result can be reused."""
        seed = self.inputs.get("seed", 0)  # `make_plan` sets one for a model that takes one
        if not (isinstance(seed, int) and seed >= 0):
            raise InputError(
                f"{self.request.target} takes a new seed for each run, so no earlier result can "
                "be reused.",
                hint="Give the seed of the run that you want again, such as --seed 7.",
                field="seed",
            )

    # display

    def __str__(self) -> str:
        lines = [self._head, self._body, *self._uploads, *self._remarks, self._summary]
        return printable("\n".join(lines))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("…" if cycle else str(self))

    def _repr_html_(self) -> str:
        small = "font-size:12px;opacity:.75;margin-top:4px"
        background = "background:var(--jp-layout-color2,rgba(128,128,128,.12))"
        return output(
            element("b", self._summary),
            element("div", element("code", self._head), style="margin-top:4px"),
            verbatim(
                self._body,
                "Request",
                f"margin:4px 0;padding:6px 8px;border-radius:4px;{background}",
            ),
            *(element("div", line, style=small) for line in (*self._uploads, *self._remarks)),
        )

    @property
    def _head(self) -> str:
        call = self.endpoint.provider.submit(self.request)
        return f"{call.method} {call.url}"

    @property
    def _body(self) -> str:
        body = to_json(
            self.inputs, self.model, lambda asset: asset.url or f"<{asset.filename}>", placeholder
        )
        call = self.endpoint.provider.submit(replace(self.request, inputs=body))
        return json.dumps(call.json, indent=2, ensure_ascii=False)

    @property
    def _uploads(self) -> list[str]:
        lines = [f"to upload: {' · '.join(asset.facts)}" for asset in self.files]
        lines += [f"uploaded before: {' · '.join(asset.facts)}" for asset in self.uploaded]
        return list(dict.fromkeys(lines))  # a file may occur twice

    @property
    def _remarks(self) -> list[str]:
        premium = self.model is not None and self.model.premium
        return [*self.notes, *([PREMIUM] if premium else [])]

    @property
    def _summary(self) -> str:
        took = (
            f"about {seconds(self.expected_seconds)}" if self.expected_seconds else "time unknown"
        )
        endpoint = (
            "on the sandbox" if self.endpoint.sandbox else f"at {self.endpoint.provider.title}"
        )
        return f"{self.estimate}, {took}, {endpoint}; nothing was sent."


class RunBasis:
    """What the plans of many runs have in common: looked up once for all of them.

    Args:
        name: the model's slug or the workflow's id.
        endpoint: where they run.
        notes: about the choice of the endpoint.
        store: earlier runs.
    """

    def __init__(self, name: str, endpoint: Endpoint, notes: Sequence[str], store: Store) -> None:
        self.name, self.endpoint, self.notes = name, endpoint, tuple(notes)
        self._store = store
        self._own: dict[str, OwnRuns] = {}

    def own_runs(self, target: str) -> OwnRuns:
        """Return the earlier runs of a model or workflow at this endpoint; read once."""
        if target not in self._own:
            self._own[target] = OwnRuns(self._store, target, self.endpoint)
        return self._own[target]


def make_plan(
    request: RunRequest,
    basis: RunBasis,
    directory: Directory,
    uploads: Uploads,
    *,
    check_inputs: CheckInputs = "schema",
    again: bool = True,
    as_written: bool = False,
    needs_price: bool = False,
    page_wait: float = 0.0,
    page_cost: float | None = None,
    notes: Sequence[str] = (),
) -> Plan:
    """Check a request against the catalog, without sending anything.

    Args:
        request: the request with its inputs before uploads.
        basis: where it would run, and earlier runs.
        directory: the known models.
        uploads: how files are sent, and earlier uploads.
        check_inputs: see `Settings.check_inputs`; inputs that are not refused become notes.
        again: see `Plan`.
        as_written: whether no seed is added to the inputs.
        needs_price: whether a limit needs the listed price, so that its list is waited for.
        page_wait: the most seconds to wait for the model's own page, which a run never does.
        page_cost: USD of a run that the page of a workflow tells.
        notes: about the inputs.

    Raises:
        InputError: an input is wrong, a mask is useless, or the target is not a name.
        AssetError: a file cannot be sent.
    """
    endpoint = basis.endpoint
    request = endpoint.provider.normalize(request)
    refuse_placeholders(request.inputs)
    model, remarks = None, list[str]()
    if request.kind == "model":
        model = directory.find(
            request.target, endpoint, needs_price=needs_price, patience=page_wait
        )
        request, remarks = _of_model(
            request, model, endpoint, directory, check_inputs, as_written=as_written
        )
    inputs = resolve_files(request.inputs)
    if not endpoint.provider.takes_data_urls:
        inputs = resolve_data_urls(inputs, partial(uploads.outgoing, endpoint))
    remarks += check_masks(inputs, model, check_inputs)
    bare = replace(request, inputs={}, file_lists=file_lists(inputs))
    endpoint.provider.submit(bare)  # refuses inputs that no service can run
    files = _outgoing(inputs, model, endpoint, uploads)
    own = basis.own_runs(request.target)
    return Plan(
        bare,
        inputs,
        endpoint,
        model,
        tuple(asset for asset, is_uploaded in files if not is_uploaded),
        tuple(asset for asset, is_uploaded in files if is_uploaded),
        (*basis.notes, *notes, *remarks),
        _price(bare, model, page_cost, own, output_count(inputs)),
        usual_time(own, model),
        again,
    )


def _price(
    request: RunRequest, model: Model | None, page_cost: float | None, own: OwnRuns, outputs: int
) -> Estimate:
    """Return the cost of a run; a workflow's price does not depend on the number of outputs."""
    if request.kind == "workflow":
        return estimate(page_cost, own.costs(outputs), source="its page")
    return estimate(model.cost if model else None, own.costs(outputs), outputs)


def _of_model(
    request: RunRequest,
    model: Model | None,
    endpoint: Endpoint,
    directory: Directory,
    mode: CheckInputs,
    *,
    as_written: bool,
) -> tuple[RunRequest, list[str]]:
    """Return the request of a model's run with checked inputs, and notes about them."""
    target, slugs = request.target, directory.providers
    inputs = without_model(target, request.inputs, model, lambda slug: bool(slugs(slug)))
    if model is None:
        note = _unknown_model(target, directory, endpoint, mode)
        return replace(request, inputs=inputs), [note]
    inputs, notes = _check(inputs, model, mode, as_written=as_written)
    facts = {
        "modality": model.modality,
        "operation": "" if request.endpoint else model.operation,
        "endpoint": request.endpoint or model.endpoint,
    }
    return replace(request, target=model.slug, inputs=inputs, **facts), notes


def _check(
    inputs: Mapping[str, Any], model: Model, mode: CheckInputs, *, as_written: bool
) -> tuple[Mapping[str, Any], list[str]]:
    """Return the inputs to send and notes about them.

    Raises:
        InputError: the inputs do not match the model's parameters, or a name is misspelt, and
            `mode` refuses that.
    """
    values, remarks = check_by_setting(inputs, model, mode)
    listed = [] if model.listed else [f"{model.slug} is not in Segmind's current list."]
    notes = [*listed, *remarks]
    # a workflow without inputs is sent unchanged
    with_one = bool(values) and not as_written
    return with_seed(model, values) if with_one else values, notes


def _outgoing(
    inputs: Mapping[str, Any], model: Model | None, endpoint: Endpoint, uploads: Uploads
) -> list[tuple[Asset, bool]]:
    """Return the files to send, each with a note of its changes and whether it was uploaded.

    Raises:
        AssetError: a file cannot be sent; `field` names the input.
    """
    files: list[tuple[Asset, bool]] = []
    for name, asset, is_inline in iter_files(inputs, model):
        if not (is_inline or needed(asset, endpoint)):
            continue
        try:
            file = uploads.outgoing(endpoint, asset, inline=is_inline)
        except AssetError as error:
            raise error.with_field(error.field or name) from error.__cause__
        if not is_inline:
            noted = replace(asset, note=file.note) if file.note else asset
            files.append((noted, uploads.is_uploaded(endpoint, file)))
    return files


def _unknown_model(target: str, directory: Directory, endpoint: Endpoint, mode: CheckInputs) -> str:
    """Return the note about a model that is not in the catalogue: it may be new.

    Raises:
        InputError: it is the misspelt name of a model, and `mode` refuses that.
    """
    provider = endpoint.provider
    for other in sorted(directory.providers(target) - {provider.name}):
        return (
            f"{target} is not in the model list of {provider.title}, but in that of"
            f" {PROVIDERS[other].title}: -p {other}. It is sent unchanged."
        )
    catalog = directory.known(endpoint)
    slugs = [model.slug for model in catalog if model.listed and model.provider == provider.name]
    meant = misspelt(target, slugs) if catalog.is_live else ""
    if meant and mode != "warn":
        raise InputError(
            f"{target} is not in the model list of {provider.title}. Did you mean {meant}?",
            hint=UNCHECKED,
        )
    near = catalog.suggest(target, provider.name)
    question = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"{target} is not in the model list of {provider.title}.{question} It is sent unchanged."

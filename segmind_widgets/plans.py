"""A run that was checked and not sent: what `--dry-run` shows, and `client.start` sends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from segmind_widgets.assets import Asset
from segmind_widgets.directory import Directory
from segmind_widgets.errors import LimitError
from segmind_widgets.inputs import check, with_seed
from segmind_widgets.jobs import money, seconds
from segmind_widgets.places import Place
from segmind_widgets.preparing import files, named, prepared, with_assets
from segmind_widgets.store import Store
from segmind_widgets.types import Model, RunRequest
from segmind_widgets.uploads import needed


@dataclass(frozen=True)
class Plan:
    """`inputs` still hold their files; `files` are those that have to be uploaded.

    `notes` are doubts, in sentences; `cost` is USD and `seconds` the usual time, None where
    nobody knows.
    """

    request: RunRequest
    inputs: Mapping[str, Any]
    place: Place
    model: Model | None
    files: tuple[Asset, ...] = ()
    notes: tuple[str, ...] = ()
    cost: float | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        call = self.place.provider.submit(self.request)
        body = prepared(self.inputs, self.model, lambda asset: asset.url or f"<{asset}>", named)
        lines = [f"{call.method} {call.url}", json.dumps(body, indent=2, ensure_ascii=False)]
        lines += [f"to upload: {asset}" for asset in self.files]
        known = [f"about {money(self.cost)}"] if self.cost is not None else ["cost unknown"]
        known += [f"about {seconds(self.seconds)}"] if self.seconds else ["time unknown"]
        place = "on the sandbox" if self.place.sandbox else f"at {self.place.provider.title}"
        return "\n".join([*lines, *self.notes, f"{', '.join(known)}, {place}; nothing was sent."])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("…" if cycle else str(self))


def make_plan(
    request: RunRequest,
    place: Place,
    directory: Directory,
    store: Store,
    *,
    strict: bool = True,
    max_cost: float | None = None,
) -> Plan:
    """Check a request against the catalogue, without sending anything.

    The request holds the inputs as the person gave them. `strict` raises for inputs that are
    certainly wrong; else they become notes. `max_cost` is USD.

    Raises:
        InputError: an input is wrong, or the target is no name.
        LimitError: the model usually costs more than `max_cost`.
    """
    given, notes = dict(request.inputs), []
    model = None
    if request.kind == "model":
        model = directory.find(request.target, place)
        if model is None:
            notes.append(_strange(request.target, directory, place))
        else:
            checked = check(model, given)
            if strict:
                checked.raise_for_problems()
            notes += [str(note) for note in (*checked.warnings, *checked.problems)]
            given = with_seed(model, checked.inputs)
    modality = model.modality if model else ""
    bare = RunRequest(request.target, {}, request.kind, request.api, modality)
    place.provider.submit(bare)  # refuses what no service could run
    cost = model.cost if model else None
    if max_cost is not None and cost is not None and cost > max_cost:
        raise LimitError(
            f"{request.target} usually costs {money(cost)}, more than the {money(max_cost)} that"
            " you allow.",
            hint="Nothing was sent. Raise --max-cost, or choose a cheaper model.",
        )
    given = with_assets(given)
    new = tuple(asset for asset in files(given, model) if needed(asset, place))
    usual = _usual(store.history(request.target, sandbox=place.sandbox), model)
    return Plan(bare, given, place, model, new, tuple(notes), cost, usual)


def _strange(target: str, directory: Directory, place: Place) -> str:
    near = directory.catalog(place).suggest(target, place.provider.name)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"{target} is not in the catalogue.{meant} It is sent as it is."


def _usual(seen: list[float], model: Model | None) -> float | None:
    """Seconds: own history where there is enough of it, else the directory's average."""
    if len(seen) >= 3:
        return median(seen)
    return model.seconds if model else None

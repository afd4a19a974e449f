"""Find the inputs of workflows, which no service lists: in pasted pages and in earlier runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from segmind_widgets.likeness import nearest
from segmind_widgets.planning.checks import check_by_setting
from segmind_widgets.planning.estimates import OwnRuns
from segmind_widgets.syntax.snippets import Pasted
from segmind_widgets.types import CheckInputs, Model


class WorkflowInputs:
    """The inputs of workflows, as far as this session knows them."""

    def __init__(self) -> None:
        self._pages: dict[str, Mapping[str, Any]] = {}  # name → schema that a page describes
        self._costs: dict[str, float] = {}  # name → USD that a page tells
        self._codes: dict[str, dict[str, None]] = {}  # name → inputs in the code of pages
        self._cells: dict[str, dict[str, None]] = {}  # name → inputs in the code of cells
        self._has_told = False  # whether this session was told that inputs cannot be checked

    def add(self, pasted: Pasted, *, is_cell: bool = False) -> None:
        """Record the inputs of a pasted workflow; other text is ignored.

        Args:
            pasted: the meaning of the text.
            is_cell: whether it is the code of a cell, which a person may have edited.
        """
        if pasted.kind != "workflow" or not pasted.target:
            return
        name, names = _name(pasted.target), dict.fromkeys([*pasted.inputs, *pasted.unread])
        if pasted.cost is not None:
            self._costs[name] = pasted.cost
        if pasted.is_described and pasted.schema:
            self._pages[name] = pasted.schema
        elif is_cell:
            self._cells.setdefault(name, names)
        else:
            self._codes[name] = {**self._codes.get(name, {}), **names}

    def model(self, target: str, runs: Callable[[str], OwnRuns]) -> Model | None:
        """Return a workflow with the schema of its inputs; None where these are not known.

        `runs` returns the earlier runs under a name or an address of it.

        A page describes all of them. Without one they are those in its code and in completed
        runs; then only their names are known.
        """
        name = _name(target)
        if name in self._pages:
            return Model(target, schema=self._pages[name])
        each = [
            frozenset(inputs)
            for form in dict.fromkeys([target, name])
            for inputs in runs(form).inputs("workflow")
            if inputs
        ]
        names = known_names(each, self._codes.get(name, ())) or self._cells.get(name)
        return Model(target, schema={"properties": {n: {} for n in names}}) if names else None

    def cost(self, target: str) -> float | None:
        """Return the usual USD of a run that the workflow's page tells; None without a page."""
        return self._costs.get(_name(target))

    def check(
        self,
        target: str,
        inputs: Mapping[str, Any],
        runs: Callable[[str], OwnRuns],
        mode: CheckInputs,
    ) -> tuple[Mapping[str, Any], list[str]]:
        """Return the inputs to send, and notes about them.

        Where the inputs are not known, a note says so, once in a session.

        Raises:
            InputError: the inputs do not fit the page, and the mode refuses that.
        """
        if not inputs:
            return inputs, []
        model = self.model(target, runs)
        if model is not None:
            return check_by_setting(inputs, model, mode, is_workflow=True)
        if self._has_told:
            return inputs, []
        self._has_told = True
        note = (
            f"The names of the inputs of {_name(target)} cannot be checked: they are known after"
            " its first run, or once the code of its API page was read. Each is sent unchanged."
        )
        return inputs, [note]


def known_names(runs: Sequence[frozenset[str]], code: Iterable[str] = ()) -> dict[str, None]:
    """Return the names of inputs in runs and in code, without those that look misspelt.

    A service accepts a misspelt name, and ignores it. So of two names that are alike and were
    never used together, only that of the code is returned, else that of more runs, else the older.

    Args:
        runs: the names in each completed run, the oldest first.
        code: those in the code of the workflow's page.
    """
    names_of = dict.fromkeys(code)
    counts = Counter(name for names in runs for name in sorted(names))
    for name, _ in counts.most_common():  # of equal counts, the older first
        apart = [one for one in names_of if not any({name, one} <= names for names in runs)]
        if name not in names_of and not nearest(name, apart):
            names_of[name] = None
    return names_of


def _name(target: str) -> str:
    """Return the id or the slug of a workflow, which may be written as an address."""
    return target.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]

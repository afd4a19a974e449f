"""Sweeps: all combinations of the values of some inputs, as rows. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, cast

from segmind_widgets.errors import InputError
from segmind_widgets.planning.inputs import resolve_files

SWEEP_KEY = "sweep"  # {sweep: [3, 5, 7]} as the value of an input
MAX_ROWS = 100_000  # of a sweep; more are certainly a mistake
_MAX_LABEL_LENGTH = 40


@dataclass(frozen=True)
class Axis:
    """One input and its values, in order."""

    name: str
    values: tuple[Any, ...]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Return a short text for each value; equal texts are numbered."""
        labels = [label(value) for value in self.values]
        counts = Counter(labels)
        return tuple(f"{n}. {s}" if counts[s] > 1 else s for n, s in enumerate(labels, 1))


class Sweep(Sequence[dict[str, Any]]):
    """The rows of all combinations, computed on access; the last axis varies fastest.

    Args:
        inputs: the fixed inputs; a value `{"sweep": [...]}` makes its input an axis.
        axes: the values of each swept input, by its name.

    Raises:
        InputError: an axis has no values or is also in `inputs`, there is no axis, or there are
            more than `MAX_ROWS` combinations.
    """

    def __init__(
        self, inputs: Mapping[str, Any], axes: Mapping[str, Sequence[Any]] | None = None
    ) -> None:
        fixed, inline = split(inputs)
        axes = axes or {}
        duplicate = next((name for name in axes if name in inputs), None)
        if duplicate is not None:
            raise InputError(
                f"`{duplicate}` is both a fixed input and swept.",
                hint="Remove one of the two.",
                field=duplicate,
            )
        values = {name: _values(name, many) for name, many in {**axes, **inline}.items()}
        if not values:
            raise InputError("There is nothing to sweep.", hint='Such as {"seed": [1, 2, 3]}.')
        _check_count(values)
        self.inputs = resolve_files(fixed)
        self.axes = tuple(_axis(name, items) for name, items in values.items())

    def __len__(self) -> int:
        return math.prod(len(axis.values) for axis in self.axes)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        indexes = zip(self.axes, position(self.axes, index % len(self)), strict=True)
        return self.inputs | {axis.name: axis.values[i] for axis, i in indexes}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        shape = " × ".join(f"{len(axis.values)} {axis.name}" for axis in self.axes)
        return f"<Sweep {shape}: {len(self)} rows>"


def position(axes: Sequence[Axis], number: int) -> tuple[int, ...]:
    """Return the index of a row on each axis."""
    indexes: list[int] = []
    for axis in reversed(axes):
        number, index = divmod(number, len(axis.values))
        indexes.append(index)
    return tuple(reversed(indexes))


def split(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fixed inputs, and the values of the inputs given as `{sweep: [...]}`."""
    swept = {
        name: value[SWEEP_KEY]
        for name, value in inputs.items()
        if isinstance(value, Mapping) and set(value) == {SWEEP_KEY}
    }
    return {name: value for name, value in inputs.items() if name not in swept}, swept


def _values(name: str, values: Any) -> Sequence[Any]:
    """Return the values of an axis; of an iterable without a length, no more than are allowed."""
    if isinstance(values, Sequence) and not isinstance(values, (str, bytes)):
        items = cast("Sequence[Any]", values)  # a range may be too long for memory
    else:
        many = isinstance(values, Iterable) and not isinstance(values, (str, bytes, Mapping))
        items = list(islice(cast("Iterable[Any]", values), MAX_ROWS + 1)) if many else []
    if not items:
        raise InputError(
            f"`{name}` has no values to sweep over.",
            hint=f"Give a list, such as {{sweep: [1, 2, 3]}} or --sweep {name}=1,2,3.",
            field=name,
        )
    return items


def _check_count(values: Mapping[str, Sequence[Any]]) -> None:
    """Raise InputError for more combinations than are allowed; none of them is built."""
    counts = {name: len(items) for name, items in values.items()}
    count = math.prod(counts.values())
    if count > MAX_ROWS:
        longest = max(counts, key=lambda name: counts[name])
        raise InputError(
            f"The sweep has {count:,} rows; at most {MAX_ROWS:,} are allowed.",
            hint=f"Nothing was sent. Give fewer values, such as of `{longest}`, which has"
            f" {counts[longest]:,}, or sweep them in several batches.",
            field=longest,
        )


def _axis(name: str, items: Sequence[Any]) -> Axis:
    return Axis(name, tuple(resolve_files({name: list(items)})[name]))


def label(value: Any) -> str:
    """Return a short text for a value, for the labels of a grid."""
    name = getattr(value, "filename", None)
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(name, str) and name:
        text = name
    else:
        text = " ".join(str(value).split())
    return text if len(text) <= _MAX_LABEL_LENGTH else f"{text[: _MAX_LABEL_LENGTH - 1]}…"

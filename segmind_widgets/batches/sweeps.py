"""Sweeps: every combination of the values of some inputs, as rows. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from segmind_widgets.errors import InputError
from segmind_widgets.planning.inputs import resolve_files

WORD = "sweep"  # {sweep: [3, 5, 7]} as the value of an input
_LONGEST = 40  # characters of a label


@dataclass(frozen=True)
class Axis:
    """One input and the values it takes, in order."""

    name: str
    values: tuple[Any, ...]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The values in a few words each; those that read the same are numbered."""
        said = [label(value) for value in self.values]
        count = Counter(said)
        return tuple(f"{n}. {s}" if count[s] > 1 else s for n, s in enumerate(said, 1))


class Sweep(Sequence[dict[str, Any]]):
    """The rows of all combinations; the last axis moves fastest. None of them is held.

    Args:
        inputs: those that stay; what is `{"sweep": [...]}` among them becomes a further axis.
        axes: names of inputs with the values of each.

    Raises:
        InputError: an axis has no values or is there twice, or there is none at all.
    """

    def __init__(
        self, inputs: Mapping[str, Any], axes: Mapping[str, Sequence[Any]] | None = None
    ) -> None:
        kept, inside = split(inputs)
        given = axes or {}
        if twice := [name for name in given if name in inputs]:
            raise InputError(
                f"`{twice[0]}` is among the inputs and is swept.",
                hint="Leave one of them out.",
                field=twice[0],
            )
        self.inputs = resolve_files(kept)
        self.axes = tuple(_axis(name, values) for name, values in {**given, **inside}.items())
        if not self.axes:
            raise InputError("There is nothing to sweep.", hint='Such as {"seed": [1, 2, 3]}.')

    def __len__(self) -> int:
        return math.prod(len(axis.values) for axis in self.axes)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        at = zip(self.axes, position(self.axes, index % len(self)), strict=True)
        return self.inputs | {axis.name: axis.values[index] for axis, index in at}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        shape = " × ".join(f"{len(axis.values)} {axis.name}" for axis in self.axes)
        return f"<Sweep {shape}: {len(self)} rows>"


def position(axes: Sequence[Axis], number: int) -> tuple[int, ...]:
    """Where a row stands on each axis."""
    found = []
    for axis in reversed(axes):
        number, at = divmod(number, len(axis.values))
        found.append(at)
    return tuple(reversed(found))


def split(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The inputs that stay, and the values of those that are `{sweep: [...]}`."""
    swept = {
        name: value[WORD]
        for name, value in inputs.items()
        if isinstance(value, Mapping) and set(value) == {WORD}
    }
    return {name: value for name, value in inputs.items() if name not in swept}, swept


def _axis(name: str, values: Any) -> Axis:
    many = isinstance(values, Iterable) and not isinstance(values, (str, bytes, Mapping))
    found = tuple(values) if many else ()
    if not found:
        raise InputError(
            f"`{name}` has no values to sweep over.",
            hint=f"Give a list, such as {{sweep: [1, 2, 3]}} or --sweep {name}=1,2,3.",
            field=name,
        )
    files = resolve_files({name: list(found)})[name]
    return Axis(name, tuple(files))


def label(value: Any) -> str:
    """A value in a few words: what stands at the edge of a grid."""
    name = getattr(value, "filename", None)
    if isinstance(value, bool):
        said = str(value).lower()
    elif isinstance(name, str) and name:
        said = name
    else:
        said = " ".join(str(value).split())
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"

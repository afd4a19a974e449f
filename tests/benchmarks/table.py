"""A row of figures, and the table of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """What was measured: ours beside a peer or a floor of the same run. Less is always better.

    `aim` is what ours may be at most, in `unit`; None where the row only informs.
    """

    what: str
    unit: str
    ours: float
    peer: str
    theirs: float
    aim: float | None = None

    @property
    def met(self) -> str:
        if self.aim is None:
            return ""
        return "yes" if self.ours <= self.aim else "NO"

    def cells(self) -> list[str]:
        ratio = f"{self.ours / self.theirs:.2f}" if self.theirs > 0 else "–"
        aim = "" if self.aim is None else f"≤ {_figure(self.aim)}"
        return [
            self.what,
            self.unit,
            _figure(self.ours),
            self.peer,
            _figure(self.theirs),
            ratio,
            aim,
            self.met,
        ]


_HEAD = ["what", "unit", "ours", "beside", "theirs", "ratio", "aim", "met"]


def lines(rows: Iterable[Row]) -> list[str]:
    """Return the table as Markdown, its columns in line."""
    cells = [_HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(_HEAD))]
    cells.insert(1, ["-" * width for width in widths])
    return [
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in cells
    ]


def show(rows: Iterable[Row]) -> None:
    """Print the table."""
    print("\n".join(lines(rows)))


def measured(*arguments: object, env: Mapping[str, str] | None = None) -> Any:
    """What `python arguments…` prints as its last line, JSON, from a process of its own."""
    command = [sys.executable, "-W", "ignore", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=300)
    if done.returncode:
        raise RuntimeError(f"A measurement failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _figure(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"

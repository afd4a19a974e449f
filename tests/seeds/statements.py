"""The statements of the services' pages, and the table of those that hold."""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PAGES = {
    "S": "Segmind Storage",
    "X": "documentation index",
    "A": "APIMart upload",
    "R": "Segmind API reference",
    "W": "workflow API",
    "C": "the project's promise",
}
TESTS = Path(__file__).parents[1]
_MARKS = ("statement", "says")  # `says = pytest.mark.statement`
_WIDTH = 70  # characters of a statement


class Statement(NamedTuple):
    """A statement; `remark` is "n/a" where it asks nothing of this package."""

    id: str
    text: str
    remark: str


def statements() -> list[Statement]:
    """Return all statements in the order of the pages."""
    with (Path(__file__).parent / "statements.tsv").open(encoding="utf-8", newline="") as file:
        return [Statement(*row) for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def marked() -> Iterator[str]:
    """Yield the statements that a test of this suite is marked with."""
    for path in TESTS.rglob("test_*.py"):
        text = path.read_text("utf-8")
        if "statement" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            name = getattr(node.func, "attr", "") if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and (name or getattr(node.func, "id", "")) in _MARKS:
                yield from (word.value for word in node.args if isinstance(word, ast.Constant))


def print_table(reporter: pytest.TerminalReporter) -> None:
    """Print statement, page and whether it holds, for a run in which all tests of them ran."""
    results: dict[str, bool] = {}
    for outcome in ("passed", "failed", "error"):
        for report in reporter.stats.get(outcome, ()):
            for name, statement in getattr(report, "user_properties", ()):
                if name == "statement":
                    results[statement] = results.get(statement, True) and outcome == "passed"
    wanted = [one for one in statements() if not one.remark]
    if len(results) < len(wanted) // 2:  # a run of some tests alone
        return
    reporter.section("statements of the services' pages")
    for one in statements():
        holds = one.remark or {True: "holds", False: "fails"}.get(results.get(one.id), "missing")
        page = PAGES[one.id[0]]
        reporter.write_line(f"{one.id:6} {page:22} {holds:8} {one.text[:_WIDTH]}")
    holding = sum(results.get(one.id) is True for one in wanted)
    missing = [one.id for one in wanted if one.id not in results]
    failing = [name for name, holds in results.items() if not holds]
    reporter.write_line(
        f"{holding} hold, {len(failing)} fail, {len(missing)} missing"
        f" {' '.join(missing)}, {len(statements()) - len(wanted)} not applicable"
    )

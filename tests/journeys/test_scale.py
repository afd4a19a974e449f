"""The page on scale: its table is what the simulation gives, and the simulation keeps the limit."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.network.rate_limit import RISE, START

HERE = Path(__file__).parents[1]
PAGE = HERE.parent / "docs" / "scale.md"


@pytest.fixture(scope="module")
def simulation() -> Any:
    return runpy.run_path(str(HERE / "benchmarks" / "scale.py"))


def test_the_table_is_current(simulation: Any) -> None:
    page = PAGE.read_text(encoding="utf-8").splitlines()
    for line in simulation["lines"]((1_000, 10_000)):  # a million rows take a minute
        assert line in page, "run: python tests/benchmarks/scale.py --write"
    assert any(line.startswith("| 1,000,000 ") for line in page)


@pytest.mark.parametrize("limit", [5, 60, 600])
def test_a_job_takes_three_requests_and_the_limit_is_used(simulation: Any, limit: int) -> None:
    rows = 50 * limit
    found = simulation["simulate"](rows, limit)
    assert 3 <= found.requests / rows < 3.1
    rising = max(0.0, math.log(limit / START, RISE))  # minutes until the limit is reached
    assert 3 * rows / limit < found.seconds / 60 < 3 * rows / limit * 1.05 + rising


def test_results_come_while_others_are_still_begun(simulation: Any) -> None:
    assert simulation["simulate"](2000, 60).late < 60


def test_kernels_without_a_limit_share_the_rows(simulation: Any) -> None:
    one, four = (simulation["simulate"](5000, 0, kernels).seconds for kernels in (1, 4))
    assert 3 < one / four < 4.1

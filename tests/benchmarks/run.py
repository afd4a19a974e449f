"""All benchmarks as one table: `python tests/benchmarks/run.py` (`--tiny` only tries them)."""

from __future__ import annotations

import sys

import form
import job_updates
import loading
import notebook_size
import pacing
import panels
import recipes
import upload
from table import Row, show

BENCHMARKS = (loading, upload, pacing, notebook_size, job_updates, form, panels, recipes)


def main() -> None:
    tiny = "--tiny" in sys.argv[1:]
    found: list[Row] = []
    for benchmark in BENCHMARKS:
        found += benchmark.rows(tiny=tiny)
    show(found)
    aims = [row.met for row in found if row.met]
    print(f"\nLess is better in every row. Aims met: {aims.count('yes')} of {len(aims)}.")


if __name__ == "__main__":
    main()

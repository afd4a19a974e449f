"""All benchmarks as one table: `python tests/benchmarks/run.py`.

`--quick` takes 100 jobs where else there are 1,000; `--tiny` only tries them.
"""

from __future__ import annotations

import sys

import first_post
import form
import job_updates
import loading
import notebook_size
import pacing
import panels
import rate
import recipes
import shown
import sweep
import thousand
import upload
import widget_state
import workers
from table import Row, show

BENCHMARKS = (
    loading,
    first_post,
    upload,
    pacing,
    notebook_size,
    widget_state,
    job_updates,
    form,
    panels,
    recipes,
    shown,
)
CROWDS = (thousand, rate, sweep, workers)  # of jobs


def main() -> None:
    tiny = "--tiny" in sys.argv[1:]
    found: list[Row] = []
    for benchmark in BENCHMARKS:
        found += benchmark.rows(tiny=tiny)
    for benchmark in CROWDS:
        found += benchmark.rows(tiny=tiny, quick="--quick" in sys.argv[1:])
    show(found)
    aims = [row.met for row in found if row.met]
    print(f"\nLess is better in every row. Aims met: {aims.count('yes')} of {len(aims)}.")


if __name__ == "__main__":
    main()

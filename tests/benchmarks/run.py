"""All benchmarks as one table: `python tests/benchmarks/run.py`, or those that are named.

`--quick` takes 100 jobs where else there are 1,000; `--tiny` only tries them. `--write` puts the
figures of those that are run into docs/performance.md, with the machine and the versions.
"""

from __future__ import annotations

import sys

import batch_resume
import clients
import first_post
import form
import job_updates
import journal_queries
import loading
import masks
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
from performance_page import write
from table import Row, show

BENCHMARKS = (
    loading,
    first_post,
    upload,
    pacing,
    clients,
    notebook_size,
    widget_state,
    job_updates,
    form,
    panels,
    recipes,
    masks,
    shown,
)
CROWDS = (journal_queries, batch_resume, thousand, rate, sweep, workers)  # of jobs


def main() -> None:
    tiny, quick = "--tiny" in sys.argv[1:], "--quick" in sys.argv[1:]
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    found: list[Row] = []
    order = [benchmark.__name__ for benchmark in (*BENCHMARKS, *CROWDS)]
    for benchmark in (*BENCHMARKS, *CROWDS):
        if names and benchmark.__name__ not in names:
            continue
        options = {"quick": quick} if benchmark in CROWDS else {}
        rows = benchmark.rows(tiny=tiny, **options)
        found += rows
        if "--write" in sys.argv[1:]:
            title = (benchmark.__doc__ or "").partition("\n")[0].rstrip(".")
            write(benchmark.__name__, title, rows, order)
    show(found)
    aims = [row.met for row in found if row.met]
    print(f"\nLess is better in every row. Aims met: {aims.count('yes')} of {len(aims)}.")


if __name__ == "__main__":
    main()

"""The benchmarks run and print their rows. Figures are not judged here: machines differ."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

PACING = {
    "calls a job", "calls a s after the first", "median late / (0.75 s + 12 %)",
    "p95 late / (1 s + 25 %)",
}  # fmt: skip
RUN = Path(__file__).parents[1] / "benchmarks" / "run.py"


JOBS = {
    "threads", "MiB more", "ms main pause, p99", "status calls a job", "ms of work a job",
    "jobs lost", "messages/s",
}  # fmt: skip
RATE = {"% of the limit left", "429s after 1 min", "jobs lost, %", "polls a job"}
WORKERS = {"s", "results that differ", "ledger rows that differ", "POSTs too many"}
# benchmark: the units of its rows, by the first words of a row
UNITS: dict[str, dict[str, set[str]]] = {
    "loading": {"%load_ext": {"ms"}},
    "first_post": {"first run": {"ms"}},
    "upload": {"upload of": {"ms", "MiB more"}, "8 uploads of": {"ms"}},
    "pacing": {"pacing default": PACING, "pacing economical": PACING},
    "clients": {"listed-rightly": {"s late, median", "status calls a job"}},
    "notebook_size": {"picture of": {"KiB"}, "20 such pictures": {"KiB"}},
    "widget_state": {"runs saved by nbclient": {"kB"}},
    "panels": {"gallery panel": {"ms"}, "jobs panel": {"ms", "messages/s"}},
    "job_updates": {"update of a JobView": {"µs"}},
    "form": {"form of": {"ms"}},
    "recipes": {"recipe": {"ms"}},
    "masks": {"fill": {"ms"}, "undo": {"ms"}},
    "shown": {"last byte": {"ms"}, "transparent 2K": {"ms"}, "video of": {"MiB more"}},
    "journal_queries": {"journal of 200": {"µs", "ms"}},
    "batch_resume": {"a finished list of 100 rows": {"s"}},
    "thousand": {"12 jobs of": JOBS},
    "rate": {"50 requests a minute": RATE, "a place in the limit": {"µs"}},
    "sweep": {"sweep of 9": {"s", "uploads"}},
    "workers": {"8 rows by 4 Dask": WORKERS},
}


def test_each_benchmark_is_tried() -> None:
    """The tests below try all of them."""
    source = RUN.read_text("utf-8")
    imported = set(re.findall(r"^import (\w+)$", source, re.MULTILINE)) - {"sys"}
    assert set(UNITS) == imported


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from Linux's /proc")
@pytest.mark.parametrize("name", UNITS)
def test_a_benchmark_prints_its_rows(name: str) -> None:
    done = subprocess.run(
        [sys.executable, RUN, name, "--tiny"], capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stderr
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in done.stdout.splitlines()
        if line.startswith("|")
    ]
    head, _, *rows = cells
    assert head == ["what", "unit", "ours", "beside", "theirs", "ratio", "aim", "met"]
    assert all(float(row[2]) >= 0 and float(row[4]) >= 0 for row in rows)
    for what, units in UNITS[name].items():
        assert {row[1] for row in rows if row[0].startswith(what)} == units, what


def test_figures_replace_those_of_the_same_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(RUN.parent))
    page, table = import_module("performance_page"), import_module("table")
    monkeypatch.setattr(page, "PAGE", tmp_path / "performance.md")
    page.PAGE.write_text("# Performance\n\nWords.\n", encoding="utf-8")
    for name, figure in (("panels", 3.0), ("form", 4.0), ("panels", 5.0)):
        row = table.Row(f"{name} opens", "ms", figure, "a peer", 2.0)
        page.write(name, f"The {name}", [row], ["form", "panels"])
    text = page.PAGE.read_text("utf-8")
    assert text.startswith("# Performance\n\nWords.\n\n<!-- begin: form -->\n## The form\n")
    found = re.findall(r"^\| (\w+) opens +\| ms +\| (\S+)", text, re.MULTILINE)
    assert found == [("form", "4"), ("panels", "5")]
    assert text.count(f"Python {platform.python_version()}") == 2

"""Writes figures into docs/performance.md: a section for each benchmark, with the machine."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from table import Row, lines

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
_LIBRARIES = ("segmind-widgets", "ipywidgets", "httpx", "pillow")
_SECTION = re.compile(r"<!-- begin: (\w+) -->\n.*?<!-- end: \1 -->\n", re.DOTALL)


def write(name: str, title: str, rows: Iterable[Row], order: Iterable[str]) -> None:
    """Replace a benchmark's section, or insert it where the order of benchmarks has it."""
    text = PAGE.read_text(encoding="utf-8")
    sections = {match[1]: match[0] for match in _SECTION.finditer(text)}
    table = "\n".join(lines(rows))
    sections[name] = (
        f"<!-- begin: {name} -->\n## {title}\n\n{table}\n\n{machine()}\n<!-- end: {name} -->\n"
    )
    head = _SECTION.sub("", text).rstrip()
    body = "\n".join(sections[one] for one in order if one in sections)
    PAGE.write_text(f"{head}\n\n{body}", encoding="utf-8")


def machine() -> str:
    """Return the machine, its load and the versions, in a sentence."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    when = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    return (
        f"Printed on {when} by {_processor()}, {os.cpu_count()} cores{load}, {platform.system()}"
        f" {platform.release()}, Python {platform.python_version()}, SQLite"
        f" {sqlite3.sqlite_version}, {libraries}."
    )


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"model name\s*: (.+)", text)
    return found[1].strip() if found else platform.machine()

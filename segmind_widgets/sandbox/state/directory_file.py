"""Models of a copy of Segmind's directory, https://www.segmind.com/llms.txt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_ROW_END = 5  # cells behind the description: modality, cost, latency, link, and the empty last one
_SCHEMA = {  # the directory has no parameters
    "type": "object",
    "properties": {"prompt": {"type": "string", "description": "What you want."}},
}


def read_directory(path: Path) -> dict[str, dict[str, Any]]:
    """Return the models of a directory file in the form of models.json, by their slugs.

    Cells may contain line breaks and pipes. The directory has no parameters, so each model takes
    a prompt, and any other input.

    Raises:
        OSError: the file cannot be read.
        ValueError: it has no models.
    """
    rows = path.read_text(encoding="utf-8").split("\n|")
    models = dict(entry for row in rows if (entry := _entry(row.split("|"))))
    if not models:
        raise ValueError(f"{path} has no table of models, as https://www.segmind.com/llms.txt has.")
    return models


def _entry(cells: list[str]) -> tuple[str, dict[str, Any]] | None:
    if len(cells) < _ROW_END + 3:
        return None
    name, slug, *_ = (" ".join(cell.split()) for cell in cells)
    modality, cost, seconds, link, _ = (" ".join(cell.split()) for cell in cells[-_ROW_END:])
    if f"/models/{slug}/" not in link:  # the head of the table, or its rule
        return None
    return slug, {
        "name": name,
        "modality": modality,
        "description": " ".join("|".join(cells[2:-_ROW_END]).split()),
        "cost": _number(cost.removeprefix("$")),
        "seconds": _number(seconds.removesuffix("s")),
        "schema": _SCHEMA,
    }


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:  # "-": not known
        return None

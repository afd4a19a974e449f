"""Lists that show themselves as tables, in a notebook and in a terminal."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Cell = Callable[[Any], str]
FONT = "font-family:var(--jp-ui-font-family,system-ui,sans-serif)"


class Table(Sequence[Any]):
    """Values in a row, shown as a table. (No list: IPython would show it as one.)

    Args:
        values: the rows' values; the list holds these.
        columns: a column's title → the text that a value has there. A title in `pictures` gives
            HTML of our own instead, which a terminal leaves out.
        caption: a line under it.
    """

    def __init__(
        self,
        values: Iterable[Any],
        columns: Mapping[str, Cell],
        caption: str = "",
        pictures: Sequence[str] = (),
    ) -> None:
        self._values = list(values)
        self._columns = dict(columns)
        self._caption = caption
        self._pictures = set(pictures)

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: Any) -> Any:
        return self._values[index]

    def __repr__(self) -> str:
        return self._text()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self._text(), "text/html": self._html()}

    def _text(self) -> str:
        columns = {t: c for t, c in self._columns.items() if t not in self._pictures}
        rows = [list(columns), *([column(value) for column in columns.values()] for value in self)]
        rows = [[_short(text) for text in row] for row in rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
            for row in rows
        ]
        return "\n".join([*(line.rstrip() for line in lines), self._caption]).rstrip()

    def _html(self) -> str:
        cell = 'style="text-align:left;padding:4px 12px 4px 0;vertical-align:top'
        columns = self._columns.items()
        head = "".join(f'<th scope="col" {cell}">{html.escape(t)}</th>' for t in self._columns)
        head = f"<thead><tr>{head}</tr></thead>" if any(map(str.strip, self._columns)) else ""
        rows = ("".join(self._cell(t, c, value, cell) for t, c in columns) for value in self)
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        said = html.escape(self._caption)
        caption = f'<div style="opacity:.75;font-size:12px;margin-top:4px">{said}</div>'
        return (
            f'<div style="overflow-x:auto;{FONT}">'
            '<table style="border-collapse:collapse;font-size:13px;margin:0">'
            f"{head}<tbody>{body}</tbody></table>"
            f"{caption if said else ''}</div>"
        )

    def _cell(self, title: str, column: Cell, value: Any, style: str) -> str:
        text = column(value)
        shown = text if title in self._pictures else html.escape(text)
        return f'<td {style};overflow-wrap:anywhere;max-width:420px">{shown}</td>'


def _short(text: str) -> str:
    """Prose is cut off; addresses and ids stay whole, to be copied."""
    return f"{text[:59]}…" if len(text) > 60 and " " in text else text

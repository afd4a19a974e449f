"""Lists that show themselves as tables, in a notebook and in a terminal."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from segmind_widgets.errors import SegmindError

Cell = Callable[[Any], str]
FONT = "font-family:var(--jp-ui-font-family,system-ui,sans-serif)"


class Table(Sequence[Any]):
    """Values in a row, shown as a table. (No list: IPython would show it as one.)

    Args:
        values: the rows' values; the list holds these.
        columns: a column's title → the text that a value has there. A title in `pictures` gives
            HTML of our own instead, which a terminal leaves out.
        caption: a line under it.
        totals: further rows' values, shown under the others and not in the list.
        whole: no text is cut, and its lines are kept.
        most: rows that are shown; the list and the DataFrame have all.
    """

    def __init__(
        self,
        values: Iterable[Any],
        columns: Mapping[str, Cell],
        caption: str = "",
        pictures: Sequence[str] = (),
        totals: Sequence[Any] = (),
        *,
        whole: bool = False,
        most: int | None = None,
    ) -> None:
        self._values = list(values)
        self._columns = dict(columns)
        self._caption = caption
        self._pictures = set(pictures)
        self._totals = list(totals)
        self._whole = whole
        self._shown = self._values[:most]
        if more := len(self._values) - len(self._shown):
            self._caption = f"{more:,} more rows are in its to_dataframe(). {caption}".strip()

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: Any) -> Any:
        return self._values[index]

    def to_dataframe(self) -> Any:
        """A `pandas.DataFrame` with a row for each value, without the totals.

        Values that are dataclasses give their fields, others the texts of their columns.

        Raises:
            SegmindError: pandas is not installed.
        """
        try:
            from pandas import DataFrame
        except ImportError:
            raise SegmindError(
                "A DataFrame needs pandas, which is not installed.", hint="pip install pandas"
            ) from None
        columns = {t: c for t, c in self._columns.items() if t not in self._pictures}
        if self._values and all(map(is_dataclass, self._values)):
            return DataFrame([asdict(value) for value in self._values])
        rows = [[column(value) for column in columns.values()] for value in self._values]
        return DataFrame(rows, columns=list(columns))

    def __repr__(self) -> str:
        return self._text()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self._text(), "text/html": self._html()}

    def _text(self) -> str:
        columns = {t: c for t, c in self._columns.items() if t not in self._pictures}
        values = [*self._shown, *self._totals]
        rows = [
            list(columns),
            *([column(value) for column in columns.values()] for value in values),
        ]
        rows = rows if self._whole else [[_short(text) for text in row] for row in rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
        lines = ["  ".join(_aligned(row, widths)) for row in rows]
        return "\n".join([*(line.rstrip() for line in lines), self._caption]).rstrip()

    def _html(self) -> str:
        cell = 'style="text-align:left;padding:4px 12px 4px 0;vertical-align:top'
        columns = self._columns.items()
        head = "".join(f'<th scope="col" {cell}">{html.escape(t)}</th>' for t in self._columns)
        head = f"<thead><tr>{head}</tr></thead>" if any(map(str.strip, self._columns)) else ""
        rows = ("".join(self._cell(t, c, value, cell) for t, c in columns) for value in self._shown)
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        for total in self._totals:
            row = "".join(self._cell(t, c, total, cell) for t, c in columns)
            body += f'<tr style="font-weight:bold">{row}</tr>'
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
        width = "white-space:pre-wrap" if self._whole else "max-width:420px"
        return f'<td {style};overflow-wrap:anywhere;{width}">{shown}</td>'


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """The texts padded to their columns' widths; further lines stand under their first."""
    left = 0
    for text, width in zip(row, widths, strict=True):
        yield text.replace("\n", "\n" + " " * left).ljust(width)
        left += width + 2


def _short(text: str) -> str:
    """Prose is cut off; addresses and ids stay whole, to be copied."""
    return f"{text[:59]}…" if len(text) > 60 and " " in text else text

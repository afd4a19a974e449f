"""Sequences that are displayed as tables in a notebook or a terminal."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from segmind_widgets.errors import SegmindError
from segmind_widgets.formatting import with_links

CAPTION = "caption"  # a title in `links` that turns addresses in the caption into links
Cell = Callable[[Any], str]
FONT = "font-family:var(--jp-ui-font-family,system-ui,sans-serif)"


class Table(Sequence[Any]):
    """A sequence that is displayed as a table; IPython would show a list subclass as a list.

    Args:
        values: the items of the sequence, one a row.
        columns: maps each title to a function that turns a value into the text of a cell.
        caption: a line below the table.
        pictures: titles of columns whose functions return HTML; a terminal leaves them out.
        links: titles of columns in which addresses become links.
        totals: the values of additional last rows, which are not items of the sequence.
        whole: whether to show texts unshortened, with their line breaks.
        most: the number of rows to show; the sequence and the DataFrame have all.
    """

    def __init__(
        self,
        values: Iterable[Any],
        columns: Mapping[str, Cell],
        caption: str = "",
        pictures: Sequence[str] = (),
        totals: Sequence[Any] = (),
        *,
        links: Sequence[str] = (),
        whole: bool = False,
        most: int | None = None,
    ) -> None:
        self._values = list(values)
        self._columns = dict(columns)
        self._caption = caption
        self._pictures = set(pictures)
        self._totals = list(totals)
        self._links = set(links)
        self._whole = whole
        self._visible = self._values[:most]
        if more := len(self._values) - len(self._visible):
            self._caption = f"{more:,} more rows are in to_dataframe(). {caption}".strip()

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: Any) -> Any:
        return self._values[index]

    def to_dataframe(self) -> Any:
        """Return a `pandas.DataFrame` with a row for each value, without the totals.

        The columns are the fields of the values if they are dataclasses, else the columns of the
        table.

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
        values = [*self._visible, *self._totals]
        rows = [
            list(columns),
            *([column(value) for column in columns.values()] for value in values),
        ]
        rows = rows if self._whole else [[_shorten(text) for text in row] for row in rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
        lines = ["  ".join(_align(row, widths)) for row in rows]
        return "\n".join([*(line.rstrip() for line in lines), self._caption]).rstrip()

    def _html(self) -> str:
        cell = 'style="text-align:left;padding:4px 12px 4px 0;vertical-align:top'
        columns = self._columns.items()
        head = "".join(f'<th scope="col" {cell}">{html.escape(t)}</th>' for t in self._columns)
        head = f"<thead><tr>{head}</tr></thead>" if any(map(str.strip, self._columns)) else ""
        rows = (
            "".join(self._cell(t, c, value, cell) for t, c in columns) for value in self._visible
        )
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        for total in self._totals:
            row = "".join(self._cell(t, c, total, cell) for t, c in columns)
            body += f'<tr style="font-weight:bold">{row}</tr>'
        text = html.escape(self._caption)
        text = with_links(text) if CAPTION in self._links else text
        caption = f'<div style="opacity:.75;font-size:12px;margin-top:4px">{text}</div>'
        return (
            f'<div style="overflow-x:auto;{FONT}">'
            '<table style="border-collapse:collapse;font-size:13px;margin:0">'
            f"{head}<tbody>{body}</tbody></table>"
            f"{caption if text else ''}</div>"
        )

    def _cell(self, title: str, column: Cell, value: Any, style: str) -> str:
        text = column(value)
        content = text if title in self._pictures else html.escape(text)
        if title in self._links:
            content = with_links(content)
        width = "white-space:pre-wrap" if self._whole else "max-width:420px"
        return f'<td {style};overflow-wrap:anywhere;{width}">{content}</td>'


def _align(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Pad texts to their columns' widths, and indent further lines below their first one."""
    indent = 0
    for text, width in zip(row, widths, strict=True):
        yield text.replace("\n", "\n" + " " * indent).ljust(width)
        indent += width + 2


def _shorten(text: str) -> str:
    """Shorten prose, but not addresses and ids, so that they can be copied."""
    return f"{text[:59]}…" if len(text) > 60 and " " in text else text

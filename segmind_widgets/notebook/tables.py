"""Sequences that are displayed as tables in a notebook or a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from segmind_widgets.errors import SegmindError
from segmind_widgets.markup import Html, element, output, scroller, whole_words, with_links
from segmind_widgets.printable import printable

CAPTION = "caption"  # a title in `links` that turns addresses in the caption into links
Cell = Callable[[Any], str]
_SHORT = 24  # characters of a cell that is not broken into lines
_HEAD = "text-align:left;padding:4px 12px 4px 0;vertical-align:top;white-space:nowrap"
_CELL = "text-align:left;padding:4px 12px 4px 0;vertical-align:top"
_LINES = "word-break:normal;overflow-wrap:normal;min-width:16em;max-width"  # break at spaces only
_PROSE = f"{_LINES}:420px"
_WHOLE_PROSE = f"white-space:pre-wrap;{_LINES}:65vw"  # a column may be wide: a path is not broken


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
        rows = [[printable(text) for text in row] for row in rows]
        rows = rows if self._whole else [[_shorten(text) for text in row] for row in rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
        lines = ["  ".join(_align(row, widths)) for row in rows]
        return "\n".join([*(line.rstrip() for line in lines), printable(self._caption)]).rstrip()

    def _html(self) -> Html:
        head = element("tr", *(element("th", t, scope="col", style=_HEAD) for t in self._columns))
        has_head = any(map(str.strip, self._columns))
        rows = [element("tr", *self._cells(value)) for value in self._visible]
        rows += [
            element("tr", *self._cells(total), style="font-weight:bold") for total in self._totals
        ]
        table = element(
            "table",
            element("thead", head) if has_head else "",
            element("tbody", *rows),
            style="border-collapse:collapse;font-size:13px;margin:0",
        )
        text = with_links(self._caption) if CAPTION in self._links else self._caption
        caption = element("div", text, style="opacity:.75;font-size:12px;margin-top:4px")
        return output(scroller(table, label="Table"), caption if text else "")

    def _cells(self, value: Any) -> Iterator[Html]:
        for title, column in self._columns.items():
            text = column(value)
            if title in self._pictures:
                yield element("td", text, style=_CELL)
            elif title in self._links:
                yield element("td", with_links(text), style=f"{_CELL};white-space:nowrap")
            elif len(text) <= _SHORT or not any(map(str.isspace, text)):
                yield element("td", text, style=f"{_CELL};white-space:pre")
            else:
                prose = _WHOLE_PROSE if self._whole else _PROSE
                yield element("td", element("div", whole_words(text), style=prose), style=_CELL)


def _align(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Pad texts to their columns' widths, and indent further lines below their first one."""
    indent = 0
    for text, width in zip(row, widths, strict=True):
        yield text.replace("\n", "\n" + " " * indent).ljust(width)
        indent += width + 2


def _shorten(text: str) -> str:
    """Shorten prose, but not addresses and ids, so that they can be copied."""
    return f"{text[:59]}…" if len(text) > 60 and " " in text else text

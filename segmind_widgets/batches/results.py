"""What a batch made, read from the journal when it is asked for: nothing of it is kept here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from segmind_widgets.assets.asset import Asset
from segmind_widgets.batches.contact_sheet import MOST, Tile, sheet
from segmind_widgets.batches.sweeps import Axis, label, position
from segmind_widgets.errors import NotFound, SegmindError
from segmind_widgets.jobs.job import Job
from segmind_widgets.storage.batch_rows import BatchRows
from segmind_widgets.storage.records import assets_from_row
from segmind_widgets.types import Status

if TYPE_CHECKING:
    from segmind_widgets.session import Session


_Item = TypeVar("_Item")
_FACTS = ("row", "status", "output", "outputs", "cost", "seconds", "error", "id")  # of a record


@dataclass(frozen=True)
class Card:
    """A row in a few words: `status` is the journal's, `assets` are on this disk."""

    key: str
    title: str
    status: str
    assets: tuple[Asset, ...]


class BatchResults:
    """The rows of a batch as jobs, files, tables and pictures.

    Args:
        axes: of a sweep.
    """

    def __init__(self, session: Session, rows: BatchRows, axes: Sequence[Axis] = ()) -> None:
        self._session, self._rows = session, rows
        self.axes: tuple[Axis, ...] = tuple(axes)

    def job(self, number: int) -> Job:
        """The job of a row, by the row's number from 0 on. Raises NotFound."""
        row = self._rows.at(number)
        if row is None:
            raise NotFound(f"The batch {self._rows.batch} has no job for row {number}.")
        return self._session.job(row["key"])

    @property
    def jobs(self) -> Sequence[Job]:
        """The jobs that there are, in the order of the rows, read from the journal when asked."""
        return BatchJobs(self._session, self._rows)

    @property
    def outputs(self) -> Sequence[Asset]:
        """The outputs of all rows, in their order, read from the journal when asked."""
        return BatchOutputs(self._rows)

    def records(self) -> Iterator[dict[str, Any]]:
        """A plain dict a row: its number, its inputs, then what came of it.

        An input that has the name of one of these is there as `inputs.<name>`.
        """
        for row in self._rows.pages():
            paths = [str(asset.path) for asset in assets_from_row(row)]
            used = {"seed": row["seed"]} if row["seed"] is not None else {}
            given = row["inputs"].items()
            yield {
                "row": row["row"],
                **{f"inputs.{name}" if name in _FACTS else name: value for name, value in given},
                **used,
                "status": row["status"],
                "output": paths[0] if paths else None,
                "outputs": paths,
                "cost": row["cost"],
                "seconds": row["seconds"],
                "error": row["error"],
                "id": row["id"] or row["key"],
            }

    def to_dataframe(self) -> Any:
        """A pandas DataFrame with a line for each row, by its number.

        Raises:
            SegmindError: there is no pandas here.
        """
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise SegmindError(
                "A DataFrame needs pandas, which is not installed here.",
                hint="Run %pip install pandas; or use list(batch.records()), which needs nothing.",
            ) from None
        found = pandas.DataFrame(list(self.records()))
        return found.set_index("row") if len(found) else found

    def save(self, folder: str | Path = ".") -> list[Path]:
        """Copy all outputs into `folder`, named by the numbers of their rows; the paths.

        Raises:
            AssetError: one cannot be written.
        """
        folder = Path(folder).expanduser()
        saved = []
        for row in self._rows.pages():
            for index, asset in enumerate(assets_from_row(row)):
                more = f"-{index + 1}" if index else ""
                name = f"{row['row']:04}{more}{Path(asset.filename).suffix}"
                saved.append(asset.save(folder / name))
        return saved

    # as pictures

    def card(self, number: int) -> Card | None:
        """A row as a view shows it; None where it was not sent yet."""
        row = self._rows.at(number)
        if row is None:
            return None
        return Card(
            row["key"], self.title(number, row["inputs"]), row["status"], assets_from_row(row)
        )

    def sheet(self, total: int) -> bytes:
        """The contact sheet as a JPEG: a labelled grid of a sweep of two axes, else in lines.

        `total` is how many rows there are in all.
        """
        return sheet(self.tiles(), self.axes, more=max(0, total - MOST))

    def tiles(self, most: int = MOST) -> list[Tile]:
        """The first rows as a sheet shows them."""
        found = []
        for row in self._rows.pages():
            if row["row"] >= most:
                break
            found.append(self._tile(row))
        return found

    def _tile(self, row: Mapping[str, Any]) -> Tile:
        made = assets_from_row(row)
        title = self.title(row["row"], row["inputs"])
        if not made:
            said = "no file" if row["status"] == Status.COMPLETED else row["status"]
            return Tile(row["row"], title, said=said)
        try:
            data, kind = self._session.thumbnail(made[0])
        except SegmindError:  # removed or broken since: the sheet tells the rest
            data, kind = b"", ""
        if kind == "text/plain":
            return Tile(row["row"], title, said=data.decode("utf-8", "replace"))
        return Tile(row["row"], title, data, made[0].kind)

    def title(self, number: int, inputs: Mapping[str, Any]) -> str:
        """A row in a few words: its values of a sweep, else its number and prompt."""
        if self.axes:
            at = zip(self.axes, position(self.axes, number), strict=True)
            return " · ".join(f"{axis.name} {axis.labels[index]}" for axis, index in at)
        prompt = inputs.get("prompt")
        return f"{number + 1}" + (f" · {label(prompt)}" if isinstance(prompt, str) else "")


class BatchJobs(Sequence[Job]):
    """The jobs of a batch in the order of the rows."""

    def __init__(self, session: Session, rows: BatchRows) -> None:
        self._session, self._rows = session, rows

    def __len__(self) -> int:
        return self._rows.count()

    def __iter__(self) -> Iterator[Job]:
        return (self._session.job(row["key"]) for row in self._rows.pages())

    @overload
    def __getitem__(self, index: int) -> Job: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Job]: ...
    def __getitem__(self, index: int | slice) -> Job | Sequence[Job]:
        return _item_or_slice(self, index)


class BatchOutputs(Sequence[Asset]):
    """The outputs of a batch in the order of the rows."""

    def __init__(self, rows: BatchRows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Asset]:
        return (asset for row in self._rows.pages() for asset in assets_from_row(row))

    @overload
    def __getitem__(self, index: int) -> Asset: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Asset]: ...
    def __getitem__(self, index: int | slice) -> Asset | Sequence[Asset]:
        return _item_or_slice(self, index)

    def __repr__(self) -> str:
        return f"<{len(self):,} outputs of {self._rows.batch}>"


def _item_or_slice(items: Sequence[_Item], index: int | slice) -> _Item | Sequence[_Item]:
    """Return items by position. Iterates, so that no list of all items is kept."""
    if isinstance(index, slice):
        return list(items)[index]
    position = index if index >= 0 else index + len(items)
    for number, item in enumerate(items):
        if number == position:
            return item
    raise IndexError(index)

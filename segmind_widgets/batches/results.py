"""The results of a batch, read from the journal on each access and not kept in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from segmind_widgets.assets.asset import Asset
from segmind_widgets.batches.contact_sheet import MAX_TILES, Tile, sheet
from segmind_widgets.batches.sweeps import Axis, label, position
from segmind_widgets.errors import NotFound, SegmindError
from segmind_widgets.jobs.job import Job
from segmind_widgets.markup import Html
from segmind_widgets.printable import printable
from segmind_widgets.storage.batch_rows import BatchRows
from segmind_widgets.storage.records import assets_from_row
from segmind_widgets.types import Status

if TYPE_CHECKING:
    from segmind_widgets.session import Session


_Item = TypeVar("_Item")
_RECORD_FIELDS = ("row", "status", "output", "outputs", "cost", "seconds", "error", "id")


@dataclass(frozen=True)
class RowSummary:
    """The data a view shows of a row: `status` is the journal's, `assets` are on this disk."""

    key: str
    title: str
    status: str
    assets: tuple[Asset, ...]


class BatchResults:
    """The rows of a batch as jobs, files, tables and pictures.

    Args:
        session: owns the journal and the thumbnails.
        rows: the batch's rows in the journal.
        axes: the axes of a sweep; () for other rows.
    """

    def __init__(self, session: Session, rows: BatchRows, axes: Sequence[Axis] = ()) -> None:
        self._session, self._rows = session, rows
        self.axes: tuple[Axis, ...] = tuple(axes)
        self.saved_in: Path | None = None
        """The folder of the last `save`."""

    def job(self, number: int) -> Job:
        """Return the job of a row by its number, from 0.

        Raises:
            NotFound: the row was not submitted.
        """
        row = self._rows.at(number)
        if row is None:
            raise NotFound(f"The batch {self._rows.batch} has no job for row {number}.")
        return self._session.job(row["key"])

    @property
    def jobs(self) -> Sequence[Job]:
        """Return the jobs so far in the order of the rows; each access reads the journal."""
        return BatchJobs(self._session, self._rows)

    @property
    def outputs(self) -> Sequence[Asset]:
        """Return the outputs of all rows in order; each access reads the journal."""
        return BatchOutputs(self._rows)

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield a plain dict for each row: its number, its inputs, then its results.

        An input with the name of another field is stored as `inputs.<name>`.
        """
        for row in self._rows.pages():
            paths = [str(asset.path) for asset in assets_from_row(row)]
            seed = {"seed": row["seed"]} if row["seed"] is not None else {}
            inputs = {
                f"inputs.{name}" if name in _RECORD_FIELDS else name: value
                for name, value in row["inputs"].items()
            }
            yield {
                "row": row["row"],
                **inputs,
                **seed,
                "status": row["status"],
                "output": paths[0] if paths else None,
                "outputs": paths,
                "cost": row["cost"],
                "seconds": row["seconds"],
                "error": row["error"],
                "id": row["id"] or row["key"],
            }

    def to_dataframe(self) -> Any:
        """Return the records as a pandas DataFrame, indexed by the numbers of the rows.

        Raises:
            SegmindError: pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise SegmindError(
                "A DataFrame needs pandas, which is not installed here.",
                hint="Run %pip install pandas; or use list(batch.records()), which does not "
                "need it.",
            ) from None
        table = pandas.DataFrame(list(self.records()))
        return table.set_index("row") if len(table) else table

    def save(self, folder: str | Path = ".", *, recipe: bool = True) -> list[Path]:
        """Copy all outputs into `folder`, named by the numbers of their rows; return the paths.

        `recipe=False` omits the recipes from the copies of pictures.

        Raises:
            AssetError: a file cannot be written, see `Asset.save`.
        """
        folder = Path(folder).expanduser()
        paths: list[Path] = []
        for row in self._rows.pages():
            for index, asset in enumerate(assets_from_row(row)):
                more = f"-{index + 1}" if index else ""
                name = f"{row['row']:04}{more}{Path(asset.filename).suffix}"
                paths.append(asset.save(folder / name, recipe=recipe))
        self.saved_in = folder
        return paths

    # pictures

    def summary(self, number: int) -> RowSummary | None:
        """Return the data a view shows of a row; None before it is submitted."""
        row = self._rows.at(number)
        if row is None:
            return None
        return RowSummary(
            row["key"], self.title(number, row["inputs"]), row["status"], assets_from_row(row)
        )

    def sheet(self, total: int) -> Html:
        """Return the contact sheet: a labelled grid for two axes, else tiles in rows.

        Args:
            total: the number of rows; the sheet states how many are not shown.
        """
        return sheet(self.tiles(), self.axes, more=max(0, total - MAX_TILES))

    def tiles(self, most: int = MAX_TILES) -> list[Tile]:
        """Return the tiles of the first `most` rows."""
        tiles: list[Tile] = []
        for row in self._rows.pages():
            if row["row"] >= most:
                break
            tiles.append(self._tile(row))
        return tiles

    def _tile(self, row: Mapping[str, Any]) -> Tile:
        assets = assets_from_row(row)
        title = self.title(row["row"], row["inputs"])
        if not assets:
            text = "no file" if row["status"] == Status.COMPLETED else row["status"]
            return Tile(row["row"], title, text=text)
        try:
            data, media_type = self._session.thumbnail(assets[0])
        except SegmindError:  # the file was removed or damaged; show the other tiles
            data, media_type = b"", ""
        if media_type == "text/plain":
            return Tile(row["row"], title, text=data.decode("utf-8", "replace"))
        return Tile(row["row"], title, data, assets[0].kind)

    def title(self, number: int, inputs: Mapping[str, Any]) -> str:
        """Return a short title of a row: its values in a sweep, else its number and prompt."""
        if self.axes:
            indexes = zip(self.axes, position(self.axes, number), strict=True)
            return " · ".join(f"{axis.name} {axis.labels[index]}" for axis, index in indexes)
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
        return printable(f"<{len(self):,} outputs of {self._rows.batch}>")


def _item_or_slice(items: Sequence[_Item], index: int | slice) -> _Item | Sequence[_Item]:
    """Return items by position. Iterates, so that no list of all items is kept."""
    if isinstance(index, slice):
        return list(items)[index]
    position = index if index >= 0 else index + len(items)
    for number, item in enumerate(items):
        if number == position:
            return item
    raise IndexError(index)

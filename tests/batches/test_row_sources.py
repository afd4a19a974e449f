"""Rows from lists, tables, files and generators."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest

from segmind_widgets.batches.row_sources import RowSource, open_source
from segmind_widgets.errors import InputError


def inputs(found: RowSource) -> list[Any]:
    return [dict(row.inputs) if row.error is None else str(row.error) for row in found.read()]


def test_a_list_is_at_hand_and_counted() -> None:
    found = open_source([{"prompt": "a"}, {"prompt": "b"}])
    assert (found.total, found.listed, found.repeatable) == (2, True, True)
    assert inputs(found) == inputs(found) == [{"prompt": "a"}, {"prompt": "b"}]
    assert [row.number for row in found.read()] == [0, 1]


def test_a_generator_is_read_as_it_is_asked_for() -> None:
    asked = []

    def rows() -> Iterator[dict[str, int]]:
        for number in range(3):
            asked.append(number)
            yield {"seed": number}

    found = open_source(rows())
    assert (found.total, found.listed, found.repeatable, asked) == (None, False, False, [])
    reading = iter(found.read())
    assert next(reading).inputs == {"seed": 0}
    assert asked == [0]


def test_an_iterable_can_be_read_again() -> None:
    found = open_source({"a": 1, "b": 2}.values())
    assert found.repeatable
    assert inputs(found) == inputs(found)
    assert "a row must be a mapping" in inputs(found)[0].lower()


def test_a_dataframe_without_its_empty_cells() -> None:
    table = pandas.DataFrame(
        {"prompt": ["a", None, "c"], "seed": [1, 2, float("nan")], "when": [pandas.NaT] * 3}
    )
    found = open_source(table)
    assert (found.total, found.listed) == (3, True)
    assert inputs(found) == [{"prompt": "a", "seed": 1.0}, {"seed": 2.0}, {"prompt": "c"}]
    assert inputs(open_source(pandas.DataFrame({"n": pandas.array([1, None], "Int64")}))) == [
        {"n": 1},
        {},
    ]


def test_a_table_with_iter_rows_as_polars_has() -> None:
    class Frame:
        columns = ("prompt", "seed")

        def __len__(self) -> int:
            return 1

        def iter_rows(self) -> Iterator[tuple[Any, ...]]:
            yield "a", None

    assert inputs(open_source(Frame())) == [{"prompt": "a"}]


CSV = 'prompt,seed,image,\n"a fox, red",7,file:cat.png,\n"two\nlines",,\n\nc,9,,x\n'


def test_a_csv_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbf" + CSV.encode())
    found = open_source(path)
    assert (found.total, found.listed, found.repeatable, found.text) == (3, False, True, True)
    first, second, third = inputs(found)
    assert first == {"prompt": "a fox, red", "seed": "7", "image": tmp_path / "cat.png"}
    assert second == {"prompt": "two\nlines"}
    assert third.startswith("Line 6 of rows.csv has a value in a column without a name")


def test_a_tsv_file(tmp_path: Path) -> None:
    (tmp_path / "rows.tsv").write_text("prompt\tseed\na, b\t1\n")
    assert inputs(open_source(tmp_path / "rows.tsv")) == [{"prompt": "a, b", "seed": "1"}]


def test_a_jsonl_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a", "images": ["file:b.png"], "n": 2}\n\n{"prompt"\n[1]\n')
    found = open_source(str(path))
    assert found.total == 3
    first, broken, no_mapping = inputs(found)
    assert first == {"prompt": "a", "images": [tmp_path / "b.png"], "n": 2}
    assert broken.startswith("Line 3 of rows.jsonl is not valid JSON: Expecting ':' delimiter.")
    assert "not a list" in no_mapping


def test_the_digest_is_the_contents(tmp_path: Path) -> None:
    for name, text in (("a.csv", "p\n1\n"), ("b.csv", "p\n1\n"), ("c.csv", "p\n2\n")):
        (tmp_path / name).write_text(text)
    first, same, other = (open_source(tmp_path / f"{name}.csv").digest for name in "abc")
    assert first == same != other


def test_a_long_file_is_never_held_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["prompt"])
        rows.writerows(["x" * 1000] for _ in range(8000))
    tracemalloc.start()
    try:
        found = open_source(path)
        assert sum(len(row.inputs["prompt"]) for row in found.read()) == 8_000_000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"prompt": "a"}, "A mapping is only one row"),
        (7, "A int does not contain rows"),
        (b"ab", "A bytes does not contain rows"),
        ("rows.xlsx", "is not a table of rows"),
        ("missing.csv", "No such file"),
    ],
)
def test_what_has_no_rows_is_told(rows: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_source(rows)


def test_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes("prompt\nÄpfel\n".encode("latin-1"))
    with pytest.raises(InputError, match="cannot be read") as caught:
        open_source(tmp_path / "rows.csv")
    assert "UTF-8" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "prompt,seed,prompt\na,1,b\n", "two columns named `prompt`"),
        ("a.csv", 'prompt,seed\na,1\n"a fox,2\nb,3\n', "cannot be read after line 2: unexpected"),
        ("a.csv", 'prompt\n"a" fox\n', "cannot be read after line 1: "),
    ],
)
def test_a_table_that_would_be_misread_is_refused_whole(
    name: str, text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=said):
        open_source(tmp_path / name)


def test_one_column_may_have_any_text_in_its_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('"prompt"\na fox; red | wild\n')
    assert inputs(open_source(tmp_path / "a.csv")) == [{"prompt": "a fox; red | wild"}]


def test_a_dataframe_with_two_columns_of_one_name() -> None:
    table = pandas.DataFrame([["a", "b"]], columns=["prompt", "prompt"])
    with pytest.raises(InputError, match="two columns named `prompt`"):
        inputs(open_source(table))


def test_a_cell_longer_than_the_csv_modules_own_limit(tmp_path: Path) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["prompt"], ["x" * 200_000]])
    (tmp_path / "rows.csv").write_text(out.getvalue())
    assert len(inputs(open_source(tmp_path / "rows.csv"))[0]["prompt"]) == 200_000

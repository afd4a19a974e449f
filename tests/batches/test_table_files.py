"""Files of rows as spreadsheets and programs of all systems write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segmind_widgets.batches.row_sources import open_source
from segmind_widgets.batches.table_files import CsvFile
from segmind_widgets.errors import InputError

ROWS = [{"prompt": "Ä, red\nfox", "seed": "7"}, {"prompt": "b"}]
TEXT = 'prompt,seed\n"Ä, red\nfox",7\nb,\n'


def written(path: Path, content: bytes) -> list[Any]:
    path.write_bytes(content)
    return list(CsvFile(path).rows())


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (TEXT, "utf-8"),
        (TEXT, "utf-8-sig"),
        (TEXT, "utf-16"),
        (TEXT, "utf-16-le"),
        (TEXT, "utf-16-be"),
        (TEXT.replace("prompt,seed", "sep=,\nprompt,seed"), "utf-8-sig"),
        ('prompt;seed\n"Ä, red\nfox";7\nb;\n', "utf-8"),
        ('sep=;\nprompt;seed\n"Ä, red\nfox";7\nb;\n', "utf-16"),
        ('prompt\tseed\n"Ä, red\nfox"\t7\nb\t\n', "utf-16"),
        ('prompt|seed\n"Ä, red\nfox"|7\nb|\n', "utf-8"),
        ('"prompt";"seed"\n"Ä, red\nfox";"7"\n"b";""\n\n;\n', "utf-8"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_write(tmp_path: Path, text: str, encoding: str, end: str) -> None:
    rows = written(tmp_path / "rows.csv", text.replace("\n", end).encode(encoding))
    plain = [{n: v.replace("\r\n", "\n").replace("\r", "\n") for n, v in r.items()} for r in rows]
    assert plain == ROWS


@pytest.mark.parametrize(
    ("content", "said", "hint"),
    [
        (b"", "rows.csv is empty", "names the columns"),
        (b"\n\n", "rows.csv is empty", "names the columns"),
        (b",,\n1,2,3\n", "no names of columns", "names the columns"),
        (b"a,b,a\n1,2,3\n", "two columns named `a`", "Rename"),
        ("prompt\nÄpfel\n".encode("latin-1"), r"not UTF-8 text \(byte 0xc4\)", "CSV UTF-8"),
        (b'prompt\na\n"b\n', "cannot be read after line 2", "Close each"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, content: bytes, said: str, hint: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        written(tmp_path / "rows.csv", content)
    assert hint in caught.value.hint


@pytest.mark.parametrize(("name", "text"), [("a.tsv", "a,b\n1,2\n"), ("a.csv", "a\tb\n1\t2\n")])
def test_the_first_line_tells_the_separator(tmp_path: Path, name: str, text: str) -> None:
    assert written(tmp_path / name, text.encode()) == [{"a": "1", "b": "2"}]


def test_a_spreadsheet_is_told_how_to_become_a_table() -> None:
    with pytest.raises(InputError, match=r"rows\.xlsx is not a table") as caught:
        open_source("rows.xlsx")
    assert "CSV UTF-8" in caught.value.hint


def test_a_files_digest_does_not_change_between_versions(tmp_path: Path) -> None:
    import hashlib

    content = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    (tmp_path / "rows.csv").write_bytes(content)
    assert open_source(tmp_path / "rows.csv").digest == hashlib.sha256(content).hexdigest()


def test_a_file_of_a_value_is_found_in_the_first_folder_that_has_it(tmp_path: Path) -> None:
    for folder, name in (("a", "one.png"), ("b", "two.png")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).touch()
    file = CsvFile(tmp_path / "rows.csv", [tmp_path / "a", tmp_path / "b"])
    assert file.value("file:one.png") == tmp_path / "a" / "one.png"
    assert file.value(["file:two.png"]) == [tmp_path / "b" / "two.png"]
    assert file.value("file:none.png") == tmp_path / "a" / "none.png"

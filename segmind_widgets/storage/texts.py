"""An index of the texts among jobs' inputs, which a search brings up to date.

It is FTS5's index of trigrams, so that any part of a text is found, not only whole words; two
letters find the words that begin with them, and a single one is looked for in the newest rows.
Adding a job does not write to it, since that would take three times as long: a search indexes what
is new, and reads what is not indexed yet as it is. Inputs of a row never change.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from segmind_widgets.background import run_in_background
from segmind_widgets.errors import StoreError
from segmind_widgets.nested import walk
from segmind_widgets.storage.database import Database, transaction
from segmind_widgets.storage.queries import HAS_TEXT, Filters, condition, escaped

_AT_ONCE = 1024  # rows that a search indexes before it reads them; about 30 ms
_SLICE = 128  # rows in one transaction, so that writes to the journal do not wait
_PLAIN = 32  # rows that are read without the index as fast as with it
_SHORT = 3  # characters of a trigram
_NEWEST = 200  # rows that are searched for a single letter
_IDEOGRAPH = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_CREATE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS texts USING"
    " fts5(text, content='', columnsize=0, tokenize='trigram')"
)
_START = re.compile(r"\b[^\W_]{2}")  # of a word
_BEGINS = "\ue3ff"  # before two letters with which a word begins
_SEPARATOR = "\x1f"  # between two texts of a row
_UNREAD = (  # rows that are not in the index; columns, test of the text, other tests
    "SELECT {} FROM jobs NOT INDEXED WHERE jobs.rowid > ? AND {} AND {}"
    " ORDER BY jobs.rowid DESC LIMIT ?"
)
_FOUND = (  # columns, other tests
    "SELECT {} FROM texts CROSS JOIN jobs NOT INDEXED ON jobs.rowid = texts.rowid"
    " WHERE texts MATCH ? AND {} ORDER BY texts.rowid DESC LIMIT ?"
)
_FOUND_ALONE = (  # without other tests no row is read
    "SELECT 1 FROM texts WHERE texts MATCH ? AND rowid NOT IN (SELECT rowid FROM jobs"
    " INDEXED BY jobs_hidden WHERE deleted IS NOT NULL AND outputs = '[]') LIMIT ?"
)


class TextIndex:
    """The index of one journal.

    Args:
        file: the journal.
    """

    def __init__(self, file: Database) -> None:
        self._file = file
        self._is_indexing = threading.Lock()

    def page(self, filters: Filters, last: int, offset: int = 0) -> list[sqlite3.Row]:
        """Return the rows that match, those that were added last first."""
        self._catch_up()

        def work(db: sqlite3.Connection) -> list[sqlite3.Row]:
            most = last + offset if last >= 0 else -1
            found, values = _statement(db, filters, "jobs.*", _FOUND, most)
            return db.execute(f"{found} LIMIT ? OFFSET ?", [*values, last, offset]).fetchall()

        return self._file.read(work)

    def count(self, filters: Filters, most: int = -1) -> int:
        """Return the number of rows that match, at most `most`."""
        self._catch_up()
        is_alone = replace(filters, text="") == Filters()

        def work(db: sqlite3.Connection) -> int:
            found, values = _statement(db, filters, "1", _FOUND_ALONE if is_alone else _FOUND, most)
            text = f"SELECT count(*) FROM ({found} LIMIT ?)"
            return db.execute(text, [*values, most]).fetchone()[0]

        return self._file.read(work)

    def _catch_up(self) -> None:
        """Index the new rows: at once if they are few, else in a thread beside the search."""
        upto, end = self._file.read(_position)
        if end - upto <= _PLAIN or self._file.memory:
            return
        if end - upto <= _AT_ONCE:
            self._index()
        elif not self._is_indexing.locked():
            run_in_background(self._index)

    def _index(self) -> None:
        """Index all rows, slice by slice; nothing where another thread does it already."""
        if not self._is_indexing.acquire(blocking=False):
            return
        try:
            while self._file.run(_index_slice):
                time.sleep(0.002)  # writers go first
        except StoreError:
            return  # closed, or SQLite has no trigrams: rows are read without an index
        finally:
            self._is_indexing.release()


def _statement(
    db: sqlite3.Connection, filters: Filters, columns: str, found: str, most: int
) -> tuple[str, list[Any]]:
    """Return the statement of the rows that match, and its values."""
    where, text = condition(filters), filters.text
    start, phrase = _start(db, text), _phrase(text)
    statement = f"SELECT * FROM ({_UNREAD.format(columns, HAS_TEXT, where.sql)})"
    values = [start, f"%{escaped(text)}%", *where.values, most]
    if not (phrase and start):
        return statement, values
    statement += f" UNION ALL SELECT * FROM ({found.format(columns, where.sql)})"
    return statement, [*values, phrase, *(where.values if found is _FOUND else ()), most]


def _index_slice(db: sqlite3.Connection) -> bool:
    """Index the next rows; return whether there are more."""
    with transaction(db):
        db.execute(_CREATE)
        (upto,) = db.execute("SELECT upto FROM searched").fetchone()
        rows = db.execute(
            "SELECT rowid, inputs FROM jobs NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT ?",
            (upto, _SLICE),
        ).fetchall()
        texts = ((row[0], _document(_texts(row[1]))) for row in rows)
        db.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", texts)
        if rows:
            db.execute("UPDATE searched SET upto = ?", (rows[-1][0],))
    return len(rows) == _SLICE


def _position(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the last rowid in the index, and the last one in the journal; 0 for none."""
    row = db.execute("SELECT upto, (SELECT max(rowid) FROM jobs) FROM searched").fetchone()
    return row[0], row[1] or 0


def _start(db: sqlite3.Connection, text: str) -> int:
    """Return the rowid after which rows are read without the index; 0 where there is none."""
    upto, end = _position(db)
    try:
        db.execute("SELECT 1 FROM texts LIMIT 0")
    except sqlite3.OperationalError:  # nothing is indexed yet, or this SQLite has no trigrams
        return 0
    return upto if _phrase(text) else max(0, end - _NEWEST)


def _texts(inputs: str) -> Iterator[str]:
    for _, value in walk(json.loads(inputs)):
        if isinstance(value, str):
            yield value


def _document(texts: Iterable[str]) -> str:
    """Return what is indexed for a row: its texts, and the beginnings of their words."""
    whole = _spread(_SEPARATOR.join(texts))
    starts = sorted({word.lower() for word in _START.findall(whole)})
    return whole + "".join(f"{_BEGINS}{start}" for start in starts)


def _spread(text: str) -> str:
    """Return a text with three characters for each ideograph, so that a word of one is found."""
    return _IDEOGRAPH.sub(_three, text.encode("utf-8", "replace").decode())


def _three(match: re.Match[str]) -> str:
    """Return three private characters, of which the first only begins an ideograph."""
    code = ord(match[0])
    return chr(0xE000 + (code >> 12)) + chr(0xE100 + (code >> 6 & 63)) + chr(0xE200 + (code & 63))


def _phrase(text: str) -> str:
    """Return the text as the index is asked for it; "" for a single letter."""
    phrase = _spread(text).replace('"', '""').replace("\0", "")
    if len(phrase) < _SHORT - 1:
        return ""
    return f'"{_BEGINS * (len(phrase) < _SHORT)}{phrase}"'

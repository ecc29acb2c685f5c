"""The index: SQLite FTS5 over folded words, in a file that several processes read or in memory.

Every entry's number lies in the range of its kind, in the order of its title, so that the first answers of a
kind come out of the index without sorting. The words of a query are folded to letters a-z and digits and
quoted one by one: nothing of what a person types is syntax.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
import time
from contextlib import closing, suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from contado.kernel.territory.codes import fold
from contado.kernel.territory.search.entry import code_key, order_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from contado.kernel.territory.search.entry import Entry

__all__ = ["FORMAT", "MOST_WORDS", "Found", "Group", "Hit", "Index", "Text", "build", "kept"]

FORMAT: Final = 1
"""Raised whenever tables or folding change: older files are made again."""
MOST_WORDS: Final = 16
"""Words of a query that are searched; an answer says which were left out."""
_STALE_S: Final = 3600.0
"""Age at which the scratch file of a writer that died is removed [s]."""

_TABLES: Final = """
CREATE TABLE kind(number INTEGER PRIMARY KEY, name TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL)
STRICT;
CREATE TABLE entry(id INTEGER PRIMARY KEY, ref TEXT NOT NULL, title_it TEXT NOT NULL, title_en TEXT NOT NULL,
                   more_it TEXT NOT NULL, more_en TEXT NOT NULL) STRICT;
CREATE TABLE opening(kind INTEGER NOT NULL, key TEXT NOT NULL, entry INTEGER NOT NULL,
                     PRIMARY KEY (kind, key, entry)) STRICT, WITHOUT ROWID;
CREATE TABLE code(code TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (code, entry)) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE word USING fts5(text, content='', detail=none, prefix='1 2 3', tokenize='ascii');
"""


class Text(NamedTuple):
    """A text in both languages."""

    it: str
    en: str


class Hit(NamedTuple):
    """One answer."""

    kind: str
    ref: str
    title: Text
    more: Text


class Group(NamedTuple):
    """Answers of one kind, those whose title begins with the query first; ``total`` counts all there are."""

    kind: str
    hits: list[Hit]
    total: int


class Found(NamedTuple):
    """Groups in the order of the index's kinds, empty ones absent; ``left_out`` are words not searched."""

    groups: list[Group]
    left_out: list[str]


class _Kind(NamedTuple):
    number: int
    name: str
    first: int
    last: int


class Index:
    """An index to be read; one connection, used by one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        rows = self._all("SELECT number, name, first, last FROM kind ORDER BY number")
        self._kinds = [_Kind(*row) for row in rows]

    def __len__(self) -> int:
        return sum(kind.last - kind.first + 1 for kind in self._kinds)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds that have entries."""
        return tuple(kind.name for kind in self._kinds)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def find(self, query: str, *, most: int) -> Found:
        """Return the entries that hold a word beginning with each word of ``query``, at most ``most`` a kind."""
        words = fold(query).split()
        asked, left_out = words[:MOST_WORDS], words[MOST_WORDS:]
        if not asked:
            return Found([], left_out)
        match = " ".join(f'"{word}"*' for word in asked)
        groups = [self._group(kind, match, order_key(" ".join(asked)), most) for kind in self._kinds]
        return Found([group for group in groups if group.total], left_out)

    def by_code(self, code: str) -> Hit | None:
        """Return the one entry that has this code; where several kinds know it, that of the first kind."""
        entries = [row[0] for row in self._all("SELECT entry FROM code WHERE code = ?", code_key(code))]
        for kind in self._kinds:
            own = [entry for entry in entries if kind.first <= entry <= kind.last]
            if own:
                return self._hits(kind, own)[0] if len(own) == 1 else None
        return None

    def _group(self, kind: _Kind, match: str, opening: str, most: int) -> Group:
        within = "FROM word WHERE word MATCH ? AND rowid BETWEEN ? AND ?"
        total = self._all(f"SELECT count(*) {within}", match, kind.first, kind.last)[0][0]
        if not total:
            return Group(kind.name, [], 0)
        begin = self._all(
            "SELECT entry FROM opening WHERE kind = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?",
            *(kind.number, opening, f"{opening}~", 2 * most),  # twice: an entry has up to two titles
        )
        found = self._all(f"SELECT rowid {within} LIMIT ?", match, kind.first, kind.last, 2 * most)
        ids = list(dict.fromkeys(row[0] for row in (*begin, *found)))[:most]
        return Group(kind.name, self._hits(kind, ids), total)

    def _hits(self, kind: _Kind, ids: Sequence[int]) -> list[Hit]:
        marks = ", ".join("?" * len(ids))
        rows = self._all(
            f"SELECT id, ref, title_it, title_en, more_it, more_en FROM entry WHERE id IN ({marks})",  # noqa: S608 - marks only
            *ids,
        )
        hits = {row[0]: Hit(kind.name, row[1], Text(row[2], row[3]), Text(row[4], row[5])) for row in rows}
        return [hits[i] for i in ids]

    def _all(self, sql: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()


def build(entries: Iterable[Entry], *, kinds: Sequence[str]) -> Index:
    """Return an index in memory; ``kinds`` gives the order of the groups, entries of other kinds are refused.

    Raises
    ------
    ValueError
        An entry is of none of ``kinds``.
    """
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    _fill(connection, entries, kinds)
    return Index(connection)


def kept(folder: Path, state: str, make: Callable[[], Iterable[Entry]], *, kinds: Sequence[str]) -> Index:
    """Return the index of this state: from its file in ``folder``, or made from the entries of ``make()``.

    The file is read-only for all who share it; whoever comes first makes it, older ones are removed. Where
    the folder cannot be written, the index stays in memory.
    """
    file = folder / f"{state}.sqlite"
    if (found := _opened(file)) is not None:
        return found
    try:
        _write(file, make(), kinds)
    except (OSError, sqlite3.OperationalError):
        return build(make(), kinds=kinds)
    return _opened(file) or build(make(), kinds=kinds)


def _opened(file: Path) -> Index | None:
    """Return the index in a file; None where there is none or it is damaged."""
    address = f"file:{quote(file.as_posix())}?mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
    except sqlite3.OperationalError:
        return None
    try:
        index = Index(connection)
        whole = len(index) == connection.execute("SELECT count(*) FROM entry").fetchone()[0]
    except sqlite3.DatabaseError:
        whole = False
    if whole:
        return index
    connection.close()
    return None


def _write(file: Path, entries: Iterable[Entry], kinds: Sequence[str]) -> None:
    """Write the index under a temporary name, rename it, remove those of earlier states."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".making-", suffix=".sqlite", dir=file.parent)
    os.close(handle)
    scratch = Path(name)
    try:
        with closing(sqlite3.connect(scratch)) as connection:
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
            _fill(connection, entries, kinds)
        scratch.chmod(0o644)
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)
    _sweep(file)


def _sweep(present: Path) -> None:
    """Remove indices of other states and scratch files that nobody writes any more."""
    for other in present.parent.glob("*.sqlite"):
        with suppress(OSError):
            making = other.name.startswith(".making-")
            if other != present and (not making or time.time() - other.stat().st_mtime > _STALE_S):
                other.unlink()


def _fill(connection: sqlite3.Connection, entries: Iterable[Entry], kinds: Sequence[str]) -> None:
    """Create the tables and write all entries, by kind and title."""
    order = {name: number for number, name in enumerate(kinds)}
    rows = []
    for entry in entries:
        if entry.kind not in order:
            raise ValueError(f"{entry.kind!r} is none of the kinds {', '.join(kinds)}")
        rows.append((order[entry.kind], order_key(entry.title_it), entry.ref, entry))
    rows.sort(key=lambda row: row[:3])
    connection.executescript(_TABLES)
    with connection:
        numbered = list(enumerate(rows, start=1))
        _fill_kinds(connection, numbered, kinds)
        connection.executemany(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", (_entry_row(i, row[3]) for i, row in numbered)
        )
        connection.executemany(
            "INSERT INTO word(rowid, text) VALUES (?, ?)", ((i, row[3].text) for i, row in numbered)
        )
        connection.executemany("INSERT OR IGNORE INTO opening VALUES (?, ?, ?)", _openings(numbered))
        connection.executemany(
            "INSERT OR IGNORE INTO code VALUES (?, ?)",
            ((code_key(code), i) for i, row in numbered for code in row[3].codes),
        )
        connection.execute("INSERT INTO word(word) VALUES ('optimize')")


_Row = tuple[int, str, str, "Entry"]


def _fill_kinds(
    connection: sqlite3.Connection, numbered: Sequence[tuple[int, _Row]], kinds: Sequence[str]
) -> None:
    for number, group in groupby(numbered, key=lambda item: item[1][0]):
        ids = [i for i, _ in group]
        connection.execute("INSERT INTO kind VALUES (?, ?, ?, ?)", (number, kinds[number], ids[0], ids[-1]))


def _entry_row(i: int, entry: Entry) -> tuple[int, str, str, str, str, str]:
    title, more = entry.title_it, entry.more_it
    return i, entry.ref, title, entry.title_en or title, more, entry.more_en or more


def _openings(numbered: Sequence[tuple[int, _Row]]) -> Iterable[tuple[int, str, int]]:
    for i, (kind, key, _, entry) in numbered:
        yield kind, key, i
        if entry.title_en and entry.title_en != entry.title_it:
            yield kind, order_key(entry.title_en), i

r"""The audit chain: every write of a record leaves a row that vouches for all rows before it.

::

    hash = sha256(utf8(prev_hash + "\n" + json_array)), in hexadecimal
    json_array = JSON of [seq, at, actor, verb, object, body_json]

with separators ``,`` and ``:``, non-ASCII characters as they are; ``prev_hash`` of the first row is 64
zeros, ``seq`` begins at 1 and has no gaps. ``body_json`` is the stored text: canonical JSON (sorted keys, no
spaces) of strings, integers, booleans, null, lists and objects - no floats, so that any language
recomputes the same bytes. Bodies hold references (``account:01H...``), never names or text of people, so
that erasing a person leaves the chain valid.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgspec

from contado.kernel.errors import DataError, UsageError
from contado.kernel.records.scopes import now

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Connection

    from contado.kernel.records.scopes import ScopedSession

__all__ = [
    "GENESIS",
    "Head",
    "Problem",
    "Verdict",
    "append",
    "canonical",
    "head",
    "link",
    "parse_anchor",
    "rows",
    "verify",
]

GENESIS: Final = "0" * 64
"""``prev_hash`` of the first row."""

_LOCK_KEY: Final = 0x636F6E7461646F
"""Key of the advisory lock that makes writers of the chain take turns on PostgreSQL ("contado")."""

_COLUMNS: Final = "seq, at, actor, verb, object, body_json, prev_hash, hash"
_LAST: Final = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1"
_ALL: Final = f"SELECT {_COLUMNS} FROM audit ORDER BY seq"  # noqa: S608 - the names are ours
_INSERT_SQLITE: Final = f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - idem
_INSERT_POSTGRES: Final = _INSERT_SQLITE.replace("?", "%s")
_FETCH: Final = 10_000
_SWAP_CANDIDATES: Final = 64
"""Bad rows among which a swap is looked for; more are reported as changed."""

_VERB = re.compile(r"[a-z_]+(\.[a-z_]+)+")
_SCALARS = (str, int, bool, type(None))
_encode = msgspec.json.Encoder(order="sorted").encode


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The last link: kept elsewhere, it is an anchor."""

    seq: int
    hash: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What does not hold, and from which row on."""

    seq: int
    kind: Literal["changed", "missing", "reordered", "anchor"]
    detail: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification found; ``problems`` are in the order of ``seq``."""

    events: int
    head: Head
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the chain holds."""
        return not self.problems


class Row(NamedTuple):
    """One stored link."""

    seq: int
    at: str
    actor: str
    verb: str
    object: str
    body_json: str
    prev_hash: str
    hash: str


def canonical(body: Mapping[str, Any]) -> str:
    """Return the text that is stored and hashed.

    Raises
    ------
    DataError
        The body holds a float or anything else that JSON does not write in one way only.

    Examples
    --------
    >>> canonical({"units": ["015146"], "n": 2})
    '{"n":2,"units":["015146"]}'
    """
    _refuse_ambiguous(body)
    return _encode(body).decode()


def _refuse_ambiguous(value: Any) -> None:
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise DataError("A key of an audit body is no text.", rule="bad_audit_body", hint="use text keys")
        for inner in value.values():
            _refuse_ambiguous(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_ambiguous(inner)
    elif not isinstance(value, _SCALARS):
        raise DataError(
            f"An audit body holds {value!r}, a {type(value).__name__}.",
            rule="bad_audit_body",
            hint="use text, integers, booleans, null, lists and objects: money in cents, shares in permille",
        )


def link(prev_hash: str, content: tuple[int, str, str, str, str, str]) -> str:
    """Return the hash of a row (seq, at, actor, verb, object, body_json) after ``prev_hash``."""
    return hashlib.sha256(prev_hash.encode() + b"\n" + msgspec.json.encode(content)).hexdigest()


def append(session: ScopedSession, verb: str, object: str, body: Mapping[str, Any] | None = None) -> Head:  # noqa: A002 - the column's name
    """Write the audit row of what this transaction does; it stands or falls with it.

    Parameters
    ----------
    verb
        Dotted verb (``grant.added``).
    object
        What it was done to, as a reference (``grant:01H...``, ``LAYER/ID``).
    body
        References and facts without floats and without what people wrote.
    """
    if not _VERB.fullmatch(verb):
        raise DataError(f"{verb!r} is no dotted verb.", rule="bad_audit_body", hint="such as grant.added")
    return _append(session.connection(), session.scope.actor, verb, object, canonical(body or {}))


def _append(connection: Connection, actor: str, verb: str, thing: str, body_json: str) -> Head:
    """Read the last link and add one, on the driver's own cursor: SQLAlchemy's would cost more than the chain."""
    postgres = connection.dialect.name == "postgresql"
    cursor = connection.connection.cursor()
    try:
        if postgres:
            cursor.execute(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})")
        cursor.execute(_LAST)
        seq, last_hash = cursor.fetchone() or (0, GENESIS)
        content = (seq + 1, now(), actor, verb, thing, body_json)
        digest = link(last_hash, content)
        cursor.execute(_INSERT_POSTGRES if postgres else _INSERT_SQLITE, (*content, last_hash, digest))
    finally:
        cursor.close()
    return Head(seq=seq + 1, hash=digest)


def head(connection: Connection) -> Head:
    """Return the last link; an empty chain has seq 0 and 64 zeros."""
    found = connection.exec_driver_sql(_LAST).first()
    return Head(seq=found[0], hash=found[1]) if found else Head(seq=0, hash=GENESIS)


def rows(connection: Connection) -> Iterator[Row]:
    """Yield the stored links in the order of seq, a block at a time."""
    found = connection.execution_options(yield_per=_FETCH).exec_driver_sql(_ALL)
    for block in found.partitions(_FETCH):
        yield from (Row(*row) for row in block)


def parse_anchor(text: str) -> Head:
    """Read ``SEQ:HASH``.

    Raises
    ------
    UsageError
        It is not of this form (rule ``bad_anchor``).
    """
    seq, _, digest = text.strip().partition(":")
    if not seq.isdecimal() or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise UsageError(
            f"{text!r} is no anchor.",
            rule="bad_anchor",
            hint="SEQ:HASH as `contado audit head` printed them (hash: 64 hexadecimal digits)",
            field="anchor",
        )
    return Head(seq=int(seq), hash=digest)


def verify(links: Iterable[Row], anchor: Head | None = None) -> Verdict:
    """Recompute the chain and say what does not hold.

    A row whose content does not have its hash is ``changed`` at its own seq, and so is one whose hash its
    successor does not vouch for; rows that fit each other's places are ``reordered``; a gap is ``missing``.
    The anchor finds what no chain alone can find: a cut tail and a complete rewrite.
    """
    chain = _Chain(anchor)
    for row in links:
        chain.take(row)
    return chain.verdict()


class _Chain:
    """State of one walk along the chain."""

    def __init__(self, anchor: Head | None) -> None:
        self.anchor = anchor
        self.anchored: str | None = GENESIS if anchor is not None and anchor.seq == 0 else None
        self.events = 0
        self.head = Head(seq=0, hash=GENESIS)
        self.sound = True
        self.bad: dict[int, Row] = {}
        self.rehashed: set[int] = set()
        self.problems: list[Problem] = []

    def take(self, row: Row) -> None:
        self.events += 1
        gap = row.seq != self.head.seq + 1
        if gap:
            self._note_gap(row.seq)
        sound = link(row.prev_hash, row[:6]) == row.hash
        if not sound:
            self.bad[row.seq] = row
        elif not gap and self.sound and row.prev_hash != self.head.hash:
            self.rehashed.add(max(self.head.seq, 1))
        if self.anchor is not None and row.seq == self.anchor.seq:
            self.anchored = row.hash
        self.sound = sound
        self.head = Head(seq=row.seq, hash=row.hash)

    def _note_gap(self, seq: int) -> None:
        first, last = self.head.seq + 1, seq - 1
        if first > last:
            self.problems.append(Problem(seq=seq, kind="reordered", detail=f"seq {seq} stands twice"))
            return
        detail = f"row {first} is missing" if first == last else f"rows {first} to {last} are missing"
        self.problems.append(Problem(seq=first, kind="missing", detail=detail))

    def verdict(self) -> Verdict:
        problems = [*self.problems, *self._changed(), *self._anchor()]
        problems.sort(key=lambda p: p.seq)
        return Verdict(events=self.events, head=self.head, problems=tuple(problems))

    def _changed(self) -> Iterator[Problem]:
        for seq, row in self.bad.items():
            place = self._place_of(row)
            if place is None:
                yield Problem(seq=seq, kind="changed", detail="the content does not have the stored hash")
            else:
                yield Problem(seq=seq, kind="reordered", detail=f"the content belongs to row {place}")
        for seq in self.rehashed - self.bad.keys():
            yield Problem(seq=seq, kind="changed", detail="the next row vouches for another hash")

    def _place_of(self, row: Row) -> int | None:
        """Return the seq that an unsound row was written for, where it stands among the unsound ones."""
        if len(self.bad) > _SWAP_CANDIDATES:
            return None
        for seq, other in self.bad.items():
            content = (seq, *row[1:6])
            if seq != row.seq and (
                link(row.prev_hash, content) == row.hash or link(other.prev_hash, content) == other.hash
            ):
                return seq
        return None

    def _anchor(self) -> Iterator[Problem]:
        anchor = self.anchor
        if anchor is None or self.anchored == anchor.hash:
            return
        detail = (
            f"the chain ends at row {self.head.seq}, before the anchor"
            if anchor.seq > self.head.seq
            else "the row does not have the anchor's hash"
        )
        yield Problem(seq=anchor.seq, kind="anchor", detail=detail)

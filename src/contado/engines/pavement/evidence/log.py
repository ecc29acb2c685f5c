"""Append-only rows of evidence: each is a row of the audit chain first, then of table ``pavement_evidence``.

The chain holds everything that the table says, as whole numbers and references, so that the table can be
checked against it and is made whole again from it when a writer was interrupted between the two. A row is
never changed: where a drive that comes in late puts an earlier reading differently, a further row says
so and names the one it revises.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from contado.kernel import tables
from contado.kernel.dates import local

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    import pyarrow as pa

    from contado.engines.pavement.anomalies.life import Change
    from contado.kernel.records import ScopedSession

    Row = dict[str, Any]

__all__ = ["ANSWERED", "OBSERVED", "TABLE", "Presence", "appended", "differing"]

TABLE: Final = "pavement_evidence"
OBSERVED: Final = "anomaly.observed"
"""Audit verb of what cars, cameras and citizens told."""
ANSWERED: Final = "anomaly.answered"
"""Audit verb of what an inspector found."""
_DAY_S: Final = 86_400.0
_TEXTS: Final = (
    "anomaly_id",
    "section_id",
    "what",
    "source",
    "drive_id",
    "who",
    "state_before",
    "state_after",
    "photo",
    "away_m",
    "accuracy_m",
    "revises",
    "label",
    "at_local",
)
"""Columns that the chain holds as they are."""

Presence = dict[str, tuple[int | None, int | None]]
"""Observation -> how far its author stood from the place and how accurately that is known [m, m]."""


def appended(
    session: ScopedSession,
    old: pa.Table,
    changes: Iterable[Change],
    *,
    timezone: str,
    sections: Collection[str] | None = None,
    presence: Presence | None = None,
) -> pa.Table:
    """Write what is new of ``changes`` to the chain; return the table with it.

    Parameters
    ----------
    session
        Transaction of the records; the rows stand or fall with it.
    old
        Table ``pavement_evidence`` as it is, under its lock.
    changes
        All that is known of ``sections`` now, from the beginning.
    timezone
        Zone of the legal time.
    sections
        Sections that ``changes`` tell about; None for all.
    """
    import pyarrow as pa

    new = list(_orphans(session, old))
    last = _last([*_of_sections(old, sections), *new], sections)
    for change in sorted(changes, key=lambda c: (c.day, c.section_id, c.drive_id, c.anomaly_id)):
        before = last.pop((change.anomaly_id, change.drive_id), None)
        if before is None or _said(before) != (change.what, change.before, change.after):
            new.append(_written(session, _row(change, timezone, before, presence or {})))
    for row in last.values():
        if row["state_after"] is not None:
            withdrawn = {**row, "what": "withdrawn", "state_before": row["state_after"], "state_after": None}
            new.append(_written(session, {**withdrawn, "revises": row["audit_seq"]}))
    added = tables.from_rows(TABLE, new)
    return tables.sort(TABLE, pa.concat_tables([old, added], promote_options="permissive"))


def _of_sections(table: pa.Table, sections: Collection[str] | None) -> list[Row]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if sections is not None:
        table = table.filter(pc.is_in(table["section_id"], value_set=pa.array(sorted(sections), pa.string())))
    found: list[Row] = table.to_pylist()
    return found


def _last(rows: Iterable[Row], sections: Collection[str] | None) -> dict[tuple[str, str], Row]:
    """Return the latest row for each anomaly and drive."""
    ordered = sorted(rows, key=lambda r: r["audit_seq"])
    return {
        (r["anomaly_id"], r["drive_id"]): r
        for r in ordered
        if sections is None or r["section_id"] in sections
    }


def _said(row: Mapping[str, Any]) -> tuple[str, str | None, str | None]:
    return row["what"], row["state_before"], row["state_after"]


def _row(change: Change, timezone: str, before: Row | None, presence: Presence) -> Row:
    at = datetime.fromtimestamp(round(change.day * _DAY_S), UTC)
    away_m, accuracy_m = presence.get(change.drive_id, (None, None))
    return {
        "at_utc": at,
        "at_local": at.astimezone(local.zone(timezone)).isoformat(),
        "anomaly_id": change.anomaly_id,
        "section_id": change.section_id,
        "chainage_m": round(change.chainage_m, 2),
        "what": change.what,
        "source": change.source,
        "drive_id": change.drive_id,
        "who": change.who,
        "state_before": change.before,
        "state_after": change.after,
        "p_exists": round(change.p_exists, 3),
        "photo": change.photo,
        "away_m": away_m,
        "accuracy_m": accuracy_m,
        "revises": None if before is None else before["audit_seq"],
        "label": change.label,
    }


def _written(session: ScopedSession, row: Row) -> Row:
    """Append a row to the chain and return it with its number."""
    from contado.kernel.records import audit

    verb = ANSWERED if row["source"] == "inspector" else OBSERVED
    head = audit.append(session, verb, f"anomaly:{row['anomaly_id']}", _body(row))
    return {**row, "audit_seq": head.seq, "recorded_at": datetime.now(UTC).replace(microsecond=0)}


def _body(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the chain holds of a row: whole numbers, so that any language recomputes the same bytes."""
    return {
        **{name: row[name] for name in _TEXTS},
        "at_s": round(row["at_utc"].timestamp()),
        "chainage_cm": round(100 * row["chainage_m"]),
        "p_permille": round(1000 * row["p_exists"]),
    }


def _of_body(body: Mapping[str, Any]) -> Row:
    return {
        **{name: body[name] for name in _TEXTS},
        "at_utc": datetime.fromtimestamp(body["at_s"], UTC),
        "chainage_m": body["chainage_cm"] / 100,
        "p_exists": body["p_permille"] / 1000,
    }


def _orphans(session: ScopedSession, table: pa.Table) -> Iterator[Row]:
    """Yield rows that the chain has and the table lacks: their writer was interrupted between the two."""
    import pyarrow.compute as pc

    known = pc.max(table["audit_seq"]).as_py() or 0
    for seq, at, body in _links(session, known):
        at_utc = datetime.fromisoformat(at).replace(microsecond=0)
        yield {**_of_body(body), "audit_seq": seq, "recorded_at": at_utc}


def _links(session: ScopedSession, after: int) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield number, instant and body of the chain's rows about anomalies, in order."""
    import msgspec
    from sqlalchemy import select

    from contado.kernel.records.schema import Audit

    wanted = select(Audit.seq, Audit.at, Audit.body_json).where(
        Audit.seq > after, Audit.verb.in_((OBSERVED, ANSWERED))
    )
    for seq, at, body in session.execute(wanted.order_by(Audit.seq)):
        yield seq, at, msgspec.json.decode(body)


def differing(session: ScopedSession, table: pa.Table) -> list[int]:
    """Return the numbers of rows that are not in the table as the chain has them, in order.

    Whether the chain itself holds is for `contado.kernel.records.audit.verify` to say.
    """
    chain = {seq: body for seq, _, body in _links(session, 0)}
    rows = {row["audit_seq"]: _body(row) for row in table.to_pylist()}
    return sorted(seq for seq in chain.keys() | rows.keys() if chain.get(seq) != rows.get(seq))

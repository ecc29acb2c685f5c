"""Versions of edited features: the ground of ETags, undo and the record of who changed what.

The body of a version is kept in its own table as it was given; the audit row holds its SHA-256, since a
geometry has floats and a chain must not.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from contado.kernel.errors import StaleVersion
from contado.kernel.identifiers import ulid
from contado.kernel.records import audit
from contado.kernel.records.schema import FeatureVersion
from contado.kernel.records.scopes import now

if TYPE_CHECKING:
    from sqlalchemy import Select

    from contado.kernel.records.scopes import ScopedSession

__all__ = ["append", "current", "history", "keep_original", "previous"]

Change = Literal["created", "replaced", "updated", "deleted"]


def append(
    session: ScopedSession,
    change: Change,
    layer: str,
    fid: str,
    body: bytes | None,
    *,
    unit_id: str,
    expected: int | None = None,
) -> FeatureVersion:
    """Add the next version of a feature and audit it.

    Parameters
    ----------
    body
        JSON of the feature; None when it is deleted.
    unit_id
        Municipality of the feature after the change; the scope must cover it.
    expected
        Version that the caller has read, 0 or None for none.

    Raises
    ------
    StaleVersion
        The feature has another version by now.
    ScopeError
        The row would lie outside the scope.
    """
    last = current(session, layer, fid)
    found = last.version if last else 0
    if found != (expected or 0):
        raise _stale(layer, fid)
    row = FeatureVersion(
        id=ulid(),
        layer=layer,
        fid=fid,
        version=found + 1,
        body_json=None if body is None else body.decode(),
        sha256=hashlib.sha256(body or b"").hexdigest(),
        unit_id=unit_id,
        account_id=session.scope.account_id,
        created_at=now(),
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError:  # another writer was faster, or the feature lies outside the scope
        session.rollback()
        raise _stale(layer, fid) from None
    facts = {"version": row.version, "sha256": row.sha256, "unit": unit_id}
    audit.append(session, f"feature.{change}", f"{layer}/{fid}", facts)
    return row


def keep_original(session: ScopedSession, layer: str, fid: str, body: bytes, *, unit_id: str) -> None:
    """Keep a feature as it was before its first recorded change, as version 0, so that this can be undone.

    Nothing has changed by it, so no audit row is written. A feature that has versions already is left as it is.
    """
    if current(session, layer, fid) is not None:
        return
    digest = hashlib.sha256(body).hexdigest()
    facts = {"layer": layer, "fid": fid, "body_json": body.decode(), "sha256": digest, "unit_id": unit_id}
    session.add(FeatureVersion(id=ulid(), version=0, created_at=now(), **facts))
    session.flush()


def _stale(layer: str, fid: str) -> StaleVersion:
    return StaleVersion(
        f"{layer}/{fid} was changed meanwhile.", hint="read it again, then repeat the change", field="version"
    )


def current(session: ScopedSession, layer: str, fid: str) -> FeatureVersion | None:
    """Return the last version of a feature, None where none was recorded within the scope."""
    return session.scalar(_versions(layer, fid).order_by(FeatureVersion.version.desc()).limit(1))


def previous(session: ScopedSession, layer: str, fid: str) -> FeatureVersion | None:
    """Return the version before the last one, which an undo brings back; None where there is none."""
    return session.scalar(_versions(layer, fid).order_by(FeatureVersion.version.desc()).offset(1).limit(1))


def history(session: ScopedSession, layer: str, fid: str) -> list[FeatureVersion]:
    """Return all versions of a feature, the first one first."""
    return list(session.scalars(_versions(layer, fid).order_by(FeatureVersion.version)))


def _versions(layer: str, fid: str) -> Select[FeatureVersion]:
    return select(FeatureVersion).where(FeatureVersion.layer == layer, FeatureVersion.fid == fid)

"""Counters of a rate limit, shared by all processes of a store."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import delete

from contado.kernel.records.schema import RateCounter

if TYPE_CHECKING:
    from contado.kernel.records.scopes import ScopedSession

__all__ = ["Window", "clear", "hit", "peek", "sweep"]

_HIT = """INSERT INTO rate_counter (key, hits, expires_s) VALUES (:key, :amount, :fresh)
ON CONFLICT (key) DO UPDATE SET
  hits = CASE WHEN rate_counter.expires_s <= :now THEN excluded.hits ELSE rate_counter.hits + excluded.hits END,
  expires_s = CASE WHEN rate_counter.expires_s <= :now THEN excluded.expires_s ELSE rate_counter.expires_s END
RETURNING hits, expires_s"""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Hits within the window, and when it ends [s since 1970]."""

    hits: int
    expires_s: int


def hit(session: ScopedSession, key: str, *, window_s: int, amount: int = 1) -> Window:
    """Count ``amount`` in the window of ``key``, which begins with its first hit and lasts ``window_s``."""
    from sqlalchemy import text

    at = int(time.time())
    values = {"key": key, "amount": amount, "fresh": at + window_s, "now": at}
    hits, expires_s = session.connection().execute(text(_HIT), values).one()
    return Window(hits=hits, expires_s=expires_s)


def peek(session: ScopedSession, key: str) -> Window:
    """Return the window of ``key`` without counting; one that has ended counts nothing."""
    found = session.get(RateCounter, key, populate_existing=True)
    at = int(time.time())
    if found is None or found.expires_s <= at:
        return Window(hits=0, expires_s=at)
    return Window(hits=found.hits, expires_s=found.expires_s)


def clear(session: ScopedSession, key: str | None = None) -> int:
    """Forget one key, or all; return how many."""
    statement = delete(RateCounter).returning(RateCounter.key)
    return len(session.scalars(statement if key is None else statement.where(RateCounter.key == key)).all())


def sweep(session: ScopedSession) -> int:
    """Delete windows that have ended; return how many."""
    ended = delete(RateCounter).where(RateCounter.expires_s <= int(time.time()))
    return len(session.scalars(ended.returning(RateCounter.key)).all())

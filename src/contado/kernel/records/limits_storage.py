"""Storage of the package `limits` (extra ``web``) in the records, so that all processes count together.

>>> from limits.strategies import FixedWindowRateLimiter                   # doctest: +SKIP
>>> limiter = FixedWindowRateLimiter(RecordsStorage(store))                # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from limits.storage import Storage
from sqlalchemy.exc import OperationalError

from contado.kernel.records import rates
from contado.kernel.records.scopes import Scope

if TYPE_CHECKING:
    from contado.kernel.records.store import Store

__all__ = ["RecordsStorage"]


class RecordsStorage(Storage):
    """Counts in fixed windows; see `contado.kernel.records.rates`."""

    STORAGE_SCHEME = None

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._scope = Scope.system("rates")

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """Errors of the store."""
        return OperationalError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count and return the hits of the window."""
        with self._store.writing(self._scope) as session:
            return rates.hit(session, key, window_s=expiry, amount=amount).hits

    def get(self, key: str) -> int:
        """Return the hits of the window."""
        with self._store.reading(self._scope) as session:
            return rates.peek(session, key).hits

    def get_expiry(self, key: str) -> float:
        """Return when the window ends [s since 1970]."""
        with self._store.reading(self._scope) as session:
            return rates.peek(session, key).expires_s

    def check(self) -> bool:
        """Whether the store answers."""
        with self._store.reading(self._scope) as session:
            return rates.peek(session, "").hits == 0

    def reset(self) -> int | None:
        """Forget all counts."""
        with self._store.writing(self._scope) as session:
            return rates.clear(session)

    def clear(self, key: str) -> None:
        """Forget the counts of a key."""
        with self._store.writing(self._scope) as session:
            rates.clear(session, key)

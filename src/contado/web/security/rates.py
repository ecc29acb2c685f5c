"""Rate limits: how often one client may ask, counted in the store so that all servers count together."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Literal

from contado.web.security.refusals import TooMany

if TYPE_CHECKING:
    from collections.abc import Callable

    from limits.strategies import FixedWindowRateLimiter

    from contado.kernel.settings import Limits
    from contado.web.security.keeper import Keeper

__all__ = ["Kind", "Rates"]

Kind = Literal["sign_in", "forms", "api", "device"]
_MOST_CLIENTS = 10_000


class Rates:
    """Windows of one minute, one for each kind of request and client.

    A frequent kind is counted in the store in lots: a server books some requests at once and spends them
    before it asks again, so that a reading client does not cost one write a request. What was booked is
    counted, so no client gets more than the limit.
    """

    def __init__(self, keeper: Keeper, limits: Callable[[], Limits]) -> None:
        self._keeper = keeper
        self._limits = limits
        self._lock = threading.Lock()
        self._counter: FixedWindowRateLimiter | None = None
        self._booked: dict[tuple[Kind, str], tuple[int, float]] = {}

    def check(self, kind: Kind, address: str) -> None:
        """Count one request of a client, by its network address, or of a device, by its name.

        Raises
        ------
        TooMany
            The limit of this minute is reached.
        """
        client = self._keeper.name_of_client(address)
        if self._spend(kind, client):
            return
        from limits import RateLimitItemPerMinute

        limit = getattr(self._limits(), kind)
        lot = max(1, limit // 60)
        item = RateLimitItemPerMinute(limit, namespace="web")
        counter = self._strategy()
        allowed = counter.hit(item, kind, client, cost=lot)
        ends_s = counter.get_window_stats(item, kind, client).reset_time
        if not allowed:
            raise TooMany(max(1, round(ends_s - time.time())))
        self._book(kind, client, lot - 1, ends_s)

    def _strategy(self) -> FixedWindowRateLimiter:
        from limits.strategies import FixedWindowRateLimiter

        from contado.kernel.records.limits_storage import RecordsStorage

        with self._lock:
            if self._counter is None:
                self._counter = FixedWindowRateLimiter(RecordsStorage(self._keeper.store))
            return self._counter

    def _spend(self, kind: Kind, client: str) -> bool:
        with self._lock:
            left, ends_s = self._booked.get((kind, client), (0, 0.0))
            if left < 1 or ends_s <= time.time():
                return False
            self._booked[kind, client] = (left - 1, ends_s)
            return True

    def _book(self, kind: Kind, client: str, left: int, ends_s: float) -> None:
        with self._lock:
            if len(self._booked) >= _MOST_CLIENTS:
                at = time.time()
                self._booked = {k: v for k, v in self._booked.items() if v[1] > at}
            if left and len(self._booked) < _MOST_CLIENTS:
                self._booked[kind, client] = (left, ends_s)

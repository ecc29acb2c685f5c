"""When the price method ends before it has reached its gap: by the clock or a person, and again at the same step."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contado.kernel.progress import Cancel

__all__ = ["Stop"]


@dataclass(slots=True)
class Stop:
    """Asked between the steps of a search whether it must end; counts how often it was asked.

    A search asks in the same order each time. So with ``after``, the count at which an earlier one was ended, it
    ends at the same step, whatever the clock says: a run that the clock ended is repeated.
    """

    ends_s: float = math.inf
    """Of `time.perf_counter`."""
    cancel: Cancel | None = None
    after: int | None = None
    asked: int = 0
    ended: bool = False

    def reached(self) -> bool:
        """Whether the search must end now; once it must, it must."""
        if not self.ended:
            self.asked += 1
            self.ended = self._now() if self.after is None else self.asked >= self.after
        return self.ended

    def _now(self) -> bool:
        wanted = self.cancel is not None and self.cancel.requested
        return wanted or time.perf_counter() >= self.ends_s

    @property
    def at(self) -> int:
        """The count at which the search was ended; 0 = it ended by itself."""
        return self.asked if self.ended else 0

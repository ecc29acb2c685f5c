"""Progress and cancellation: how a long computation tells what it does, and is asked to stop.

The library never prints. It takes ``progress: Progress | None`` and calls it; the command line draws
a bar, the web writes a job row, a test collects the events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from contado.kernel.errors import SolverStopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["Cancel", "Progress", "SolveEvent", "track"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveEvent:
    """State of an optimisation run: seconds, value of the best plan, bound, relative gap."""

    seconds: float
    plan: float | None
    bound: float | None
    gap: float | None


class Progress(Protocol):
    """What a long computation calls: the stage, how much is done, of how much, and further facts."""

    def __call__(
        self, stage: str, done: float, total: float | None = None, info: Mapping[str, object] | None = None
    ) -> None:
        """Report that ``done`` of ``total`` units of ``stage`` are finished."""


@dataclass(slots=True)
class Cancel:
    """A token that a computation polls; whoever holds it may ask the computation to stop."""

    _requested: bool = False
    on_request: list[Callable[[], None]] = field(default_factory=list)

    @property
    def requested(self) -> bool:
        """Whether somebody asked to stop."""
        return self._requested

    def raise_if_requested(self) -> None:
        """End a verb that was asked to stop before it had anything to show.

        Raises
        ------
        SolverStopped
            Somebody asked to stop.
        """
        if self._requested:
            raise SolverStopped("Stopped before there was any plan.", hint="nothing was changed")

    def request(self) -> None:
        """Ask the computation to stop at its next checkpoint."""
        self._requested = True
        for hook in self.on_request:
            hook()


def track(items: Sequence[T], stage: str, progress: Progress | None) -> Iterator[T]:
    """Yield the ``items`` and report each one as a step of ``stage``."""
    for done, item in enumerate(items):
        if progress is not None:
            progress(stage, done, len(items))
        yield item
    if progress is not None:
        progress(stage, len(items), len(items))

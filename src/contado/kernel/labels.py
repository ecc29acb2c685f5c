"""How a number was born: measured, estimated or simulated; and what that says of a number made of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Label", "joint", "weakest"]

Label = Literal["measured", "estimated", "simulated"]

_LEAST_SURE_FIRST: Final[tuple[Label, ...]] = ("simulated", "estimated", "measured")


def weakest(words: Iterable[str | None]) -> Label | None:
    """Return the least sure of some labels, None where none is told.

    Examples
    --------
    >>> weakest(["measured", "simulated", None]), weakest([None])
    ('simulated', None)
    """
    present = set(words)
    return next((word for word in _LEAST_SURE_FIRST if word in present), None)


def joint(words: Iterable[str | None]) -> Literal["estimated", "simulated"]:
    """Return the label of what was computed from labelled parts: simulated as soon as one is, else estimated.

    Examples
    --------
    >>> joint(["measured", "measured"]), joint(["measured", "simulated"])
    ('estimated', 'simulated')
    """
    return "simulated" if "simulated" in words else "estimated"

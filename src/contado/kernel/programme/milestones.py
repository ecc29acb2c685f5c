"""Milestones of works: days due and days done, a row for each work and kind of step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from typing import Any

__all__ = ["REPORTED", "reached"]

REPORTED: Final = ("works_start", "works_end")
"""Kinds of event that a milestone's ``done`` is made of."""


def reached(
    row: Mapping[str, Any] | None, *, day: dt.date
) -> tuple[Literal["new", "same", "conflict"], dt.date | None]:
    """Say what a reported day does to a milestone, with the day it holds so far.

    Examples
    --------
    >>> import datetime as dt
    >>> reached({"done": None}, day=dt.date(2027, 5, 3))
    ('new', None)
    >>> reached({"done": dt.date(2027, 5, 3)}, day=dt.date(2027, 5, 3))[0]
    'same'
    """
    done = None if row is None else row["done"]
    if done is None:
        return "new", None
    return ("same" if done == day else "conflict"), done

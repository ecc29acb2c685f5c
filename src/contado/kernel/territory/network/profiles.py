"""Profiles: which ways belong to a network and in which direction they may be used, as data.

``profiles.csv`` has one row a profile: the accepted values of ``highway``, the tags whose value ``no``
closes a way, and whether one-way rules count. A network has the profile it was read with; no
computation on it assumes a class of road.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib import resources

from contado.kernel.errors import UsageError

__all__ = ["Profile", "load", "names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One row of ``profiles.csv``."""

    name: str
    highways: frozenset[str]
    closed_by: tuple[str, ...]
    one_way: bool


def _rows() -> dict[str, Profile]:
    text = resources.files(__package__).joinpath("profiles.csv").read_text(encoding="utf-8")
    return {
        row["profile"]: Profile(
            name=row["profile"],
            highways=frozenset(row["highways"].split()),
            closed_by=tuple(row["closed_by"].split()),
            one_way=row["one_way"] == "yes",
        )
        for row in csv.DictReader(text.splitlines())
    }


def names() -> tuple[str, ...]:
    """Return the names of the profiles.

    >>> names()
    ('drive', 'bike', 'walk', 'all')
    """
    return tuple(_rows())


def load(name: str) -> Profile:
    """Return the profile called ``name``.

    Raises
    ------
    UsageError
        Rule ``unknown_choice``; the message lists the profiles.
    """
    rows = _rows()
    if name not in rows:
        raise UsageError(
            f"There is no network profile {name!r}; valid: {', '.join(rows)}.",
            rule="unknown_choice",
            hint="a car's network is drive; all keeps every street and path",
            field="profile",
        )
    return rows[name]

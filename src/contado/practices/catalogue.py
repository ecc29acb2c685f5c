"""The thirteen practices as the territory calls them: for whom, plain name, official name, what opens.

A row stands here from the first day; a practice is registered once it has code. The home page shows the
rows in this order, in the columns "Per chi abita e visita", "Per i Comuni", "Per gli uffici".

>>> [entry.practice for entry in entries()][:3]
['punti_parco', 'mercato_terra', 'deciwatt']
>>> page("manto_stradale").plain_en
'State of the roads'
"""

from __future__ import annotations

import csv
import functools
from importlib import resources
from typing import NamedTuple

import msgspec

from contado.kernel.errors import PracticeError, did_you_mean
from contado.kernel.practice import PageSpec

__all__ = ["Entry", "entries", "page"]


class Entry(NamedTuple):
    """A practice and the texts of its row on the home page."""

    practice: str
    page: PageSpec


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Return the thirteen rows in the order of the home page."""
    text = (resources.files("contado.practices") / "catalogue.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(Entry(row.pop("practice"), msgspec.convert(row, PageSpec)) for row in rows)


def page(practice: str) -> PageSpec:
    """Return the texts of one practice, for its hook ``register_pages`` to start from.

    Raises
    ------
    PracticeError
        It is none of the thirteen.
    """
    known = {entry.practice: entry.page for entry in entries()}
    if practice not in known:
        raise PracticeError(
            f"The catalogue has no practice {practice!r}.",
            rule="unknown_practice",
            hint=did_you_mean(practice, known) or "a city's own practice brings its own page",
            field=practice,
        )
    return known[practice]

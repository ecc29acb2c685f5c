"""Histories of roughness: what campaigns read on the cells of sections, one level a section and campaign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.engines.pavement import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Vector = NDArray[np.float64]

__all__ = ["History", "history_of", "season_of"]

_ROUNDS = 30
_SETTLED = 1e-10
_SEASONS = ("winter", "spring", "summer", "autumn")


def season_of(month: int) -> str:
    """Return the meteorological season of a month.

    Examples
    --------
    >>> season_of(1), season_of(3), season_of(11)
    ('winter', 'spring', 'autumn')
    """
    return _SEASONS[month % 12 // 3]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Level of log IRI of section ``s`` in campaign ``c``, one row each, shape (k,).

    A level is what remains of the readings of a section when each of its cells has its own constant, so that a
    campaign that reached other cells than the last one is comparable to it. ``age_y`` is the time on which growth
    is counted; a surface that was renewed is a section of its own. ``family`` [n] names the family of each section,
    ``season`` [m] the season of each campaign ('' where it is unknown).
    """

    section: tuple[str, ...]
    campaign: tuple[str, ...]
    family: tuple[str, ...]
    season: tuple[str, ...]
    s: Numbers
    c: Numbers
    age_y: Vector
    level: Vector


def history_of(table: pa.Table, *, name: str = "history", lines: Sequence[int] | None = None) -> History:
    """Return the history of a panel: section, age_years, iri_m_km[, from_m, campaign, family, season].

    Without ``campaign``, readings at one age are one campaign; without ``from_m`` a section is one cell.

    Raises
    ------
    DataError
        A column is missing, an IRI is not positive (`iri_not_positive`), an age is no number; with lines.
    """
    columns.require(table, ["section", "age_years", "iri_m_km"], name)
    iri = columns.numbers(table, "iri_m_km", name, lines=lines)
    age = columns.numbers(table, "age_years", name, lines=lines)
    hint = "leave out what was not measured"
    columns.refuse(np.flatnonzero(~(iri > 0)), table, "iri_m_km", name, "iri_not_positive", hint, lines)
    columns.refuse(np.flatnonzero(np.isnan(age)), table, "age_years", name, "not_a_number", hint, lines)
    section, s = np.unique(np.array(columns.texts(table, "section")), return_inverse=True)
    words = columns.texts(table, "campaign") if "campaign" in table.column_names else [f"{a:g}" for a in age]
    campaign, c = np.unique(np.array(words), return_inverse=True)
    place = columns.texts(table, "from_m") if "from_m" in table.column_names else [""] * iri.size
    cell = _numbered(s, np.unique(np.array(place), return_inverse=True)[1])
    pair, level = _levels(cell, _numbered(s, c), np.log(iri))
    first = np.zeros(pair.max(initial=-1) + 1, np.int64)
    first[pair[::-1]] = np.arange(pair.size)[::-1]
    ages = np.bincount(pair, age) / np.maximum(1, np.bincount(pair))
    return History(
        section=tuple(section.tolist()),
        campaign=tuple(campaign.tolist()),
        family=_of_each(table, "family", s, section.size),
        season=_of_each(table, "season", c, campaign.size),
        s=s[first],
        c=c[first],
        age_y=ages,
        level=level,
    )


def _numbered(a: Numbers, b: Numbers) -> Numbers:
    """Return one number for each pair that occurs."""
    key = a * (int(b.max(initial=0)) + 1) + b
    return np.asarray(np.unique(key, return_inverse=True)[1], np.int64)


def _of_each(table: pa.Table, column: str, number: Numbers, count: int) -> tuple[str, ...]:
    """Return the first word of a column for each section or campaign; '' where there is none."""
    if column not in table.column_names:
        return ("",) * count
    words = ["" if w is None else str(w) for w in table[column].to_pylist()]
    found = np.full(count, "", object)
    found[number[::-1]] = np.array(words, object)[::-1]
    return tuple(found.tolist())


def _levels(cell: Numbers, pair: Numbers, y: Vector) -> tuple[Numbers, Vector]:
    """Fit y = cell + level by turns; return the pair of each reading and the level of each pair."""
    cells, pairs = np.bincount(cell), np.bincount(pair)
    level = np.bincount(pair, y) / np.maximum(1, pairs)
    for _ in range(_ROUNDS):
        base = np.bincount(cell, y - level[pair]) / np.maximum(1, cells)
        new = np.bincount(pair, y - base[cell]) / np.maximum(1, pairs)
        moved = float(np.abs(new - level).max(initial=0.0))
        level = new
        if moved < _SETTLED:
            break
    return pair, level

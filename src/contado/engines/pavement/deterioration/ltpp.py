"""Histories of the Long-Term Pavement Performance program: the table of surveys, and what can be learnt from it.

A surface is a section between two works (state, SHRP id, construction number). What was read before is looked for on
the same surface: the column PREV_IRI that some extracts carry pairs sections of equal SHRP id across states.

References
----------
[1] FHWA, Long-Term Pavement Performance, InfoPave, https://infopave.fhwa.dot.gov
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from contado.engines.pavement import columns
from contado.engines.pavement.deterioration.boosting import BoostSettings, boost
from contado.engines.pavement.deterioration.growth import GrowthModel, fit
from contado.engines.pavement.deterioration.history import history_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

__all__ = [
    "FROM_STRUCTURE",
    "STRUCTURE",
    "Surveys",
    "growth_of",
    "iri_from_structure",
    "next_iri",
    "surveys_of",
]

_NAME = "ltpp"
_KEY = ("STATE_CODE", "SHRP_ID", "CONSTRUCTION_NO")
_YEAR_D = 365.25
_ENSEMBLE = 8
"""Models with draws of their own whose mean is the answer."""
_REPEATED = 0.75
"""Power of a section's number of surveys by which each of them weighs less."""
FROM_STRUCTURE = BoostSettings(rounds=500, depth=4, columns_share=0.2, shrinkage=20.0)
"""How the trees grow that tell roughness from the structure; chosen on sections that are not those of the test."""

STRUCTURE = (
    "age_y",
    "age_from_first_visit",
    "road_age_y",
    "since_works_y",
    "works_before",
    "treated_base",
    "BOUND_THICKNESS_CM",
    "PLASTICITY_INDEX",
    "AADTT_LTPPLN",
    "KESAL_YEAR",
    "FREEZE_INDEX_YR",
    "MEAN_ANN_TEMP_AVG",
    "TOTAL_ANN_PRECIP",
    "MEPDG_TRANS_CRACK_LENGTH_AC",
    "MEPDG_LONG_CRACK_LENGTH_AC",
    "HPMS16_CRACKING_PERCENT_AC",
    "PATCH_A",
    "MAX_MEAN_DEPTH_WIRE_REF",
)
"""State of the structure, traffic and climate from which roughness is told without having been read before."""
_OF_THE_SITE = frozenset({"PLASTICITY_INDEX", "FREEZE_INDEX_YR", "MEAN_ANN_TEMP_AVG", "TOTAL_ANN_PRECIP"})
"""What belongs to the place: the mean over all surveys of the section, also where one survey does not tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveys:
    """Surveys (k) in the order of the file.

    ``section`` is the road (state and SHRP id), ``surface`` the road between two works, ``number`` the SHRP id alone,
    ``previous`` the row of the last survey of the same surface (-1 = none), ``wait_y`` the years since then.
    """

    section: NDArray[np.object_]
    surface: NDArray[np.object_]
    number: NDArray[np.object_]
    family: NDArray[np.object_]
    iri_m_km: Vector
    age_y: Vector
    year: NDArray[np.int64]
    previous: NDArray[np.int64]
    wait_y: Vector
    structure: NDArray[np.float64]
    """Columns `STRUCTURE`, NaN where unknown (k, 18)."""

    def __len__(self) -> int:
        return int(self.iri_m_km.size)


def surveys_of(table: pa.Table, *, lines: Sequence[int] | None = None) -> Surveys:
    """Return the surveys of an LTPP table of asphalt sections.

    Raises
    ------
    DataError
        A column is missing, an IRI is not positive, a number cannot be read; with lines.
    """
    columns.require(table, [*_KEY, "VISIT_DATE", "MEAN_IRI", "PAVEMENT_FAMILY"], _NAME)
    iri = columns.numbers(table, "MEAN_IRI", _NAME, lines=lines)
    hint = "leave out what was not measured"
    columns.refuse(np.flatnonzero(~(iri > 0)), table, "MEAN_IRI", _NAME, "iri_not_positive", hint, lines)
    state, number, works = (np.array(columns.texts(table, name), object) for name in _KEY)
    section = state + "_" + number
    surface = section + "_" + works
    visit = _days(table, "VISIT_DATE")
    previous, wait = _before(surface, visit)
    own = {
        **_ages(section, surface, works.astype(np.int64), visit, _days(table, "CONSTRUCTION_DATE")),
        "works_before": works.astype(float) - 1,
        "treated_base": (columns.numbers(table, "EXPERIMENT_NO", _NAME, lines=lines) == 2).astype(float),
    }
    known = []
    for name in STRUCTURE:
        values = own[name] if name in own else columns.numbers(table, name, _NAME, lines=lines)
        known.append(_mean_of_each(section, values) if name in _OF_THE_SITE else values)
    return Surveys(
        section=section,
        surface=surface,
        number=number,
        family=np.array(columns.texts(table, "PAVEMENT_FAMILY"), object),
        iri_m_km=iri,
        age_y=own["age_y"],
        year=1970 + np.floor(visit / _YEAR_D).astype(np.int64),
        previous=previous,
        wait_y=wait,
        structure=np.column_stack(known),
    )


def _days(table: pa.Table, column: str) -> Vector:
    """Return dates as days since 1970, NaN where there is none."""
    if column not in table.column_names:
        return np.full(table.num_rows, np.nan)
    cells: list[Any] = table[column].to_pylist()
    days = [np.datetime64(str(c)[:10]).astype(float) if c not in (None, "") else np.nan for c in cells]
    return np.array(days, float)


def _before(surface: NDArray[np.object_], visit: Vector) -> tuple[NDArray[np.int64], Vector]:
    """Return the row of the survey before each on its surface (-1 = none) and the years since (NaN = none)."""
    order = np.lexsort([visit, surface.astype(str)])
    same = surface[order][1:] == surface[order][:-1]
    previous = np.full(visit.size, -1, np.int64)
    previous[order[1:][same]] = order[:-1][same]
    wait = np.where(previous >= 0, (visit - visit[previous]) / _YEAR_D, np.nan)
    return previous, wait


def _ages(
    section: NDArray[np.object_],
    surface: NDArray[np.object_],
    number: NDArray[np.int64],
    visit: Vector,
    dated: Vector,
) -> dict[str, Vector]:
    """Return what the dates tell of age [years].

    The table dates the construction of a road, not the works after it. These lie between the last survey before and
    the first one after: their middle is taken, or the first survey where there was none before.
    """
    first, last = _first(surface, visit), -_first(surface, -visit)
    built = _first(section, np.where(np.isnan(dated), np.inf, dated))
    built[np.isinf(built)] = np.nan
    ended = {(s, n): d for s, n, d in zip(section, number, last, strict=True)}
    earlier = {s: sorted({n for t, n in ended if t == s}) for s in set(section)}
    before = np.full(visit.size, np.nan)
    for k, (s, n) in enumerate(zip(section, number, strict=True)):
        done = [m for m in earlier[s] if m < n]
        if done:
            before[k] = ended[s, done[-1]]
    works = np.where(np.isnan(before), np.where(np.isnan(dated), first, dated), (before + first) / 2)
    return {
        "age_y": (visit - np.where(np.isnan(dated), first, dated)) / _YEAR_D,
        "age_from_first_visit": np.isnan(dated).astype(float),
        "road_age_y": (visit - built) / _YEAR_D,
        "since_works_y": (visit - works) / _YEAR_D,
    }


def _first(group: NDArray[np.object_], values: Vector) -> Vector:
    """Return the least value of each row's group."""
    number = np.unique(group.astype(str), return_inverse=True)[1]
    first = np.full(number.max(initial=-1) + 1, np.inf)
    np.minimum.at(first, number, values)
    return first[number]


def _mean_of_each(group: NDArray[np.object_], values: Vector) -> Vector:
    """Return the mean of what is known in each row's group, NaN where nothing is."""
    number = np.unique(group.astype(str), return_inverse=True)[1]
    known = np.isfinite(values)
    count = np.bincount(number, known)
    total = np.bincount(number, np.where(known, values, 0.0))
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return np.asarray(mean[number], np.float64)


def growth_of(surveys: Surveys, rows: NDArray[np.int64]) -> GrowthModel:
    """Fit growth by family of pavement on some surveys; a calendar year is a campaign."""
    return fit(
        history_of(
            pa.table(
                {
                    "section": pa.array(surveys.surface[rows].tolist()),
                    "age_years": surveys.age_y[rows],
                    "iri_m_km": surveys.iri_m_km[rows],
                    "family": pa.array(surveys.family[rows].tolist()),
                    "campaign": pa.array([str(y) for y in surveys.year[rows].tolist()]),
                }
            )
        )
    )


def next_iri(model: GrowthModel, surveys: Surveys, rows: NDArray[np.int64]) -> Vector:
    """Return the IRI that a model expects at some surveys from the ones before them; NaN where there is none."""
    growth = np.array([model.of("", surveys.family[r]).mean for r in rows.tolist()])
    before = np.where(surveys.previous[rows] >= 0, surveys.iri_m_km[surveys.previous[rows]], np.nan)
    result: Vector = before * np.exp(growth * surveys.wait_y[rows])
    return result


def iri_from_structure(
    surveys: Surveys,
    train: NDArray[np.int64],
    rows: NDArray[np.int64],
    *,
    settings: BoostSettings = FROM_STRUCTURE,
) -> Vector:
    """Return the IRI of some surveys from structure, traffic and climate alone, learnt on others.

    The logarithm is learnt, so that a factor counts the same on smooth and on rough roads. A section that was surveyed
    n times weighs as n^(1/4) surveys: its readings tell mostly the same.
    """
    _, place, count = np.unique(surveys.section[train].astype(str), return_inverse=True, return_counts=True)
    weight = count[place].astype(np.float64) ** -_REPEATED
    weight /= weight.mean()
    x, y = surveys.structure[train], np.log(surveys.iri_m_km[train])
    total = np.zeros(rows.size)
    for draw in range(_ENSEMBLE):
        drawn = replace(settings, seed=settings.seed + draw)
        total += boost(x, y, weight=weight, settings=drawn).predict(surveys.structure[rows])
    found: Vector = np.exp(total / _ENSEMBLE)
    return found

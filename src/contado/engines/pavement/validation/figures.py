"""How near estimates are to a survey: the figures, for all stretches and for groups of them.

Errors are taken on the logarithm, because an IRI of 6 is not known to the same tenth as one of 1.5.

References
----------
.. [1] J. M. Bland, D. G. Altman, Statistical methods for assessing agreement between two methods of clinical
   measurement, The Lancet 327(8476), 1986, doi:10.1016/S0140-6736(86)90837-8 (limits of agreement; a high
   correlation is no agreement).
.. [2] J. M. Bland, D. G. Altman, Measuring agreement in method comparison studies, Statistical Methods in Medical
   Research 8(2), 1999, doi:10.1177/096228029900800204 (limits from a small sample: t in place of 1.96).
.. [3] C. Spearman, The proof and measurement of association between two things, Am. J. Psychology 15(1), 1904.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.quantiles import student_quantile
from contado.engines.pavement.validation.alignment import Pairs, chosen
from contado.kernel.monitoring.proportion import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MIN_STRETCHES", "Figures", "Group", "figures", "groups", "neighbour_correlation"]

MIN_STRETCHES: Final = 10
"""With fewer stretches no R2 and no rank correlation is told."""
MIN_SPREAD: Final = 3
"""With fewer there are no limits of agreement either."""
SPEEDS_KMH: Final = (30.0, 50.0, 70.0)
IRIS_M_KM: Final = (2.0, 3.5, 5.0)
PASSES: Final = (2.0, 4.0, 8.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Agreement of estimates with a survey; errors are shares of the surveyed IRI, None = cannot be told.

    ``bias`` is the mean error (geometric), ``limit_low`` and ``limit_high`` the limits between which 95 % of further
    errors lie [1] [2], ``mean +- t(0.975, n - 1) sd sqrt(1 + 1/n)`` of the log errors, so that they hold for few stretches too; ``inside`` counts surveyed values in the 90 % interval, ``coverage`` is their share with its
    95 % interval, ``half_width`` the median half-width of the intervals.
    """

    stretches: int
    length_km: float
    r2_log: float | None
    spearman: float | None
    bias: float
    median_error: float
    p90_error: float
    sd_log: float | None
    limit_low: float | None
    limit_high: float | None
    inside: int | None
    coverage: float | None
    coverage_low: float | None
    coverage_high: float | None
    half_width: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Figures of some stretches: ``by`` is speed_kmh, iri_m_km, passes or vehicle, ``name`` the class."""

    by: str
    name: str
    figures: Figures


def figures(pairs: Pairs) -> Figures:
    """Return the figures of at least one stretch."""
    error, log_surveyed = pairs.error_log, np.log(pairs.surveyed_m_km)
    share = np.abs(np.expm1(error))
    mean, n = float(error.mean()), error.size
    sd = float(error.std(ddof=1)) if n >= MIN_SPREAD else None
    reach = None if sd is None else student_quantile(0.975, n - 1) * sd * math.sqrt(1 + 1 / n)
    inside, coverage, low, high = _coverage(pairs)
    half = (pairs.high_m_km - pairs.low_m_km) / 2 / pairs.estimated_m_km
    return Figures(
        stretches=n,
        length_km=pairs.length_km,
        r2_log=_r2(error, log_surveyed) if n >= MIN_STRETCHES else None,
        spearman=_spearman(pairs) if n >= MIN_STRETCHES else None,
        bias=float(np.expm1(mean)),
        median_error=float(np.median(share)),
        p90_error=float(np.quantile(share, 0.9)),
        sd_log=sd,
        limit_low=None if reach is None else math.expm1(mean - reach),
        limit_high=None if reach is None else math.expm1(mean + reach),
        inside=inside,
        coverage=coverage,
        coverage_low=low,
        coverage_high=high,
        half_width=float(np.median(half)) if np.isfinite(half).all() else None,
    )


def _coverage(pairs: Pairs) -> tuple[int | None, float | None, float | None, float | None]:
    if not np.isfinite(pairs.low_m_km + pairs.high_m_km).all():
        return None, None, None, None
    hit = (pairs.low_m_km <= pairs.surveyed_m_km) & (pairs.surveyed_m_km <= pairs.high_m_km)
    inside = int(hit.sum())
    return inside, inside / hit.size, *wilson(inside, hit.size)


def _r2(error: Floats, log_surveyed: Floats) -> float | None:
    """Share of the variance of the surveyed log IRI that the estimates explain; None on an even road."""
    total = float(np.sum((log_surveyed - log_surveyed.mean()) ** 2))
    return 1.0 - float(np.sum(error**2)) / total if total > 0 else None


def _spearman(pairs: Pairs) -> float | None:
    ranks = [_ranks(values) for values in (pairs.surveyed_m_km, pairs.estimated_m_km)]
    a, b = (rank - rank.mean() for rank in ranks)
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else None


def _ranks(values: Floats) -> Floats:
    """Return ranks from 0, equal values the mean of theirs."""
    _, which, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: Floats = (last - (count + 1) / 2)[which]
    return ranks


def groups(pairs: Pairs, vehicles: Sequence[tuple[str, Pairs]] = ()) -> list[Group]:
    """Return the figures by class of speed, surveyed IRI and passes, and by vehicle; empty classes are left out."""
    found = [
        *_classes("speed_kmh", 3.6 * pairs.speed_m_s, SPEEDS_KMH, pairs),
        *_classes("iri_m_km", pairs.surveyed_m_km, IRIS_M_KM, pairs),
        *_classes("passes", pairs.passes, PASSES, pairs),
    ]
    return found + [Group(by="vehicle", name=n, figures=figures(p)) for n, p in vehicles if p.from_m.size]


def _classes(by: str, values: Floats, bounds: tuple[float, ...], pairs: Pairs) -> list[Group]:
    known = np.isfinite(values)
    place = np.digitize(values, bounds)
    return [
        Group(by=by, name=name, figures=figures(chosen(pairs, known & (place == k))))
        for k, name in enumerate(_names(bounds))
        if (known & (place == k)).any()
    ]


def _names(bounds: tuple[float, ...]) -> list[str]:
    """Return the names of classes.

    Examples
    --------
    >>> _names((2.0, 3.5))
    ['< 2', '2 - 3.5', '>= 3.5']
    """
    between = [f"{a:g} - {b:g}" for a, b in pairwise(bounds)]
    return [f"< {bounds[0]:g}", *between, f">= {bounds[-1]:g}"]


def neighbour_correlation(pairs: Pairs) -> float | None:
    """Return the correlation of the errors of stretches that follow each other, None with fewer than ten such."""
    away = pairs.error_log - pairs.error_log.mean()
    follows = (pairs.section[1:] == pairs.section[:-1]) & (np.abs(pairs.from_m[1:] - pairs.to_m[:-1]) < 1.0)
    spread = float(np.mean(away**2))
    if follows.sum() < MIN_STRETCHES or spread <= 0:
        return None
    return float(np.mean(away[1:][follows] * away[:-1][follows])) / spread

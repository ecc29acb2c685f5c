"""Field check: what cars estimated against what a profiler measured on other stretches than those that calibrated.

Nothing here is called measured unless a measured survey meets drives that are not simulated.

References
----------
.. [1] ASTM E1926, Standard Practice for Computing International Roughness Index of Roads from Longitudinal
   Profile Measurements (what the survey's IRI is).
.. [2] ASTM E950/E950M, Standard Test Method for Measuring the Longitudinal Profile of Traveled Surfaces with an
   Accelerometer-Established Inertial Profiling Reference (classes of the reference profiler).
.. [3] J. M. Bland, D. G. Altman, Statistical methods for assessing agreement between two methods of clinical
   measurement, The Lancet 327(8476), 1986, doi:10.1016/S0140-6736(86)90837-8.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from contado.engines.pavement.measuring.calibration import REFERENCE_SD_LOG
from contado.engines.pavement.validation.alignment import Cells, Pairs, align, chosen, touched
from contado.engines.pavement.validation.figures import (
    MIN_STRETCHES,
    Figures,
    Group,
    figures,
    groups,
    neighbour_correlation,
)
from contado.kernel import labels
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.engines.pavement.measuring.campaigns import Survey
    from contado.engines.pavement.validation.alignment import Stretch
    from contado.kernel.labels import Label

__all__ = ["Check", "Instrument", "validate"]

MIN_REPEATS: Final = 5
"""Degrees of freedom from which repeated runs tell the instrument's own spread."""
MEDIAN_OF_NORMAL: Final = 0.6744897501960817
"""Median of |z| of a standard normal z."""
FAR_D: Final = 90
"""Days between survey and last pass after which the road itself may have changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """What the surveyed values are themselves uncertain by [log], and where that comes from.

    ``noise_floor`` is the median error [share] that a perfect estimate would show beside it.
    """

    sd_log: float
    source: Literal["repeats", "stated", "assumed"]
    repeats: int

    @property
    def noise_floor(self) -> float:
        """Median error that the instrument alone makes."""
        return float(np.expm1(MEDIAN_OF_NORMAL * self.sd_log))


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A field check: pairs and figures, by groups too, and what was left out.

    ``label`` is measured only where a measured survey met drives that are not simulated; ``calibrated``
    counts surveyed stretches that had calibrated a car, ``uncovered`` those that no car measured;
    ``effective`` is how many independent stretches the errors are worth.
    """

    label: Label
    pairs: Pairs
    figures: Figures
    groups: tuple[Group, ...]
    instrument: Instrument
    instruments: tuple[str, ...]
    first_on: date | None
    last_on: date | None
    neighbour_correlation: float | None
    effective: float
    calibrated: int
    uncovered: int
    findings: tuple[Finding, ...]


def validate(
    cells: Cells,
    survey: Survey,
    *,
    calibrated_on: Sequence[Stretch] = (),
    vehicles: Mapping[str, Cells] | None = None,
) -> Check:
    """Return how near the estimated cells are to the survey.

    Parameters
    ----------
    cells
        What was estimated, with 90 % intervals.
    survey
        Stretches that a profiler measured.
    calibrated_on
        Section, from and to [m] of what calibrated a car: stretches that share road with it are left out.
    vehicles
        What each vehicle alone reads, where the observations are known.

    Raises
    ------
    DataError
        No stretch has both (`no_overlap`), or all of them calibrated a car (`only_calibrated`).
    """
    used = touched(survey, calibrated_on)
    found, covered = align(cells, survey)
    free = ~used[covered]
    if not covered.any():
        raise _no_overlap(cells, survey)
    if not free.any():
        raise DataError(
            f"All {covered.sum()} surveyed stretches that cars measured have calibrated a car.",
            rule="only_calibrated",
            hint="survey other stretches of road: what calibrates cannot check",
            field="survey",
        )
    pairs = chosen(found, free)
    apart = [(name, align(own, survey)) for name, own in sorted((vehicles or {}).items())]
    alone = [(name, chosen(p, ~used[c])) for name, (p, c) in apart]
    correlation = neighbour_correlation(pairs)
    told = figures(pairs)
    effective = _effective(told.stretches, correlation)
    return Check(
        label=_label(cells.label, survey.label),
        pairs=pairs,
        figures=told,
        groups=tuple(groups(pairs, alone)),
        instrument=_instrument(survey),
        instruments=survey.instruments,
        first_on=survey.first_on,
        last_on=survey.last_on,
        neighbour_correlation=correlation,
        effective=effective,
        calibrated=int(used.sum()),
        uncovered=int((~covered & ~used).sum()),
        findings=tuple(
            _findings(pairs, survey, used=int(used.sum()), covered=covered | used, effective=effective)
        ),
    )


def _label(estimated: Label, surveyed: Label) -> Label:
    """Return how the accuracy was born: what a measured survey says of real drives is measured."""
    weakest = labels.weakest({estimated, surveyed}) or "estimated"
    return "measured" if surveyed == "measured" and weakest == "estimated" else weakest


def _no_overlap(cells: Cells, survey: Survey) -> DataError:
    return DataError(
        f"No surveyed stretch is covered by measured cells: surveyed {_span(survey.section, survey.from_m, survey.to_m)}, "
        f"estimated {_span(cells.section, cells.from_m, cells.to_m)}.",
        rule="no_overlap",
        hint="chainages of both count from the start of the same section, in metres",
        field="survey",
    )


def _span(section: object, from_m: object, to_m: object) -> str:
    names = np.unique(np.asarray(section))
    start, end = np.asarray(from_m, np.float64), np.asarray(to_m, np.float64)
    told = ", ".join(str(n) for n in names[:3] if n) + (" ..." if names.size > 3 else "")
    return f"{told} {start.min():g}-{end.max():g} m".strip() if start.size else "nothing"


def _effective(n: int, correlation: float | None) -> float:
    """Return how many independent stretches a row of alike ones is worth (first-order autoregression)."""
    alike = min(max(correlation or 0.0, 0.0), 0.99)
    return max(1.0, n * (1 - alike) / (1 + alike))


def _instrument(survey: Survey) -> Instrument:
    repeats = survey.repeats
    if survey.repeat_sd_log is not None and repeats >= MIN_REPEATS:
        runs = 1 + repeats / survey.cells
        return Instrument(
            sd_log=survey.repeat_sd_log / float(np.sqrt(runs)), source="repeats", repeats=repeats
        )
    if survey.stated_sd_log is not None:
        return Instrument(sd_log=survey.stated_sd_log, source="stated", repeats=repeats)
    return Instrument(sd_log=REFERENCE_SD_LOG, source="assumed", repeats=repeats)


def _findings(
    pairs: Pairs, survey: Survey, *, used: int, covered: np.typing.NDArray[np.bool_], effective: float
) -> list[Finding]:
    """Return what a reader must know before believing the figures."""
    n, left = pairs.from_m.size, int((~covered).sum())
    joined = int((pairs.cells > 1).sum())
    surveyed = (survey.last_on or date.max).toordinal()
    far = 0 if survey.last_on is None else int((np.abs(pairs.day - surveyed) > FAR_D).sum())
    told = (
        (used, "calibrated_here", f"{used} surveyed stretches calibrated a car and check nothing.", "dropped"),
        (left, "partly_covered", f"{left} surveyed stretches are not covered by measured cells.", "dropped"),
        (n < MIN_STRETCHES, "few_stretches", f"{n} stretches are too few for R2 and rank correlation.", "kept"),
        (joined, "interval_joined", f"{joined} stretches hold several cells: their interval is the mean of the cells', an upper bound.", "kept"),
        (far, "days_apart", f"{far} stretches were driven more than {FAR_D} days from the survey.", "kept"),
        (2 * effective < n, "errors_alike", f"Errors of neighbours are alike: {n} stretches are worth {effective:.0f} independent ones.", "kept"),
        (survey.label == "estimated", "survey_not_stated", "The survey names no instrument and day: nothing is called measured.", "kept"),
        (survey.label == "simulated", "simulated_survey", "The survey is simulated: this is no field accuracy.", "kept"),
    )  # fmt: skip
    return [
        Finding(severity="warning", rule=rule, table="survey", message=text, hint=_HINTS[rule], action=action)  # type: ignore[arg-type]
        for count, rule, text, action in told
        if count
    ]


_HINTS: Final = {
    "calibrated_here": "survey other stretches too",
    "partly_covered": "drive them, or give the survey by the same section and chainage",
    "few_stretches": f"survey at least {MIN_STRETCHES} stretches that calibrated no car",
    "interval_joined": "give a survey by cells as short as the estimates",
    "days_apart": "drive within the weeks of the survey",
    "errors_alike": "spread the survey over several roads",
    "survey_not_stated": "name instrument and date of the survey",
    "simulated_survey": "bring in a campaign of a profiler",
}

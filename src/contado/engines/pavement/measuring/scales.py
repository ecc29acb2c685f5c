"""The scales of the cars of a run: from a survey that they passed, else from what the fleet agrees on.

What works renewed between the survey and a drive is no truth for that drive, and passes compare only where they read
the same surface.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.measuring.calibration import (
    MIN_REFERENCE_CELLS,
    NOMINAL,
    Calibration,
    consensus,
    scale_from_reference,
    usable_cells,
)
from contado.engines.pavement.measuring.cells import MIN_COVERAGE, CellReadings, mean_over
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from contado.engines.pavement.measuring.measure import Pass, Trace
    from contado.engines.pavement.measuring.onroute import RouteFrame
    from contado.engines.pavement.measuring.survey import Reference, Vehicle
    from contado.engines.pavement.telemetry.drive import Drive

    Floats = NDArray[np.float64]

__all__ = ["RENEWED", "Seen", "read_cells", "scales_of", "unusable"]

RENEWED: Final = "renewed_since_survey"
"""Finding: works came between a survey and the drives that it was to calibrate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A drive seen through its car, its chainages in register with the other passes."""

    trace: Trace
    passed: Pass

    @property
    def drive(self) -> Drive:
        """The drive itself."""
        return self.trace.aligned.drive


def scales_of(
    seen: Sequence[Seen], reference: Reference | None, known: Mapping[str, Vehicle], frame: RouteFrame
) -> dict[str, Calibration]:
    """Return the scale of each vehicle.

    Parameters
    ----------
    seen
        All passes over the route.
    reference
        Surveyed stretches of it, if any.
    known
        What is known of the vehicles beforehand.
    """
    names = sorted({s.drive.vehicle for s in seen})
    settled = {
        n: c for n in names if (c := _calibration(known, n)) and (c.calibrated or not known[n].renewable)
    }
    if reference is not None:
        for name in (n for n in names if _is_open(known, n)):
            mine = _on_reference(seen, reference, name, frame)
            logs, cell_m = [r.log_iri for _, r in mine], reference.to_m - reference.from_m
            if (found := scale_from_reference(logs, reference.iri_m_km, cell_m)) is not None:
                last = max((day for day, r in mine if day and r.known.any()), default=None)
                settled[name] = dataclasses.replace(found, on=last)
    edges = np.arange(0.0, frame.length_m - 100.0, 100.0) + frame.start_m
    hundred = (edges, edges + 100.0)
    same = _is_last_surface(seen, reference, hundred)
    passes = {
        name: [
            np.where(one, read_cells(s, hundred, frame).log_iri, np.nan)
            for s, one in zip(seen, same, strict=True)
            if s.drive.vehicle == name
        ]
        for name in names
    }
    if len(edges) == 0:
        return {name: settled.get(name, NOMINAL) for name in names}
    return consensus(passes, settled)


def _on_reference(
    seen: Sequence[Seen], reference: Reference, vehicle: str, frame: RouteFrame
) -> list[tuple[date | None, CellReadings]]:
    """Return the day of each pass of a vehicle and what it read on the surveyed stretches that it found so."""
    bounds = (reference.from_m, reference.to_m)
    found = []
    for one in (s for s in seen if s.drive.vehicle == vehicle):
        read = read_cells(one, bounds, frame)
        held = np.where(reference.holds(one.drive.day), read.log_iri, np.nan)
        found.append((one.drive.day, dataclasses.replace(read, log_iri=held)))
    return found


def _calibration(known: Mapping[str, Vehicle], name: str) -> Calibration | None:
    return known[name].calibration if name in known else None


def _is_open(known: Mapping[str, Vehicle], name: str) -> bool:
    """Whether a survey may calibrate a vehicle."""
    return _calibration(known, name) is None or known[name].renewable


def _is_last_surface(
    seen: Sequence[Seen], reference: Reference | None, bounds: tuple[Floats, Floats]
) -> list[NDArray[np.bool_]]:
    """Return, for each pass, in which cells it read the surface that the last one read: only these compare."""
    if reference is None or reference.works is None:
        return [np.ones(bounds[0].size, bool) for _ in seen]
    lives = [reference.works.lived(*bounds, s.drive.day) for s in seen]
    return [np.asarray(life == np.max(lives, axis=0), bool) for life in lives]


def unusable(
    seen: Sequence[Seen],
    reference: Reference | None,
    known: Mapping[str, Vehicle],
    frame: RouteFrame,
    section_id: str,
) -> tuple[Finding, ...]:
    """Say what of a survey calibrates nothing: too few cells under a vehicle, stretches that works renewed."""
    return (*_too_short(seen, reference, known, frame), *_renewed(seen, reference, known, section_id))


def _too_short(
    seen: Sequence[Seen], reference: Reference | None, known: Mapping[str, Vehicle], frame: RouteFrame
) -> tuple[Finding, ...]:
    """Name the vehicles that the survey was to calibrate and has too few cells for."""
    found = []
    for name in sorted({s.drive.vehicle for s in seen}):
        if reference is None or not _is_open(known, name):
            continue
        whole = dataclasses.replace(reference, works=None)  # what works took is told by itself
        mine = [r.log_iri for _, r in _on_reference(seen, whole, name, frame)]
        if (count := usable_cells(mine, reference.iri_m_km)) < MIN_REFERENCE_CELLS:
            found.append(
                Finding(
                    severity="warning",
                    rule="too_few_surveyed_cells",
                    row=name,
                    message=f"{name}: {count} surveyed cells are usable, {MIN_REFERENCE_CELLS} are needed: "
                    "the survey does not calibrate it.",
                    hint="survey more cells (of 100 m) that it drives over at 4.5 m/s or more",
                )
            )
    return tuple(found)


def _renewed(
    seen: Sequence[Seen], reference: Reference | None, known: Mapping[str, Vehicle], section_id: str
) -> tuple[Finding, ...]:
    """Say which surveyed stretches are no truth for the drives that they were to calibrate: works came between."""
    to_do = [s for s in seen if _is_open(known, s.drive.vehicle)]
    if reference is None or not to_do:
        return ()
    stretches = int((~np.all([reference.holds(s.drive.day) for s in to_do], axis=0)).sum())
    cars = {s.drive.vehicle for s in to_do}
    kept = sum((c := _calibration(known, name)) is not None and c.calibrated for name in cars)
    return (
        Finding(
            severity="warning",
            rule=RENEWED,
            table="pavement_survey",
            row=section_id,
            message=f"{section_id}: {stretches} of {reference.from_m.size} surveyed stretches were renewed by works "
            "between the survey and the drives: there they calibrate no car. Of "
            f"{len(cars)} cars that were to be calibrated {kept} keep the earlier calibration where too little is left.",
            hint="survey the new surface, or another stretch, and bring it in with --survey",
            action="dropped",
        ),
    ) * bool(stretches)


def read_cells(seen: Seen, bounds: tuple[Floats, Floats], frame: RouteFrame) -> CellReadings:
    """Return what a pass read in cells from and to [m] of the route, nothing scaled."""
    start, end = bounds[0] - frame.start_m, bounds[1] - frame.start_m
    slope, coverage = mean_over(seen.passed.slope, start, end)
    speed, _ = mean_over(seen.passed.speed_m_s, start, end)
    enough = (coverage >= MIN_COVERAGE) & (slope > 0)
    log_iri = np.where(enough, np.log(np.where(enough, 1000 * slope, 1.0)), np.nan)
    return CellReadings(vehicle=seen.drive.vehicle, log_iri=log_iri, coverage=coverage, speed_m_s=speed)

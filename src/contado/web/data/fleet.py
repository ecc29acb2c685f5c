"""The cars that measure the roads, under their pseudonyms, and how much of the roads they covered."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contado.engines.pavement.quantiles import Z_90
from contado.web.data.roads import Interval
from contado.web.data.view import day, real, rows, text
from contado.web.i18n import Words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.roads import Roads
    from contado.web.data.view import Row

__all__ = ["DRIFT_SHARE", "MODELS", "Coverage", "Vehicle", "coverage", "vehicles"]

DRIFT_SHARE: Final = 0.10
"""How far a car may read from the fleet before somebody looks at it [share of IRI]."""
MODELS: Final = {
    "quarter": Words("a una ruota", "one wheel"),
    "half": Words("a due assi", "two axles"),
    "learnt": Words("appreso", "learnt"),
}
"""How a car answers a road -> what the page calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A car: factor on its IRI as it is worth today, how far it reads from the fleet [share], drives and measured length [km].

    ``kept_until`` is the day after which its last raw signal is deleted, ``overdue`` how many drives are
    past theirs.
    """

    id: str
    model: str | None
    """How it answers a road: quarter, half or learnt."""
    calibrated: bool
    calibrated_on: dt.date | None
    scale: Interval
    bias: float | None
    drives: int
    km: float
    last: dt.date | None
    kept_until: dt.date | None
    overdue: int
    label: str | None

    @property
    def drifts(self) -> bool:
        """Whether it reads further from the fleet than a car may."""
        return self.bias is not None and abs(self.bias) > DRIFT_SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Roads of one municipality: length, length without a recent pass, length that passes could not measure [km]."""

    code: str | None
    name: str | None
    km: float
    not_driven_km: float | None
    not_measurable_km: float | None
    last: dt.date | None
    label: str | None

    @property
    def share(self) -> float | None:
        """Share of the length without a recent pass."""
        return self.not_driven_km / self.km if self.not_driven_km is not None and self.km else None


def vehicles(view: View, today: dt.date) -> list[Vehicle]:
    """Return the cars, those that drift first, then by measured length."""
    drives: dict[str, list[Row]] = defaultdict(list)
    for drive in rows(view, "pavement_drive"):
        drives[str(drive["vehicle_id"])].append(drive)
    cell_km = view.settings.pavement.cell_m / 1000
    found = [
        _vehicle(row, drives.get(str(row["vehicle_id"]), ()), cell_km, today)
        for row in rows(view, "pavement_vehicle")
    ]
    return sorted(found, key=lambda v: (not v.drifts, -v.km, v.id))


def _vehicle(row: Row, drives: Sequence[Row], cell_km: float, today: dt.date) -> Vehicle:
    kept = [d for drive in drives if (d := day(drive, "retention_until"))]
    since = day(row, "calibrated_on")
    return Vehicle(
        id=str(row["vehicle_id"]),
        model=text(row, "model"),
        calibrated=bool(row.get("calibrated")),
        calibrated_on=since,
        scale=_scale(real(row, "scale"), real(row, "sd_log"), since, today),
        bias=None if (bias := real(row, "bias_log")) is None else math.expm1(bias),
        drives=len(drives),
        km=cell_km * sum(real(drive, "cells") or 0.0 for drive in drives),
        last=max((d for drive in drives if (d := day(drive, "start_utc"))), default=None),
        kept_until=max(kept, default=None),
        overdue=sum(d < today for d in kept),
        label=text(row, "label"),
    )


def _scale(scale: float | None, sd_log: float | None, since: dt.date | None, today: dt.date) -> Interval:
    """Return the factor with its interval as it is worth today: a calibration grows old."""
    from contado.engines.pavement.measuring.calibration import Calibration

    if scale is None or sd_log is None:
        return Interval(value=scale)
    now = Calibration(scale=scale, sd_log=sd_log, calibrated=since is not None, on=since).aged(today)
    spread = math.exp(Z_90 * now.sd_log)
    return Interval(value=scale, low=scale / spread, high=scale * spread)


def coverage(roads: Roads) -> list[Coverage]:
    """Return the municipalities that have roads, the one with most length without a recent pass first."""
    by_place: dict[tuple[str | None, str | None], list[int]] = defaultdict(list)
    for i, section in enumerate(roads.sections):
        by_place[section.code, section.municipality].append(i)
    found = []
    for (code, name), places in by_place.items():
        own = [roads.sections[i] for i in places]
        labels = {s.label for s in own}
        found.append(
            Coverage(
                code=code,
                name=name,
                km=sum(s.length_km for s in own),
                not_driven_km=_total(s.not_driven_km for s in own),
                not_measurable_km=_total(s.not_measurable_km for s in own),
                last=max((s.last for s in own if s.last), default=None),
                label=next((n for n in ("simulated", "estimated", "measured") if n in labels), None),
            )
        )
    return sorted(found, key=lambda c: (-(c.not_driven_km or 0.0), c.name or ""))


def _total(lengths: Iterable[float | None]) -> float | None:
    found = list(lengths)
    return None if None in found else sum(v or 0.0 for v in found)

"""Field checks: what the last diagnosis found of the cars against campaigns of a profiler, for their page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from contado.kernel.monitoring.proportion import sample_for
from contado.web.data.roads import Interval
from contado.web.data.view import day, kept, real, rows

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.view import Row

__all__ = ["HALF_ALIKE", "Campaign", "Check", "FieldChecks", "Figures", "Stretch", "campaigns_for", "load"]

LEVEL: Final = 0.9
"""Share of surveyed values that the intervals promise to hold."""
STRETCH_KM: Final = 0.1
HALF_ALIKE: Final = 0.5
"""Correlation of the errors of neighbours that a plan allows for where none was seen yet."""
_WISHES: Final = (0.10, 0.05, 0.03)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Agreement of some stretches with a survey; errors are shares of the surveyed IRI, None = not told."""

    stretches: int
    length_km: float
    bias: float
    median_error: float
    p90_error: float
    r2_log: float | None = None
    spearman: float | None = None
    sd_log: float | None = None
    limit_low: float | None = None
    limit_high: float | None = None
    inside: int | None = None
    coverage: float | None = None
    coverage_low: float | None = None
    coverage_high: float | None = None
    half_width: float | None = None
    by: str = ""
    name: str = ""


class Told(msgspec.Struct, frozen=True):
    """A finding of the check: its rule and its English sentence."""

    rule: str
    message: str


class _Details(msgspec.Struct, frozen=True):
    groups: tuple[Figures, ...] = ()
    findings: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A surveyed stretch, and what cars estimated of it with its 90 % interval [m/km]."""

    section: str
    from_m: float
    to_m: float
    surveyed: float
    iri: Interval
    passes: int | None
    speed_kmh: float | None
    last: dt.date | None

    @property
    def error(self) -> float | None:
        """Error as a share of the surveyed IRI."""
        return None if self.iri.value is None else self.iri.value / self.surveyed - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One campaign against the state of the roads on a day."""

    id: str
    first_on: dt.date | None
    last_on: dt.date | None
    state_on: dt.date | None
    instruments: tuple[str, ...]
    sections: int
    calibrated: int
    uncovered: int
    figures: Figures
    groups: tuple[Figures, ...]
    findings: tuple[Told, ...]
    alike: float | None
    effective: float
    noise_floor: float
    noise_source: str
    label: str
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChecks:
    """All checks, the newest first; ``waiting`` surveyed stretches that only check but are in none yet."""

    checks: tuple[Check, ...] = ()
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What a campaign must be like to know the coverage to +- ``half_width``: stretches and km.

    ``alike_km`` is the length where errors of neighbours are correlated.
    """

    half_width: float
    stretches: int
    km: float
    alike_km: float


def campaigns_for(alike: float) -> list[Campaign]:
    """Return how long a campaign must be for several widths of the coverage's interval, at the promised share.

    Parameters
    ----------
    alike
        Correlation of the errors of neighbours; stretches count less by (1 - r)/(1 + r).
    """
    found = []
    for wish in _WISHES:
        n = sample_for(wish, LEVEL)
        km = n * STRETCH_KM
        found.append(Campaign(half_width=wish, stretches=n, km=km, alike_km=km * (1 + alike) / (1 - alike)))
    return found


def load(view: View) -> FieldChecks:
    """Read the checks of the workspace; without any there are none."""
    stretches: dict[str, list[Row]] = {}
    for row in rows(view, "pavement_field_check_stretch"):
        stretches.setdefault(str(row["check_id"]), []).append(row)
    found = [
        _check(row, stretches.get(str(row["check_id"]), ())) for row in rows(view, "pavement_field_check")
    ]
    surveyed = [r for r in rows(view, "pavement_survey") if r.get("role") == "validation"]
    return FieldChecks(
        checks=tuple(sorted(found, key=lambda c: str(c.last_on or ""), reverse=True)),
        waiting=0 if found else len(surveyed),
    )


def _check(row: Row, stretches: Sequence[Row]) -> Check:
    details = kept(row, "details", _Details)
    names = Figures.__struct_fields__
    return Check(
        id=str(row["check_id"]),
        first_on=day(row, "first_on"),
        last_on=day(row, "last_on"),
        state_on=day(row, "state_on"),
        instruments=tuple(row.get("instruments") or ()),
        sections=int(row["sections"]),
        calibrated=int(row["calibrated"]),
        uncovered=int(row["uncovered"]),
        figures=msgspec.convert({n: row[n] for n in names if row.get(n) is not None}, Figures),
        groups=details.groups,
        findings=details.findings,
        alike=real(row, "neighbour_correlation"),
        effective=real(row, "effective") or 0.0,
        noise_floor=real(row, "noise_floor") or 0.0,
        noise_source=str(row["instrument_source"]),
        label=str(row["label"]),
        stretches=tuple(_stretch(own) for own in stretches),
    )


def _stretch(row: Row) -> Stretch:
    speed, passes = real(row, "speed_m_s"), real(row, "passes")
    return Stretch(
        section=str(row["section_id"]),
        from_m=float(row["from_m"]),
        to_m=float(row["to_m"]),
        surveyed=float(row["surveyed_m_km"]),
        iri=Interval(
            value=real(row, "estimated_m_km"), low=real(row, "low_m_km"), high=real(row, "high_m_km")
        ),
        passes=None if passes is None else round(passes),
        speed_kmh=None if speed is None else 3.6 * speed,
        last=day(row, "last_on"),
    )

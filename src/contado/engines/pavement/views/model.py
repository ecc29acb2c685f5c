"""Roads as files show them: cells with intervals, anomalies, works, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from contado.engines.pavement.anomalies.sources import DEFECTS
from contado.engines.pavement.road.posts import Posts
from contado.kernel.publish.words import Words

if TYPE_CHECKING:
    from datetime import date

    from contado.engines.pavement.road.lines import Line
    from contado.kernel.errors import Finding
    from contado.kernel.labels import Label

__all__ = ["NOT_DRIVEN_D", "Cell", "Road", "RoadState", "Segment", "Spot", "Vehicle", "Work"]

NOT_DRIVEN_D: Final = 30
"""Days after which a road counts as not driven, where the state says nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A piece of road as it was measured; IRI and interval [m/km] are None where nobody could measure."""

    from_m: float
    to_m: float
    iri: float | None
    low: float | None
    high: float | None
    passes: int | None = None
    vehicles: int | None = None
    last_on: date | None = None
    state: str = "measured"
    """One of measured, not_driven, renewed, not_measurable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a road that is alike, as a diagnosis cut, graded and ranked it [m, m/km]."""

    from_m: float
    to_m: float
    iri: float | None
    low: float | None
    high: float | None
    index: float | None
    index_low: float | None
    index_high: float | None
    class_id: str
    uncertain: bool
    priority: float | None
    rank: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """An anomaly or a speed bump: place [m], kind, height (+) or depth (-) [mm], severity 0-100."""

    at_m: float
    kind: str
    height_mm: float | None
    severity: float | None
    p_exists: float | None
    confirmed: bool
    passes: int | None = None
    passes_possible: int | None = None
    last_seen: date | None = None
    lonlat: tuple[float, float] | None = None
    side: str | None = None
    """Wheel track in the direction of the road: left, right, both; None where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Works on a stretch of a road [m]: done on a day, or planned for a year."""

    from_m: float
    to_m: float
    day: date | None
    treatment: str
    year: int | None = None
    name: Words | None = None
    """What the treatment is called; None where no catalogue knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """A road or section by chainage; without a line its place is not known."""

    name: str
    line: Line | None
    cells: tuple[Cell, ...]
    spots: tuple[Spot, ...] = ()
    works: tuple[Work, ...] = ()
    street: str | None = None
    segments: tuple[Segment, ...] = ()
    """What a diagnosis of the same day cut it into; without one it is shown in pieces of 100 m."""
    posts: Posts = field(default_factory=Posts)
    """Official kilometres along it; without them those from its own start."""

    @property
    def defects(self) -> tuple[Spot, ...]:
        """Its anomalies; speed bumps, which were put there on purpose, are none."""
        return tuple(s for s in self.spots if s.kind in DEFECTS)

    @property
    def title(self) -> str:
        """Name of the section and of its street, where that is another one."""
        return self.name if self.street in {None, self.name} else f"{self.name}, {self.street}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A car of the survey: scale of its readings, sd of its logarithm, whether a reference set it."""

    name: str
    scale: float
    sd_log: float
    calibrated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadState:
    """Roads on a day, and how their numbers were born."""

    roads: tuple[Road, ...]
    label: Label
    on: date | None
    vehicles: tuple[Vehicle, ...] = ()
    drives: int | None = None
    body: str = ""
    """Whose roads they are, where the state says so."""
    findings: tuple[Finding, ...] = field(default=())


SIMULATED: Final = Words(
    "Strade, misure e anomalie sono simulate: nessuna strada reale è descritta.",
    "Roads, measures and anomalies are simulated: no real road is described.",
)
"""The sentence of the bar on top of a file whose numbers are simulated."""

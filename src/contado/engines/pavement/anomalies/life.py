"""The life of an anomaly: what passes and people told of a place, what it is now, what happened to it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from contado.engines.pavement.anomalies import side as sides
from contado.engines.pavement.anomalies.sources import SENSOR, sense_of, sensor_of

if TYPE_CHECKING:
    from contado.engines.pavement.anomalies.side import Side
    from contado.engines.pavement.anomalies.sources import Sensor

__all__ = ["Anomaly", "Answer", "Change", "Passage", "Sighting", "State"]

State = Literal["new", "confirmed", "worse", "repaired", "closed", "fixture"]
Answer = Literal["present", "absent", "repaired"]
"""What somebody who was asked about a place found there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One pass (or person, or camera) that noticed something."""

    chainage_m: float
    kind: str
    height_mm: float | None = None
    """Unknown where nothing measured it."""
    severity: float | None = None
    fixture_id: str | None = None
    """The known fixture of the road that it is."""
    second_axle: bool | None = None
    """Whether the second axle was shaken too; None where that cannot be told."""
    side: Side | None = None
    """Wheel track, in the direction of the section; None where that cannot be told."""

    @property
    def sense(self) -> int:
        """Below (-1), above (1) or level with (0) the road."""
        return sense_of(self.kind, self.height_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One drive over a section: day, stretches measured at sufficient speed, what it noticed.

    A person who was asked about one place is a passage too: ``asked`` is the place, ``answer`` what was found.
    """

    drive_id: str
    section_id: str
    day: float
    """Days on any one clock, such as since 1970."""
    covered_m: tuple[tuple[float, float], ...]
    sightings: tuple[Sighting, ...]
    sensor: Sensor = SENSOR
    source: str = "car"
    asked: Sighting | None = None
    answer: Answer | None = None
    who: str | None = None
    """The person, as a reference; None where the drive says it all."""
    photo: str | None = None
    label: str = "estimated"

    @property
    def counted(self) -> bool:
        """Whether this is a pass of a car, from which one learns how often cars feel a place."""
        return self.source == "car"

    def covers(self, chainage_m: float) -> bool:
        """Whether the drive measured there."""
        return any(a <= chainage_m < b for a, b in self.covered_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """A known place with its history."""

    anomaly_id: str
    section_id: str
    chainage_m: float
    kind: str
    height_mm: float | None
    severity: float | None
    state: State
    log_odds: float
    first_seen: float
    last_seen: float
    last_not_seen: float | None
    updated: float
    hits: int
    misses: int
    """Passes that did not feel it although later ones did."""
    clean: int
    """Passes in a row, up to now, that did not feel it."""
    clean_since_repair: int
    severity_confirmed: float | None
    told: int = 0
    """Sightings by people and cameras."""
    reported: float | None = None
    """Day of the citizens' report that counted last."""
    source: str = "car"
    """Who noticed it first."""
    confirmed_by: str | None = None
    photo: str | None = None
    fixture_id: str | None = None
    """The known fixture of the road that it is: followed for change, no defect as it stands."""
    votes: tuple[Side, ...] = ()
    """What each pass that tells it said of the side."""

    @property
    def side(self) -> Side | None:
        """Wheel track, in the direction of the section; None where the passes do not tell or agree."""
        return sides.agreed(self.votes)

    @property
    def sense(self) -> int:
        """Below (-1), above (1) or level with (0) the road."""
        return sense_of(self.kind, self.height_mm)

    @property
    def reach_m(self) -> float:
        """How far off its place may be that no car has felt yet [m]; 0 once one has."""
        return 0.0 if self.hits else sensor_of(self.source, self.kind).reach_m

    @property
    def p_exists(self) -> float:
        """Probability that it is there."""
        return 1 / (1 + math.exp(-self.log_odds))

    @property
    def passes_possible(self) -> int:
        """Passes of cars that could have felt it, up to its repair."""
        return self.hits + self.misses + self.clean - self.clean_since_repair


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row of evidence: which drive or person met which anomaly, and the state before and after.

    ``what``: seen, not_seen, reported (by a citizen), confirmed, denied or repaired (by an inspector).
    """

    anomaly_id: str
    section_id: str
    chainage_m: float
    day: float
    drive_id: str
    what: str
    before: State | None
    after: State
    p_exists: float
    source: str = "car"
    who: str | None = None
    photo: str | None = None
    label: str = "estimated"

"""Is it still there? Existence of an anomaly from what passes felt and from what they did not feel.

The log-odds of existence rise by ln(pd/pf) with a pass that felt it, and by ln((1 - pd)/(1 - pf)) - a
negative number - with a pass at sufficient speed that did not; between passes they fade to the prior. How
often this very place is felt (pd) is learnt from its own history. States go ``new`` -> ``confirmed`` ->
``worse`` -> ``repaired`` (existence below 0.1) -> ``closed``; each change is a row of evidence.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "SENSOR",
    "Anomaly",
    "Change",
    "Passage",
    "Sensor",
    "Sighting",
    "TrackSettings",
    "existence",
    "track",
]

State = Literal["new", "confirmed", "worse", "repaired", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """How reliable a source is: probability to notice what is there (pd) and what is not (pf)."""

    pd: float
    pf: float


SENSOR: Final = Sensor(pd=0.85, pf=0.02)
"""A car with an accelerometer that passes once."""

PRIOR: Final = math.log(0.05 / 0.95)
"""Log-odds that a place where something was felt for the first time holds an anomaly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackSettings:
    """When a state changes."""

    same_m: float = 8.0
    """A sighting this near to a known anomaly, up or down like it, is that anomaly."""
    most: float = 5.0
    """Cap of the log-odds: old certainty must give way to a few passes that feel nothing."""
    half_life_d: float = 365.0
    confirmed_p: float = 0.9
    repaired_p: float = 0.1
    worse_by: float = 10.0
    """Rise of severity [0-100] above the one it was confirmed with."""
    closing_passes: int = 2
    """Passes that feel nothing after the repair until it is closed."""
    learn: float = 6.0
    """Weight of the sensor's pd against the place's own history [passes]."""
    least_pd: float = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One pass (or person, or camera) that noticed something."""

    chainage_m: float
    kind: str
    height_mm: float
    severity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One drive over a section: day, stretches measured at sufficient speed, what it noticed."""

    drive_id: str
    section_id: str
    day: float
    """Days on any one clock, such as since 1970."""
    covered_m: tuple[tuple[float, float], ...]
    sightings: tuple[Sighting, ...]
    sensor: Sensor = SENSOR
    source: str = "car"

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
    height_mm: float
    severity: float
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

    @property
    def p_exists(self) -> float:
        """Probability that it is there."""
        return 1 / (1 + math.exp(-self.log_odds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row of evidence: which drive moved which anomaly from which state to which."""

    anomaly_id: str
    day: float
    drive_id: str
    before: State | None
    after: State
    p_exists: float


def existence(felt: Sequence[bool], possible: Sequence[bool], sensor: Sensor) -> float:
    """Return the probability that a place exists after these passes.

    Examples
    --------
    >>> round(existence([True, True], [True, True], SENSOR), 3)
    0.99
    >>> round(existence([True, False, False], [True, True, True], SENSOR), 3)
    0.05
    """
    odds = PRIOR
    for hit, can in zip(felt, possible, strict=True):
        if can:
            odds += _gain(sensor) if hit else _loss(sensor.pd, sensor.pf)
    return 1 / (1 + math.exp(-odds))


def track(
    known: Iterable[Anomaly], passages: Iterable[Passage], settings: TrackSettings | None = None
) -> tuple[list[Anomaly], list[Change]]:
    """Return the anomalies after these passages, by section and chainage, and every change of state.

    Passages are taken in order of time (then of name), so their order does not matter.
    """
    settings = settings or TrackSettings()
    state = {a.anomaly_id: a for a in known}
    changes: list[Change] = []
    for passage in sorted(passages, key=lambda p: (p.day, p.drive_id)):
        matched, left = _assign(state, passage, settings)
        for identifier, anomaly in list(state.items()):
            if anomaly.section_id != passage.section_id:
                continue
            sighting = matched.get(identifier)
            if sighting is None and not passage.covers(anomaly.chainage_m):
                continue
            after = (
                _seen(anomaly, sighting, passage, settings)
                if sighting
                else _unseen(anomaly, passage, settings)
            )
            _note(changes, anomaly.state, after, passage)
            state[identifier] = after
        for sighting in left:
            fresh = _fresh(sighting, passage)
            if fresh.anomaly_id not in state:
                state[fresh.anomaly_id] = fresh
                _note(changes, None, fresh, passage)
    return sorted(state.values(), key=lambda a: (a.section_id, a.chainage_m, a.anomaly_id)), changes


def _assign(
    state: Mapping[str, Anomaly], passage: Passage, settings: TrackSettings
) -> tuple[dict[str, Sighting], list[Sighting]]:
    """Give each sighting to the nearest known place like it, nearest pairs first."""
    pairs = sorted(
        (abs(a.chainage_m - s.chainage_m), a.anomaly_id, i)
        for i, s in enumerate(passage.sightings)
        for a in state.values()
        if a.section_id == passage.section_id
        and a.state != "closed"
        and abs(a.chainage_m - s.chainage_m) <= settings.same_m
        and (a.height_mm > 0) == (s.height_mm > 0)
    )
    matched: dict[str, Sighting] = {}
    used: set[int] = set()
    for _, identifier, i in pairs:
        if identifier not in matched and i not in used:
            matched[identifier] = passage.sightings[i]
            used.add(i)
    return matched, [s for i, s in enumerate(passage.sightings) if i not in used]


def _gain(sensor: Sensor) -> float:
    return math.log(sensor.pd / sensor.pf)


def _loss(pd: float, pf: float) -> float:
    return math.log((1 - pd) / (1 - pf))


def _faded(anomaly: Anomaly, day: float, settings: TrackSettings) -> float:
    share = math.exp2(-max(0.0, day - anomaly.updated) / settings.half_life_d)
    return PRIOR + (anomaly.log_odds - PRIOR) * share


def _own_pd(anomaly: Anomaly, sensor: Sensor, settings: TrackSettings) -> float:
    """Return how often this place is felt: the sensor's figure, less where its own history says less.

    Never more: three passes in a row may miss what is there; the fourth closes it.
    """
    felt = anomaly.hits + settings.learn * sensor.pd
    own = felt / (anomaly.hits + anomaly.misses + settings.learn)
    return max(settings.least_pd, min(sensor.pd, own))


def _seen(anomaly: Anomaly, sighting: Sighting, passage: Passage, settings: TrackSettings) -> Anomaly:
    odds = min(settings.most, _faded(anomaly, passage.day, settings) + _gain(passage.sensor))
    # what is felt again after its repair begins a new life
    again = anomaly.state == "repaired"
    hits = 1 if again else anomaly.hits + 1
    weight = 1 / min(hits, 6)
    severity = anomaly.severity + (sighting.severity - anomaly.severity) * max(weight, 0.3)
    state: State = "new" if again else anomaly.state
    confirmed = None if again else anomaly.severity_confirmed
    if state == "new" and hits >= 2 and 1 / (1 + math.exp(-odds)) >= settings.confirmed_p:
        state, confirmed = "confirmed", severity
    elif state == "confirmed" and confirmed is not None and severity >= confirmed + settings.worse_by:
        state = "worse"
    return dataclasses.replace(
        anomaly,
        chainage_m=anomaly.chainage_m + (sighting.chainage_m - anomaly.chainage_m) * weight,
        kind=sighting.kind if again else anomaly.kind,
        height_mm=anomaly.height_mm + (sighting.height_mm - anomaly.height_mm) * max(weight, 0.3),
        severity=severity,
        state=state,
        log_odds=odds,
        last_seen=passage.day,
        updated=passage.day,
        hits=hits,
        misses=0 if again else anomaly.misses + anomaly.clean,
        clean=0,
        clean_since_repair=0,
        severity_confirmed=confirmed,
    )


def _unseen(anomaly: Anomaly, passage: Passage, settings: TrackSettings) -> Anomaly:
    loss = _loss(_own_pd(anomaly, passage.sensor, settings), passage.sensor.pf)
    odds = max(-settings.most, _faded(anomaly, passage.day, settings) + loss)
    state = anomaly.state
    since = anomaly.clean_since_repair
    if state == "repaired":
        since += 1
        state = "closed" if since >= settings.closing_passes else state
    elif state != "closed" and 1 / (1 + math.exp(-odds)) < settings.repaired_p:
        # what was felt once and never again was no anomaly: nobody repaired it
        state = "closed" if state == "new" else "repaired"
    return dataclasses.replace(
        anomaly,
        state=state,
        log_odds=odds,
        last_not_seen=passage.day,
        updated=passage.day,
        clean=anomaly.clean + 1,
        clean_since_repair=since,
    )


def _fresh(sighting: Sighting, passage: Passage) -> Anomaly:
    return Anomaly(
        anomaly_id=f"{passage.section_id}:{sighting.chainage_m:.1f}:{passage.day:.0f}",
        section_id=passage.section_id,
        chainage_m=sighting.chainage_m,
        kind=sighting.kind,
        height_mm=sighting.height_mm,
        severity=sighting.severity,
        state="new",
        log_odds=PRIOR + _gain(passage.sensor),
        first_seen=passage.day,
        last_seen=passage.day,
        last_not_seen=None,
        updated=passage.day,
        hits=1,
        misses=0,
        clean=0,
        clean_since_repair=0,
        severity_confirmed=None,
    )


def _note(changes: list[Change], before: State | None, after: Anomaly, passage: Passage) -> None:
    if after.state != before:
        changes.append(
            Change(
                anomaly_id=after.anomaly_id,
                day=passage.day,
                drive_id=passage.drive_id,
                before=before,
                after=after.state,
                p_exists=after.p_exists,
            )
        )

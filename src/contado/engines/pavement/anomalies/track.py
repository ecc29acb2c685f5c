"""Is it still there? Existence of an anomaly from what passes felt and from what they did not feel.

The log-odds of existence rise by ln(pd/pf) with a pass that felt it, and by ln((1 - pd)/(1 - pf)) - a
negative number - with a pass at sufficient speed that did not. Between passes they fade: to the prior what was
felt once, to evens what was confirmed, for a pause repairs nothing. How
often this very place is felt (pd) is learnt from its own history. States go ``new`` -> ``confirmed`` ->
``worse`` -> ``repaired`` (existence below 0.1, after two cars in a row that felt nothing) -> ``closed``; each change is a row of evidence. Cameras and
citizens add to the log-odds with rates of their own; what an inspector found on the spot decides the state. Nothing
tells one citizen from another, so all that they say of a place within a day is one report.
A known fixture of the road is in state ``fixture`` instead of new and confirmed, and from there goes to
``worse`` or, when it is gone, ``repaired``.
"""

from __future__ import annotations

import dataclasses
import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING, Final

from contado.engines.pavement.anomalies import axles
from contado.engines.pavement.anomalies import side as sides
from contado.engines.pavement.anomalies.life import Anomaly, Change
from contado.engines.pavement.anomalies.sources import SENSOR, Sensor

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from contado.engines.pavement.anomalies.life import Passage, Sighting, State
    from contado.engines.pavement.anomalies.side import Side

__all__ = [
    "SENSOR",
    "Sensor",
    "TrackSettings",
    "existence",
    "follow",
    "track",
]

PRIOR: Final = math.log(0.05 / 0.95)
"""Log-odds that a place where something was felt for the first time holds an anomaly."""
_EVENS: Final = 0.0
_THERE: Final = frozenset({"confirmed", "worse", "fixture"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackSettings:
    """When a state changes."""

    most: float = 4.5
    """Cap of the log-odds: old certainty must give way to a few passes that feel nothing."""
    half_life_d: float = 365.0
    confirmed_p: float = 0.9
    repaired_p: float = 0.1
    repairing_passes: int = 2
    """Cars in a row that must feel nothing: one misses what is there in a seventh of its passes."""
    worse_by: float = 10.0
    """Rise of severity [0-100] above the one it was confirmed with."""
    closing_passes: int = 2
    """Passes that feel nothing after the repair until it is closed."""
    learn: float = 6.0
    """Weight of the sensor's pd against the place's own history [passes]."""
    least_pd: float = 0.6
    report_d: float = 1.0
    """Reports of citizens within this time of the one that counted are that one [days]."""


def existence(
    felt: Sequence[bool],
    possible: Sequence[bool],
    sensor: Sensor,
    twice: Sequence[bool | None] | None = None,
) -> float:
    """Return the probability that a place exists after these passes.

    ``twice`` says of each pass whether its second axle was shaken too; None where that cannot be told.

    Examples
    --------
    >>> round(existence([True, True], [True, True], SENSOR), 3)
    0.99
    >>> round(existence([True, False, False], [True, True, True], SENSOR), 3)
    0.05
    >>> one = [existence([True], [True], SENSOR, [heard]) for heard in (False, None, True)]
    >>> [round(p, 2) for p in one]
    [0.11, 0.69, 0.97]
    """
    odds = PRIOR
    for hit, can, heard in zip(felt, possible, twice or [None] * len(felt), strict=True):
        if can:
            odds += _gain(sensor) + axles.weight(heard) if hit else _loss(sensor.pd, sensor.pf)
    return 1 / (1 + math.exp(-odds))


def track(
    known: Iterable[Anomaly], passages: Iterable[Passage], settings: TrackSettings | None = None
) -> tuple[list[Anomaly], list[Change]]:
    """Return the anomalies after these passages, by section and chainage, and every change of state.

    Passages are taken in order of time (then of name), so their order does not matter.
    """
    found, met = follow(known, passages, settings)
    return found, [c for c in met if c.before != c.after]


def follow(
    known: Iterable[Anomaly], passages: Iterable[Passage], settings: TrackSettings | None = None
) -> tuple[list[Anomaly], list[Change]]:
    """Return what `track` returns, and with the changes also what met an anomaly and changed no state.

    Passes over what is closed already are left out.
    """
    settings = settings or TrackSettings()
    state = {a.anomaly_id: a for a in known}
    met: list[Change] = []
    for passage in sorted(passages, key=lambda p: (p.day, p.drive_id)):
        standing = _standing(state, passage)
        matched, left = _assign(standing, passage.sightings)
        asked = _asked(standing, passage)
        for identifier, anomaly in list(state.items()):
            if anomaly.section_id != passage.section_id:
                continue
            sighting = matched.get(identifier)
            if sighting is None and identifier != asked and not passage.covers(anomaly.chainage_m):
                continue
            after = (
                _seen(anomaly, sighting, passage, settings)
                if sighting
                else _unseen(anomaly, passage, settings)
            )
            _note(met, anomaly.state, after, passage, seen=sighting is not None)
            state[identifier] = after
        for sighting in left:
            fresh = _fresh(sighting, passage, settings, state)
            state[fresh.anomaly_id] = fresh
            _note(met, None, fresh, passage, seen=True)
    return sorted(state.values(), key=lambda a: (a.section_id, a.chainage_m, a.anomaly_id)), met


def _assign(standing: _Standing, told: Iterable[Sighting]) -> tuple[dict[str, Sighting], list[Sighting]]:
    """Give each sighting to the nearest known place like it, nearest pairs first; return the others too."""
    # in an order of its own, so that the order of the rows decides nothing
    sightings = sorted(told, key=lambda s: (s.chainage_m, repr(s)))
    pairs = sorted(
        (distance, identifier, i)
        for i, s in enumerate(sightings)
        for distance, identifier in _near(standing, s)
    )
    matched: dict[str, Sighting] = {}
    used: set[int] = set()
    for _, identifier, i in pairs:
        if identifier not in matched and i not in used:
            matched[identifier] = sightings[i]
            used.add(i)
    return matched, [s for i, s in enumerate(sightings) if i not in used]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """What is known on a section and not closed, by chainage, and how far from a sighting it may be [m]."""

    places: Sequence[Anomaly]
    sensor_m: float
    most_m: float


def _standing(state: Mapping[str, Anomaly], passage: Passage) -> _Standing:
    here = [a for a in state.values() if a.section_id == passage.section_id and a.state != "closed"]
    sensor_m = passage.sensor.reach_m
    return _Standing(
        places=sorted(here, key=_chainage),
        sensor_m=sensor_m,
        most_m=max((a.reach_m for a in here), default=0.0) + sensor_m,
    )


def _chainage(anomaly: Anomaly) -> float:
    return anomaly.chainage_m


def _near(standing: _Standing, sighting: Sighting) -> list[tuple[float, str]]:
    """Return the places that a sighting may be, with their distance [m]."""
    first = bisect_left(standing.places, sighting.chainage_m - standing.most_m, key=_chainage)
    last = bisect_right(standing.places, sighting.chainage_m + standing.most_m, first, key=_chainage)
    return [
        (abs(a.chainage_m - sighting.chainage_m), a.anomaly_id)
        for a in standing.places[first:last]
        if abs(a.chainage_m - sighting.chainage_m) <= max(standing.sensor_m, a.reach_m)
        and a.sense == sighting.sense
    ]


def _asked(standing: _Standing, passage: Passage) -> str | None:
    """Return the place that somebody was asked about, where it is known."""
    if passage.asked is None:
        return None
    return min(_near(standing, passage.asked), default=(0.0, None))[1]


def _gain(sensor: Sensor) -> float:
    return math.log(sensor.pd / sensor.pf)


def _loss(pd: float, pf: float) -> float:
    return math.log((1 - pd) / (1 - pf))


def _faded(anomaly: Anomaly, day: float, settings: TrackSettings) -> float:
    share = math.exp2(-max(0.0, day - anomaly.updated) / settings.half_life_d)
    level = _EVENS if anomaly.state in _THERE else PRIOR
    return level + (anomaly.log_odds - level) * share


def _own_pd(anomaly: Anomaly, sensor: Sensor, settings: TrackSettings) -> float:
    """Return how often this place is felt: the sensor's figure, less where its own history says less.

    Never more: three passes in a row may miss what is there; the fourth closes it.
    """
    felt = anomaly.hits + settings.learn * sensor.pd
    own = felt / (anomaly.hits + anomaly.misses + settings.learn)
    return max(settings.least_pd, min(sensor.pd, own))


def _repeats(anomaly: Anomaly, passage: Passage, settings: TrackSettings) -> bool:
    """Whether citizens have said this already."""
    if passage.source != "citizen" or anomaly.reported is None or anomaly.state == "repaired":
        return False
    return passage.day - anomaly.reported < settings.report_d


def _seen(anomaly: Anomaly, sighting: Sighting, passage: Passage, settings: TrackSettings) -> Anomaly:
    if _repeats(anomaly, passage, settings):
        return dataclasses.replace(anomaly, last_seen=passage.day, photo=passage.photo or anomaly.photo)
    gain = _gain(passage.sensor) + axles.weight(sighting.second_axle)
    odds = min(settings.most, _faded(anomaly, passage.day, settings) + gain)
    if passage.sensor.decides:
        odds = max(odds, _logit(settings.confirmed_p))
    # what is felt again after its repair begins a new life
    again = anomaly.state == "repaired"
    fixture = sighting.fixture_id or anomaly.fixture_id
    hits = (0 if again else anomaly.hits) + passage.counted
    told = (0 if again else anomaly.told) + (not passage.counted)
    weight = 1 / min(hits, 6) if passage.counted else 0.0 if hits else 1 / min(told, 6)
    alone = sighting.side in sides.ONE_TRACK
    first = alone and not anomaly.votes
    # what does not tell the track reads half the height: it changes nothing once the track is told
    less = anomaly.side in sides.ONE_TRACK and not alone and not again
    share = 1.0 if first else 0.0 if less else max(weight, 0.3)
    severity = _blended(anomaly.severity, sighting.severity, share)
    state: State = "new" if again else anomaly.state
    if state == "new" and fixture:
        state = "fixture"
    confirmed = None if again else anomaly.severity_confirmed
    if first and confirmed is not None:
        confirmed = severity
    sure = passage.sensor.decides or (hits + told >= 2 and 1 / (1 + math.exp(-odds)) >= settings.confirmed_p)
    if state == "new" and sure:
        state, confirmed = "confirmed", severity
    elif state == "fixture" and confirmed is None:
        confirmed = severity if sure else None
    elif (
        state in {"confirmed", "fixture"}
        and severity is not None
        and severity >= _worse_from(confirmed, settings)
    ):
        state = "worse"
    return dataclasses.replace(
        anomaly,
        chainage_m=anomaly.chainage_m + (sighting.chainage_m - anomaly.chainage_m) * weight,
        kind=sighting.kind if again else anomaly.kind,
        height_mm=_blended(anomaly.height_mm, sighting.height_mm, share),
        severity=severity,
        state=state,
        log_odds=odds,
        last_seen=passage.day,
        updated=passage.day,
        hits=hits,
        misses=0 if again else anomaly.misses + anomaly.clean,
        clean=0,
        clean_since_repair=0,
        severity_confirmed=severity if confirmed is None and state == "confirmed" else confirmed,
        fixture_id=fixture,
        told=told,
        reported=passage.day if passage.source == "citizen" else anomaly.reported,
        votes=(*(() if again else anomaly.votes), *_vote(sighting)),
        confirmed_by=(passage.who if passage.sensor.decides else None) or anomaly.confirmed_by,
        photo=passage.photo or anomaly.photo,
    )


def _vote(sighting: Sighting) -> tuple[Side, ...]:
    return () if sighting.side is None else (sighting.side,)


def _worse_from(confirmed: float | None, settings: TrackSettings) -> float:
    """Return the severity from which a confirmed anomaly is worse; never where its first one is unknown."""
    return math.inf if confirmed is None else confirmed + settings.worse_by


def _blended(old: float | None, new: float | None, weight: float) -> float | None:
    if old is None or new is None:
        return new if old is None else old
    return old + (new - old) * weight


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


def _unseen(anomaly: Anomaly, passage: Passage, settings: TrackSettings) -> Anomaly:
    pd = _own_pd(anomaly, passage.sensor, settings) if passage.counted else passage.sensor.pd
    odds = max(-settings.most, _faded(anomaly, passage.day, settings) + _loss(pd, passage.sensor.pf))
    if passage.sensor.decides:
        odds = min(odds, _logit(settings.repaired_p))
    since = anomaly.clean_since_repair + (anomaly.state == "repaired")
    clean = anomaly.clean + passage.counted
    gone = 1 / (1 + math.exp(-odds)) < settings.repaired_p
    if passage.counted and anomaly.state in _THERE:
        gone = gone and clean >= settings.repairing_passes
    return dataclasses.replace(
        anomaly,
        state=_state_unseen(anomaly.state, since, gone, passage, settings),
        log_odds=odds,
        last_not_seen=passage.day,
        updated=passage.day,
        clean=clean,
        clean_since_repair=since,
        photo=passage.photo or anomaly.photo,
    )


def _state_unseen(
    state: State, since_repair: int, gone: bool, passage: Passage, settings: TrackSettings
) -> State:
    """Return the state after a look that did not find it; ``gone``: by all that is known, it is not there."""
    if passage.answer == "absent" and passage.sensor.decides:
        return "closed"
    if state == "repaired":
        return "closed" if since_repair >= settings.closing_passes else state
    if state == "closed":
        return state
    if passage.answer == "repaired" and passage.sensor.decides:
        return "repaired"
    if gone:
        # what was felt once and never again was no anomaly: nobody repaired it
        return "closed" if state == "new" else "repaired"
    return state


def _free_id(sighting: Sighting, passage: Passage, taken: Container[str]) -> str:
    """Return section, place and day, with a number from 2 where another anomaly has that name already.

    So it is with what is level with the road beside what is below it, and with what is told anew on the day on
    which it was closed.
    """
    name = f"{passage.section_id}:{sighting.chainage_m:.1f}:{passage.day:.0f}"
    numbered = (f"{name}:{k}" for k in count(2))
    return next(n for n in chain([name], numbered) if n not in taken)


def _fresh(sighting: Sighting, passage: Passage, settings: TrackSettings, taken: Container[str]) -> Anomaly:
    decided = passage.sensor.decides
    odds = PRIOR + _gain(passage.sensor) + axles.weight(sighting.second_axle)
    return Anomaly(
        anomaly_id=_free_id(sighting, passage, taken),
        section_id=passage.section_id,
        chainage_m=sighting.chainage_m,
        kind=sighting.kind,
        height_mm=sighting.height_mm,
        severity=sighting.severity,
        state="fixture" if sighting.fixture_id else "confirmed" if decided else "new",
        log_odds=max(odds, _logit(settings.confirmed_p)) if decided else odds,
        first_seen=passage.day,
        last_seen=passage.day,
        last_not_seen=None,
        updated=passage.day,
        hits=int(passage.counted),
        misses=0,
        clean=0,
        clean_since_repair=0,
        severity_confirmed=sighting.severity if decided else None,
        told=int(not passage.counted),
        reported=passage.day if passage.source == "citizen" else None,
        source=passage.source,
        confirmed_by=passage.who if decided else None,
        photo=passage.photo,
        fixture_id=sighting.fixture_id,
        votes=_vote(sighting),
    )


_WORDS = {"present": "confirmed", "absent": "denied", "repaired": "repaired"}


def _note(met: list[Change], before: State | None, after: Anomaly, passage: Passage, *, seen: bool) -> None:
    if before == after.state == "closed":
        return
    what = "seen" if seen else "not_seen"
    if passage.answer is not None:
        what = _WORDS[passage.answer]
    elif passage.source == "citizen":
        what = "reported"
    met.append(
        Change(
            anomaly_id=after.anomaly_id,
            section_id=after.section_id,
            chainage_m=after.chainage_m,
            day=passage.day,
            drive_id=passage.drive_id,
            what=what,
            before=before,
            after=after.state,
            p_exists=after.p_exists,
            source=passage.source,
            who=passage.who,
            photo=passage.photo,
            label=passage.label,
        )
    )

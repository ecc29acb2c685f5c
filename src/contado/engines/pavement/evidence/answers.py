"""What an inspector found on the spot: taken once, or refused with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from contado.engines.pavement.anomalies.sources import sensor_of
from contado.engines.pavement.evidence.told import Told, desk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from contado.engines.pavement.anomalies.life import Answer
    from contado.engines.pavement.evidence.told import Desk
    from contado.kernel.records import Scope
    from contado.kernel.workspace import Workspace

__all__ = ["OPEN", "Found", "Outcome", "answer"]

OPEN: Final = ("new", "confirmed", "worse")
"""States that somebody should look at."""
_AHEAD: Final = timedelta(minutes=5)
"""How far a phone's clock may run ahead of the server's."""

Reason = Literal["closed", "unknown", "other_content", "in_the_future"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an inspector sends: the same ``key`` is the same answer, however often it arrives."""

    anomaly_id: str
    answer: Answer
    key: str
    at: datetime
    photo: bytes | None = None
    away_m: int | None = None
    accuracy_m: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Whether an answer was taken, else why not; ``closed_at`` and ``by_person`` tell how it was closed."""

    accepted: bool
    reason: Reason | None = None
    closed_on: date | None = None
    by_person: bool = False


def answer(workspace: Workspace, scope: Scope, found: Found) -> Outcome:
    """Take in an answer of the account that ``scope`` belongs to.

    An anomaly outside the scope does not exist. One that was renamed because an earlier drive came in late
    is found by its place.

    Raises
    ------
    ScopeError
        No role of the account may answer.
    """
    scope.require("anomaly.answered")
    if found.at > datetime.now(UTC) + _AHEAD:
        return Outcome(accepted=False, reason="in_the_future")
    with desk(workspace, scope) as open_desk:
        told = open_desk.rows("anomaly_obs", drive_id=_id(found))
        anomaly = _meant(open_desk, found.anomaly_id)
        if anomaly is None or not scope.covers(open_desk.unit_of(anomaly["section_id"])):
            return Outcome(accepted=False, reason="unknown")
        if told:
            return _again(told[0], anomaly, found)
        if anomaly["state"] not in (*OPEN, "repaired"):
            return _closed(open_desk, anomaly)
        open_desk.take([_told(open_desk, anomaly, found)])
    return Outcome(accepted=True)


def _id(found: Found) -> str:
    return f"answer:{found.key}"


def _meant(open_desk: Desk, anomaly_id: str) -> dict[str, Any] | None:
    """Return the anomaly of this id, else the one that stands where it stood."""
    if known := open_desk.rows("anomaly", anomaly_id=anomaly_id):
        return known[0]
    was = open_desk.rows("evidence", anomaly_id=anomaly_id)
    if not was:
        return None
    reach = sensor_of("inspector").reach_m
    near = [
        (abs(a["chainage_m"] - was[-1]["chainage_m"]), a["anomaly_id"], a)
        for a in open_desk.rows("anomaly", section_id=was[-1]["section_id"])
    ]
    best = min(near, key=lambda n: n[:2], default=None)
    return best[2] if best and best[0] <= reach else None


def _again(row: Mapping[str, Any], anomaly: Mapping[str, Any], found: Found) -> Outcome:
    """Return the outcome of an answer that is in already: the same, unless the key came with another one."""
    same = row["answer"] == found.answer and row["section_id"] == anomaly["section_id"]
    return Outcome(accepted=same, reason=None if same else "other_content")


def _closed(open_desk: Desk, anomaly: Mapping[str, Any]) -> Outcome:
    rows = open_desk.rows("evidence", anomaly_id=anomaly["anomaly_id"])
    last = next((r for r in reversed(rows) if r["state_after"] == "closed"), None)
    return Outcome(
        accepted=False,
        reason="closed",
        closed_on=datetime.fromisoformat(last["at_local"]).date() if last else None,
        by_person=bool(last and last["who"]),
    )


def _told(open_desk: Desk, anomaly: Mapping[str, Any], found: Found) -> Told:
    point = anomaly["geometry"]
    lon, lat = _lonlat(point) if point is not None else (0.0, 0.0)
    account = open_desk.session.scope.account_id
    return Told(
        id=_id(found),
        section_id=anomaly["section_id"],
        chainage_m=anomaly["chainage_m"],
        lon=lon,
        lat=lat,
        kind=anomaly["kind"],
        source="inspector",
        at=found.at,
        answer=found.answer,
        who=f"account:{account}" if account else open_desk.session.scope.actor,
        photo=open_desk.keep(found.photo, anomaly["section_id"]),
        away_m=found.away_m,
        accuracy_m=found.accuracy_m,
        label=anomaly["label"] or "estimated",
    )


def _lonlat(wkb: bytes) -> tuple[float, float]:
    import shapely

    point = shapely.from_wkb(wkb)
    return float(shapely.get_x(point)), float(shapely.get_y(point))

"""What is known of a place in time: when it was first and last seen, when driven and not seen, when repaired.

Passes before a place was known are no rows of evidence; they are read from what drives measured there, so
that the day is told on which it was last driven without anything to be felt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from contado.engines.pavement.anomalies.passages import covered
from contado.engines.pavement.anomalies.sources import sensor_of
from contado.engines.pavement.evidence import log
from contado.engines.pavement.evidence.placing import Places
from contado.engines.pavement.ingest.identity import drive_of_piece
from contado.kernel.dates import local
from contado.kernel.errors import DataError, Finding, RecordNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from contado.kernel.workspace import WorkspaceView

    Row = dict[str, Any]

__all__ = [
    "Pass",
    "Span",
    "Story",
    "Undated",
    "at_place",
    "notes",
    "of_anomaly",
    "of_section",
    "passes",
    "stories",
    "undated",
]

_DAY_S: Final = 86_400.0
_SEEN: Final = frozenset({"seen", "reported", "confirmed"})
_NOT_SEEN: Final = frozenset({"not_seen", "denied", "repaired"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of a section [m], and the days that are asked about (None: open)."""

    section_id: str
    municipality: str | None
    from_m: float
    to_m: float
    first: date | None = None
    last: date | None = None

    def holds(self, section_id: str, chainage_m: float) -> bool:
        """Whether a place lies within."""
        return section_id == self.section_id and self.from_m <= chainage_m <= self.to_m

    def holds_day(self, at_local: str) -> bool:
        """Whether the legal day of a local time lies within."""
        day = date.fromisoformat(at_local[:10])
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One anomaly: rows of evidence in the order of time, those that still hold, and the anomaly as it is now."""

    anomaly_id: str
    events: tuple[Mapping[str, Any], ...]
    holding: tuple[Mapping[str, Any], ...]
    anomaly: Mapping[str, Any] | None

    def first(self, words: Iterable[str]) -> Mapping[str, Any] | None:
        """Return the first row that says one of ``words``."""
        return next((e for e in self.holding if e["what"] in words), None)

    def last(self, words: Iterable[str]) -> Mapping[str, Any] | None:
        """Return the last row that says one of ``words``."""
        return next((e for e in reversed(self.holding) if e["what"] in words), None)

    @property
    def first_seen(self) -> Mapping[str, Any] | None:
        """The row of the first sighting."""
        return self.first(_SEEN)

    @property
    def last_seen(self) -> Mapping[str, Any] | None:
        """The row of the last sighting."""
        return self.last(_SEEN)

    @property
    def last_not_seen(self) -> Mapping[str, Any] | None:
        """The row of the last look that did not find it."""
        return self.last(_NOT_SEEN)

    @property
    def repaired(self) -> Mapping[str, Any] | None:
        """The row that made it repaired, the last time."""
        return next(
            (e for e in reversed(self.holding) if e["state_after"] == "repaired" != e["state_before"]), None
        )

    @property
    def closed(self) -> Mapping[str, Any] | None:
        """The row that closed it."""
        return next((e for e in reversed(self.holding) if e["state_after"] == "closed"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A drive that measured there, and the numbers of the rows that say what it met."""

    drive_id: str
    at_local: str
    seen: bool
    audit_seq: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undated:
    """A drive whose day nobody knows, and the numbers of its rows, which stand on the day it was first loaded."""

    drive_id: str
    audit_seq: tuple[int, ...]


def of_anomaly(view: WorkspaceView, anomaly_id: str) -> Span:
    """Return where an anomaly stands or stood, as far as its row of evidence and its neighbours reach.

    Raises
    ------
    RecordNotFound
        Nobody ever told of it.
    """
    rows = [
        *(r for r in view.read("pavement_anomaly").to_pylist() if r["anomaly_id"] == anomaly_id),
        *(r for r in view.read(log.TABLE).to_pylist() if r["anomaly_id"] == anomaly_id),
    ]
    if not rows:
        raise _unknown(anomaly_id)
    places = [r["chainage_m"] for r in rows]
    reach = sensor_of("car").reach_m
    section = _section(view, rows[0]["section_id"])
    return _span(section, min(places) - reach, max(places) + reach)


def _unknown(anomaly_id: str) -> RecordNotFound:
    return RecordNotFound(
        f"There is no anomaly {anomaly_id!r}.",
        rule="no_anomaly",
        hint="give an id of table pavement_anomaly, or --at LON,LAT",
        field="anomaly",
    )


def at_place(view: WorkspaceView, lon: float, lat: float) -> Span:
    """Return the section at a point, 15 m to both sides.

    Raises
    ------
    DataError
        No section is within 40 m (`off_network`).
    """
    found = Places(view.read("pavement_lrs_section"), view.read("pavement_anomaly").to_pylist()).find(
        lon, lat, "pothole", sensor_of("inspector").reach_m
    )
    if found is None:
        raise DataError(
            f"{lon},{lat} lies within 40 m of no section of road.",
            rule="off_network",
            hint="longitude first, then latitude",
            field="at",
        )
    reach = sensor_of("inspector").reach_m
    section = _section(view, found.section_id)
    return _span(section, found.chainage_m - reach, found.chainage_m + reach)


def of_section(view: WorkspaceView, section_id: str, from_m: float | None, to_m: float | None) -> Span:
    """Return a part of a section, or all of it.

    Raises
    ------
    RecordNotFound
        There is no such section.
    """
    section = _section(view, section_id)
    return _span(section, 0.0 if from_m is None else from_m, section["length_m"] if to_m is None else to_m)


def _section(view: WorkspaceView, section_id: str) -> Row:
    rows = view.read("pavement_lrs_section").select(["section_id", "length_m", "municipality"]).to_pylist()
    found = next((r for r in rows if r["section_id"] == section_id), None)
    if found is None:
        raise RecordNotFound(
            f"There is no section {section_id!r}.",
            rule="no_section",
            hint="give an id of table pavement_lrs_section",
            field="section",
        )
    return dict(found)


def _span(section: Row, from_m: float, to_m: float) -> Span:
    return Span(
        section_id=section["section_id"],
        municipality=section["municipality"],
        from_m=max(0.0, from_m),
        to_m=max(0.0, min(section["length_m"], to_m)),
    )


def stories(view: WorkspaceView, span: Span, *, only: str | None = None) -> list[Story]:
    """Return what is known of the anomalies within ``span``, or of one of them, by chainage.

    An anomaly lies where the last of its rows that hold has it; all its rows are told, wherever they have it.
    """
    now = {r["anomaly_id"]: r for r in view.read("pavement_anomaly").to_pylist()}
    rows: dict[str, list[Row]] = {}
    for row in sorted(view.read(log.TABLE).to_pylist(), key=lambda r: (r["at_utc"], r["audit_seq"])):
        if only in {None, row["anomaly_id"]} and row["section_id"] == span.section_id:
            rows.setdefault(row["anomaly_id"], []).append(row)
    found = []
    for name, events in rows.items():
        story, last = _story(name, events, now.get(name), span.holds_day), (_holding(events) or events)[-1]
        if story.events and span.holds(last["section_id"], last["chainage_m"]):
            found.append((last["chainage_m"], name, story))
    return [story for *_, story in sorted(found, key=lambda f: f[:2])]


def _story(name: str, events: Sequence[Row], anomaly: Row | None, within: Callable[[str], bool]) -> Story:
    shown, holding = (tuple(e for e in part if within(e["at_local"])) for part in (events, _holding(events)))
    return Story(anomaly_id=name, events=shown, holding=holding, anomaly=anomaly)


def _holding(events: Sequence[Row]) -> list[Row]:
    """Return the rows that none revises or withdraws."""
    revised = {e["revises"] for e in events} - {None}
    return [e for e in events if e["audit_seq"] not in revised and e["what"] != "withdrawn"]


def passes(view: WorkspaceView, span: Span, told: Sequence[Story]) -> list[Pass]:
    """Return the drives that measured some of ``span``, in order of time; those without a date are left out."""
    timezone = view.settings.territory.timezone
    nobody_knows = _undated(view)
    rows = _rows_by_drive(told)
    found = []
    for drive, at_day in _measured(view, span):
        if drive_of_piece(drive) in nobody_knows:  # the day that it counts as of is no day to vouch for
            continue
        at = datetime.fromtimestamp(round(at_day * _DAY_S), UTC).astimezone(local.zone(timezone))
        if span.holds_day(at.isoformat()):
            own = rows.get(drive, [])
            found.append(
                Pass(
                    drive_id=drive,
                    at_local=at.isoformat(),
                    seen=any(e["what"] in _SEEN for e in own),
                    audit_seq=tuple(e["audit_seq"] for e in own),
                )
            )
    return sorted(found, key=lambda p: (p.at_local, p.drive_id))


def _measured(view: WorkspaceView, span: Span) -> Iterator[tuple[str, float]]:
    """Yield the drives that measured some of ``span``, with the day [d since 1970] that they count as of."""
    measured, day = covered(view.read("pavement_cell_obs"))
    for (section, drive), parts in measured.items():
        if section == span.section_id and any(a < span.to_m and b > span.from_m for a, b in parts):
            yield drive, day[section, drive]


def _rows_by_drive(told: Sequence[Story]) -> dict[str, list[Mapping[str, Any]]]:
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for event in (e for s in told for e in s.holding):
        rows.setdefault(event["drive_id"], []).append(event)
    return rows


def undated(view: WorkspaceView, span: Span, told: Sequence[Story]) -> list[Undated]:
    """Return the drives whose day nobody knows that measured some of ``span`` or have rows that hold, by their id."""
    nobody_knows = _undated(view)
    found: dict[str, list[int]] = {}
    for drive in (name for name, _ in _measured(view, span)):
        found.setdefault(drive_of_piece(drive), [])
    for drive, events in _rows_by_drive(told).items():
        found.setdefault(drive_of_piece(drive), []).extend(e["audit_seq"] for e in events)
    return [
        Undated(drive_id=drive, audit_seq=tuple(sorted(numbers)))
        for drive, numbers in sorted(found.items())
        if drive in nobody_knows
    ]


def notes(found: Sequence[Undated]) -> list[Finding]:
    """Return a warning where there are drives whose day nobody knows."""
    if not found:
        return []
    return [
        Finding(
            severity="warning",
            rule="no_date",
            table=log.TABLE,
            row=found[0].drive_id,
            message=f"{len(found)} drives have no date: they are not among the passes, and rows of theirs stand on the day "
            "they were first loaded.",
            hint="vouch for no day by them: they passed on that day or before",
        )
    ]


def _undated(view: WorkspaceView) -> set[str]:
    drives = view.read("pavement_drive").select(["drive_id", "start_utc"]).to_pylist()
    return {row["drive_id"] for row in drives if row["start_utc"] is None}

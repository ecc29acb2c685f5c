"""A file of observations by cameras and people -> what is taken in, and the lines that are not."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, Final

from contado.engines.pavement import columns
from contado.engines.pavement.anomalies.sources import CLASSES, KINDS, NAMES, sensor_of
from contado.engines.pavement.evidence.told import Told
from contado.kernel import tables
from contado.kernel.dates import local
from contado.kernel.errors import DataError, Finding, Rejected, TableNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from contado.engines.pavement.evidence.placing import Places

__all__ = ["SOURCES", "Read", "one", "read"]

SOURCES: Final = tuple(name for name in NAMES if name != "car")
"""Who may tell in a file; drives of cars come in by `contado pavement load`."""
_NEEDED: Final = ("lon", "lat", "kind", "source", "seen_at")
_ANSWERS: Final = ("present", "absent", "repaired")
_LABELS: Final = ("measured", "estimated", "simulated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a file holds."""

    rows: int
    told: tuple[Told, ...]
    rejected: tuple[Rejected, ...]
    findings: tuple[Finding, ...]


def read(file: Path, places: Places, timezone: str) -> Read:
    """Read a file of observations: lon, lat, kind, source, seen_at[, photo, answer, label].

    ``kind`` is a kind of anomaly or a class of road images (D00, D10, D20, D40); ``seen_at`` an instant, or a
    time or day of the legal clock; ``answer`` what an inspector found: present, absent, repaired.

    Raises
    ------
    TableNotFound
        There is no such file.
    ColumnNotFound
        A column is absent.
    """
    if not file.is_file():
        raise TableNotFound(f"There is no file {file}.", hint=f"give a CSV with {', '.join(_NEEDED)}")
    found = tables.read(file)
    columns.require(found.table, _NEEDED, file.name)
    lines = found.lines or range(1, found.table.num_rows + 1)
    told, rejected = [], []
    for line, row in zip(lines, found.table.to_pylist(), strict=True):
        try:
            told.append(_told(row, places, timezone))
        except DataError as error:
            rejected.append(Rejected(row=line, rule=error.rule, message=error.message))
    return Read(
        rows=found.table.num_rows,
        told=tuple(told),
        rejected=tuple(rejected),
        findings=tuple(found.findings),
    )


def _told(row: Mapping[str, Any], places: Places, timezone: str) -> Told:
    source = _chosen(_text(row, "source"), SOURCES, "source")
    kind = _text(row, "kind")
    return one(
        places,
        lon=_degrees(row, "lon", 180.0),
        lat=_degrees(row, "lat", 90.0),
        kind=_chosen(CLASSES.get(kind, kind), tuple(KINDS), "kind"),
        source=source,
        at=_instant(row["seen_at"], timezone),
        answer=_chosen(_text(row, "answer"), _ANSWERS, "answer") if _text(row, "answer") else None,
        photo=_text(row, "photo") or None,
        label=_chosen(_text(row, "label") or "estimated", _LABELS, "label"),
    )


def one(places: Places, *, lon: float, lat: float, kind: str, source: str, at: datetime, **more: Any) -> Told:
    """Return one observation, placed on its section; the same one sent twice has the same id.

    Raises
    ------
    DataError
        It lies on no section (`off_network`), or in the future (`in_the_future`).
    """
    if at > datetime.now(UTC):
        raise DataError(
            f"seen_at = {at.isoformat()} has not come yet.", rule="in_the_future", hint="when was it seen?"
        )
    place = places.find(lon, lat, kind, sensor_of(source, kind).reach_m)
    if place is None:
        raise DataError(
            f"lon = {lon}, lat = {lat} lies within 40 m of no section of road.",
            rule="off_network",
            hint="check whether longitude and latitude are swapped",
        )
    said = f"{source} {kind} {lon:.7f} {lat:.7f} {at.timestamp():.0f} {more.get('answer')}"
    if source == "inspector" and more.get("answer") is None:
        more["answer"] = "present"
    return Told(
        id=f"{source}:{hashlib.sha256(said.encode()).hexdigest()[:16]}",
        section_id=place.section_id,
        chainage_m=place.chainage_m,
        lon=lon,
        lat=lat,
        kind=kind,
        source=source,
        at=at,
        **more,
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name) if row.get(name) is not None else "").strip()


def _chosen(given: str, valid: tuple[str, ...], column: str) -> str:
    if given not in valid:
        raise DataError(
            f"{column} = {given!r}; valid: {', '.join(valid)}.",
            rule="unknown_choice",
            hint="choose one of them",
        )
    return given


def _degrees(row: Mapping[str, Any], column: str, most: float) -> float:
    try:
        value = float(_text(row, column))
    except ValueError:
        value = math.nan
    if not abs(value) <= most or (column == "lon" and value == 0):
        raise DataError(
            f"{column} = {_text(row, column)!r} is no position.",
            rule="impossible_position",
            hint="degrees with a decimal point, EPSG:4326",
        )
    return value


def _instant(given: Any, timezone: str) -> datetime:
    """Return the instant of a time with its offset, of the legal clock, or of noon of a day."""
    if isinstance(given, datetime):
        clock = given
    elif isinstance(given, date):
        clock = datetime.combine(given, time(12))
    else:
        clock = _parsed(str(given or "").strip())
    return local.place(clock, timezone).instant if clock.tzinfo is None else clock.astimezone(UTC)


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(f"{text}T12:00" if len(text) == 10 else text)
    except ValueError:
        raise DataError(
            f"seen_at = {text!r} is no instant.", rule="bad_instant", hint="write 2026-11-26T09:58:00+01:00"
        ) from None

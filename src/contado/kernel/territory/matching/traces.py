"""Traces: reading them (Parquet, CSV, GPX), and refusing what cannot be one before anything is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from contado.kernel.errors import DataError, Finding
from contado.kernel.territory import columns, crs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.kernel.territory.network.model import Network

__all__ = ["Traces", "any_near", "apart", "check", "of", "read"]

OFF_NETWORK_M = 5000.0
TOP_SPEED_M_S = 140.0
"""Faster than this over more than `JUMP_M` is a jump [m/s]; a smaller leap is a gap of the match."""
JUMP_M = 20_000.0
UNTIMED_JUMP_M = 50_000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traces:
    """Points of trips in the order of the file; NaN where a position is unknown."""

    name: str
    trips: pa.Array
    """Name of each trip, in order of first appearance."""
    trip: NDArray[np.int64]
    """Trip of each point."""
    t_s: NDArray[np.float64]
    """Seconds, NaN where unknown."""
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    lines: Sequence[int] | None = None
    findings: tuple[Finding, ...] = ()

    def ordered(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the points by trip and time, and those of them whose position x, y is known."""
        order = np.lexsort((np.nan_to_num(self.t_s, nan=np.inf), self.trip))
        return order, order[np.isfinite(x[order]) & np.isfinite(y[order])]

    def by_trip(self, points: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Return the points of each trip, in order, of ``points`` sorted by trip as `ordered` gives them."""
        return np.split(points, np.searchsorted(self.trip[points], np.arange(1, len(self.trips))))

    def line(self, point: int) -> int:
        """Return the line or row of a point in its file."""
        return columns.line_of(point, self.lines)


def read(path: Path) -> Traces:
    """Read traces: ``trip, t_s, lon, lat`` as Parquet or CSV (trip and t_s may be absent), or one GPX trip.

    Raises
    ------
    DataError
        Rules ``table_not_found, empty_file, not_a_number, damaged_file, unsafe_xml``.
    ColumnNotFound
        Rule ``missing_column``.
    """
    if path.suffix.casefold() == ".gpx":
        return _read_gpx(path)
    from contado.kernel import tables

    found = tables.read(path)
    return _of_table(found.table, path.stem, path.name, found.lines, tuple(found.findings))


def of(fixes: Any, lat: Any = None, t_s: Any = None) -> Traces:
    """Return traces of a table (Arrow, pandas, mapping of arrays) or of arrays lon, lat and times."""
    if isinstance(fixes, Traces):
        return fixes
    if isinstance(fixes, (str, Path)):
        return read(Path(fixes))
    if lat is not None:
        data = {"lon": np.asarray(fixes, dtype=np.float64), "lat": np.asarray(lat, dtype=np.float64)}
        fixes = pa.table(data if t_s is None else data | {"t_s": np.asarray(t_s, dtype=np.float64)})
    if isinstance(fixes, Mapping):
        fixes = pa.table(dict(fixes))
    if not isinstance(fixes, (pa.Table, pa.RecordBatch)):
        fixes = pa.Table.from_pandas(fixes, preserve_index=False)
    return _of_table(pa.table(fixes), "trace", "fixes", None, ())


def _of_table(
    table: pa.Table, stem: str, file: str, lines: Sequence[int] | None, findings: tuple[Finding, ...]
) -> Traces:
    columns.need(table, ("lon", "lat"), file)
    if not table.num_rows:
        raise _empty(file)
    count = table.num_rows
    known = table["trip"].combine_chunks() if "trip" in table.column_names else pa.array([stem] * count)
    encoded = known.dictionary_encode(null_encoding="encode")
    timed = "t_s" in table.column_names
    return Traces(
        name=file,
        trips=encoded.dictionary,
        trip=encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64),
        t_s=columns.numbers(table, "t_s", file, lines) if timed else np.full(count, np.nan),
        lon=columns.numbers(table, "lon", file, lines),
        lat=columns.numbers(table, "lat", file, lines),
        lines=lines,
        findings=findings,
    )


def _empty(file: str) -> DataError:
    return DataError(
        f"{file}: there is no point.", rule="empty_file", hint="give trip, t_s, lon, lat", field="traces"
    )


def _read_gpx(path: Path) -> Traces:
    """Read the track points of a GPX file; a document type declaration (entities) is refused."""
    from xml.etree import ElementTree as ET

    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path.name} cannot be read: {error.strerror}.",
            rule="table_not_found",
            hint="give an existing file",
            field="traces",
        ) from None
    if b"<!DOCTYPE" in data.upper() or b"<!ENTITY" in data.upper() or b"\x00" in data:
        raise DataError(
            f"{path.name}: a GPX file with a document type declaration is not read.",
            rule="unsafe_xml",
            hint="remove the DOCTYPE; GPX needs none; the encoding must be UTF-8",
            field="traces",
        )
    try:
        root = ET.fromstring(data)  # noqa: S314 - no DTD, so no entities to expand
        points = [element for element in root.iter() if element.tag.rpartition("}")[2] == "trkpt"]
        lon = np.array([float(point.get("lon", "nan")) for point in points])
        lat = np.array([float(point.get("lat", "nan")) for point in points])
        times = [_seconds(point) for point in points]
    except (ET.ParseError, ValueError) as error:
        raise DataError(
            f"{path.name} is no readable GPX file: {error}.",
            rule="damaged_file",
            hint="export the track again",
            field="traces",
        ) from None
    if not points:
        raise _empty(path.name)
    t_s = np.array(times) - (np.nanmin(times) if np.isfinite(times).any() else 0.0)
    return Traces(
        name=path.name,
        trips=pa.array([path.stem]),
        trip=np.zeros(len(points), dtype=np.int64),
        t_s=t_s,
        lon=lon,
        lat=lat,
    )


def _seconds(point: Any) -> float:
    for child in point:
        if child.tag.rpartition("}")[2] == "time" and child.text:
            return datetime.fromisoformat(child.text.strip()).timestamp()
    return float("nan")


def apart(traces: Traces) -> Traces:
    """Return the same points, each a trip of its own: for points that no vehicle drove one after another."""
    return replace(traces, trip=np.arange(len(traces.trip)))


def check(traces: Traces, network: Network, *, drop_bad: bool = False) -> Traces:
    """Refuse positions that cannot be right; with ``drop_bad`` blank them and count them.

    Raises
    ------
    DataError
        Rules ``lon_lat_swapped_or_off_network`` (all points), ``impossible_position`` and
        ``impossible_jump`` (their lines).
    """
    known = np.isfinite(traces.lon) & np.isfinite(traces.lat)
    null_island = (traces.lon == 0.0) & (traces.lat == 0.0)
    _check_place(traces, network, known & ~null_island)
    outside = known & (null_island | (np.abs(traces.lon) > 180.0) | (np.abs(traces.lat) > 90.0))
    _refuse(traces, outside, "impossible_position", "lies at (0, 0) or outside the world", drop_bad=drop_bad)
    jumps = _jumps(traces, known & ~outside)
    _refuse(traces, jumps, "impossible_jump", "is a jump no vehicle makes", drop_bad=drop_bad)
    untimed = known & _without_time(traces)
    bad = outside | jumps | untimed
    left_out = {"rows_dropped": ~known | untimed, "impossible_position": outside, "impossible_jump": jumps}
    findings = [_dropped(traces, rule, rows) for rule, rows in left_out.items() if rows.any()]
    return replace(
        traces,
        lon=np.where(bad, np.nan, traces.lon),
        lat=np.where(bad, np.nan, traces.lat),
        findings=(*traces.findings, *findings),
    )


def _without_time(traces: Traces) -> NDArray[np.bool_]:
    """Return which points have no time in a trip whose other points have one."""
    timed = np.isfinite(traces.t_s)
    has_times = np.bincount(traces.trip, timed, len(traces.trips)) > 0
    return ~timed & has_times[traces.trip]


def _dropped(traces: Traces, rule: str, rows: NDArray[np.bool_]) -> Finding:
    message = f"{traces.name}: {int(rows.sum())} points were not used ({rule})."
    first = traces.line(int(np.flatnonzero(rows)[0]))
    return Finding(severity="warning", rule=rule, message=message, row=first, action="dropped")


def _refuse(traces: Traces, bad: NDArray[np.bool_], rule: str, what: str, *, drop_bad: bool) -> None:
    if drop_bad or not bad.any():
        return
    first = int(np.flatnonzero(bad)[0])
    raise DataError(
        f"{traces.name}, line {traces.line(first)}: lon {traces.lon[first]}, lat {traces.lat[first]} {what}.",
        rule=rule,
        hint="correct the line; `pavement match --drop-bad` leaves such points out and counts them",
        rows=[traces.line(int(i)) for i in np.flatnonzero(bad)[:100]],
        field="lon",
    )


def _check_place(traces: Traces, network: Network, known: NDArray[np.bool_]) -> None:
    """Raise where no known point lies within 5 km of the network."""
    lon, lat = traces.lon[known], traces.lat[known]
    if not len(lon) or any_near(network, lon, lat):
        return
    swapped = any_near(network, lat, lon)
    metres = float(np.median(np.abs(lon))) > 360.0
    if swapped:
        hint = "longitude and latitude are swapped: exchange the columns lon and lat"
    elif metres:
        hint = "the coordinates are metres: give longitude and latitude in degrees (EPSG:4326)"
    else:
        hint = "the trace lies elsewhere: give the network of its area, and degrees in EPSG:4326"
    first = int(np.flatnonzero(known)[0])
    raise DataError(
        f"{traces.name}: every point lies more than 5 km off the network, from line {traces.line(first)} on"
        f" (lon {traces.lon[first]}, lat {traces.lat[first]}).",
        rule="lon_lat_swapped_or_off_network",
        hint=hint,
        rows=[traces.line(first)],
        field="lon",
    )


def any_near(network: Network, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> bool:
    """Tell whether any point [deg] lies within 5 km of a vertex of the network; one point a square kilometre."""
    inside = (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)
    if not inside.any():
        return False
    x, y = crs.to_measure(lon[inside], lat[inside], network.epsg)
    gx, gy = network.geometry_x, network.geometry_y
    near = (x > gx.min() - OFF_NETWORK_M) & (x < gx.max() + OFF_NETWORK_M)
    near &= (y > gy.min() - OFF_NETWORK_M) & (y < gy.max() + OFF_NETWORK_M)
    places = np.column_stack((x[near], y[near]))
    _, first = np.unique(places // 1000.0, axis=0, return_index=True)
    return any(np.hypot(gx - px, gy - py).min() <= OFF_NETWORK_M for px, py in places[np.sort(first)])


def _jumps(traces: Traces, good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which points no vehicle reaches from the last good one of their trip."""
    order = np.lexsort((np.nan_to_num(traces.t_s, nan=np.inf), traces.trip))
    order = order[good[order]]
    jumps = np.zeros(len(good), dtype=bool)
    lon, lat = np.radians(traces.lon), np.radians(traces.lat)
    from_the_one_before = _leaps(traces, lon, lat, order[:-1], order[1:])
    if not from_the_one_before.any():
        return jumps
    last = 0
    for n in range(1, len(order)):
        if last == n - 1:
            leap = from_the_one_before[n - 1]
        else:
            leap = _leaps(traces, lon, lat, order[last], order[n])
        if leap:
            jumps[order[n]] = True
        else:
            last = n
    return jumps


def _leaps(
    traces: Traces, lon: NDArray[np.float64], lat: NDArray[np.float64], before: Any, after: Any
) -> NDArray[np.bool_]:
    """Tell which steps are longer than a vehicle makes in their time; lon, lat [rad] of all points."""
    mean = (lat[before] + lat[after]) / 2.0
    step = 6_371_000.0 * np.hypot((lon[after] - lon[before]) * np.cos(mean), lat[after] - lat[before])
    seconds = traces.t_s[after] - traces.t_s[before]
    limit = np.where(np.isfinite(seconds), np.maximum(JUMP_M, TOP_SPEED_M_S * seconds), UNTIMED_JUMP_M)
    result: NDArray[np.bool_] = (traces.trip[before] == traces.trip[after]) & (step > limit)
    return result

"""GTFS timetables, a folder or a zip: which files there are, and whether they fit together.

References
----------
General Transit Feed Specification, Schedule Reference, https://gtfs.org/documentation/schedule/reference/ .
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Final

from contado.kernel.errors import ColumnNotFound, DataError, Finding, TableNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

__all__ = ["NEEDED", "check", "contents", "is_feed"]

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "agency.txt": ("agency_name", "agency_timezone"),
    "stops.txt": ("stop_id",),
    "routes.txt": ("route_id", "route_type"),
    "trips.txt": ("route_id", "service_id", "trip_id"),
    "stop_times.txt": ("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time"),
}
"""Files that every feed has, and their columns; one of `_CALENDARS` comes to them."""
_CALENDARS: Final[Mapping[str, tuple[str, ...]]] = {
    "calendar.txt": ("service_id", "start_date", "end_date"),
    "calendar_dates.txt": ("service_id", "date", "exception_type"),
}
_REFERENCES: Final = (
    ("trips.txt", "route_id", ("routes.txt",)),
    ("trips.txt", "service_id", tuple(_CALENDARS)),
    ("stop_times.txt", "trip_id", ("trips.txt",)),
    ("stop_times.txt", "stop_id", ("stops.txt",)),
)
_TIME: Final = r"^\s*\d{1,3}:[0-5]\d:[0-5]\d$"


def is_feed(path: Path) -> bool:
    """Tell whether a folder or zip holds a timetable."""
    if path.is_dir():
        return (path / "stop_times.txt").is_file()
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return "stop_times.txt" in archive.namelist()


def contents(path: Path) -> dict[str, bytes]:
    """Return the feed's text files by name.

    Raises
    ------
    DataError
        The zip is damaged (rule ``damaged_file``).
    """
    if path.is_dir():
        return {file.name: file.read_bytes() for file in sorted(path.glob("*.txt"))}
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(n for n in archive.namelist() if n.endswith(".txt") and "/" not in n)
            return {name: archive.read(name) for name in names}
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(
            f"{path.name} cannot be unpacked: {error}.",
            rule="damaged_file",
            hint="fetch the feed again",
            field=path.name,
        ) from None


def check(files: Mapping[str, bytes]) -> list[Finding]:
    """Check that a feed's files fit together; times past 24:00 are times.

    Raises
    ------
    TableNotFound
        A file that every feed has is missing; it is named.
    ColumnNotFound
        A file lacks a column.
    DataError
        A file cannot be read (rule ``damaged_file``).
    """
    missing = [name for name in NEEDED if name not in files]
    if not missing and not any(name in files for name in _CALENDARS):
        missing = [" or ".join(_CALENDARS)]
    if missing:
        raise TableNotFound(
            f"The feed has no {', '.join(missing)}.",
            hint="give the folder or zip as published",
            field=missing[0],
        )
    tables = {name: _read(name, files[name]) for name in (*NEEDED, *_CALENDARS) if name in files}
    findings = [
        finding
        for name, column, targets in _REFERENCES
        for finding in _dangling(tables, name, column, targets)
    ]
    return findings + _bad_times(tables["stop_times.txt"])


def _read(name: str, content: bytes) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    try:
        header = csv.open_csv(io.BytesIO(content)).schema.names
        header = [column.strip().lstrip("\ufeff") for column in header]
        table = csv.read_csv(
            io.BytesIO(content),
            csv.ReadOptions(column_names=header, skip_rows=1),
            csv.ParseOptions(newlines_in_values=True),
            csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
        )
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{name} cannot be read: {str(error).splitlines()[0]}.",
            rule="damaged_file",
            hint="one header, then rows of as many cells, in UTF-8",
            field=name,
        ) from None
    needed = NEEDED.get(name) or _CALENDARS[name]
    if absent := [column for column in needed if column not in header]:
        raise ColumnNotFound.from_missing(absent, header, table=name)
    return table


def _dangling(
    tables: Mapping[str, pa.Table], name: str, column: str, targets: tuple[str, ...]
) -> list[Finding]:
    """Report rows that name what no row of the other files has."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pa.concat_arrays([tables[t][column].unique() for t in targets if t in tables])
    lost = pc.invert(pc.is_in(tables[name][column], value_set=known))
    count = pc.sum(lost).as_py() or 0
    if not count:
        return []
    row = pc.index(lost, True).as_py()
    value = tables[name][column][row].as_py()
    text = f"{count} rows name a {column} that {' and '.join(targets)} do not have (the first: {value})"
    return [_finding("dangling_reference", name, text, row)]


def _bad_times(table: pa.Table) -> list[Finding]:
    import pyarrow.compute as pc

    findings = []
    for column in ("arrival_time", "departure_time"):
        cells = table[column]
        bad = pc.and_(pc.not_equal(cells, ""), pc.invert(pc.match_substring_regex(cells, _TIME)))
        if count := pc.sum(bad).as_py():
            row = pc.index(bad, True).as_py()
            text = f"{count} values of {column} are no times HH:MM:SS (the first: {cells[row].as_py()})"
            findings.append(_finding("bad_time", "stop_times.txt", text, row))
    return findings


def _finding(rule: str, name: str, text: str, row: int) -> Finding:
    return Finding(
        severity="error",
        rule=rule,
        message=f"{name}: {text}.",
        table=name,
        row=row + 2,
        hint="trips with such rows cannot be routed",
    )

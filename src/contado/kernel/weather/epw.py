"""EnergyPlus weather files: eight lines of header, then one row an hour of 35 columns.

References
----------
EnergyPlus, Auxiliary Programs: EnergyPlus Weather File (EPW) Data Dictionary.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from contado.kernel.errors import DataError, Finding, TableNotFound

if TYPE_CHECKING:
    import numpy as np

__all__ = ["FIELDS", "Epw", "Field", "read"]

_HEADER: Final = 8
_HOURS: Final = (8760, 8784)
_LEAP_DAY: Final = (2, 29)
_GAP_H: Final = 3
"""Hours in a row that may be unknown and still be filled by a line."""


class Field(NamedTuple):
    """A column: position, name as the format's dictionary has it, value that means "unknown", range."""

    column: int
    name: str
    missing: float
    low: float
    high: float


FIELDS: Final = {
    "dry_bulb_degc": Field(6, "dry bulb temperature", 99.9, -70.0, 70.0),
    "dew_point_degc": Field(7, "dew point temperature", 99.9, -70.0, 70.0),
    "relative_humidity_pct": Field(8, "relative humidity", 999.0, 0.0, 110.0),
    "pressure_pa": Field(9, "atmospheric station pressure", 999999.0, 31000.0, 120000.0),
    "sky_infrared_w_m2": Field(12, "horizontal infrared radiation intensity from sky", 9999.0, 0.0, 700.0),
    "global_horizontal_w_m2": Field(13, "global horizontal radiation", 9999.0, 0.0, 1500.0),
    "direct_normal_w_m2": Field(14, "direct normal radiation", 9999.0, 0.0, 1500.0),
    "diffuse_horizontal_w_m2": Field(15, "diffuse horizontal radiation", 9999.0, 0.0, 1500.0),
    "wind_direction_deg": Field(20, "wind direction", 999.0, 0.0, 360.0),
    "wind_speed_m_s": Field(21, "wind speed", 999.0, 0.0, 60.0),
}


class Epw(NamedTuple):
    """A weather year; each series has 8,760 values, NaN where the file says "unknown"."""

    city: str
    latitude_deg: float
    longitude_deg: float
    utc_offset_h: float
    altitude_m: float
    series: dict[str, np.ndarray]
    findings: list[Finding]


def read(path: Path | str) -> Epw:
    """Read a weather file and check its rows.

    Raises
    ------
    TableNotFound
        There is no such file.
    DataError
        It is no weather file (rule ``damaged_file``) or has neither 8,760 nor 8,784 hours (``epw_rows``).
    """
    file = Path(path)
    if not file.is_file():
        known = [p.name for p in file.parent.iterdir()] if file.parent.is_dir() else []
        raise TableNotFound.from_name(file.name, known, kind="file")
    lines = file.read_text(encoding="latin-1").splitlines()
    place = _place(lines, file.name)
    rows = [line.split(",") for line in lines[_HEADER:] if line.strip()]
    if len(rows) not in _HOURS:
        raise DataError(
            f"{file.name} has {len(rows)} hours.",
            rule="epw_rows",
            hint="a year has 8760 hours, a leap year 8784",
            rows=[len(lines)],
            field=file.name,
        )
    kept = [i for i, row in enumerate(rows) if _day(row, i, file.name) != _LEAP_DAY]
    findings = [_leap(file.name)] if len(kept) < len(rows) else []
    series = {key: _series(rows, kept, field, file.name) for key, field in FIELDS.items()}
    for key, field in FIELDS.items():
        findings += _checked(series[key], kept, field, file.name)
    return Epw(*place, series, findings)


def _place(lines: list[str], name: str) -> tuple[str, float, float, float, float]:
    cells = lines[0].split(",") if lines and lines[0].startswith("LOCATION,") else []
    try:
        latitude, longitude, offset, altitude = (float(cell) for cell in cells[6:10])
    except (ValueError, IndexError):
        raise DataError(
            f"{name} is no weather file: its first line is not LOCATION with ten cells.",
            rule="damaged_file",
            hint="give an EnergyPlus weather file (.epw)",
            rows=[1],
            field=name,
        ) from None
    return cells[1], latitude, longitude, offset, altitude


def _day(row: list[str], index: int, name: str) -> tuple[int, int]:
    try:
        return int(row[1]), int(row[2])
    except (ValueError, IndexError):
        raise _bad_row(name, index, "month and day") from None


def _bad_row(name: str, index: int, what: str) -> DataError:
    return DataError(
        f"{name}: row {_HEADER + index + 1} has no {what}.",
        rule="damaged_file",
        hint="each hour has 35 cells, numbers with a decimal point",
        rows=[_HEADER + index + 1],
        field=name,
    )


def _leap(name: str) -> Finding:
    return Finding(
        severity="note",
        rule="leap_day",
        message=f"{name}: the hours of 29 February are left out.",
        table=name,
        hint="a simulated year has 8760 hours",
        action="dropped",
    )


def _series(rows: list[list[str]], kept: list[int], field: Field, name: str) -> np.ndarray:
    import numpy as np

    values = np.empty(len(kept))
    for place, index in enumerate(kept):
        try:
            values[place] = float(rows[index][field.column])
        except (ValueError, IndexError):
            raise _bad_row(name, index, field.name) from None
    values[values >= field.missing] = np.nan
    return values


def _checked(values: np.ndarray, kept: list[int], field: Field, name: str) -> list[Finding]:
    """Report hours outside the field's range and gaps; short gaps can be filled, long ones cannot."""
    import numpy as np

    outside = np.flatnonzero((values < field.low) | (values > field.high))
    findings = []
    if outside.size:
        text = f"{outside.size} hours of {field.name} are outside {field.low:g} to {field.high:g}"
        findings.append(_finding("warning", "epw_range", name, text, kept[outside[0]]))
    unknown = np.isnan(values)
    if unknown.all():
        return [*findings, _finding("warning", "epw_gap", name, f"{field.name} is unknown all year", 0)]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], unknown, [False]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2).tolist():
        long = end - start > _GAP_H
        text = f"{field.name} is unknown for {end - start} hours"
        findings.append(_finding("error" if long else "warning", "epw_gap", name, text, kept[start]))
    return findings


def _finding(severity: Literal["error", "warning"], rule: str, name: str, text: str, index: int) -> Finding:
    row = _HEADER + index + 1
    return Finding(
        severity=severity,
        rule=rule,
        message=f"{name}: {text} (from row {row}).",
        table=name,
        row=row,
        hint="give a file without such hours",
    )

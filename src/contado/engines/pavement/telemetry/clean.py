"""Rows that cannot be used: found, counted by rule, dropped or refused. Nothing is bridged or invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Columns = dict[str, NDArray[np.float64]]

__all__ = ["Cleaned", "clean_fixes", "clean_samples", "great_circle_m"]

POOR_ACCURACY_M: Final = 50.0
_NO_READING: Final = 1e12  # beyond any raw count and any time since 1970 in seconds
_JUMP_M: Final = 1_000.0
_JUMP_M_S: Final = 100.0  # faster than any car: 360 km/h
_MEND: Final = "correct the row; `pavement read --drop-bad --out DIR` leaves such rows out and counts them"
_EARTH_M: Final = 6_371_008.8  # mean radius, IUGG


@dataclass(slots=True, kw_only=True)
class Cleaned:
    """Columns of the rows that are left, and what happened to the others."""

    columns: Columns
    dropped: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    n_raw: int = 0
    n_held: int = 0
    """Rows that only repeat the last fix."""

    @property
    def n_dropped(self) -> int:
        """Rows that are not left, each once."""
        return self.n_raw - self.n_held - len(self.columns["time"])


def clean_samples(columns: Columns, *, file: str) -> Cleaned:
    """Drop rows without a number and repeated times of an accelerometer or gyroscope, and sort by time."""
    numbers = {
        key: np.where(np.abs(x) < _NO_READING, x, np.nan) for key, x in columns.items() if key != "row"
    }
    cleaned = Cleaned(columns={"row": columns["row"], **numbers}, n_raw=len(columns["time"]))
    _tidy(cleaned, list(numbers), file)
    return cleaned


def clean_fixes(
    columns: Columns, *, file: str, phone: bool = False, held: bool = False, drop_bad: bool = False
) -> Cleaned:
    """Drop the fixes that cannot be used; refuse impossible ones unless ``drop_bad``.

    A row that breaks two rules counts for both; ``n_dropped`` counts it once. In a phone's log (0, 0)
    before the first fix is ordinary and is always dropped. ``held``: every row of the file repeats the last
    fix, so that only its changes are fixes.

    Raises
    ------
    DataError
        ``impossible_position`` or ``impossible_jump``, with rows.
    """
    cleaned = Cleaned(columns=columns, n_raw=len(columns["time"]))
    zero = (columns["longitude"] == 0) & (columns["latitude"] == 0)
    early = zero & (np.cumsum(~zero & np.isfinite(columns["latitude"])) == 0) & phone
    poor = (columns["accuracy"] > POOR_ACCURACY_M) | (columns["accuracy"] < 0)
    speechless = columns["speed"] < 0
    outside = (np.abs(columns["latitude"]) > 90) | (np.abs(columns["longitude"]) > 180) | (zero & ~early)
    if outside.any() and not drop_bad:
        raise _impossible(columns, outside, file)
    _count(
        cleaned,
        "poor_accuracy",
        poor,
        file,
        f"accuracy worse than {POOR_ACCURACY_M:.0f} m, or none (negative)",
    )
    _count(cleaned, "no_speed", speechless, file, "no speed (a negative one)")
    _count(cleaned, "impossible_position", early, file, "(0, 0) before the first fix")
    _count(cleaned, "impossible_position", outside, file, "at (0, 0) or outside the world")
    _keep(cleaned, ~(poor | speechless | early | outside))
    _tidy(cleaned, ["time", "longitude", "latitude"], file)
    if held:
        _keep_changes(cleaned, file)
    _drop_jumps(cleaned, file, drop_bad=drop_bad)
    return cleaned


def _keep(cleaned: Cleaned, mask: Bools) -> None:
    if not mask.all():
        cleaned.columns = {key: values[mask] for key, values in cleaned.columns.items()}


def _keep_changes(cleaned: Cleaned, file: str) -> None:
    fix = np.stack(
        [np.nan_to_num(cleaned.columns[key], nan=-1.0) for key in ("longitude", "latitude", "speed")]
    )
    new = np.concatenate([np.ones(min(1, fix.shape[1]), bool), (np.diff(fix, axis=1) != 0).any(axis=0)])
    cleaned.n_held = int((~new).sum())
    _keep(cleaned, new)
    message = f"{file}: {cleaned.n_held} rows repeat the last fix; {int(new.sum())} fixes are left."
    cleaned.findings.append(Finding(severity="note", rule="fix_repeated", message=message, table=file))


def _count(cleaned: Cleaned, rule: str, mask: Bools, file: str, why: str) -> None:
    if not mask.any():
        return
    count = int(mask.sum())
    cleaned.dropped[rule] = cleaned.dropped.get(rule, 0) + count
    row = int(cleaned.columns["row"][mask][0])
    message = f"{file}: {count} fixes dropped: {why}; the first in row {row}."
    cleaned.findings.append(
        Finding(severity="warning", rule=rule, message=message, table=file, row=row, action="dropped")
    )


def _tidy(cleaned: Cleaned, required: Sequence[str], file: str) -> None:
    """Keep rows whose ``required`` columns are finite, sorted by time, one a time; report the counts."""
    whole: Bools = np.logical_and.reduce([np.isfinite(cleaned.columns[key]) for key in required])
    first = [cleaned.columns["row"][~whole]]
    _keep(cleaned, whole)
    time = cleaned.columns["time"]
    late = time < np.maximum.accumulate(time) if time.size else np.zeros(0, bool)
    first.append(cleaned.columns["row"][late])
    if late.any():
        order = np.argsort(time, kind="stable")
        cleaned.columns = {key: values[order] for key, values in cleaned.columns.items()}
    repeated = np.concatenate([np.zeros(min(1, time.size), bool), np.diff(cleaned.columns["time"]) == 0])
    first.append(cleaned.columns["row"][repeated])
    _keep(cleaned, ~repeated)
    _report_tidy(cleaned, file, (~whole).sum(), late.sum(), repeated.sum(), np.concatenate(first))


def _report_tidy(  # the three counts and the rows belong together
    cleaned: Cleaned, file: str, nan: int, late: int, repeated: int, rows: NDArray[np.float64]
) -> None:
    if not rows.size:
        return
    if nan + repeated:
        cleaned.dropped["rows_dropped"] = int(nan + repeated)
    message = (
        f"{file}: {nan} rows without a number and {repeated} with a repeated time dropped, "
        f"{late} out of order sorted; the first in row {int(rows.min())}."
    )
    cleaned.findings.append(
        Finding(
            severity="warning",
            rule="rows_dropped",
            message=message,
            table=file,
            row=int(rows.min()),
            action="dropped" if nan + repeated else "repaired",
        )
    )


def _impossible(columns: Columns, mask: Bools, file: str) -> DataError:
    at = int(np.flatnonzero(mask)[0])
    row, lon, lat = (columns[key][at] for key in ("row", "longitude", "latitude"))
    return DataError(
        f"{file}: row {row:.0f} has an impossible position: lon {lon:g}, lat {lat:g}.",
        rule="impossible_position",
        hint=_MEND,
        rows=[int(r) for r in columns["row"][mask]],
        field="lon",
    )


def _drop_jumps(cleaned: Cleaned, file: str, *, drop_bad: bool) -> None:
    columns = cleaned.columns
    away, length_m = _unreachable(columns["time"], columns["longitude"], columns["latitude"])
    if not away.any():
        return
    if not drop_bad:
        rows = [int(r) for r in columns["row"][away]]
        raise DataError(
            f"{file}: a jump of {length_m / 1000:.0f} km at row {rows[0]}.",
            rule="impossible_jump",
            hint=_MEND,
            rows=rows,
            field="lon",
        )
    _count(cleaned, "impossible_jump", away, file, "reached only faster than any car")
    _keep(cleaned, ~away)


def _unreachable(
    time: NDArray[np.float64], lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[Bools, float]:
    """Return which fixes no car reaches from the longest coherent run, and the longest jump [m]."""
    step_m = great_circle_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
    jump = (step_m > _JUMP_M) & (step_m > _JUMP_M_S * np.diff(time))
    away = np.zeros(len(time), bool)
    if not jump.any():
        return away, 0.0
    runs = np.split(np.arange(len(time)), np.flatnonzero(jump) + 1)
    longest = max(range(len(runs)), key=lambda k: len(runs[k]))
    for order, end, start in ((range(longest + 1, len(runs)), -1, 0), (range(longest - 1, -1, -1), 0, -1)):
        anchor = runs[longest][end]
        for k in order:
            near = runs[k][start]
            gap_m = great_circle_m(lon[anchor], lat[anchor], lon[near], lat[near])
            if gap_m > max(_JUMP_M, _JUMP_M_S * abs(time[near] - time[anchor])):
                away[runs[k]] = True
            else:
                anchor = runs[k][end]
    return away, float(step_m[jump].max())


def great_circle_m(
    lon_a: NDArray[np.float64],
    lat_a: NDArray[np.float64],
    lon_b: NDArray[np.float64],
    lat_b: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the great-circle distance [m] between points in degrees (haversine formula)."""
    phi_a, phi_b = np.radians(lat_a), np.radians(lat_b)
    half = np.sin((phi_b - phi_a) / 2) ** 2
    half = half + np.cos(phi_a) * np.cos(phi_b) * np.sin(np.radians(np.subtract(lon_b, lon_a)) / 2) ** 2
    distance: NDArray[np.float64] = 2 * _EARTH_M * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    return distance

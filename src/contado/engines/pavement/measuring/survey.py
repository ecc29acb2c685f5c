"""Files that come with a drive: the surveyed section and the fleet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final, get_args

import msgspec
import numpy as np
import pyarrow as pa

from contado.engines.pavement.cars.half_car import HalfCar
from contado.engines.pavement.cars.vehicles import Model, QuarterCar
from contado.engines.pavement.measuring.calibration import Calibration
from contado.engines.pavement.profile import roughness_index
from contado.engines.pavement.profile.profile_file import read_profile
from contado.kernel import tables
from contado.kernel.errors import ColumnNotFound, DataError, Finding, UsageError
from contado.kernel.tables import csv_dialect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from contado.engines.pavement.cars.vehicles import TransferFunction
    from contado.engines.pavement.profile.profile_file import Profile
    from contado.engines.pavement.state.lives import Days, Renewals

    Floats = NDArray[np.float64]

__all__ = ["Reference", "Vehicle", "read_fleet", "read_reference"]

NAMES: Final = ("vehicle", "vehicle_id", "id")
CAR: Final = ("k1", "k2", "c", "mu")
AXLES: Final = ("a_m", "b_m")
BODY: Final = ("inertia_ratio", "sensor_ahead_m")
DAY: Final = "calibrated_on"
ORDINARY: Final = HalfCar()
"""What a half-car is taken for where its row does not say."""
SURVEYED_M: Final = 100.0
"""Length of the cells that a measured profile is turned into."""
SHARED_M: Final = 1.0
"""Stretches that share no more than this do not speak of the same road."""
CONTRADICTS_LOG: Final = 0.10
"""How far two surveys of a stretch may differ [log]: other wheel track, other line driven."""
FLEET_SD_LOG: Final = 0.05
"""Uncertainty of a scale that comes without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Surveyed IRI [m/km] of stretches [from, to) of the route [m], shape (cells,)."""

    from_m: Floats
    to_m: Floats
    iri_m_km: Floats
    findings: tuple[Finding, ...] = ()
    profile: Profile | None = None
    """The measured profile that the IRI was computed from, chainages along the route."""
    day: Days | None = None
    """Legal day on which each stretch was surveyed, NaT unknown: before all works."""
    works: Renewals | None = None
    """Works on the section, where they are known."""

    def holds(self, on: date | None) -> NDArray[np.bool_]:
        """Return which stretches a drive finds as they were surveyed: no works came between the two.

        Parameters
        ----------
        on
            Legal day of the drive; None is after all works.
        """
        if self.works is None or self.day is None:
            return np.ones(self.from_m.size, bool)
        surveyed, driven = (self.works.lived(self.from_m, self.to_m, day) for day in (self.day, on))
        return np.asarray(surveyed == driven, bool)

    def on(self, day: date | None) -> Reference:
        """Return the stretches that hold (`holds`) for a drive on a day."""
        if self.day is None or (kept := self.holds(day)).all():
            return self
        return replace(
            self,
            from_m=self.from_m[kept],
            to_m=self.to_m[kept],
            iri_m_km=self.iri_m_km[kept],
            day=self.day[kept],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """What is known of a vehicle beforehand: its car, or how to find it; its calibration."""

    car: TransferFunction | None = None
    calibration: Calibration | None = None
    body: HalfCar | None = None
    """Where its axles and the sensor sit, of a car whose axles are to be fitted to its spectra."""
    learnt: bool = False
    """Whether it is to be learnt on the reference section."""
    renewable: bool = False
    """Whether a survey that it passes calibrates it anew; where none does, its calibration stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A table with the lines its rows stand on."""

    name: str
    table: pa.Table
    lines: Sequence[int]
    findings: tuple[Finding, ...]

    @classmethod
    def read(cls, path: Path) -> _File:
        found = tables.read(path)
        lines = found.lines if found.lines is not None else range(1, found.table.num_rows + 1)
        return cls(
            name=path.name, table=found.table, lines=lines, findings=tuple(_named(f) for f in found.findings)
        )

    def need(self, names: tuple[str, ...]) -> None:
        present = self.table.column_names
        if missing := [name for name in names if name not in present]:
            raise ColumnNotFound.from_missing(missing, present, table=self.name, used=names)

    def numbers(self, name: str, *, blank: bool = False) -> Floats:
        """Return a column as numbers; an empty cell is NaN where ``blank`` allows it."""
        column = self.table[name]
        if pa.types.is_string(column.type):
            bad = csv_dialect.not_numbers(column).to_numpy(zero_copy_only=False)
            self.refuse(bad, name, "not_a_number", "give a number")
        cells = column.to_pylist()
        values = np.full(len(cells), np.nan)
        for i, cell in enumerate(cells):
            try:
                values[i] = float(cell)
            except (TypeError, ValueError):
                continue
        empty = np.array([blank and cell in (None, "") for cell in cells], dtype=bool)
        self.refuse(~np.isfinite(values) & ~empty, name, "not_a_number", "give a number")
        return values

    def refuse(self, bad: NDArray[np.bool_], name: str, rule: str, hint: str) -> None:
        at = np.flatnonzero(bad)
        if len(at):
            value = self.table[name][int(at[0])].as_py()
            rows = [int(self.lines[int(i)]) for i in at]
            raise DataError(
                f"{self.name}, line {rows[0]}: {name} is {value!r}.",
                rule=rule,
                hint=hint,
                rows=rows,
                field=name,
            )


def _named(finding: Finding) -> Finding:
    """Call what an Italian CSV needed by the name it has for drives and profiles."""
    if finding.rule == "converted":
        return msgspec.structs.replace(finding, rule="italian_csv")
    return finding


def read_reference(path: Path) -> Reference:
    """Read ``from_m, to_m, iri_m_km`` of a surveyed section, or its measured profile ``x_m, y_m``.

    A profile is given along the route (x = chainage); its IRI is taken over 100 m.

    Raises
    ------
    ColumnNotFound
        A column is missing.
    DataError
        Rules ``iri_not_positive``, ``not_a_number``, ``chainage_not_increasing``, ``empty_file``.
    """
    file = _File.read(path)
    if {"x_m", "y_m"} <= set(file.table.column_names):
        return _of_profile(read_profile(path))
    names = ("from_m", "to_m", "iri_m_km")
    file.need(names)
    if not file.table.num_rows:
        raise DataError(
            f"{path.name}: the file has no row.", rule="empty_file", hint="give the surveyed cells"
        )
    from_m, to_m, iri = (file.numbers(name) for name in names)
    file.refuse(
        iri <= 0, "iri_m_km", "iri_not_positive", "an IRI is above 0; leave out what was not surveyed"
    )
    file.refuse(to_m <= from_m, "to_m", "chainage_not_increasing", "to_m lies beyond from_m")
    told = _contradicting(file, from_m, to_m, iri)
    return Reference(from_m=from_m, to_m=to_m, iri_m_km=iri, findings=(*file.findings, *told))


def _contradicting(file: _File, from_m: Floats, to_m: Floats, iri: Floats) -> list[Finding]:
    """Name the rows that say something else of a stretch than the one before along the road."""
    order = np.lexsort((to_m, from_m))
    a, b = order[:-1], order[1:]
    shared = np.minimum(to_m[a], to_m[b]) - from_m[b] > SHARED_M
    apart = np.abs(np.log(iri[a] / iri[b])) > CONTRADICTS_LOG
    return [
        Finding(
            severity="warning",
            rule="survey_contradicts",
            table=file.name,
            row=int(file.lines[int(max(i, k))]),
            message=f"{file.name}, lines {file.lines[int(min(i, k))]} and {file.lines[int(max(i, k))]}: "
            f"{iri[i]:g} and {iri[k]:g} m/km on one stretch.",
            hint="keep the row that holds; both were used",
        )
        for i, k in zip(a[shared & apart], b[shared & apart], strict=True)
    ]


def _of_profile(found: Profile) -> Reference:
    first = float(np.ceil(found.x_m[0] / SURVEYED_M) * SURVEYED_M)
    cells = roughness_index.iri(found.x_m, found.y_m, segment_m=SURVEYED_M, start_m=first)
    return Reference(
        from_m=cells.from_m,
        to_m=cells.to_m,
        iri_m_km=cells.iri_m_km,
        findings=(*found.findings, *cells.findings),
        profile=found,
    )


def read_fleet(path: Path) -> dict[str, Vehicle]:
    """Read ``vehicle`` (or vehicle_id, id) and what is known of each.

    ``k1, k2, c, mu`` and ``scale, sd_log, calibrated_on`` (day); ``model`` is quarter (also where it is blank), half or learnt. A
    half-car has ``a_m, b_m``, distances of the front and rear axle from the centre of mass, and may have
    ``inertia_ratio``, ``sensor_ahead_m`` and ``k1_rear, k2_rear, c_rear, mu_rear`` (else as in front).
    Where k1, k2, c, mu are blank they are fitted to the car's spectra.

    Raises
    ------
    ColumnNotFound
        ``vehicle`` is missing, or some of k1, k2, c, mu; a_m or b_m of a half-car.
    DataError
        Rules ``not_a_number``, ``out_of_range``, ``missing_value`` and ``duplicate_id``.
    UsageError
        A model that does not exist (``unknown_choice``).
    """
    file = _File.read(path)
    present = file.table.column_names
    key = next((name for name in NAMES if name in present), NAMES[0])
    wanted = CAR if set(CAR) & set(present) else ()
    rear = tuple(f"{name}_rear" for name in CAR)
    rear = rear if set(rear) & set(present) else ()
    models = _models(file)
    axles = AXLES if "half" in models else ()
    file.need((key, *wanted, *rear, *axles))
    optional = [n for n in (*BODY, "scale", "sd_log") if n in present]
    numbers = {n: file.numbers(n, blank=True) for n in (*wanted, *rear, *axles, *optional)}
    for name, values in numbers.items():
        if name != "sensor_ahead_m":
            file.refuse(values <= 0, name, "out_of_range", f"{name} is above 0")
    half = np.array([m == "half" for m in models], dtype=bool)
    for name in axles:
        file.refuse(half & np.isnan(numbers[name]), name, "not_a_number", "a half-car needs both its axles")
    days = _days(file)
    rows = [
        {n: float(v[i]) for n, v in numbers.items() if np.isfinite(v[i])} for i in range(file.table.num_rows)
    ]
    names = ["" if name is None else str(name) for name in file.table[key].to_pylist()]
    file.refuse(np.array([not n for n in names], bool), key, "missing_value", "name the vehicle")
    twice = np.array([n in names[:i] for i, n in enumerate(names)], bool)
    file.refuse(twice, key, "duplicate_id", "one row a vehicle")
    return {
        name: _vehicle(row, model, day)
        for name, row, model, day in zip(names, rows, models, days, strict=True)
    }


def _days(file: _File) -> list[date | None]:
    """Return the day of each calibration; None where the cell is blank."""
    if DAY not in file.table.column_names:
        return [None] * file.table.num_rows
    found = []
    for line, cell in zip(file.lines, file.table[DAY].to_pylist(), strict=False):
        try:
            found.append(
                cell if isinstance(cell, date) or not cell else date.fromisoformat(str(cell).strip())
            )
        except ValueError:
            raise DataError(
                f"{file.name}, line {line}: {DAY} is {cell!r}.",
                rule="bad_date",
                hint="write a day as 2026-03-31",
                rows=[int(line)],
                field=DAY,
            ) from None
    return [day or None for day in found]


def _models(file: _File) -> list[str]:
    """Return the model of each row; blank is a quarter-car."""
    if "model" not in file.table.column_names:
        return ["quarter"] * file.table.num_rows
    found = [str(cell or "quarter").strip().lower() for cell in file.table["model"].to_pylist()]
    valid = get_args(Model)
    for line, model in zip(file.lines, found, strict=False):
        if model not in valid:
            raise UsageError(
                f"{file.name}, line {line}: unknown model {model!r}; valid: {', '.join(valid)}.",
                rule="unknown_choice",
                hint="leave it blank for a quarter-car",
                rows=[line],
                field="model",
            )
    return found


def _vehicle(known: Mapping[str, float], model: str, day: date | None) -> Vehicle:
    """Return a vehicle from the figures of its row; a car needs all four of its parameters."""
    front = _axle(known, "")
    calibration = None
    if "scale" in known:
        sd = known.get("sd_log", FLEET_SD_LOG)
        calibration = Calibration(scale=known["scale"], sd_log=sd, calibrated=True, on=day)
    if model != "half":
        return Vehicle(car=front, calibration=calibration, learnt=model == "learnt")
    body = HalfCar(
        a_m=known["a_m"],
        b_m=known["b_m"],
        inertia_ratio=known.get("inertia_ratio", ORDINARY.inertia_ratio),
        sensor_ahead_m=known.get("sensor_ahead_m", ORDINARY.sensor_ahead_m),
    )
    if front is None:
        return Vehicle(calibration=calibration, body=body)
    return Vehicle(
        car=replace(body, front=front, rear=_axle(known, "_rear") or front), calibration=calibration
    )


def _axle(known: Mapping[str, float], end: str) -> QuarterCar | None:
    names = {name: f"{name}{end}" for name in CAR}
    if not set(names.values()) <= set(known):
        return None
    return QuarterCar(**{name: known[column] for name, column in names.items()})

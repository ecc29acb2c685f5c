"""Files that come with a drive: the surveyed section and the fleet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from contado.engines.pavement.calibration import Calibration
from contado.engines.pavement.vehicles import QuarterCar
from contado.kernel import tables
from contado.kernel.errors import ColumnNotFound, DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.kernel.errors import Finding

    Floats = NDArray[np.float64]

__all__ = ["Reference", "Vehicle", "read_fleet", "read_reference"]

NAMES: Final = ("vehicle", "vehicle_id", "id")
CAR: Final = ("k1", "k2", "c", "mu")
FLEET_SD_LOG: Final = 0.05
"""Uncertainty of a scale that comes without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Surveyed IRI [m/km] of stretches [from, to) of the route [m], shape (cells,)."""

    from_m: Floats
    to_m: Floats
    iri_m_km: Floats
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """What is known of a vehicle beforehand: its quarter-car, its calibration."""

    car: QuarterCar | None = None
    calibration: Calibration | None = None


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
            raise ColumnNotFound.from_missing(missing, present, table=self.name)

    def numbers(self, name: str, *, blank: bool = False) -> Floats:
        """Return a column as numbers; an empty cell is NaN where ``blank`` allows it."""
        cells = self.table[name].to_pylist()
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
    """Read ``from_m, to_m, iri_m_km`` of a surveyed section.

    Raises
    ------
    ColumnNotFound
        A column is missing.
    DataError
        Rules ``iri_not_positive``, ``not_a_number``, ``chainage_not_increasing``, ``empty_file``.
    """
    file = _File.read(path)
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
    return Reference(from_m=from_m, to_m=to_m, iri_m_km=iri, findings=file.findings)


def read_fleet(path: Path) -> dict[str, Vehicle]:
    """Read ``vehicle`` (or vehicle_id, id) and, where known, ``k1, k2, c, mu`` and ``scale, sd_log``.

    Raises
    ------
    ColumnNotFound
        ``vehicle`` is missing, or some of k1, k2, c, mu.
    DataError
        Rules ``not_a_number`` and ``out_of_range``.
    """
    file = _File.read(path)
    present = file.table.column_names
    key = next((name for name in NAMES if name in present), NAMES[0])
    wanted = CAR if set(CAR) & set(present) else ()
    file.need((key, *wanted))
    numbers = {n: file.numbers(n, blank=True) for n in (*wanted, "scale", "sd_log") if n in present}
    for name, values in numbers.items():
        file.refuse(values <= 0, name, "out_of_range", f"{name} is above 0")
    rows = [
        {n: float(v[i]) for n, v in numbers.items() if np.isfinite(v[i])} for i in range(file.table.num_rows)
    ]
    names = [str(name) for name in file.table[key].to_pylist()]
    return {name: _vehicle(row) for name, row in zip(names, rows, strict=True)}


def _vehicle(known: Mapping[str, float]) -> Vehicle:
    """Return a vehicle from the figures of its row; a car needs all four of its parameters."""
    car = QuarterCar(**{key: known[key] for key in CAR}) if set(CAR) <= set(known) else None
    calibration = None
    if "scale" in known:
        sd = known.get("sd_log", FLEET_SD_LOG)
        calibration = Calibration(scale=known["scale"], sd_log=sd, calibrated=True)
    return Vehicle(car=car, calibration=calibration)

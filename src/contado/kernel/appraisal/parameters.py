"""Dated parameters with their status: rates, reference periods, unit values, energy carriers.

The rows stand in ``parameters/*.csv``, facts retyped with their source. A user's file of unit values has
the columns of ``unit_value.csv``: ``item, sense, unit, value_eur, price_year, valid_from, valid_to, norm,
status, source`` (the first, ``unit`` and ``value_eur`` are enough). It is also how values for air
pollutants and noise come in: none are shipped.

Examples
--------
>>> rate = parameter("social_discount_rate", area="IT")
>>> rate.value, rate.unit, rate.status
(0.03, 'share', 'to_confirm')
>>> unit_value("deaths_avoided").value_eur, unit_value("deaths_avoided", price_year=2010).status
(1812989.0, 'to_confirm')
"""

from __future__ import annotations

import csv
import datetime as dt
import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from contado.kernel.dates import dated
from contado.kernel.errors import ColumnNotFound, DataError, TableNotFound, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Carrier",
    "Parameter",
    "Status",
    "UnitValue",
    "carbon_knots",
    "energy",
    "parameter",
    "parameters",
    "read_price_index",
    "read_unit_values",
    "unit_value",
    "unit_values",
]

Status = Literal["confirmed", "to_confirm"]

_FOLDER: Final = Path(__file__).parent / "parameters"
_STATUS: Final[Mapping[str, Status]] = {
    "confirmed": "confirmed",
    "verified": "confirmed",
    "to_confirm": "to_confirm",
    "to_verify": "to_confirm",
    "": "to_confirm",
}
_EUR_OF_YEAR: Final = re.compile(r"eur_(\d{4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One dated row of ``parameter.csv``; ``low`` and ``high`` where the source gives a range."""

    name: str
    area: str
    value: float
    low: float | None
    high: float | None
    unit: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    norm: str
    status: Status
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitValue:
    """What one unit of an item is worth [EUR of ``price_year``]."""

    item: str
    sense: Literal["benefit", "cost"]
    unit: str
    value_eur: float
    price_year: int | None
    valid_from: dt.date | None
    valid_to: dt.date | None
    norm: str
    status: Status
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """An energy carrier: primary-energy factors [-], emission [kg CO2e/kWh], price [EUR/kWh]; None = unknown."""

    carrier: str
    fp_nren: float | None
    fp_ren: float | None
    co2_kg_kwh: float | None
    price_eur_kwh: float | None
    valid_from: dt.date | None
    valid_to: dt.date | None
    norm: str
    status: Status
    source: str


@cache
def parameters() -> tuple[Parameter, ...]:
    """Return all rows of ``parameter.csv``."""
    return tuple(
        Parameter(
            name=row["name"],
            area=row["area"],
            value=float(row["value"]),
            low=_optional(row["low"]),
            high=_optional(row["high"]),
            unit=row["unit"],
            **_dated(row),
        )
        for row in _rows("parameter")
    )


def parameter(name: str, *, area: str, on: dt.date | None = None) -> Parameter:
    """Return the parameter of an area that holds on a day (default: the newest row).

    Raises
    ------
    DataError
        ``no_parameter``: no such name; ``no_dated_row``: no row of that area and day.
    """
    known = parameters()
    if name not in {p.name for p in known}:
        hint = did_you_mean(name, {p.name for p in known})
        raise DataError(f"There is no parameter {name!r}.", rule="no_parameter", hint=hint, field=name)
    return dated.pick(known, on or dt.date.max, name=name, area=area)


@cache
def unit_values() -> tuple[UnitValue, ...]:
    """Return all shipped unit values."""
    return tuple(_unit_value(row) for row in _rows("unit_value"))


def unit_value(
    item: str,
    *,
    year: int | None = None,
    price_year: int | None = None,
    extra: Sequence[UnitValue] = (),
) -> UnitValue | None:
    """Return the value of an item in a year, or None: rows of ``extra`` first, the newest price year first.

    Parameters
    ----------
    item
        Name of the item.
    year
        Year of the flow; its last day is the day whose row counts. None: the newest row.
    price_year
        Only rows of this price year.
    extra
        Rows handed in (a user's file); where they know the item, the shipped ones do not count.

    Raises
    ------
    DataError
        ``several_dated_rows``: two rows of that price year hold and began on the same day.
    """
    own = [v for v in extra if v.item == item]
    rows = own or [v for v in unit_values() if v.item == item]
    if price_year is not None:
        rows = [v for v in rows if v.price_year == price_year]
    newest = max((v.price_year or 0 for v in rows), default=0)
    day = dt.date(year, 12, 31) if year is not None else dt.date.max
    try:
        return dated.pick([v for v in rows if (v.price_year or 0) == newest], day, item=item)
    except DataError as error:
        if error.rule != "no_dated_row":
            raise
        return None


@cache
def carbon_knots() -> tuple[dict[str, Any], ...]:
    """Return the years of the shadow cost of carbon that its source states, in order."""
    return tuple(
        {
            "year": int(row["year"]),
            "eur_tco2e": float(row["eur_tco2e"]),
            "price_year": int(row["price_year"]),
            "status": _STATUS[row["status"]],
            "source": row["source"],
        }
        for row in _rows("shadow_cost_of_carbon")
    )


@cache
def _carriers() -> tuple[Carrier, ...]:
    numbers = ("fp_nren", "fp_ren", "co2_kg_kwh", "price_eur_kwh")
    return tuple(
        Carrier(carrier=row["carrier"], **({n: _optional(row[n]) for n in numbers} | _dated(row)))
        for row in _rows("energy")
    )


def energy(carrier: str, *, on: dt.date | None = None) -> Carrier:
    """Return the row of an energy carrier that holds on a day (default: the newest).

    Raises
    ------
    DataError
        ``no_parameter``: no such carrier; ``no_dated_row``: no row of that day.
    """
    names = {c.carrier for c in _carriers()}
    if carrier not in names:
        raise DataError(
            f"There is no energy carrier {carrier!r}.",
            rule="no_parameter",
            hint=did_you_mean(carrier, names) or f"valid: {', '.join(sorted(names))}",
            field="carrier",
        )
    return dated.pick(_carriers(), on or dt.date.max, carrier=carrier)


def read_unit_values(path: Path) -> list[UnitValue]:
    """Read a user's unit values.

    ``parameter`` stands for ``item`` and ``value`` for ``value_eur``; a unit ``eur_2018`` states the price year
    and leaves the unit of the item open.

    Raises
    ------
    TableNotFound, ColumnNotFound
        No such file or column.
    DataError
        ``bad_number``: a value that is no number; row and value are quoted.
    """
    rows = _file_rows(path, ("value_eur", "value"))
    return [_unit_value(row, line=line, table=path.name) for line, row in rows]


def read_price_index(path: Path) -> dict[int, float]:
    """Read an index table (columns ``year, index``): the price level of each year.

    Raises
    ------
    TableNotFound, ColumnNotFound
        No such file or column.
    DataError
        ``bad_number``: a year or level that is no positive number, or a year that stands twice.
    """
    index: dict[int, float] = {}
    for line, row in _file_rows(path, ("index",), named=("year",)):
        year = int(_number(row["year"], "year", line, path.name))
        level = _number(row["index"], "index", line, path.name)
        if year in index or level <= 0:
            raise DataError(
                f"{path.name}, line {line}: year {year}, index {row['index']!r}: each year once, levels above 0.",
                rule="bad_number",
                hint="one row a year",
                rows=[line],
            )
        index[year] = level
    return index


def _rows(name: str) -> list[dict[str, str]]:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _file_rows(
    path: Path, values: tuple[str, ...], named: tuple[str, ...] = ("item", "parameter")
) -> list[tuple[int, dict[str, str]]]:
    """Rows of a user's file with their lines; one column of each group must be there."""
    from contado.kernel import tables

    if not path.is_file():
        known = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, known) or "check the path"
        raise TableNotFound(f"There is no file {path.name!r}.", hint=hint, field=path.name)
    table, _, lines = tables.read(path)
    for group in (named, values):
        if not set(group) & set(table.column_names):
            raise ColumnNotFound.from_missing([group[0]], table.column_names, table=path.name)
    texts = [{k: "" if v is None else str(v) for k, v in row.items()} for row in table.to_pylist()]
    return list(zip(lines or range(1, len(texts) + 1), texts, strict=True))


def _unit_value(row: Mapping[str, str], *, line: int = 0, table: str = "unit_value") -> UnitValue:
    unit = row.get("unit", "")
    of_year = _EUR_OF_YEAR.fullmatch(unit)
    stated = row.get("price_year") or (of_year[1] if of_year else "")
    sense = row.get("sense") or "benefit"
    if sense not in {"benefit", "cost"}:
        raise DataError(
            f"{table}, line {line}: sense {sense!r} is neither benefit nor cost.",
            rule="bad_value",
            hint="valid: benefit, cost",
            rows=[line],
            field="sense",
        )
    return UnitValue(
        item=row.get("item") or row.get("parameter", ""),
        sense="cost" if sense == "cost" else "benefit",
        unit="" if of_year else unit,
        value_eur=_number(row.get("value_eur") or row.get("value", ""), "value_eur", line, table),
        price_year=int(_number(stated, "price_year", line, table)) if stated else None,
        **_dated(row),
    )


def _number(text: str, column: str, line: int, table: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DataError(
            f"{table}, line {line}: {column} = {text!r} is not a number.",
            rule="bad_number",
            hint="write a number with a decimal point, without unit",
            rows=[line],
            field=column,
        )
    return number


def _optional(text: str) -> float | None:
    return float(text) if text else None


def _dated(row: Mapping[str, str]) -> dict[str, Any]:
    """The columns every dated row has."""
    return {
        "valid_from": dated.day(row.get("valid_from")),
        "valid_to": dated.day(row.get("valid_to")),
        "norm": row.get("norm", ""),
        "status": _STATUS.get(row.get("status", ""), "to_confirm"),
        "source": row.get("source") or row.get("source_id", ""),
    }

"""Column maps: which header of which logger means what, read from ``columns.toml`` or a file like it."""

from __future__ import annotations

import math
import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import numpy as np

from contado.kernel.errors import ColumnNotFound, DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.textfile import RawFile

__all__ = ["Column", "Format", "Kind", "Part", "formats", "in_si", "unreadable"]

_FACTOR: Final = {"km_h": 1 / 3.6, "deg_s": math.pi / 180}
"""What a number in a unit is multiplied with to be in that of our own tables; acceleration is settled by its norm."""

Kind = Literal["acceleration", "rotation", "location", "log"]
Quantity = Literal[
    "time", "acceleration", "rotation", "longitude", "latitude", "speed", "accuracy", "hdop", "utc"
]
ColumnUnit = Literal[
    "s", "ms", "us", "ns", "hms", "iso", "m_s2", "g", "rad_s", "deg_s", "m_s", "km_h", "deg", "m", "1"
]


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column: its header or the variants of it, what it holds, axis and unit."""

    name: tuple[str, ...]
    quantity: Quantity
    unit: ColumnUnit
    axis: Literal["x", "y", "z"] | None = None
    optional: bool = False

    @property
    def key(self) -> str:
        """Name in our own tables: the quantity with its axis."""
        return f"{self.quantity}_{self.axis}" if self.axis else self.quantity


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a drive: what it holds, how its name ends, its columns."""

    kind: Kind
    columns: tuple[Column, ...]
    suffix: str = ""
    optional: bool = False
    instead: tuple[Column, ...] = ()
    """Columns in another unit that stand for one of the same quantity."""

    def find(self, headers: Iterable[str], *, file: str) -> dict[str, Column]:
        """Return header -> column for the columns that ``file`` has, in whichever of their units.

        Raises
        ------
        ColumnNotFound
            A required column is missing; the hint names what resembles it.
        """
        present = {header.strip().casefold(): header for header in headers}
        found: dict[str, Column] = {}
        for column in (*self.columns, *self.instead):
            header = next((present[n.casefold()] for n in column.name if n.casefold() in present), None)
            if header is not None:
                found[header] = column
        if missing := self._missing(found.values()):
            raise _not_found(missing, [h for h in present.values() if h.strip()], found, file)
        return found

    def fits(self, headers: Iterable[str]) -> bool:
        """Whether every required column is there."""
        present = {header.strip().casefold() for header in headers}
        return not self._missing(
            c for c in (*self.columns, *self.instead) if present & {n.casefold() for n in c.name}
        )

    def _missing(self, found: Iterable[Column]) -> list[Column]:
        """Return the required columns of which neither they nor another of their quantity are ``found``."""
        keys = {column.key for column in found}
        return [column for column in self.columns if not column.optional and column.key not in keys]


def in_si(raw: RawFile, found: Mapping[str, Column]) -> dict[str, NDArray[np.float64]]:
    """Return the numbers of a file by quantity, in the units of our own tables; times and instants are left out.

    Where a file tells one quantity in two units the second fills what the first does not know.

    Parameters
    ----------
    found
        Header -> column, as `Part.find` returns them.
    """
    table: dict[str, NDArray[np.float64]] = {}
    for header, column in found.items():
        if column.quantity not in {"time", "utc"}:
            values = raw.numbers(header) * _FACTOR.get(column.unit, 1.0)
            known = table.get(column.key, values)
            table[column.key] = np.where(np.isfinite(known), known, values)
    return table


def _not_found(
    missing: Sequence[Column], headers: Sequence[str], found: Iterable[str], file: str
) -> ColumnNotFound:
    error = ColumnNotFound.from_missing([c.name[0] for c in missing], headers, table=file, used=found)
    if missing[0].quantity == "speed":  # a column of a like name may hold another unit
        error.hint += f" {missing[0].name[0]} is in m/s; divide km/h by 3.6"
    return error


class Format(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one kind of logger writes."""

    title: str
    part: tuple[Part, ...]
    phone: bool = False


def formats(own: Path | None = None) -> dict[str, Format]:
    """Return the column maps by name: those of the file ``own`` first, then the shipped ones.

    Raises
    ------
    UsageError
        ``own`` is not TOML or holds something a column map does not have.
    """
    if own is None:
        return dict(_shipped())
    try:
        mine = msgspec.convert(tomllib.loads(own.read_text(encoding="utf-8")), dict[str, Format])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise UsageError(
            f"{own.name}: this is no column map: {error}.",
            rule="bad_column_map",
            hint='as [logger] title = "..." [[logger.part]] kind = "log" columns = '
            '[{ name = ["t"], quantity = "time", unit = "s" }, ...]',
            field="columns",
        ) from None
    return mine | {name: shipped for name, shipped in _shipped().items() if name not in mine}


@cache
def _shipped() -> Mapping[str, Format]:
    text = resources.files(__package__ or "").joinpath("columns.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Format])


def unreadable(file: str, known: Mapping[str, Format]) -> DataError:
    """Build the error for a file that fits no column map."""
    titles = "; ".join(known[name].title for name in known)
    return DataError(
        f"{file}: the columns fit no known logger.",
        rule="missing_column",
        hint=f"read are: {titles}; --columns FILE describes another",
    )

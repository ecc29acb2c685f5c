"""Table schemas: declared as CSV data, read by validation, docs and code alike.

A shared table's schema stands in ``schema/NAME.csv``, a folder format's in ``schema/folder/NAME.csv``
(named ``folder/NAME``). Engines bring their own by the entry-point group ``contado.schemas``: its value
is a package that holds ``schema/*.csv`` and, where it registers indicators, ``indicator.csv``; such a
table is called by the entry's name and its own (``pavement_cell_state``).

Types: text, int, float, bool, date, instant (UTC), geometry (WKB), list. A list with a unit holds
numbers, one without holds text. An ``action`` says what happens to a row whose cell is missing, out of
range or refers to nothing: refused, row_set_aside, kept.

Examples
--------
>>> schema("budget").key
('source', 'year')
>>> indicators()["deaths_avoided_y"].unit
'count_y'
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

import pyarrow as pa

from contado.kernel.errors import DataError, TableNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "COLUMNS",
    "GROUP",
    "Attribute",
    "Indicator",
    "Schema",
    "folder_names",
    "indicators",
    "names",
    "schema",
]

GROUP: Final = "contado.schemas"
COLUMNS: Final = (
    "attribute",
    "type",
    "unit",
    "required",
    "nullable",
    "default",
    "key",
    "reference",
    "min",
    "max",
    "missing_rule",
    "range_rule",
    "action",
    "description",
    "source",
)
_HERE: Final = Path(__file__).parent
_CHOICES: Final = re.compile(r"one of (\w+(?:/\w+)+)")
_ARROW: Final[Mapping[str, pa.DataType]] = {
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
    "geometry": pa.binary(),
}

Type = Literal["text", "int", "float", "bool", "date", "instant", "geometry", "list"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One column of a table, as its schema declares it; empty cells of the CSV are ''."""

    attribute: str
    type: Type
    unit: str
    required: bool
    nullable: bool
    default: str
    key: bool
    reference: str
    min: float | None
    max: float | None
    missing_rule: str
    range_rule: str
    action: str
    description: str
    source: str

    @property
    def arrow(self) -> pa.DataType:
        """Return the Arrow type of the column."""
        if self.type == "list":
            return pa.list_(pa.float64() if self.unit else pa.string())
        return _ARROW[self.type]

    @property
    def numeric(self) -> bool:
        """Whether the column holds numbers."""
        return self.type in {"int", "float"} or (self.type == "list" and bool(self.unit))

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the valid words, which the description lists as ``one of a/b/c``; else ()."""
        found = _CHOICES.search(self.description)
        return tuple(found[1].split("/")) if found else ()


@dataclass(frozen=True)
class Schema:
    """A table's name and its attributes, in the order of the file."""

    name: str
    attributes: tuple[Attribute, ...]

    @cached_property
    def by_name(self) -> dict[str, Attribute]:
        """Return attribute name -> attribute."""
        return {a.attribute: a for a in self.attributes}

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Return the columns that identify a row."""
        return tuple(a.attribute for a in self.attributes if a.key)

    def arrow(self) -> pa.Schema:
        """Return the Arrow schema; every field takes nulls, what may be null is said by validation."""
        return pa.schema([pa.field(a.attribute, a.arrow) for a in self.attributes])


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One row of the registry of indicators."""

    id: str
    name_it: str
    name_en: str
    unit: str
    direction: Literal["up", "down", "none"]
    aggregation: Literal["sum", "mean", "share"]
    practice: str | None


def names() -> tuple[str, ...]:
    """Return the names of all tables of a workspace, sorted."""
    return tuple(sorted(n for n in _files() if "/" not in n))


def folder_names() -> tuple[str, ...]:
    """Return the names of the schemas of exchange folders (``folder/interventions`` ...), sorted."""
    return tuple(sorted(n for n in _files() if "/" in n))


@cache
def schema(name: str) -> Schema:
    """Return the schema called ``name``.

    Raises
    ------
    TableNotFound
        No such table; the hint names the nearest.
    """
    if name not in _files():
        raise TableNotFound.from_name(name, names())
    path = _files()[name]
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise DataError(
                f"Schema {name}: the header is not {','.join(COLUMNS)}.",
                rule="bad_schema",
                hint="declare every column of a schema, empty where it says nothing",
                field=name,
            )
        return Schema(name, tuple(_attribute(row, name) for row in reader))


def _attribute(row: dict[str, str], table: str) -> Attribute:
    kind = row["type"]
    if kind not in {*_ARROW, "list"}:
        raise DataError(
            f"Schema {table}: {row['attribute']} has the unknown type {kind!r}.",
            rule="bad_schema",
            hint="types: " + ", ".join([*_ARROW, "list"]),
            field=row["attribute"],
        )
    return Attribute(
        attribute=row["attribute"],
        type=cast("Type", kind),
        unit=row["unit"],
        required=row["required"] == "true",
        nullable=row["nullable"] == "true",
        default=row["default"],
        key=row["key"] == "true",
        reference=row["reference"],
        min=float(row["min"]) if row["min"] else None,
        max=float(row["max"]) if row["max"] else None,
        missing_rule=row["missing_rule"] or "missing_value",
        range_rule=row["range_rule"] or "out_of_range",
        action=row["action"] or "kept",
        description=row["description"],
        source=row["source"],
    )


@cache
def indicators() -> dict[str, Indicator]:
    """Return the registry of indicators: shared ones first, then those that engines bring."""
    out: dict[str, Indicator] = {}
    for path in [_HERE / "data" / "indicator.csv", *(p / "indicator.csv" for _, p in _packages())]:
        if path.is_file():
            for row in _rows(path):
                out.setdefault(row["id"], _indicator(row))
    return out


def _indicator(row: dict[str, str]) -> Indicator:
    return Indicator(
        id=row["id"],
        name_it=row["name_it"],
        name_en=row["name_en"],
        unit=row["unit"],
        direction=cast("Literal['up', 'down', 'none']", row["direction"]),
        aggregation=cast("Literal['sum', 'mean', 'share']", row["aggregation"]),
        practice=row["practice"] or None,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _files() -> dict[str, Path]:
    """Table name -> schema file."""
    folder = _HERE / "schema"
    out = {p.stem: p for p in sorted(folder.glob("*.csv"))}
    out |= {f"folder/{p.stem}": p for p in sorted((folder / "folder").glob("*.csv"))}
    for prefix, package in _packages():
        out |= {f"{prefix}_{p.stem}": p for p in sorted((package / "schema").glob("*.csv"))}
    return out


def _packages() -> Iterator[tuple[str, Path]]:
    """Yield entry name and folder of every package that brings schemas, without importing it."""
    for entry in sorted(metadata.entry_points(group=GROUP), key=lambda e: e.name):
        spec = util.find_spec(entry.value)
        for location in (spec.submodule_search_locations or ()) if spec else ():
            yield entry.name, Path(location)

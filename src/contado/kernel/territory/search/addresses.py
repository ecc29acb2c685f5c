"""Street addresses of layer ``addresses``: an export of ANNCSU or an extract of OpenStreetMap.

Which column holds what is told by its name (``address_columns.csv``; the columns of ANNCSU as published by
Agenzia delle Entrate, the keys of OpenStreetMap as in its wiki, "Key:addr"). The municipality is the row's code,
else its name, else the one that holds the point.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.territory.codes import fold, six_digits
from contado.kernel.territory.search.entry import GUARDS, Entry, is_shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from contado.kernel.territory.locate import Locator

__all__ = ["KIND", "LAYER", "columns", "entries"]

LAYER: Final = "addresses"
KIND: Final = "address"
_NAMING: Final = {"istat", "belfiore", "city"}
"""Meanings that name a municipality."""


@cache
def _known() -> dict[str, str]:
    """Return the meaning of every known column, in the order of preference."""
    file = files("contado.kernel.territory.search") / "address_columns.csv"
    return {row["column"]: row["meaning"] for row in csv.DictReader(file.read_text("utf-8").splitlines())}


def columns(names: Sequence[str]) -> dict[str, list[str]]:
    """Return which columns hold what, the preferred first; empty where no column holds a street.

    >>> columns(["ODONIMO", "CIVICO", "ESPONENTE", "CODICE_ISTAT", "QUOTA"])
    {'street': ['ODONIMO'], 'number': ['CIVICO'], 'suffix': ['ESPONENTE'], 'istat': ['CODICE_ISTAT']}
    >>> columns(["addr:housenumber", "addr:city"])
    {}
    """
    given = {fold(name).replace(" ", "_"): name for name in names}
    found: dict[str, list[str]] = {}
    for column, meaning in _known().items():
        if column in given:
            found.setdefault(meaning, []).append(given[column])
    return found if "street" in found else {}


def entries(
    table: pa.Table, municipalities: Mapping[str, str], belfiore: Mapping[str, str], locator: Locator | None
) -> Iterator[Entry]:
    """Return the addresses of a layer, ``ref`` the 1-based number of the row; rows without street and those kept back are left out.

    Parameters
    ----------
    table
        The layer.
    municipalities
        Names by ISTAT code.
    belfiore
        ISTAT codes by Belfiore code.
    locator
        Finds the municipality of a point where the row names none.
    """
    named = columns(table.column_names)
    if not named:
        return
    wanted = {name for group in named.values() for name in group}.union(GUARDS)
    rows = table.select([n for n in table.column_names if n in wanted]).to_pylist()
    places = _by_point(table, locator) if locator and not _NAMING & named.keys() else [None] * len(rows)
    for number, (row, place) in enumerate(zip(rows, places, strict=True), start=1):
        held = {meaning: _text(row, group) for meaning, group in named.items()}
        if held["street"] and is_shown(row):
            code = place or _code(held, belfiore)
            yield _entry(number, held, municipalities.get(code or "") or held.get("city", ""))


def _entry(number: int, held: Mapping[str, str], municipality: str) -> Entry:
    house = "/".join(part for part in (held.get("number"), held.get("suffix")) if part)
    beside = dict.fromkeys((held.get("postcode"), held.get("hamlet"), municipality))
    return Entry(
        kind=KIND,
        ref=str(number),
        title_it=f"{_cased(held['street'])} {house}".strip(),
        more_it=" · ".join(part for part in beside if part),
    )


def _text(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the first known value as text, a whole float without its fraction."""
    for name in names:
        value = row[name]
        if isinstance(value, float):
            value = int(value) if value.is_integer() else None
        if value not in {None, ""}:
            return str(value).strip()
    return ""


def _cased(street: str) -> str:
    """Return a street in capitals, as registers write it, with capitals at the beginning of words."""
    return street.title().replace("'S ", "'s ") if street.isupper() else street


def _code(held: Mapping[str, str], belfiore: Mapping[str, str]) -> str | None:
    if held.get("istat"):
        return six_digits(held["istat"])
    return belfiore.get(held.get("belfiore", "").upper())


def _by_point(table: pa.Table, locator: Locator) -> list[str | None]:
    """Return the municipality that holds each row's representative point."""
    from contado.kernel.tables import geoparquet

    points = geoparquet.to_gdf(table.select(["geometry"])).geometry.to_crs(4326).representative_point()
    found: list[str | None] = locator.istat(points.x.to_numpy(), points.y.to_numpy()).to_pylist()
    return found

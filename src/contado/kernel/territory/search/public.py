"""What a workspace shows to everybody, as entries: municipalities, places, layers, addresses.

Only layers whose access is ``public`` are read, and of their rows only those that no column ``access`` or
``visibility`` keeps back; only the name, the English name and the municipality of a row are taken.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.errors import DataError
from contado.kernel.provenance import sha256_of_file
from contado.kernel.territory.codes import six_digits
from contado.kernel.territory.search import addresses
from contado.kernel.territory.search.entry import GUARDS, Entry, is_shown
from contado.kernel.territory.search.index import FORMAT
from contado.kernel.territory.unit_tables import LAYER as TERRITORY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from contado.kernel.territory.locate import Locator
    from contado.kernel.workspace import LayerInfo, WorkspaceView

__all__ = ["KINDS", "entries", "state"]

KINDS: Final = ("municipality", "place", "layer", addresses.KIND)
"""Kinds that a workspace gives by itself."""
_UNITS: Final = "territory_unit"
_NAMES: Final = ("name", "name_it", "nome", "denominazione")
_ENGLISH: Final = "name_en"
_OWNERS: Final = ("municipality", "istat")


def state(view: WorkspaceView, further: Iterable[Entry] = ()) -> str:
    """Return a stamp that changes whenever the entries of ``view`` or the further ones do."""
    seen = [
        FORMAT,
        [[i.id, i.title_it, i.title_en, i.sha256] for i in _public(view)],
        [sha256_of_file(file) for file in view.files_of(_UNITS)],
        [[getattr(entry, name) for name in entry.__struct_fields__] for entry in further],
    ]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:32]


def entries(view: WorkspaceView) -> Iterator[Entry]:
    """Return what the workspace shows to everybody, read from its tables and layers as they are now."""
    units = view.read(_UNITS).to_pylist() or _of_layer(view)
    names = {str(unit["id"]): str(unit["name_it"]) for unit in units}
    yield from _units(units)
    for info in _public(view):
        yield Entry(
            kind="layer",
            ref=info.id,
            title_it=info.title_it or info.id,
            title_en=info.title_en,
            more_it=info.id,
        )
        if info.id == addresses.LAYER:
            belfiore = {str(u["belfiore"]): str(u["id"]) for u in units if u.get("belfiore")}
            yield from addresses.entries(view.layer(info.id), names, belfiore, _locator(view))
        elif info.id != TERRITORY:
            yield from _places(info, view.layer(info.id), names)


def _public(view: WorkspaceView) -> list[LayerInfo]:
    return [info for info in view.layers() if info.access == "public"]


def _of_layer(view: WorkspaceView) -> list[dict[str, Any]]:
    """Return the municipalities of a workspace that has their layer only, as rows of ``territory_unit``."""
    if all(info.id != TERRITORY for info in _public(view)):
        return []
    rows = view.layer(TERRITORY).drop(["geometry"]).to_pylist()
    unknown = dict.fromkeys(("name_en", "valid_to", "successor_id"))
    own = {"kind": "municipality"} | unknown
    coded = [row | own | {"istat6": six_digits(row["istat"])} for row in rows]
    return [row | {"id": row["istat6"], "name_it": row["name"]} for row in coded]


def _units(units: Sequence[Mapping[str, Any]]) -> Iterator[Entry]:
    """Return the units that exist; codes and names merged into one lead to it."""
    ceased: dict[str, list[Mapping[str, Any]]] = {}
    for unit in units:
        if unit["successor_id"]:
            ceased.setdefault(str(unit["successor_id"]), []).append(unit)
    for unit in units:
        if unit["valid_to"] is None:
            yield _unit(unit, ceased.get(str(unit["id"]), []))


def _unit(unit: Mapping[str, Any], merged: Sequence[Mapping[str, Any]]) -> Entry:
    town = unit["kind"] == "municipality"
    codes = [code for row in (unit, *merged) for code in (row["istat6"], row.get("belfiore")) if code]
    short = [code.lstrip("0") for code in codes if code.isdecimal()]
    return Entry(
        kind="municipality" if town else "place",
        ref=str(unit["id"]) if town else "",
        title_it=str(unit["name_it"]),
        title_en=unit["name_en"] or "",
        more_it=unit["istat6"] or "",
        words=" ".join(str(row["name_it"]) for row in merged),
        codes=tuple(dict.fromkeys([*codes, *short])),
    )


def _places(info: LayerInfo, table: pa.Table, names: Mapping[str, str]) -> Iterator[Entry]:
    """Return the rows of a layer that have a name; ``ref`` is the layer and the 1-based number of the row."""
    called = next((name for name in _NAMES if name in table.column_names), None)
    if called is None:
        return
    used = [n for n in (called, _ENGLISH, *_OWNERS, *GUARDS) if n in table.column_names]
    for number, row in enumerate(table.select(used).to_pylist(), start=1):
        if row[called] and is_shown(row):
            yield _place(info, row, str(row[called]), number, names)


def _place(
    info: LayerInfo, row: Mapping[str, Any], title: str, number: int, names: Mapping[str, str]
) -> Entry:
    code = next((six_digits(row[n]) for n in _OWNERS if row.get(n)), None)
    town = names.get(code or "", "")
    kinds = info.title_it or info.id, info.title_en or info.id
    return Entry(
        kind="place",
        ref=f"{info.id}/{number}",
        title_it=title,
        title_en=str(row.get(_ENGLISH) or ""),
        more_it=" · ".join(p for p in (kinds[0], town) if p),
        more_en=" · ".join(p for p in (kinds[1], town) if p),
    )


def _locator(view: WorkspaceView) -> Locator | None:
    """Return what finds the municipality of a point; None in a workspace without municipalities."""
    from contado.kernel.territory import boundaries, locate

    try:
        return locate.Locator(boundaries.from_workspace(view))
    except DataError:
        return None

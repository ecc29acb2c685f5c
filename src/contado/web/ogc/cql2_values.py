"""Values inside CQL2 expressions: attributes, literals, arithmetic, geometries."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec
import numpy as np

from contado.kernel.errors import did_you_mean
from contado.web.ogc import crs
from contado.web.ogc.prepared import Values as Operand

if TYPE_CHECKING:
    from collections.abc import Callable

    from contado.web.ogc.crs import System
    from contado.web.ogc.prepared import Prepared

    Refuse = Callable[[str, str], NoReturn]

__all__ = ["Operand", "instant", "operand", "shape", "text_of"]


def operand(node: Any, features: Prepared, inner: Callable[[Any], Operand], refuse: Refuse) -> Operand:
    """Return the values of a node; ``inner`` computes the nodes below, ``refuse`` raises."""
    if node is None:
        return Operand("null", None, False)
    if isinstance(node, bool):
        return Operand("boolean", node, True)
    if isinstance(node, (int, float)):
        return Operand("number", node, True)
    if isinstance(node, str):
        return Operand("string", node, True)
    if isinstance(node, dict):
        if "property" in node:
            return _attribute(node["property"], features, refuse)
        if "date" in node or "timestamp" in node:
            return _instant(node, refuse)
        if "op" in node:
            return _computed(str(node["op"]).lower(), node.get("args", []), inner, refuse)
    return refuse(
        f"{str(node)[:60]!r} is no value here", "a number, a text, DATE('2026-01-31') or an attribute"
    )


def _attribute(name: Any, features: Prepared, refuse: Refuse) -> Operand:
    askable = [column.name for column in features.columns if column.kind != "other"]
    if name not in askable:
        hint = did_you_mean(str(name), askable)
        refuse(f"there is no attribute {str(name)[:60]!r}", f"{hint} valid: {', '.join(askable)}".strip())
    return features.values(name)


def _instant(node: dict[str, Any], refuse: Refuse) -> Operand:
    kind = "date" if "date" in node else "date-time"
    text = str(node.get("date", node.get("timestamp")))
    found = instant(text)
    if found is None:
        refuse(f"{text[:40]!r} is no {kind}", "2026-01-31 or 2026-01-31T12:00:00Z")
    return Operand(kind, found, True)


def instant(text: str) -> np.datetime64 | None:
    """Return an instant (UTC, microseconds) of an RFC 3339 date or date-time; None where it is none."""
    import datetime as dt

    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        moment = moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError:
        return None
    return np.datetime64(moment, "us")


def text_of(node: Any) -> str | None:
    """Return the text of a literal, case and accents taken off where the node says so; None for anything else."""
    if isinstance(node, dict) and str(node.get("op")).lower() in _FOLDS and len(node.get("args", [])) == 1:
        inner = text_of(node["args"][0])
        return None if inner is None else _FOLDS[str(node["op"]).lower()](inner)
    return node if isinstance(node, str) else None


def _plain(text: str) -> str:
    """Return text without accents."""
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))


_FOLDS: Final[dict[str, Callable[[str], str]]] = {"casei": str.casefold, "accenti": _plain}
_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "div": lambda a, b: np.trunc(np.divide(a, b)),
    "^": np.power,
}


def _computed(name: str, args: Any, inner: Callable[[Any], Operand], refuse: Refuse) -> Operand:
    values = [inner(arg) for arg in args] if isinstance(args, list) else []
    if name in _FOLDS and len(values) == 1:
        return _folded(values[0], _FOLDS[name], name, refuse)
    if name not in _ARITHMETIC or len(values) != 2:
        valid = f"valid: {', '.join([*_ARITHMETIC, *_FOLDS])}"
        refuse(f"there is no function {name[:40]!r} of {len(values)} arguments", valid)
    a, b = values
    if {a.kind, b.kind} - {"integer", "number", "null"}:
        refuse(f"{name} needs numbers, not {a.kind} and {b.kind}", "compute with numbers only")
    if "null" in {a.kind, b.kind}:
        return Operand("number", np.nan, False)
    with np.errstate(all="ignore"):  # a division by zero is unknown, not an error
        found = _ARITHMETIC[name](np.asarray(a.data, dtype=np.float64), np.asarray(b.data, dtype=np.float64))
    return Operand("number", found, np.logical_and(np.logical_and(a.known, b.known), np.isfinite(found)))


def _folded(value: Operand, fold: Callable[[str], str], name: str, refuse: Refuse) -> Operand:
    if value.kind != "string":
        refuse(f"{name} takes text", f"{name.upper()}(name) = 'milano'")
    if isinstance(value.data, str):
        return value._replace(data=fold(value.data))
    different, places = np.unique(value.data, return_inverse=True)
    folded = np.array([fold(text) for text in different], dtype=object)
    return value._replace(data=folded[places])


def shape(node: Any, system: System, refuse: Refuse) -> Any:
    """Return the geometry of a literal in CRS84."""
    import shapely

    hint = "POINT(9.19 45.46), POLYGON(...), BBOX(9, 45, 10, 46) or a GeoJSON geometry"
    try:
        found: Any
        if isinstance(node, dict) and isinstance(node.get("bbox"), list):
            found = shapely.box(*_box(node["bbox"]))
        else:
            found = shapely.from_geojson(msgspec.json.encode(node))
    except (shapely.errors.GEOSException, TypeError, ValueError):
        refuse(f"{str(node)[:60]!r} is no geometry", hint)
    if found is None or not np.isfinite(shapely.get_coordinates(found)).all():
        refuse(f"{str(node)[:60]!r} is no geometry", hint)
    moved = crs.moved(np.array([found], dtype=object), system, crs.LONLAT, reading=True)[0]
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        refuse(f"the geometry lies outside {system.code}", "check filter-crs and the order of its axes")
    return moved


def _box(sides: list[Any]) -> tuple[float, float, float, float]:
    half = len(sides) // 2
    numbers = [float(side) for side in sides]
    if len(numbers) not in {4, 6} or not np.isfinite(numbers).all():
        raise ValueError(sides)
    return numbers[0], numbers[1], numbers[half], numbers[half + 1]

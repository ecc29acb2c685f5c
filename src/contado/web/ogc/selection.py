"""Which features are meant: parameters -> rows in order, how many match, and where the next page begins."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import numpy as np

from contado.kernel.errors import did_you_mean
from contado.web.ogc import cql2, crs
from contado.web.ogc.common import conforms_to
from contado.web.ogc.cql2_values import instant
from contado.web.ogc.problems import BadParameter
from contado.web.ogc.query import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from contado.web.ogc.prepared import Prepared

__all__ = ["DEFAULT_LIMIT", "PARAMETERS", "Selection", "askable", "select"]

DEFAULT_LIMIT: Final = 10
PARAMETERS: Final = (
    "f",
    "limit",
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "filter",
    "filter-lang",
    "filter-crs",
    "sortby",
    "properties",
    "after",
)

_F1: Final = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
_F3: Final = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf"
conforms_to(
    "features",
    [f"{_F1}/{name}" for name in ("core", "oas30", "html", "geojson")]
    + [
        f"{_F3}/{name}" for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ],
)


class Selection(NamedTuple):
    """Rows of a page, how many features match in all, the effective limit, the token of the next page."""

    rows: NDArray[np.int64]
    matched: int
    limit: int
    after: str | None


class _Order(NamedTuple):
    """One attribute to sort by."""

    name: str
    descending: bool


def askable(features: Prepared) -> list[str]:
    """Return the attributes that can be asked for by value; a name of a parameter is that parameter."""
    return [c.name for c in features.columns if c.kind != "other" and c.name not in PARAMETERS]


def select(features: Prepared, query: Mapping[str, str], max_limit: int) -> Selection:
    """Return the features that the parameters ask for.

    Raises
    ------
    BadParameter
        A parameter has a value that cannot be used.
    """
    limit = DEFAULT_LIMIT
    if "limit" in query:
        limit = number("limit", query["limit"], low=1, high=max_limit)
    kept = _kept(features, query)
    orders = _orders(features, query.get("sortby", ""))
    rows = features.order if kept is None else features.order[kept[features.order]]
    matched = len(rows)
    if orders:
        rows = _sorted(features, rows, orders)
    if "after" in query:
        rows = rows[_beyond(features, rows, orders, query["after"])]
    page = rows[:limit]
    more = len(rows) > limit
    return Selection(page, matched, limit, _token(features, int(page[-1]), orders) if more else None)


def _kept(features: Prepared, query: Mapping[str, str]) -> NDArray[np.bool_] | None:
    """Return which features all filters keep; None where there is no filter."""
    masks = []
    if "bbox" in query:
        system = crs.named("bbox-crs", query.get("bbox-crs"), features.info)
        masks.append(_in_boxes(features, crs.read_bbox(query["bbox"], system)))
    if "datetime" in query:
        masks.append(_in_time(features, query["datetime"]))
    if "filter" in query:
        masks.append(_filtered(features, query))
    masks += [_equal(features, name, query[name]) for name in askable(features) if name in query]
    return np.logical_and.reduce(masks) if masks else None


def _in_boxes(features: Prepared, boxes: list[tuple[float, float, float, float]]) -> NDArray[np.bool_]:
    """Return which features reach into one of the boxes: by their own box, then exactly."""
    import shapely

    found = np.zeros(len(features), dtype=bool)
    west, south, east, north = features.boxes.T
    for x0, y0, x1, y1 in boxes:
        near = np.flatnonzero((west <= x1) & (east >= x0) & (south <= y1) & (north >= y0) & ~found)
        box = shapely.box(x0, y0, x1, y1)
        shapely.prepare(box)
        found[near] = shapely.intersects(box, features.lonlat[near])
    return found


_TIME_HINT = "2026-01-31, 2026-01-31T12:00:00Z, or an interval 2026-01-01/2026-01-31, open ends as .."


def _in_time(features: Prepared, text: str) -> NDArray[np.bool_]:
    """Return which features are of a time; one that names no time of its own always is."""
    parts = text.split("/")
    if len(parts) > 2 or (len(parts) == 2 and set(parts) <= {"", ".."}):
        raise BadParameter("datetime", f"datetime={text[:60]!r} is no time.", _TIME_HINT)
    low, high = _limits(parts[0], parts), _limits(parts[-1], parts, end=True)
    if low is not None and high is not None and low > high:
        raise BadParameter("datetime", f"datetime={text[:60]!r} ends before it begins.", _TIME_HINT)
    if not features.temporal:
        return np.ones(len(features), dtype=bool)
    begin, end = features.values(features.temporal[0]), features.values(features.temporal[-1])
    last = end.data + _day(end.kind)
    found = np.ones(len(features), dtype=bool)
    if high is not None:
        found &= ~begin.known | (begin.data <= high)
    if low is not None:
        found &= ~end.known | (last >= low)
    return found


def _day(kind: str) -> np.timedelta64:
    """Return how long a value lasts: a date is the whole day."""
    return np.timedelta64(86_400_000_000 - 1 if kind == "date" else 0, "us")


def _limits(text: str, parts: list[str], *, end: bool = False) -> np.datetime64 | None:
    if text in {"", ".."} and len(parts) == 2:
        return None
    found = instant(text)
    if found is None:
        raise BadParameter("datetime", f"datetime: {text[:40]!r} is no date or instant.", _TIME_HINT)
    whole_day = end and "T" not in text.upper()
    return found + _day("date") if whole_day else found


def _filtered(features: Prepared, query: Mapping[str, str]) -> NDArray[np.bool_]:
    text = query["filter"]
    language = query.get("filter-lang", "cql2-json" if text.lstrip().startswith("{") else "cql2-text")
    if language not in {"cql2-text", "cql2-json"}:
        raise BadParameter("filter-lang", f"filter-lang={language[:40]!r}.", "valid: cql2-text, cql2-json")
    system = crs.named("filter-crs", query.get("filter-crs"), features.info)
    return cql2.mask(cql2.parse(text, language), features, system)


def _equal(features: Prepared, name: str, text: str) -> NDArray[np.bool_]:
    """Return which features have a value, given as text."""
    values = features.values(name)
    wanted = _typed(name, text, values.kind)
    found: NDArray[np.bool_] = (values.data == wanted) & values.known
    return found


def _typed(name: str, text: str, kind: str) -> Any:
    """Return a value of an attribute's kind.

    Raises
    ------
    BadParameter
        The text is none.
    """
    if kind == "string":
        return text
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    try:
        if kind == "integer":
            value = int(text)
            return value if abs(value) < 2**63 else -(2**63)
        if kind == "number" and np.isfinite(float(text)):
            return float(text)
    except ValueError:
        pass
    found = instant(text) if kind in {"date", "date-time"} else None
    if found is None:
        raise BadParameter(name, f"{name}={text[:40]!r} is no {kind}.", f"give a value of type {kind}")
    return found


def _orders(features: Prepared, text: str) -> list[_Order]:
    orders = []
    for part in filter(None, text.split(",")):
        name = part.lstrip("+- ")
        if name not in askable(features):
            valid = askable(features)
            hint = f"{did_you_mean(name, valid)} valid: {', '.join(valid)}".strip()
            raise BadParameter("sortby", f"sortby: there is no attribute {name[:60]!r}.", hint)
        orders.append(_Order(name, part.startswith("-")))
    return orders[:8]


def _sorted(features: Prepared, rows: NDArray[np.int64], orders: list[_Order]) -> NDArray[np.int64]:
    """Return rows sorted; unknown values come last, equal ones in the order of their ids."""
    for name, descending in reversed(orders):
        values = features.values(name)
        known = values.known[rows]
        with_value, without = rows[known], rows[~known]
        keys = values.data[with_value]
        if descending:  # stable: equal values keep their order
            places = len(keys) - 1 - np.argsort(keys[::-1], kind="stable")[::-1]
        else:
            places = np.argsort(keys, kind="stable")
        rows = np.concatenate([with_value[places], without])
    return rows


# ---------------------------------------------------------------- pages
def _token(features: Prepared, row: int, orders: list[_Order]) -> str:
    """Return where a page ends: the values that it is sorted by, and the id, of its last feature."""
    place = [_plain(features, order.name, row) for order in orders]
    place.append(features.ids[row].item() if hasattr(features.ids[row], "item") else str(features.ids[row]))
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _plain(features: Prepared, name: str, row: int) -> Any:
    values = features.values(name)
    if not values.known[row]:
        return None
    value = values.data[row]
    if values.kind in {"date", "date-time"}:
        return int(value.astype("int64"))
    return value.item() if hasattr(value, "item") else value


def _read_token(features: Prepared, orders: list[_Order], text: str) -> list[Any]:
    hint = "follow the link `next` of a page as it is"
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise BadParameter("after", f"after={text[:40]!r} is no place in the list.", hint) from None
    whole = isinstance(place, list) and len(place) == len(orders) + 1
    kinds = [features.values(order.name).kind for order in orders] if whole else []
    id_kind = "integer" if features.ids.dtype.kind in "iu" else "string"
    if not whole or not all(_fits(v, k) for v, k in zip(place, [*kinds, id_kind], strict=True)):
        raise BadParameter("after", "after belongs to another order.", hint)
    if place[-1] is None:
        raise BadParameter("after", "after names no feature.", hint)
    return list(place)


_JSON_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "date": (int,),
    "date-time": (int,),
}


def _fits(value: Any, kind: str) -> bool:
    if value is None:
        return True
    plain = isinstance(value, bool) == (kind == "boolean") and isinstance(value, _JSON_TYPES[kind])
    return plain and (not isinstance(value, int) or abs(value) < 2**63)


def _beyond(
    features: Prepared, rows: NDArray[np.int64], orders: list[_Order], text: str
) -> NDArray[np.bool_]:
    """Return which rows come after the place that a token names; features added meanwhile fall into place."""
    *places, last = _read_token(features, orders, text)
    same = np.ones(len(rows), dtype=bool)
    after = np.zeros(len(rows), dtype=bool)
    for order, place in zip(orders, places, strict=True):
        values = features.values(order.name)
        known, data = values.known[rows], values.data[rows]
        if place is None:
            same &= ~known
            continue
        value = np.datetime64(place, "us") if values.kind in {"date", "date-time"} else place
        beyond = data < value if order.descending else data > value
        after |= same & (~known | beyond)
        same &= known & (data == value)
    found: NDArray[np.bool_] = after | (same & (features.ids[rows] > last))
    return found

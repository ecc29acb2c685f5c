"""Price items: what a measure costs on a day and in a region, indexed, corrected by what was realised.

The rows are those of the table ``price_item``; the index is a mapping year -> level; realised ratios are the
rows of `contado monitoring update` (``domain, shrunk_ratio, low, high``), handed in by who calls.

Examples
--------
>>> import datetime as dt
>>> row = {"item_id": "road.overlay_4cm", "kind": "road", "name_it": "ricarico", "unit": "m2",
...        "low_eur": 9.0, "likely_eur": 12.0, "high_eur": 16.0, "price_year": 2024, "region": None,
...        "valid_from": None, "valid_to": None, "status": "to_confirm", "source_id": "list"}
>>> item = find([row], "road.overlay_4cm", on=dt.date(2027, 1, 1))
>>> round(indexed(item, 2026, {2024: 100.0, 2026: 110.0}).likely_eur, 6)
13.2
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from contado.kernel.dates import dated
from contado.kernel.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

__all__ = ["PriceItem", "find", "from_table", "indexed", "realised"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceItem:
    """A row of ``price_item``: EUR of ``price_year`` for one ``unit``."""

    item_id: str
    kind: str
    name_it: str
    unit: str
    low_eur: float | None
    likely_eur: float
    high_eur: float | None
    price_year: int
    region: str | None
    valid_from: dt.date | None
    valid_to: dt.date | None
    status: str | None
    source_id: str | None


def from_table(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows of a ``price_item`` table."""
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def find(
    rows: Iterable[Mapping[str, Any]], item_id: str, *, on: dt.date, region: str | None = None
) -> PriceItem:
    """Return the price of an item on a day: the region's own row before the one that holds everywhere.

    Raises
    ------
    DataError
        ``no_parameter``: no such item; ``no_dated_row``: none of its rows holds on that day and in that region;
        ``several_dated_rows``: two rows of the region began on the same day.
    """
    known = list(rows)
    own = [r for r in known if r["item_id"] == item_id]
    if not own:
        hint = did_you_mean(item_id, {r["item_id"] for r in known}) or "add its price_item row"
        raise DataError(f"There is no price of {item_id!r}.", rule="no_parameter", hint=hint, field="item_id")
    fitting = [r for r in own if dated.holds(r, on) and (r.get("region") or None) in (region, None)]
    if not fitting:
        raise DataError(
            f"No price of {item_id!r} holds on {on} in region {region or 'any'}.",
            rule="no_dated_row",
            hint="add a dated row of that region, or one without region",
            field="item_id",
        )
    of_region = [r for r in fitting if r.get("region")] or fitting
    best = dated.pick(of_region, on, item_id=item_id)
    cells: dict[str, Any] = {f.name: best.get(f.name) for f in fields(PriceItem)}
    return PriceItem(**cells)


def indexed(item: PriceItem, price_year: int, index: Mapping[int, float]) -> PriceItem:
    """Return the item in EUR of another year.

    Parameters
    ----------
    item
        As found.
    price_year
        The year wanted.
    index
        Price level by year.

    Raises
    ------
    DataError
        ``price_year_differs``: the index lacks one of the two years.
    """
    if item.price_year == price_year:
        return item
    missing = [y for y in (item.price_year, price_year) if y not in index]
    if missing:
        raise DataError(
            f"{item.item_id} is in EUR of {item.price_year}; the index has no level of {missing[0]}.",
            rule="price_year_differs",
            hint="add that year to the index table",
            field="price_year",
        )
    factor = index[price_year] / index[item.price_year]
    return replace(_scaled(item, factor, factor, factor), price_year=price_year)


def realised(item: PriceItem, ratios: Iterable[Mapping[str, Any]]) -> PriceItem:
    """Return the item corrected by the realised / planned cost of its kind.

    The likely price takes the shrunk ratio, the ends the interval's; an unknown end stays unknown. Without a
    ratio of the kind the item is returned as it is.
    """
    row = next((r for r in ratios if r["domain"] == item.kind), None)
    if row is None:
        return item
    likely = row["shrunk_ratio"]
    return _scaled(item, row.get("low") or likely, likely, row.get("high") or likely)


def _scaled(item: PriceItem, low: float, likely: float, high: float) -> PriceItem:
    return replace(
        item,
        low_eur=None if item.low_eur is None else item.low_eur * low,
        likely_eur=item.likely_eur * likely,
        high_eur=None if item.high_eur is None else item.high_eur * high,
    )

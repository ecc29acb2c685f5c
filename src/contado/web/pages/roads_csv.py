"""Tables of the road pages as CSV."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from contado.web.data.cadastre import registers
from contado.web.data.roads import select
from contado.web.files import csv_answer
from contado.web.page import NotFound
from contado.web.pages.roads import filter_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from starlette.datastructures import QueryParams
    from starlette.requests import Request
    from starlette.responses import Response

    from contado.web.data.roads import Section
    from contado.web.site import Site

__all__ = ["TABLES", "table"]


def table(request: Request, site: Site) -> Response:
    """Return one table as CSV; parameters that it does not know are of no account."""
    name = request.path_params["table"]
    if (register := name.removeprefix("catasto-")) != name:
        return _register(request, site, register)
    if name not in TABLES:
        raise NotFound(name)
    header, make = TABLES[name]
    day = request.query_params.get("date") if name == "storia" else None
    rows = list(make(site, request.query_params))
    return csv_answer(request, header.split(), rows, f"{name}-{day}.csv" if day else f"{name}.csv")


def _register(request: Request, site: Site, name: str) -> Response:
    """Return a table of the cadastre."""
    found = next((r for r in site.cached("cadastre", lambda: registers(site)) if r.name == name), None)
    if found is None:
        raise NotFound(name)
    header = [column.heading for column in found.columns]
    return csv_answer(request, header, found.rows, f"catasto-{name}.csv")


def _day(query: Mapping[str, str], name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(query.get(name, ""))
    except ValueError:
        raise NotFound(name) from None


def _state(s: Section | None) -> tuple[Any, ...]:
    return (s.class_id, s.iri.value, s.iri.low, s.iri.high) if s else (None,) * 4


def _changes(site: Site, query: QueryParams) -> Iterator[tuple[Any, ...]]:
    first, last = sorted((_day(query, "from"), _day(query, "to")))
    for c in site.changes(first, last):
        place = (c.after.id, c.after.road_code, c.after.road_name, c.after.code, c.after.municipality)
        step = (c.class_id, c.iri, c.low, c.high, c.appeared, c.repaired, c.after.label)
        yield (*place, first, last, *_state(c.before), *_state(c.after), *step)


def _history(site: Site, query: QueryParams) -> Iterator[tuple[Any, ...]]:
    """Yield the states of all sections or one; with ``date`` those of that day, as the map of it lists them."""
    if "date" in query:
        yield from _past(site, query)
        return
    wanted = query.get("section")
    if wanted is not None and site.roads.by_id(wanted) is None:
        raise NotFound(wanted)
    for name, states in site.history.states.items():
        if wanted in {None, name} and name in site.history.fixed:
            yield from (tuple(row[column] for column in _HISTORY.split()) for row in states)


def _past(site: Site, query: QueryParams) -> Iterator[tuple[Any, ...]]:
    day = _day(query, "date")
    roads = site.roads_on(day)
    if roads is None:
        raise NotFound(str(day))
    wanted, unknown = filter_of(site, query)
    if unknown:
        raise HTTPException(400, f"not understood: {', '.join(unknown)}")
    states = {row["section_id"]: row for row in site.history.sections[day]}
    for s in select(roads, wanted):
        yield tuple(states[s.id][column] for column in _HISTORY.split())


def _fleet(site: Site, query: QueryParams) -> Iterator[tuple[Any, ...]]:  # noqa: ARG001 - one signature
    for v in site.fleet:
        scale = (v.scale.value, v.scale.low, v.scale.high)
        month = v.last.isoformat()[:7] if v.last else None
        since = v.calibrated_on.isoformat()[:7] if v.calibrated_on else None
        car = (v.id, v.model, v.calibrated, since, *scale, v.bias, v.drifts)
        yield (*car, v.drives, v.km, month, v.kept_until, v.label)


def _coverage(site: Site, query: QueryParams) -> Iterator[tuple[Any, ...]]:  # noqa: ARG001 - one signature
    for c in site.coverage:
        yield c.code, c.name, c.km, c.not_driven_km, c.share, c.not_measurable_km, c.last, c.label


def _field_check(site: Site, query: QueryParams) -> Iterator[tuple[Any, ...]]:
    for check in site.field_checks.checks:
        if query.get("date") in {None, check.id}:
            for s in check.stretches:
                end = (
                    s.iri.value,
                    s.iri.low,
                    s.iri.high,
                    s.error,
                    s.passes,
                    s.speed_kmh,
                    s.last,
                    check.label,
                )
                yield (check.id, s.section, s.from_m, s.to_m, s.surveyed, *end)


_HISTORY = (
    "section_id date class condition_index condition_low condition_high iri_m_km low_m_km high_m_km "
    "anomalies passes vehicles last_on label"
)
_CHANGES = (
    "section_id road_code road_name istat municipality from to class_from iri_from_m_km low_from_m_km "
    "high_from_m_km class_to iri_to_m_km low_to_m_km high_to_m_km change difference_m_km "
    "difference_low_m_km difference_high_m_km anomalies_new anomalies_repaired label"
)
_FLEET = (
    "vehicle_id model calibrated calibrated_month scale scale_low scale_high offset_share to_check drives km last_month "
    "signal_kept_until label"
)
_FIELD_CHECK = (
    "check_id section_id from_m to_m surveyed_m_km estimated_m_km low_m_km high_m_km error_share passes "
    "speed_kmh last_on label"
)
TABLES: dict[str, tuple[str, Callable[[Site, QueryParams], Iterator[tuple[Any, ...]]]]] = {
    "cambiamenti": (_CHANGES, _changes),
    "storia": (_HISTORY, _history),
    "flotta": (_FLEET, _fleet),
    "verifica": (_FIELD_CHECK, _field_check),
    "copertura": (
        "istat municipality km not_driven_km not_driven_share not_measurable_km last_on label",
        _coverage,
    ),
}
"""Name in the address -> columns, and what makes the rows."""

"""Invented cycle lanes and tree rows of the demonstration, on streets that the road practice would repair too.

They show one list over several domains and one worksite for several works of a street. Nothing about
them is measured: lengths are those of the invented streets, prices and benefits a metre are made up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.workspace import Workspace

__all__ = ["bring_street_works"]

_SOURCE: Final = "demo_street_works"
_STREETS: Final = 2
_THROUGH: Final = {"primary", "trunk", "motorway"}
"""Classes of road that get no cycle lane and no trees."""


class _Kind(NamedTuple):
    """An invented kind of work; money a metre of street."""

    practice: str
    type: str
    name_it: str
    cost_eur_m: float
    benefit_eur_m: float
    worksite_share: float
    life_y: float


_KINDS: Final = (
    _Kind("biciplan", "cycle_lane", "Corsia ciclabile", 140.0, 330.0, 0.15, 20.0),
    _Kind("forestazione", "tree_row", "Filare alberato", 60.0, 120.0, 0.12, 40.0),
)


def bring_street_works(workspace: Workspace) -> None:
    """Write a cycle lane and a tree row on each of the streets where road works pay most."""
    from contado.kernel import tables

    links = {row["link_id"]: row for row in workspace.read("road_link").to_pylist()}
    works = workspace.read("intervention").drop_columns(["geometry"]).to_pylist()
    streets = _streets(works, links)
    source = {
        "source_id": _SOURCE,
        "title": "Invented cycle lanes and tree rows of the demonstration",
        "licence": "CC0-1.0",
    }
    with workspace.commit() as commit:
        for kind in _KINDS:
            rows = [_row(kind, street, found, links) for street, found in streets]
            commit.table("intervention", tables.from_rows("intervention", rows), practice=kind.practice)
        commit.table("source", tables.from_rows("source", [source]), practice=_SOURCE)


def _streets(
    works: Sequence[dict[str, Any]], links: Mapping[str, dict[str, Any]]
) -> list[tuple[str, dict[str, Any]]]:
    """Return (street, one of its works with all links of the street), the most worthwhile first."""
    gain: dict[str, float] = {}
    found: dict[str, dict[str, Any]] = {}
    for work in works:
        lies_on = work["road_link_ids"] or []
        if not lies_on or any(links[link]["highway"] in _THROUGH for link in lies_on):
            continue
        street = work["asset_id"]
        gain[street] = max(gain.get(street, 0.0), (work["benefit_eur"] or 0.0) - work["cost_eur"])
        known = found.setdefault(street, {**work, "road_link_ids": []})
        known["road_link_ids"] += [link for link in lies_on if link not in known["road_link_ids"]]
    best = sorted(found, key=lambda street: (-gain[street], street))[:_STREETS]
    return [(street, found[street]) for street in best]


def _row(
    kind: _Kind, street: str, work: Mapping[str, Any], links: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    import shapely

    own = [links[link] for link in work["road_link_ids"]]
    length_m = sum(link["length_m"] for link in own)
    cost = round(length_m * kind.cost_eur_m, -2)
    lines = shapely.from_wkb([link["geometry"] for link in own])
    return {
        "id": f"{kind.practice}:{street.rpartition(':')[2]}:{kind.type}",
        "practice": kind.practice,
        "type": kind.type,
        "asset_id": None,
        "site_id": None,
        "municipality": work["municipality"],
        "geometry": shapely.to_wkb(shapely.line_merge(shapely.MultiLineString(list(lines)))),
        "cost_eur": cost,
        "price_year": work["price_year"],
        "life_y": kind.life_y,
        "earliest_year": work["earliest_year"],
        "latest_year": work["latest_year"],
        "benefit_eur": round(length_m * kind.benefit_eur_m, -2),
        "worksite_cost_eur": round(cost * kind.worksite_share, 2),
        "road_link_ids": work["road_link_ids"],
        "name": f"{kind.name_it}, {own[0]['name'] or street}",
        "label": "simulated",
        "source_id": _SOURCE,
    }

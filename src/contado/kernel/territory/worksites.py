"""Which interventions of different practices share a worksite: rows ``joint_worksite`` for the portfolio.

Two interventions share a worksite when they stand on one street (a common ``road_link``, in either
direction) or overlap on the ground by more than a set share, come from different practices, and can start
in the same year. What is saved is one site set-up: the smaller ``worksite_cost_eur``.

The portfolio adds savings pair by pair. Where three or more interventions share a street, all pairs
together would count one set-up twice, so only a spanning forest of the pairs (the dearest first) carries
savings: the sum over any choice is then never above all set-ups but the largest. Alternatives of one
``choice_group`` are one node, as at most one of them is built.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

from contado.kernel import tables
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

__all__ = ["OVERLAP_SHARE", "Pair", "Worksites", "find"]

OVERLAP_SHARE: Final = 0.1
"""Least share of the smaller one's ground that two interventions must have in common."""

_KEPT: Final = (
    "id",
    "practice",
    "choice_group",
    "road_link_ids",
    "worksite_cost_eur",
    "cost_eur",
    "earliest_year",
    "latest_year",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two interventions on one worksite; ``saving_eur`` is taken off the cost of ``a``."""

    site_id: str
    a: str
    b: str
    saving_eur: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worksites:
    """Pairs, their rows for table ``relation``, the site of each intervention, and notes on unknown costs."""

    pairs: tuple[Pair, ...]
    relations: pa.Table
    sites: Mapping[str, str]
    findings: tuple[Finding, ...]


def find(
    interventions: pa.Table,
    *,
    relations: pa.Table | None = None,
    links: pa.Table | None = None,
    years: Iterable[int] = (),
    without: Iterable[tuple[str, str]] = (),
    overlap_share: float = OVERLAP_SHARE,
) -> Worksites:
    """Find the joint worksites of interventions.

    Parameters
    ----------
    interventions
        Table ``intervention`` (geometry in EPSG:4326).
    relations
        Table ``relation``: a pair that is related already (joint, exclusive) gets no further row.
    links
        Table ``road_link``, which tells that two directions are one street; without it ids are compared.
    years
        Budget years; empty = any year will do.
    without
        Pairs that are switched off, in either order.
    overlap_share
        See `OVERLAP_SHARE`.
    """
    rows = {str(r["id"]): r for r in interventions.select(list(_KEPT)).to_pylist()}
    off = {frozenset(pair) for pair in without}
    related = set() if relations is None else _related(relations)
    shared = _on_one_ground(interventions, overlap_share) | _on_one_street(rows, _streets(links))
    usable = {
        pair: why
        for pair, why in shared.items()
        if frozenset(pair) not in related | off and _may_join(rows[pair[0]], rows[pair[1]], tuple(years))
    }
    counted = _forest(usable, rows)
    sites = _sites(usable, rows)
    pairs = tuple(_pair(pair, usable[pair], rows, sites, counted) for pair in sorted(usable))
    return Worksites(
        pairs=pairs,
        relations=_relations(pairs),
        sites=sites,
        findings=tuple(
            _unknown(rows[key]) for key in sorted({k for pair in usable for k in pair}) if _blank(rows[key])
        ),
    )


def _related(relations: pa.Table) -> set[frozenset[str]]:
    kinds = {"joint_worksite", "excludes"}
    return {frozenset((str(r["a"]), str(r["b"]))) for r in relations.to_pylist() if r["kind"] in kinds}


def _streets(links: pa.Table | None) -> dict[str, str]:
    """Return link -> one key for both of its directions."""
    if links is None:
        return {}
    columns = (links[name].to_pylist() for name in ("link_id", "way_id", "from_node", "to_node"))
    return {
        link: f"{way}:{min(start, end)}:{max(start, end)}"
        for link, way, start, end in zip(*columns, strict=True)
    }


def _on_one_street(
    rows: Mapping[str, Mapping[str, Any]], streets: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    users: dict[str, set[str]] = defaultdict(set)
    for key, row in rows.items():
        for link in row["road_link_ids"] or ():
            users[streets.get(link, link)].add(key)
    shared = {
        (a, b)
        for keys in users.values()
        for a, b in combinations(sorted(keys), 2)
        if rows[a]["practice"] != rows[b]["practice"]
    }
    return dict.fromkeys(sorted(shared), "same street")


def _on_one_ground(interventions: pa.Table, share: float) -> dict[tuple[str, str], str]:
    """Return pairs whose grounds overlap by more than ``share`` of the smaller one."""
    import numpy as np
    import shapely

    if "geometry" not in interventions.column_names:
        return {}
    geometry = shapely.from_wkb(np.array(interventions["geometry"].to_pylist(), dtype=object))
    there = np.flatnonzero(~shapely.is_missing(geometry) & ~shapely.is_empty(geometry))
    if there.size < 2:
        return {}
    ids = np.array(interventions["id"].to_pylist(), dtype=object)[there]
    practices = np.unique(interventions["practice"].to_pylist(), return_inverse=True)[1][there]
    plane = _flat(geometry[there])
    left, right = shapely.STRtree(plane).query(plane, predicate="intersects")
    mixed = (left < right) & (practices[left] != practices[right])
    return {
        (min(ids[i], ids[j]), max(ids[i], ids[j])): "same ground"
        for i, j in zip(left[mixed].tolist(), right[mixed].tolist(), strict=True)
        if _overlap(plane[i], plane[j]) > share
    }


def _flat(geometry: Any) -> Any:
    """Return the geometries with degrees of longitude shortened to the scale of latitude: shares need no more."""
    import numpy as np
    import shapely

    _west, south, _east, north = shapely.total_bounds(geometry)
    scale = np.cos(np.radians((south + north) / 2))
    return shapely.transform(geometry, lambda xy: xy * (scale, 1.0))


def _overlap(a: Any, b: Any) -> float:
    """Return the common part of two geometries as a share of the smaller, in area, length or number."""
    import shapely

    lowest = min(shapely.get_dimensions([a, b]))
    if lowest == 0:
        return 1.0
    measure = shapely.area if lowest == 2 else shapely.length
    same = [float(measure(g)) for g in (a, b) if shapely.get_dimensions(g) == lowest]
    return float(measure(shapely.intersection(a, b))) / min(same)


def _may_join(a: Mapping[str, Any], b: Mapping[str, Any], years: Sequence[int]) -> bool:
    if _unit(a) == _unit(b):
        return False
    first = max(a["earliest_year"], b["earliest_year"])
    last = min(a["latest_year"], b["latest_year"])
    return any(first <= year <= last for year in years) if years else bool(first <= last)


def _unit(row: Mapping[str, Any]) -> str:
    """Return what is built at most once: the choice group, else the intervention."""
    group = row["choice_group"]
    return f"group:{group}" if group else f"one:{row['id']}"


def _blank(row: Mapping[str, Any]) -> bool:
    return row["worksite_cost_eur"] is None


def _saving(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """Return the smaller set-up cost in whole cents; 0 where one is not known."""
    if _blank(a) or _blank(b):
        return 0.0
    return round(float(min(a["worksite_cost_eur"], b["worksite_cost_eur"])), 2)


class _Groups:
    """Disjoint sets of keys; the smallest key names its set."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, key: str) -> str:
        parent = self._parent.setdefault(key, key)
        if parent != key:
            self._parent[key] = parent = self.root(parent)
        return parent

    def join(self, a: str, b: str) -> bool:
        """Unite two sets; False when they were one already."""
        low, high = sorted((self.root(a), self.root(b)))
        self._parent[high] = low
        return low != high


def _forest(pairs: Iterable[tuple[str, str]], rows: Mapping[str, Mapping[str, Any]]) -> set[frozenset[str]]:
    """Return the pairs of units that carry savings: a maximum spanning forest."""
    weight: dict[tuple[str, str], float] = {}
    for a, b in pairs:
        low, high = sorted((_unit(rows[a]), _unit(rows[b])))
        weight[low, high] = max(weight.get((low, high), 0.0), _saving(rows[a], rows[b]))
    groups = _Groups()
    ordered = sorted(weight, key=lambda edge: (-weight[edge], edge))
    return {frozenset(edge) for edge in ordered if groups.join(*edge)}


def _sites(pairs: Iterable[tuple[str, str]], rows: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return intervention -> site, named after the first intervention of the site."""
    groups = _Groups()
    first: dict[str, str] = {}
    keys = sorted({key for pair in pairs for key in pair})
    for a, b in pairs:
        groups.join(_unit(rows[a]), _unit(rows[b]))
    for key in keys:
        first.setdefault(groups.root(_unit(rows[key])), key)
    return {key: f"site:{first[groups.root(_unit(rows[key]))]}" for key in keys}


def _pair(
    pair: tuple[str, str],
    why: str,
    rows: Mapping[str, Mapping[str, Any]],
    sites: Mapping[str, str],
    counted: set[frozenset[str]],
) -> Pair:
    one, other = (rows[key] for key in pair)
    saving = _saving(one, other)
    blank = [str(row["id"]) for row in (one, other) if _blank(row)]
    if blank:
        why = f"{why}; worksite_cost_eur of {', '.join(blank)} is unknown"
    elif frozenset((_unit(one), _unit(other))) not in counted:
        saving, why = 0.0, f"{why}; the set-up is saved with a third intervention of the site"
    a, b = sorted((one, other), key=lambda row: (-(row["cost_eur"] or 0.0), str(row["id"])))
    if saving >= (a["cost_eur"] or 0.0):
        saving, why = 0.0, f"{why}; the saving would reach the cost"
    return Pair(site_id=sites[pair[0]], a=str(a["id"]), b=str(b["id"]), saving_eur=saving, reason=why)


def _relations(pairs: Sequence[Pair]) -> pa.Table:
    rows = [
        {
            "kind": "joint_worksite",
            "a": p.a,
            "b": p.b,
            "saving_eur": p.saving_eur,
            "reason": f"{p.site_id}: {p.reason}",
        }
        for p in pairs
        if p.saving_eur > 0
    ]
    return tables.from_rows("relation", rows)


def _unknown(row: Mapping[str, Any]) -> Finding:
    return Finding(
        severity="note",
        table="intervention",
        row=str(row["id"]),
        rule="unknown_worksite_cost",
        message=f"{row['id']} shares a worksite, but its worksite_cost_eur is unknown: no saving is counted.",
        hint="give worksite_cost_eur",
    )

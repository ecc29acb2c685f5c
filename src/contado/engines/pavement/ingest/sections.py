"""Sections of the road network: read from files, or made of the ways of the network.

A section is an ordered list of directed links with the facts of the road cadastre. Table
``pavement_lrs_section``.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from contado.engines.pavement import columns
from contado.kernel import tables
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from contado.kernel.labels import Label
    from contado.kernel.territory import Network, Route

__all__ = ["from_files", "of_ways", "route_of"]

_FACTS = (
    "road_code",
    "road_name",
    "carriageway",
    "direction",
    "from_km",
    "to_km",
    "municipality",
    "width_m",
    "surface",
    "built_on",
    "aadt",
    "heavy_share",
    "accident_rate",
    "hydro_risk",
    "network_role",
    "label",
)
_ROUTE = ("way_id", "from_node", "to_node")


def from_files(
    network: Network,
    routes: Path,
    facts: Path | None = None,
    *,
    locate: Callable[[float, float], str | None] | None = None,
    source_id: str | None = None,
    label: Label | None = None,
) -> tuple[pa.Table, list[Finding]]:
    """Return the sections of a file of routes, with the facts of a second file.

    Parameters
    ----------
    network
        The network the links belong to.
    routes
        Edges in driving order: way_id, from_node, to_node[, section_id, seq, from_m, to_m]. Without
        section_id the whole file is one section, called like the file.
    facts
        One row a section: section_id and what is known of it (road_code, name, width_m, aadt ...).
    locate
        Gives the municipality of a point (lon, lat).
    label
        How the sections were born of which the facts do not say so.

    Raises
    ------
    DataError
        An edge is not in the network (`route_off_network`), or edges do not follow one another.
    """
    read = tables.read(routes)
    columns.require(read.table, _ROUTE, routes.name)
    known, findings = _facts_of(facts)
    pieces = _edges_by_section(read, network, routes)
    edges = {section: [piece.edge for piece in found] for section, found in pieces.items()}
    rows = [
        _row(network, section, chosen, known.get(section, {}), locate, source_id, label)
        for section, chosen in edges.items()
    ]
    lost = [section for section in known if section not in edges]
    if lost:
        findings.append(_without_route(lost))
    if parted := [section for section, found in pieces.items() if _is_parted(network, found)]:
        findings.append(_whole_edges(parted))
    return tables.from_rows("pavement_lrs_section", rows), [*read.findings, *findings]


def _facts_of(path: Path | None) -> tuple[dict[str, dict[str, Any]], list[Finding]]:
    if path is None:
        return {}, []
    read = tables.read(path)
    columns.require(read.table, ["section_id"], path.name)
    rows = {str(row["section_id"]): dict(row) for row in read.table.to_pylist()}
    for row in rows.values():
        row.setdefault("road_name", row.get("name"))
    return rows, list(read.findings)


def _without_route(sections: Sequence[str]) -> Finding:
    return Finding(
        severity="warning",
        rule="section_without_route",
        table="pavement_lrs_section",
        row=sections[0],
        message=f"{len(sections)} sections have no route and were left out: {', '.join(sections[:5])}.",
        hint="give their edges in the file of routes",
        action="row_set_aside",
    )


class _Piece(NamedTuple):
    """An edge of a section as the file tells it: its place in the order, and its chainages where they are given."""

    seq: float
    edge: int
    from_m: float | None
    to_m: float | None


def _edges_by_section(read: tables.ReadResult, network: Network, path: Path) -> dict[str, list[_Piece]]:
    lines = read.lines or range(1, read.table.num_rows + 1)
    by_key: dict[tuple[int, ...], list[int]] = defaultdict(list)
    keys = zip(
        network.edge_way, network.node_id[network.edge_from], network.node_id[network.edge_to], strict=True
    )
    for number, key in enumerate(keys):
        by_key[tuple(int(k) for k in key)].append(number)
    found: dict[str, list[_Piece]] = defaultdict(list)
    for number, (line, row) in enumerate(zip(lines, read.table.to_pylist(), strict=True)):
        edge = _edge(row, by_key, network)
        if edge is None:
            raise DataError(
                f"{path.name}, line {line}: the network has no edge {[row[n] for n in _ROUTE]}.",
                rule="route_off_network",
                hint="give the network the route was made on",
                rows=[line],
            )
        section = str(row.get("section_id") or path.stem)
        seq = row.get("seq")
        place, ends = float(number if seq is None else seq), (row.get("from_m"), row.get("to_m"))
        found[section].append(_Piece(place, edge, *(None if m is None else float(m) for m in ends)))
    return {section: sorted(chosen, key=lambda piece: piece.seq) for section, chosen in found.items()}


def _is_parted(network: Network, pieces: Sequence[_Piece]) -> bool:
    """Whether a section begins or ends within an edge by its chainages."""
    from contado.kernel.territory import route_checks

    ends = [(piece.from_m, piece.to_m) for piece in pieces]
    if any(m is None for pair in ends for m in pair):
        return False
    mapped_m = network.edge_length_m[[piece.edge for piece in pieces]]
    from_m, to_m = np.array(ends, np.float64).T
    return route_checks.parts(mapped_m, from_m, to_m) != (0.0, float(mapped_m[-1]))


def _whole_edges(parted: Sequence[str]) -> Finding:
    return Finding(
        severity="warning",
        rule="part_of_edge",
        table="pavement_lrs_section",
        row=parted[0],
        message=f"{len(parted)} sections begin or end within an edge by their chainages: {', '.join(parted[:5])}.",
        hint="a section has whole edges: count works and surveys from the start of its first one",
        action="kept",
    )


def _edge(
    row: Mapping[str, Any], by_key: Mapping[tuple[int, ...], list[int]], network: Network
) -> int | None:
    """Return the edge of a row; of several between the same nodes the one of the nearest length."""
    candidates = by_key.get(tuple(int(row[n]) for n in _ROUTE), [])
    if len(candidates) < 2 or row.get("from_m") is None or row.get("to_m") is None:
        return candidates[0] if candidates else None
    length = float(row["to_m"]) - float(row["from_m"])
    return min(candidates, key=lambda e: abs(float(network.edge_length_m[e]) - length))


def of_ways(
    network: Network,
    *,
    min_length_m: float = 100.0,
    locate: Callable[[float, float], str | None] | None = None,
    source_id: str | None = None,
    label: Label | None = None,
) -> pa.Table:
    """Return one section for each way and direction of the network, where it is long enough.

    A way that is not one piece (a part of it is missing) gives one section a piece.
    """
    order = np.lexsort((_seq_in_direction(network), network.edge_forward, network.edge_way))
    runs: list[list[int]] = []
    for edge in order.tolist():
        if runs and _follows(network, runs[-1][-1], edge):
            runs[-1].append(edge)
        else:
            runs.append([edge])
    rows = []
    for run in runs:
        if network.edge_length_m[run].sum() < min_length_m:
            continue
        way, forward = int(network.edge_way[run[0]]), bool(network.edge_forward[run[0]])
        name = str(network.edge_name[run[0]] or "") or None
        section = f"{way}:{int(network.edge_seq[run[0]])}:{'f' if forward else 'b'}"
        facts = {"road_name": name, "direction": "forward" if forward else "backward"}
        rows.append(_row(network, section, run, facts, locate, source_id, label))
    return tables.from_rows("pavement_lrs_section", rows)


def _seq_in_direction(network: Network) -> np.ndarray[Any, Any]:
    """Return the number of each piece along its way, counted backwards where it is driven backwards."""
    result: np.ndarray[Any, Any] = np.where(network.edge_forward, network.edge_seq, -network.edge_seq)
    return result


def _follows(network: Network, before: int, after: int) -> bool:
    return bool(
        network.edge_way[before] == network.edge_way[after]
        and network.edge_forward[before] == network.edge_forward[after]
        and network.edge_to[before] == network.edge_from[after]
    )


def _row(
    network: Network,
    section: str,
    edges: Sequence[int],
    facts: Mapping[str, Any],
    locate: Callable[[float, float], str | None] | None,
    source_id: str | None,
    label: Label | None,
) -> dict[str, Any]:
    import shapely

    from contado.kernel.territory import Route

    route = Route.from_edges(network, np.asarray(edges))
    places = np.concatenate([[0.0], _vertices(network, edges)])
    lon, lat = route.lonlat(np.minimum(places, route.length_m))
    middle = route.lonlat([route.length_m / 2])
    given = {name: facts.get(name) for name in _FACTS}
    if given["municipality"] is None and locate is not None:
        given["municipality"] = locate(float(middle[0][0]), float(middle[1][0]))
    return {
        **given,
        "label": given["label"] or label,
        "section_id": section,
        "length_m": route.length_m,
        "links": [str(link) for link in network.link_id[np.asarray(edges)]],
        "geometry": shapely.LineString(np.column_stack([lon, lat])),
        "source_id": source_id,
    }


def _vertices(network: Network, edges: Sequence[int]) -> np.ndarray[Any, Any]:
    """Return the chainage of every vertex after the first."""
    parts, start = [], 0.0
    for edge in edges:
        a, b = network.geometry_offsets[edge], network.geometry_offsets[edge + 1]
        steps = np.hypot(np.diff(network.geometry_x[a:b]), np.diff(network.geometry_y[a:b]))
        parts.append(start + np.cumsum(steps))
        start += float(network.edge_length_m[edge])
    return np.concatenate(parts)


def route_of(network: Network, links: Sequence[str], edge_of: Mapping[str, int]) -> Route:
    """Return the route along ``links``.

    Raises
    ------
    DataError
        A link is not in the network (`route_off_network`).
    """
    from contado.kernel.territory import Route

    missing = [link for link in links if link not in edge_of]
    if missing:
        raise DataError(
            f"The network has no link {missing[0]}.",
            rule="route_off_network",
            hint="load the network the sections were made on",
            field="links",
        )
    return Route.from_edges(network, np.array([edge_of[link] for link in links]))

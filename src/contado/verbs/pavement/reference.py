"""contado pavement reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import DataError, UsageError
from contado.verbs.pavement._dialect import accepted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from contado.kernel.errors import Finding
    from contado.kernel.territory import Network, Route

    _Ask = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]]

SIDES: dict[int, Literal["left", "right", "on"]] = {1: "left", -1: "right", 0: "on"}

RADIUS_M = 50.0
"""Points farther from the route have no chainage."""


class ReferenceRequest(Request, frozen=True, kw_only=True):
    """Points or chainages along a route."""

    network: Annotated[Path, argument("street network: .osm.pbf, .osm, .gpkg, .geojson, .parquet")]
    route: Annotated[Path, option("route: CSV with seq, way_id, from_node, to_node, from_m, to_m")]
    points: Annotated[Path | None, option("CSV or Parquet with lon, lat: their chainages are asked for")] = (
        None
    )
    chainages: Annotated[
        Path | None, option("CSV or Parquet with chainage_m: their points are asked for")
    ] = None
    profile: Annotated[str, option("which ways belong to the network: drive, bike, walk, all")] = "drive"
    epsg: Annotated[
        int | None, option("EPSG code in which lengths are measured; default: UTM zone of its centre")
    ] = None


class ReferencedPoint(msgspec.Struct, kw_only=True):
    """A place on the route; all null where a point lies beyond 50 m or a chainage off the route."""

    chainage_m: float | None = None
    distance_m: float | None = None
    side: Literal["left", "right", "on"] | None = None
    lon: float | None = None
    lat: float | None = None
    way_id: int | None = None
    from_node: int | None = None
    to_node: int | None = None
    offset_m: float | None = None


class ReferenceAnswer(LabelledAnswer, kw_only=True):
    """Places in the order of the input."""

    points: list[ReferencedPoint]
    route_length_m: float
    compute_s: float


def _run(request: ReferenceRequest, context: Context) -> ReferenceAnswer:
    if (request.points is None) == (request.chainages is None):
        raise UsageError(
            "Give either --points or --chainages.",
            rule="missing_value",
            hint="--points P.csv (lon, lat) or --chainages C.csv (chainage_m)",
            field="points",
        )
    import time

    from contado.kernel.territory import Network, Route

    network = Network.from_file(request.network, request.profile, request.epsg)
    route = Route.read(request.route, network)
    if request.points is not None:
        ask, findings = _of_points(request.points, network, route)
    else:
        assert request.chainages is not None
        ask, findings = _of_chainages(request.chainages)
    told = accepted(context, [*network.findings, *route.findings, *findings])
    if context.progress:
        context.progress("reference", 0, len(ask[0]))
    start = time.perf_counter()
    points = _places(route, *ask)
    return ReferenceAnswer(
        label="measured",
        points=points,
        route_length_m=route.length_m,
        compute_s=time.perf_counter() - start,
        findings=told,
    )


def _of_points(path: Path, network: Network, route: Route) -> tuple[_Ask, list[Finding]]:
    """Return chainage, distance and side of each point of a file."""
    from contado.kernel.territory import crs
    from contado.kernel.territory.matching import traces as reading

    found = reading.check(reading.apart(reading.read(path)), network)
    x, y = crs.to_measure(found.lon, found.lat, network.epsg)
    chainage, distance, side = route.chainage(x, y, RADIUS_M)
    return (chainage, distance, side), list(found.findings)


def _of_chainages(path: Path) -> tuple[_Ask, list[Finding]]:
    """Return the chainages of a file, distance 0."""
    import numpy as np

    from contado.kernel import tables
    from contado.kernel.territory import columns

    found = tables.read(path)
    _refuse_ragged(found.findings)
    columns.need(found.table, ("chainage_m",), path.name)
    chainage = columns.numbers(found.table, "chainage_m", path.name, found.lines)
    return (chainage, np.zeros(len(chainage)), np.zeros(len(chainage), dtype=np.int8)), list(found.findings)


def _refuse_ragged(findings: list[Finding]) -> None:
    """Refuse lines that hold more or fewer cells than the header: their place in the answer would be missing."""
    ragged = [f for f in findings if f.rule == "ragged_row"]
    if ragged:
        raise DataError(
            ragged[0].message,
            rule="ragged_row",
            hint="write decimals with a point, and cells that hold the separator between double quotes",
            rows=[int(f.row) for f in ragged if f.row is not None],
            field="chainage_m",
        )


def _places(
    route: Route, chainage: NDArray[np.float64], distance: NDArray[np.float64], side: NDArray[np.int8]
) -> list[ReferencedPoint]:
    network = route.network
    _, _, edge, offset = route.point(chainage)
    lon, lat = route.lonlat(chainage)
    rows = zip(chainage, distance, side, lon, lat, edge.tolist(), offset, strict=True)
    return [
        ReferencedPoint(
            chainage_m=float(s),
            distance_m=float(d),
            side=SIDES[int(g)],
            lon=float(x),
            lat=float(y),
            way_id=int(network.edge_way[e]),
            from_node=int(network.node_id[network.edge_from[e]]),
            to_node=int(network.node_id[network.edge_to[e]]),
            offset_m=float(o),
        )
        if e >= 0
        else ReferencedPoint()
        for s, d, g, x, y, e, o in rows
    ]


VERB = Verb(
    name="pavement reference",
    help="Convert between chainages and points of a route",
    request=ReferenceRequest,
    answer=ReferenceAnswer,
    run=_run,
    extra="roads",
    needs=("numba", "osmium"),
    examples=("contado pavement reference extract.osm.pbf --route route.csv --points points.csv --json",),
)

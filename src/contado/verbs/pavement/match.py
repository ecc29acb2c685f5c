"""contado pavement match."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.scale import Engine
from contado.verbs.pavement._dialect import accepted

if TYPE_CHECKING:
    from contado.kernel.territory import Network
    from contado.kernel.territory.matching.result import MatchResult
    from contado.kernel.territory.matching.traces import Traces


class MatchRequest(Request, frozen=True, kw_only=True):
    """Traces and the network they were driven on."""

    network: Annotated[Path, argument("street network: .osm.pbf, .osm, .gpkg, .geojson, .parquet")]
    traces: Annotated[Path, argument("traces: .parquet or .csv with trip, t_s, lon, lat, or one .gpx trip")]
    sigma_m: Annotated[
        float,
        option(
            "standard deviation of a position; 5 suits a car's receiver in the open", unit="m", gt=0, le=200
        ),
    ] = 5.0
    profile: Annotated[str, option("which ways belong to the network: drive, bike, walk, all")] = "drive"
    epsg: Annotated[
        int | None, option("EPSG code in which lengths are measured; default: UTM zone of its centre")
    ] = None
    online: (
        Annotated[
            float,
            option(
                "match as if each fix came at its time and got its place so many seconds later", ge=0, le=10
            ),
        ]
        | None
    ) = None
    drop_bad: Annotated[bool, option("leave out impossible positions and jumps, and count them")] = False
    engine: Annotated[
        Engine,
        option(
            "where the trips are matched: on threads here, or on Dask or Spark; the answer is the same to the bit"
        ),
    ] = "local"
    out: Annotated[Path | None, option("folder for points.parquet, routes.parquet and gaps.parquet")] = None


class MatchedTrip(msgspec.Struct, kw_only=True):
    """One trip; ``length_ratio`` = matched length / GNSS length over the same matched spans."""

    trip: int | float | str | None
    points: int
    matched: int
    gnss_length_m: float
    matched_length_m: float
    length_ratio: float | None
    gaps: int


class MatchAnswer(LabelledAnswer, kw_only=True):
    """Trips in order of first appearance; ``compute_s`` are processor seconds of the matching alone."""

    points: int
    matched: int
    points_per_s: float | None
    trips: list[MatchedTrip]
    files: list[str]
    compute_s: float


def _run(request: MatchRequest, context: Context) -> MatchAnswer:
    from contado.kernel.territory import Network
    from contado.kernel.territory.matching import traces as reading

    if context.progress:
        context.progress("read network", 0, 3)
    network = Network.from_file(request.network, request.profile, request.epsg)
    if context.progress:
        context.progress("read traces", 1, 3)
    traces = reading.read(request.traces)
    if context.progress:
        context.progress("match", 2, 3)
    result = _matched(request, network, traces, context)
    findings = accepted(context, [*network.findings, *result.findings])
    seconds = result.compute_s
    return MatchAnswer(
        label="estimated",
        points=len(result.edge),
        matched=int(result.used.sum()),
        points_per_s=len(result.edge) / seconds if seconds > 0 else None,
        trips=[MatchedTrip(**row) for row in result.trips.to_pylist()],
        files=_write(result, request.out) if request.out else [],
        compute_s=seconds,
        findings=findings,
    )


def _matched(request: MatchRequest, network: Network, traces: Traces, context: Context) -> MatchResult:
    from contado.kernel.territory.matching.online import match_online

    if request.online is None:
        return network.match(
            traces,
            sigma_m=request.sigma_m,
            drop_bad=request.drop_bad,
            engine=request.engine,
            progress=context.progress,
        )
    return match_online(
        network, traces, lag_s=request.online, sigma_m=request.sigma_m, drop_bad=request.drop_bad
    )


def _write(result: MatchResult, folder: Path) -> list[str]:
    """Write the tables into ``folder``; return the files' names."""
    from contado.kernel import tables

    folder.mkdir(parents=True, exist_ok=True)
    written = {"points.parquet": result.points, "routes.parquet": result.routes, "gaps.parquet": result.gaps}
    for name, table in written.items():
        tables.write_parquet(table, folder / name)
    return list(written)


VERB = Verb(
    name="pavement match",
    help="Match GNSS traces to the street network",
    request=MatchRequest,
    answer=MatchAnswer,
    run=_run,
    extra="roads",
    needs=("numba", "osmium"),
    examples=("contado pavement match extract.osm.pbf traces.parquet --sigma-m 5 --out matched --json",),
)

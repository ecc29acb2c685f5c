"""contado pavement replay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from contado.kernel import labels
from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.verbs.pavement._dialect import accepted, named
from contado.verbs.pavement.map import checked_out

__all__ = ["VERB", "ReplayAnswer", "ReplayRequest"]


class ReplayRequest(Request, frozen=True, kw_only=True):
    """Drives, network and route in; one HTML file in which they move."""

    drives: Annotated[Path, argument("folder of drives: NAME_acc.parquet|csv with NAME_gnss.csv")]
    network: Annotated[Path, option("street network: .osm.pbf, .osm, .gpkg, .geojson, .parquet")]
    route: Annotated[Path, option("route: seq, way_id, from_node, to_node, from_m, to_m")]
    out: Annotated[Path, option("file to write (.html)")]
    speedup: Annotated[float, option("seconds of the drive in one second", gt=0, le=1000)] = 20.0
    cell_m: Annotated[float, option("length of a cell", unit="m", ge=5, le=10_000)] = 100.0
    epsg: Annotated[int | None, option("metric reference system; default the UTM zone of the network")] = None
    drop_bad: Annotated[bool, option("drop and count fixes at impossible positions")] = False


class ReplayAnswer(LabelledAnswer, kw_only=True):
    """The file, its hash, and the drives it shows."""

    file: str
    sha256: str
    drives: list[str]
    seconds_played: float
    """Length of the longest drive at the chosen speed [s]."""
    compute_s: float


def _run(request: ReplayRequest, context: Context) -> ReplayAnswer:
    import time

    from contado.engines.pavement.reports import replay
    from contado.engines.pavement.telemetry.read import read_drives
    from contado.kernel.provenance import sha256_of_file
    from contado.kernel.tables import atomic
    from contado.kernel.territory import Network, Route
    from contado.verbs._published import page_fonts

    checked_out(request.out, (".html",))
    drives = read_drives(request.drives, drop_bad=request.drop_bad)
    lost = [one.as_finding() for one in drives.rejected]
    network = Network.from_file(request.network, epsg=request.epsg)
    route = Route.read(request.route, network)
    began = time.perf_counter()
    played, findings = replay.play(
        drives,
        network,
        route,
        cell_m=request.cell_m,
        section_id=request.route.name.partition(".")[0],
        progress=context.progress,
    )
    told = [
        *named(lost),
        *accepted(context, [*network.findings, *route.findings, *findings], drives.rejected),
    ]
    data = replay.render(
        played,
        lang=context.published_lang,
        speedup=request.speedup,
        network=network,
        findings=named([*lost, *route.findings, *findings]),
        fonts=page_fonts(),
    )
    seconds = time.perf_counter() - began
    with atomic(request.out) as temporary:
        temporary.write_bytes(data)
    return ReplayAnswer(
        label=labels.joint({p.state.label for p in played}),
        findings=told,
        file=str(request.out),
        sha256=sha256_of_file(request.out),
        drives=[p.name for p in played],
        seconds_played=max(len(p.chainage_m) for p in played) / request.speedup,
        compute_s=seconds,
    )


VERB = Verb(
    name="pavement replay",
    help="Show drives moving along their route in one HTML file",
    request=ReplayRequest,
    answer=ReplayAnswer,
    run=_run,
    extra="roads",
    examples=(
        "contado pavement replay drives --network drives/network.geojson --route drives/truth_route.csv --out replay.html",
    ),
)

"""contado pavement map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import UsageError
from contado.verbs.pavement._dialect import accepted

if TYPE_CHECKING:
    from contado.kernel.territory import Network

__all__ = ["VERB", "MapAnswer", "MapRequest", "checked_out"]


class MapRequest(Request, frozen=True, kw_only=True):
    """A state of roads in, one HTML file out."""

    state: Annotated[
        Path,
        argument(
            "answer of process (.json), cell_state.parquet, a folder of either with anomaly_obs.parquet and works.csv, or a workspace"
        ),
    ]
    road: Annotated[list[str], option("only these roads; default all")] = msgspec.field(default_factory=list)
    out: Annotated[Path, option("file to write (.html)")]
    network: Annotated[Path | None, option("street network, drawn behind the roads")] = None
    route: Annotated[
        Path | None, option("route on the network, where the state does not say where its road lies")
    ] = None
    epsg: Annotated[int | None, option("metric reference system of the network")] = None


class MapAnswer(LabelledAnswer, kw_only=True):
    """The file, its hash, and what it shows."""

    file: str
    sha256: str
    roads: int
    pieces: int
    anomalies: int
    compute_s: float


def _run(request: MapRequest, context: Context) -> MapAnswer:
    import time

    from contado.engines.pavement.reports import maps
    from contado.engines.pavement.views import grading, reading
    from contado.kernel.provenance import sha256_of_file
    from contado.kernel.tables import atomic
    from contado.kernel.territory import Route
    from contado.verbs._published import page_fonts

    checked_out(request.out, (".html",))
    state = reading.only(reading.read_state(request.state), request.road)
    network = _network(request)
    told = [] if network is None else [*network.findings]
    if network is not None and request.route is not None:
        route = Route.read(request.route, network)
        told += route.findings
        line = reading.route_line(network, route)
        state = reading.on_route(state, request.route.name.partition(".")[0], line)
    findings = accepted(context, [*told, *state.findings])
    began = time.perf_counter()
    data = maps.render(state, lang=context.published_lang, network=network, fonts=page_fonts())
    seconds = time.perf_counter() - began
    with atomic(request.out) as temporary:
        temporary.write_bytes(data)
    return MapAnswer(
        label=state.label,
        findings=findings,
        file=str(request.out),
        sha256=sha256_of_file(request.out),
        roads=len(state.roads),
        pieces=sum(len(grading.pieces(road, state.on)) for road in state.roads),
        anomalies=sum(len(road.defects) for road in state.roads),
        compute_s=seconds,
    )


def checked_out(out: Path, endings: tuple[str, ...]) -> None:
    """Refuse a file whose ending is none of ``endings`` or whose folder is not there, before anything is read."""
    if out.suffix.lower() not in endings:
        raise UsageError(
            f"{out.name} does not end in {' or '.join(endings)}.",
            rule="unknown_format",
            hint=f"valid: {', '.join(endings)}",
            field="out",
        )
    if not out.parent.is_dir():
        raise UsageError(
            f"There is no folder {out.parent}.", rule="file_not_found", hint="create it first", field="out"
        )


def _network(request: MapRequest) -> Network | None:
    """Return the streets, which may stand behind the roads and say where a route lies."""
    from contado.kernel.territory import Network

    if request.network is not None:
        return Network.from_file(request.network, epsg=request.epsg)
    if request.route is not None:
        raise UsageError(
            "A route without its network has no place.",
            rule="missing_value",
            hint="give --network too",
            field="network",
        )
    return None


VERB = Verb(
    name="pavement map",
    help="Draw a state of roads as one HTML file",
    request=MapRequest,
    answer=MapAnswer,
    run=_run,
    examples=(
        "contado pavement map process.json --out map.html",
        "contado pavement map state/cell_state.parquet --out map.html --lang en",
    ),
)

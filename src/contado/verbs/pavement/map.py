"""contado pavement map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from contado.engines.pavement.views.model import RoadState

__all__ = ["VERB", "MapAnswer", "MapRequest", "checked_ending"]


class MapRequest(Request, frozen=True, kw_only=True):
    """A state of roads in, one HTML file out."""

    state: Annotated[
        Path,
        argument(
            "answer of process (.json), cell_state.parquet, a folder of either with anomaly_obs.parquet and works.csv, or a workspace"
        ),
    ]
    out: Annotated[Path, option("file to write (.html)")]
    network: Annotated[
        Path | None, option("street network, where the state does not say where its road lies")
    ] = None
    route: Annotated[Path | None, option("route on the network, named after the road of the state")] = None
    epsg: Annotated[int | None, option("metric reference system of the network")] = None


class MapAnswer(LabelledAnswer, kw_only=True):
    """The file, its hash, and what it shows."""

    file: str
    sha256: str
    roads: int
    pieces: int
    anomalies: int


def _run(request: MapRequest, context: Context) -> MapAnswer:
    from contado.engines.pavement import maps
    from contado.engines.pavement.views import grading, reading
    from contado.kernel.provenance import sha256_of_file
    from contado.kernel.tables import atomic
    from contado.verbs._published import page_fonts

    checked_ending(request.out, (".html",))
    state = _placed(reading.read_state(request.state), request)
    data = maps.render(state, lang=context.published_lang, fonts=page_fonts())
    with atomic(request.out) as temporary:
        temporary.write_bytes(data)
    return MapAnswer(
        label=state.label,
        findings=list(state.findings),
        file=str(request.out),
        sha256=sha256_of_file(request.out),
        roads=len(state.roads),
        pieces=sum(len(grading.pieces(road, state.on)) for road in state.roads),
        anomalies=sum(len(road.spots) for road in state.roads),
    )


def checked_ending(out: Path, endings: tuple[str, ...]) -> None:
    """Refuse a file whose ending is none of ``endings``, before anything is read."""
    if out.suffix.lower() not in endings:
        raise UsageError(
            f"{out.name} does not end in {' or '.join(endings)}.",
            rule="unknown_format",
            hint=f"valid: {', '.join(endings)}",
            field="out",
        )


def _placed(state: RoadState, request: MapRequest) -> RoadState:
    from contado.engines.pavement.views import reading

    if request.route is None and request.network is None:
        return state
    if request.route is None or request.network is None:
        raise UsageError(
            "A network without a route, or a route without its network, says nothing.",
            rule="missing_value",
            hint="give both --network and --route",
            field="network" if request.network is None else "route",
        )
    from contado.kernel.territory import Network, Route

    network = Network.from_file(request.network, epsg=request.epsg)
    line = reading.route_line(network, Route.read(request.route, network))
    return reading.on_route(state, request.route.name.partition(".")[0], line)


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

"""contado pavement network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.verbs.pavement._dialect import accepted


class NetworkRequest(Request, frozen=True, kw_only=True):
    """A street network."""

    network: Annotated[
        Path, argument("street network: .osm.pbf, .osm, .gpkg, .geojson, or .parquet (ways with node lists)")
    ]
    profile: Annotated[str, option("which ways belong to it: drive, bike, walk, all")] = "drive"
    epsg: Annotated[
        int | None, option("EPSG code in which lengths are measured; default: UTM zone of its centre")
    ] = None


class NetworkAnswer(LabelledAnswer, kw_only=True):
    """Counts of the network; ``edges`` and ``length_km`` are of directed edges."""

    nodes: int
    edges: int
    length_km: float
    ways_km: float
    epsg: int
    by_class: dict[str, float]
    components: int
    compute_s: float


def _run(request: NetworkRequest, context: Context) -> NetworkAnswer:
    import time

    from contado.kernel.territory import Network

    if context.progress:
        context.progress("read network", 0, 1)
    network = Network.from_file(request.network, request.profile, request.epsg)
    start = time.perf_counter()
    answer = NetworkAnswer(
        label="measured",
        nodes=network.nodes,
        edges=network.edges,
        length_km=network.length_km,
        ways_km=network.ways_km,
        epsg=network.epsg,
        by_class=network.km_by_class(),
        components=network.components,
        compute_s=0.0,
        findings=accepted(context, network.findings),
    )
    answer.compute_s = time.perf_counter() - start
    return answer


VERB = Verb(
    name="pavement network",
    help="Read a street network and count it",
    request=NetworkRequest,
    answer=NetworkAnswer,
    run=_run,
    extra="roads",
    needs=("osmium",),
    examples=("contado pavement network extract.osm.pbf --json",),
)

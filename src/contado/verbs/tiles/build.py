"""contado tiles build: all tiles of a layer as one PMTiles file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.scale import Engine


class BuildRequest(Request, frozen=True, kw_only=True):
    """A layer, the file, and the zooms."""

    layer: Annotated[str, argument("layer of the workspace")]
    file: Annotated[Path, argument("PMTiles file to write")]
    min_zoom: Annotated[int, option("first zoom, 0 to 22", ge=0, le=22)] = 0
    max_zoom: Annotated[int, option("last zoom, 0 to 22", ge=0, le=22)] = 14
    measure: Annotated[str | None, option("numeric attribute whose sum the cells carry")] = None
    rank: Annotated[str | None, option("numeric attribute: highest first where a tile has room")] = None
    engine: Annotated[Engine, option("where the work is done")] = "local"


class BuildAnswer(Answer, kw_only=True):
    """The archive; ``max_tile_bytes`` is that of the largest compressed tile."""

    layer: str
    tiles: int
    bytes: int
    max_tile_bytes: int
    aggregated_tiles: int
    cpu_s: float
    sha256: str


def _run(request: BuildRequest, context: Context) -> BuildAnswer:
    import functools

    from contado.kernel import scale
    from contado.kernel.tiles import TileLayer, pyramid
    from contado.kernel.workspace import WorkspaceView

    assert context.workspace is not None
    view = WorkspaceView(context.workspace)
    layer = TileLayer(view, request.layer, measure=request.measure, rank=request.rank)
    findings = context.accept([*view.findings, *layer.index.facts.findings])
    built = pyramid.build(
        layer,
        request.file,
        min_zoom=request.min_zoom,
        max_zoom=request.max_zoom,
        progress=context.progress,
        runner=functools.partial(scale.stream, engine=request.engine, key="tile_id"),
    )
    return BuildAnswer(layer=request.layer, findings=findings, **built._asdict())


VERB = Verb(
    name="tiles build",
    help="Write all tiles of a layer as one PMTiles file",
    request=BuildRequest,
    answer=BuildAnswer,
    run=_run,
    workspace=True,
    examples=("contado tiles build municipalities city.pmtiles --min-zoom 6 --max-zoom 13 -w city",),
)

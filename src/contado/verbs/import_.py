"""contado import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import UsageError
from contado.verbs.export.layer import SHARED

if TYPE_CHECKING:
    import pyarrow as pa

    from contado.kernel.errors import Finding
    from contado.kernel.workspace import Workspace

Access = Literal["public", "org", "private"]


class ImportRequest(Request, frozen=True, kw_only=True):
    """A file and the layer it becomes."""

    file: Annotated[
        Path,
        argument(
            "GeoJSON, GeoPackage, FlatGeobuf, shapefile, GeoParquet, CSV with lon, lat; raster (.tif, .asc, "
            ".asc.gz); weather (.epw); timetable (GTFS folder or zip); or postgis, the shared store"
        ),
    ]
    layer: Annotated[str, option("name in the workspace: of the layer, raster or source")]
    crs: Annotated[
        str | None, option("coordinate reference system where the file names none (EPSG:32632)")
    ] = None
    source_layer: Annotated[str | None, option("which layer of a file that holds several")] = None
    title_it: Annotated[str | None, option("Italian title")] = None
    title_en: Annotated[str | None, option("English title")] = None
    licence: Annotated[str | None, option("licence of the data")] = None
    source_id: Annotated[str | None, option("row of the table source that it comes from")] = None
    access: Annotated[Access, option("who may see it")] = "public"
    editable: Annotated[bool, option("whether signed-in officers may change its features")] = False


class LayerRow(msgspec.Struct, kw_only=True):
    """One layer that was written."""

    layer: str
    n: int
    geometry_types: list[str]
    crs: str
    bbox: list[float] | None


class ImportAnswer(Answer, kw_only=True):
    """Base of the answers; ``layer`` is the name in the workspace."""

    layer: str


class RasterAnswer(ImportAnswer, kw_only=True):
    """The grid of ``rasters/LAYER.tif``; ``cell_m`` is None where the CRS is in degrees."""

    width: int
    height: int
    cell_m: float | None
    crs: str
    bbox: list[float]
    nodata: float | None


class SourceAnswer(ImportAnswer, kw_only=True):
    """The files of ``sources/LAYER``; ``sha256`` is the file's, of several that of their names and hashes."""

    kind: Literal["epw", "gtfs"]
    files: int
    sha256: str


class LayerAnswer(ImportAnswer, kw_only=True):
    """The layer, or where types were mixed the name before the suffixes; counts of what was mended."""

    n: int
    geometry_types: list[str]
    crs: str
    bbox: list[float] | None
    repaired: int
    dropped: int
    layers: list[LayerRow]


def _run(request: ImportRequest, context: Context) -> ImportAnswer:
    from contado.kernel.workspace.layout import checked_name

    checked_name(request.layer, "layer")
    name = request.file.name.lower()
    if name.endswith(_RASTERS):
        return _raster(request, context)
    if name.endswith(".epw"):
        return _weather(request, context)
    if _is_timetable(request.file):
        return _timetable(request, context)
    return _layer(request, context)


_RASTERS = (".tif", ".tiff", ".asc", ".asc.gz")


def _is_timetable(file: Path) -> bool:
    if not file.is_dir() and file.suffix.lower() != ".zip":
        return False
    from contado.engines.mobility.transit import gtfs

    return file.is_dir() or gtfs.is_feed(file)


def _only_layers(request: ImportRequest, what: str) -> None:
    """Refuse options that say something of a layer only."""
    for field in ("source_layer", "editable"):
        if getattr(request, field):
            raise UsageError(
                f"--{field.replace('_', '-')} does not go with a {what}.",
                hint="leave it out",
                field=field,
            )


def _raster(request: ImportRequest, context: Context) -> RasterAnswer:
    from contado.kernel.declare import require
    from contado.kernel.raster import read, write
    from contado.kernel.workspace import Workspace

    _only_layers(request, "raster")
    require("import", "landscape", ("rasterio",))
    assert context.workspace is not None
    workspace = Workspace.open(context.workspace)
    found = read.read(request.file, request.crs)
    with workspace.commit() as commit:
        commit.raster(request.layer, write.cog(found))
        findings = context.accept([*workspace.findings, *commit.findings])
    grid = found.grid
    return RasterAnswer(
        layer=request.layer,
        width=grid.width,
        height=grid.height,
        cell_m=grid.cell_m,
        crs=grid.crs,
        bbox=list(grid.bbox),
        nodata=grid.nodata,
        findings=findings,
    )


def _weather(request: ImportRequest, context: Context) -> SourceAnswer:
    from contado.kernel.weather import epw

    findings = epw.read(request.file).findings
    return _kept(request, context, "epw", {request.file.name: request.file.read_bytes()}, findings)


def _timetable(request: ImportRequest, context: Context) -> SourceAnswer:
    from contado.engines.mobility.transit import gtfs

    files = gtfs.contents(request.file)
    return _kept(request, context, "gtfs", files, gtfs.check(files))


def _kept(
    request: ImportRequest,
    context: Context,
    kind: Literal["epw", "gtfs"],
    files: dict[str, bytes],
    findings: list[Finding],
) -> SourceAnswer:
    """Keep files as they came in ``sources/``."""
    from contado.kernel.provenance import sha256_of_bytes
    from contado.kernel.workspace import Workspace

    _only_layers(request, "source")
    assert context.workspace is not None
    workspace = Workspace.open(context.workspace)
    with workspace.commit() as commit:
        commit.source(request.layer, files)
        told = context.accept([*workspace.findings, *findings, *commit.findings])
    hashes = {name: sha256_of_bytes(content) for name, content in files.items()}
    listed = "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items()))
    return SourceAnswer(
        layer=request.layer,
        kind=kind,
        files=len(files),
        sha256=sha256_of_bytes(listed.encode()) if len(files) > 1 else next(iter(hashes.values())),
        findings=told,
    )


def _layer(request: ImportRequest, context: Context) -> LayerAnswer:
    from contado.kernel.tables import vector
    from contado.kernel.workspace import Workspace

    assert context.workspace is not None
    workspace = Workspace.open(context.workspace)
    if request.file == SHARED:
        return _shared(workspace, request.layer, context)
    with workspace.commit(lock=[f"layers/{request.layer}"]) as commit:
        found = vector.read_table(request.file, request.source_layer, request.crs)
        findings = [*workspace.findings, *found.findings, *_swapped(found.table, workspace)]
        parts = vector.split_by_type(found.table)
        rows = []
        for suffix, table in parts.items():
            name = f"{request.layer}_{suffix}" if suffix else request.layer
            commit.layer(
                name,
                table,
                title_it=request.title_it or name,
                title_en=request.title_en or request.title_it or name,
                licence=request.licence,
                source_id=request.source_id,
                access=request.access,
                editable=request.editable,
            )
            rows.append(_row(name, table))
        if len(parts) > 1:
            findings.append(_split(request.layer, rows))
        findings = context.accept([*findings, *commit.findings])
    return LayerAnswer(
        layer=rows[0].layer if len(rows) == 1 else request.layer,
        n=sum(row.n for row in rows),
        geometry_types=sorted({kind for row in rows for kind in row.geometry_types}),
        crs=rows[0].crs,
        bbox=_box([row.bbox for row in rows if row.bbox]),
        repaired=found.repaired,
        dropped=found.dropped,
        layers=rows,
        findings=findings,
    )


def _shared(workspace: Workspace, name: str, context: Context) -> LayerAnswer:
    """Take a layer from the database of the records, with what its registry says of it."""
    from contado.kernel import records
    from contado.kernel.records import postgis

    with records.open_store(workspace) as store:
        info, table = postgis.pull(store, records.local_administrator(), name)
    with workspace.commit(lock=[f"layers/{name}"]) as commit:
        commit.layer(name, table, updated_at=info.updated_at, **info.facts())
        findings = context.accept([*workspace.findings, *commit.findings])
    row = _row(name, table)
    return LayerAnswer(
        **msgspec.structs.asdict(row),
        repaired=0,
        dropped=0,
        layers=[row],
        findings=findings,
    )


def _row(name: str, table: pa.Table) -> LayerRow:
    from contado.kernel.tables import geoparquet

    facts = geoparquet.facts(table)
    return LayerRow(
        layer=name, n=facts.n, geometry_types=facts.geometry_types, crs=facts.crs or "", bbox=facts.bbox
    )


def _box(boxes: list[list[float]]) -> list[float] | None:
    if not boxes:
        return None
    low = [min(b[i] for b in boxes) for i in (0, 1)]
    return low + [max(b[i] for b in boxes) for i in (2, 3)]


def _split(layer: str, rows: list[LayerRow]) -> Finding:
    from contado.kernel.errors import Finding

    names = ", ".join(f"{row.layer} ({row.n})" for row in rows)
    return Finding(
        severity="note",
        rule="mixed_geometry",
        message=f"{layer}: the file mixes geometry types; it became {names}.",
        table=layer,
        hint="points, lines and polygons are layers of their own",
        action="converted",
    )


_MOSTLY = 0.9
"""Share of features outside the territory above which swapped coordinates are suspected."""


def _swapped(table: pa.Table, workspace: Workspace) -> list[Finding]:
    """Tell when nearly all features lie outside the territory and would lie inside with x and y exchanged."""
    import numpy as np
    import shapely

    from contado.kernel.errors import Finding
    from contado.kernel.tables import geoparquet

    box = next((info.bbox for info in workspace.layers() if info.id == "municipalities"), None)
    if box is None or not table.num_rows or geoparquet.crs(table) not in {"EPSG:4326", "OGC:CRS84"}:
        return []
    bounds = shapely.bounds(geoparquet.geometries(table))
    x, y = bounds[:, [0, 2]].mean(axis=1), bounds[:, [1, 3]].mean(axis=1)

    def inside(first: np.ndarray, second: np.ndarray) -> float:
        within = (box[0] <= first) & (first <= box[2]) & (box[1] <= second) & (second <= box[3])
        return float(np.mean(within))

    if 1 - inside(x, y) <= _MOSTLY or inside(y, x) <= _MOSTLY:
        return []
    return [
        Finding(
            severity="warning",
            rule="lon_lat_swapped",
            message=f"{1 - inside(x, y):.0%} of the features lie outside the territory; with longitude and "
            f"latitude exchanged {inside(y, x):.0%} would lie inside.",
            hint="exchange the two columns and import again; nothing was exchanged here",
        )
    ]


VERB = Verb(
    name="import",
    help="Bring a layer, raster, weather file or timetable into the workspace",
    request=ImportRequest,
    answer=ImportAnswer,
    run=_run,
    workspace=True,
    right="workspace.imported",
    examples=(
        "contado import trees.gpkg --layer trees -w milano",
        "contado import dtm.asc.gz --layer dtm --crs EPSG:32632 -w milano",
        "contado import gtfs.zip --layer trains -w milano",
    ),
)

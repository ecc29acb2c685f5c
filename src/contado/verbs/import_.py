"""contado import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
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
            "GeoJSON, GeoPackage, FlatGeobuf, shapefile, GeoParquet, CSV with lon, lat; or postgis, the shared store"
        ),
    ]
    layer: Annotated[str, option("name of the layer in the workspace")]
    crs: Annotated[
        str | None, option("coordinate reference system where the file names none (EPSG:32632)")
    ] = None
    source_layer: Annotated[str | None, option("which layer of a file that holds several")] = None
    title_it: Annotated[str | None, option("Italian title")] = None
    title_en: Annotated[str | None, option("English title")] = None
    licence: Annotated[str | None, option("licence of the data")] = None
    source_id: Annotated[str | None, option("row of the table source that it comes from")] = None
    access: Annotated[Access, option("who may see it")] = "public"


class LayerRow(msgspec.Struct, kw_only=True):
    """One layer that was written."""

    layer: str
    n: int
    geometry_types: list[str]
    crs: str
    bbox: list[float] | None


class ImportAnswer(Answer, kw_only=True):
    """The layer, or where types were mixed the first of ``layers``; counts of what was mended."""

    layer: str
    n: int
    geometry_types: list[str]
    crs: str
    bbox: list[float] | None
    repaired: int
    dropped: int
    layers: list[LayerRow]


def _run(request: ImportRequest, context: Context) -> ImportAnswer:
    from contado.kernel.tables import vector
    from contado.kernel.workspace import Workspace
    from contado.kernel.workspace.layout import checked_name

    assert context.workspace is not None
    workspace = Workspace.open(context.workspace)
    checked_name(request.layer, "layer")
    if request.file == SHARED:
        return _shared(workspace, request.layer)
    with workspace.commit(lock=[f"layers/{request.layer}"]) as commit:
        found = vector.read_table(request.file, request.source_layer, request.crs)
        findings = [*workspace.findings, *found.findings, *_swapped(found.table, workspace)]
        _refuse_if_strict(findings, strict=context.strict)
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
            )
            rows.append(_row(name, table))
    if len(parts) > 1:
        findings.append(_split(request.layer, rows))
    return ImportAnswer(
        layer=rows[0].layer if len(rows) == 1 else request.layer,
        n=sum(row.n for row in rows),
        geometry_types=sorted({kind for row in rows for kind in row.geometry_types}),
        crs=rows[0].crs,
        bbox=_box([row.bbox for row in rows if row.bbox]),
        repaired=found.repaired,
        dropped=found.dropped,
        layers=rows,
        findings=[*findings, *commit.findings],
    )


def _shared(workspace: Workspace, name: str) -> ImportAnswer:
    """Take a layer from the database of the records, with what its registry says of it."""
    from contado.kernel import records
    from contado.kernel.records import postgis

    with records.open_store(workspace) as store:
        info, table = postgis.pull(store, records.local_administrator(), name)
    with workspace.commit(lock=[f"layers/{name}"]) as commit:
        commit.layer(
            name,
            table,
            title_it=info.title_it,
            title_en=info.title_en,
            licence=info.licence,
            source_id=info.source_id,
            label=info.label,
            access=info.access,
            style=info.style,
            updated_at=info.updated_at,
        )
    row = _row(name, table)
    return ImportAnswer(
        **msgspec.structs.asdict(row),
        repaired=0,
        dropped=0,
        layers=[row],
        findings=[*workspace.findings, *commit.findings],
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


def _refuse_if_strict(findings: list[Finding], *, strict: bool) -> None:
    from contado.kernel.tables.findings import made_strict, raise_refused

    if strict:
        raise_refused(made_strict(findings))


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
    help="Bring a file into the workspace as a layer",
    request=ImportRequest,
    answer=ImportAnswer,
    run=_run,
    workspace=True,
    examples=("contado import trees.gpkg --layer trees -w milano",),
)

"""contado export layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option

if TYPE_CHECKING:
    import pyarrow as pa

    from contado.kernel.workspace import WorkspaceView

SHARED: Final = Path("postgis")
"""What stands for the shared store in place of a file."""


class ExportRequest(Request, frozen=True, kw_only=True):
    """A layer and the file it becomes."""

    name: Annotated[str, argument("layer of the workspace")]
    to: Annotated[
        Path,
        option(
            "file; its ending is the format: .gpkg .parquet .geojson .csv .fgb; or postgis, the shared store"
        ),
    ]


class ExportAnswer(Answer, kw_only=True):
    """The file: rows, hash, size; in the shared store those of the layer's own file."""

    layer: str
    n: int
    sha256: str
    bytes: int


def _run(request: ExportRequest, context: Context) -> ExportAnswer:
    from contado.kernel.provenance import sha256_of_file
    from contado.kernel.tables import vector
    from contado.kernel.workspace import WorkspaceView

    assert context.workspace is not None
    view = WorkspaceView(context.workspace)
    table = view.layer(request.name)
    context.accept(view.findings)
    if request.to == SHARED:
        return _shared(view, request.name, table)
    style = view.layer_info(request.name).style
    usable = style if style and "attribute" in style and "classes" in style else None
    findings = vector.write(table, request.to, name=request.name, style=usable)
    return ExportAnswer(
        layer=request.name,
        n=table.num_rows,
        sha256=sha256_of_file(request.to),
        bytes=request.to.stat().st_size,
        findings=[*view.findings, *findings],
    )


def _shared(view: WorkspaceView, name: str, table: pa.Table) -> ExportAnswer:
    """Write the layer into the database of the records."""
    from contado.kernel import records
    from contado.kernel.records import postgis

    info = view.layer_info(name)
    with records.open_store(view) as store:
        n = postgis.push(store, records.local_administrator(), info, table)
    size = (view.path / info.parquet_path).stat().st_size
    return ExportAnswer(layer=name, n=n, sha256=info.sha256, bytes=size, findings=[*view.findings])


VERB = Verb(
    name="export layer",
    help="Write a layer to a file",
    request=ExportRequest,
    answer=ExportAnswer,
    run=_run,
    workspace=True,
    examples=(
        "contado export layer municipalities --to municipalities.gpkg -w milano",
        "contado export layer municipalities --to postgis -w milano",
    ),
)

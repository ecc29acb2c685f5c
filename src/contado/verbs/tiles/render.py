"""contado tiles render: live tiles of a layer, one or a list of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from contado.kernel.tiles import TileLayer


class RenderRequest(Request, frozen=True, kw_only=True):
    """A layer and one tile with its file, or a list of tiles with their folder."""

    layer: Annotated[str, argument("layer of the workspace")]
    z: Annotated[int | None, argument("zoom")] = None
    x: Annotated[int | None, argument("column from the west")] = None
    y: Annotated[int | None, argument("row from the north")] = None
    out: Annotated[Path | None, option("file to write (MVT, not compressed; no bytes when empty)")] = None
    list: Annotated[Path | None, option("CSV file of tiles with header z,x,y")] = None
    out_dir: Annotated[Path | None, option("folder for the tiles of --list, written as Z_X_Y.mvt")] = None
    measure: Annotated[str | None, option("numeric attribute whose sum the cells carry")] = None
    rank: Annotated[str | None, option("numeric attribute: highest first where a tile has room")] = None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a tile of the list could not be rendered."""

    rule: str
    message: str
    hint: str


class ListedTile(msgspec.Struct, frozen=True, kw_only=True):
    """A tile as rendered, or as listed with its ``error``; what does not apply is absent."""

    z: int | str | None
    x: int | str | None
    y: int | str | None
    bytes: int | msgspec.UnsetType = msgspec.UNSET
    drawn: int | msgspec.UnsetType = msgspec.UNSET
    cells: int | msgspec.UnsetType = msgspec.UNSET
    merged: int | msgspec.UnsetType = msgspec.UNSET
    aggregated: bool | msgspec.UnsetType = msgspec.UNSET
    error: Problem | msgspec.UnsetType = msgspec.UNSET


class RenderAnswer(Answer, kw_only=True):
    """Base of the two answers."""


class TileAnswer(RenderAnswer, kw_only=True):
    """One tile; ``aggregated`` says that features are counted in cells."""

    layer: str
    z: int
    x: int
    y: int
    bytes: int
    drawn: int
    cells: int
    merged: int
    aggregated: bool


class ListAnswer(RenderAnswer, kw_only=True):
    """The tiles in the order of the list; a bad one has its error in its place."""

    layer: str
    tiles: list[ListedTile]

    def exit_code(self) -> int:
        """2 when a tile of the list could not be rendered; the others are written."""
        return 2 if any(tile.error is not msgspec.UNSET for tile in self.tiles) else 0


def _run(request: RenderRequest, context: Context) -> RenderAnswer:
    _check(request)
    from contado.kernel.tiles import TileLayer
    from contado.kernel.workspace import WorkspaceView

    assert context.workspace is not None
    view = WorkspaceView(context.workspace)
    layer = TileLayer(view, request.layer, measure=request.measure, rank=request.rank)
    findings = context.accept([*view.findings, *layer.index.facts.findings])
    if request.list is None:
        assert request.z is not None
        assert request.x is not None
        assert request.y is not None
        assert request.out is not None
        z, x, y = request.z, request.x, request.y
        facts = _write(layer, z, x, y, request.out)
        return TileAnswer(layer=request.layer, z=z, x=x, y=y, findings=findings, **facts)
    assert request.out_dir is not None
    return ListAnswer(
        layer=request.layer, tiles=_many(layer, request.list, request.out_dir, context), findings=findings
    )


def _check(request: RenderRequest) -> None:
    place = [request.z, request.x, request.y]
    one = request.list is None
    if one and (None in place or request.out is None or request.out_dir is not None):
        raise UsageError(
            "Give a tile (Z X Y --out FILE) or a list (--list FILE.csv --out-dir DIR).",
            hint="for example `contado tiles render municipalities 8 134 91 --out tile.mvt`",
            field="z",
        )
    if not one and (place != [None] * 3 or request.out is not None or request.out_dir is None):
        raise UsageError(
            "--list goes with --out-dir DIR, without Z X Y and --out.",
            hint="for example `contado tiles render municipalities --list tiles.csv --out-dir tiles`",
            field="list",
        )


def _write(layer: TileLayer, z: int, x: int, y: int, out: Path) -> dict[str, Any]:
    """Write one tile; return what the answer says of it."""
    from contado.kernel import tables

    tile = layer.tile(z, x, y)
    with tables.atomic(out) as temporary:
        temporary.write_bytes(tile.data)
    counts = {"drawn": tile.drawn, "cells": tile.cells, "merged": tile.merged}
    return {"bytes": len(tile.data), "aggregated": tile.aggregated, **counts}


def _many(layer: TileLayer, source: Path, folder: Path, context: Context) -> list[ListedTile]:
    from contado.kernel import tables
    from contado.kernel.errors import ColumnNotFound
    from contado.kernel.progress import track

    rows = tables.read(source).table
    missing = [name for name in ("z", "x", "y") if name not in rows.column_names]
    if missing:
        raise ColumnNotFound.from_missing(missing, rows.column_names, table=source.name)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = rows.select(["z", "x", "y"]).to_pylist()
    return [_one(layer, row, folder) for row in track(wanted, "tiles", context.progress)]


def _one(layer: TileLayer, row: dict[str, int | str | None], folder: Path) -> ListedTile:
    """Write one tile of the list, or say why not."""
    try:
        z, x, y = (_whole(row[name], name) for name in ("z", "x", "y"))
        return ListedTile(z=z, x=x, y=y, **_write(layer, z, x, y, folder / f"{z}_{x}_{y}.mvt"))
    except UsageError as error:
        problem = Problem(rule=error.rule, message=error.message, hint=error.hint)
        return ListedTile(z=row["z"], x=row["x"], y=row["y"], error=problem)


def _whole(value: int | str | None, field: str) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise UsageError(
            f"{field}: {value!r} is no whole number.",
            rule="no_such_tile",
            hint="give z, x, y as whole numbers",
            field=field,
        ) from None


VERB = Verb(
    name="tiles render",
    help="Write live vector tiles of a layer",
    request=RenderRequest,
    answer=RenderAnswer,
    run=_run,
    workspace=True,
    examples=(
        "contado tiles render municipalities 8 134 91 --out tile.mvt -w city",
        "contado tiles render municipalities --list tiles.csv --out-dir tiles -w city",
    ),
)

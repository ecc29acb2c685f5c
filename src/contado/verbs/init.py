"""contado init: a workspace of a territory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option
from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from contado.kernel.territory.boundaries import Units

__all__ = ["VERB", "InitAnswer", "InitRequest"]


class InitRequest(Request, frozen=True, kw_only=True):
    """Folder of the new workspace, and which territory it is for; the shipped one by default."""

    folder: Annotated[Path, argument("folder of the new workspace: absent or empty")]
    units: Annotated[
        Path | None,
        option("file of municipalities: istat, name, polygons; further columns belfiore, pop, pop_f, pop_m"),
    ] = None
    province: Annotated[
        str | None, option("Italian province by code (016), plate (BG) or name; needs the extra italia")
    ] = None
    name: Annotated[str | None, option("name of the territory, shown in titles")] = None


class InitAnswer(Answer, kw_only=True):
    """The new workspace and what its territory measures; ``bbox`` is west, south, east, north [deg]."""

    workspace: str
    name: str
    units: int
    residents: int | None
    area_km2: float
    parts: int
    vertices: int
    gaps_km2: float
    overlaps_km2: float
    bbox: list[float]


def _run(request: InitRequest, context: Context) -> InitAnswer:
    from contado.kernel import records
    from contado.kernel.settings import Settings, TerritorySettings, WorkspaceSettings
    from contado.kernel.territory import unit_tables
    from contado.kernel.workspace import Workspace

    _free(request.folder)
    units = _units(request)
    findings = context.accept(units.findings)
    name = request.name or units.name
    settings = Settings(
        workspace=WorkspaceSettings(name=name), territory=TerritorySettings(name=name, epsg=units.epsg)
    )
    measured = units.summary()
    workspace = Workspace.create(request.folder, settings)
    with workspace.commit() as commit:
        unit_tables.write(commit, units)
    records.prepare(workspace)
    return InitAnswer(
        workspace=str(request.folder),
        name=name,
        units=measured.units,
        residents=measured.residents,
        area_km2=measured.area_km2,
        parts=measured.parts,
        vertices=measured.vertices,
        gaps_km2=measured.gaps_km2,
        overlaps_km2=measured.overlaps_km2,
        bbox=list(measured.bbox),
        findings=findings,
    )


def _free(folder: Path) -> None:
    """Refuse a folder that holds something, before any work is done."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"{folder} is not an empty folder.",
            rule="workspace_not_empty",
            hint="give a folder that is absent or empty",
            field="folder",
        )


def _units(request: InitRequest) -> Units:
    from contado.kernel.territory import boundaries

    if request.units is not None and request.province is not None:
        raise UsageError(
            "Give --units or --province, not both.", hint="--units FILE is any set of municipalities"
        )
    if request.units is not None:
        return boundaries.load(request.units)
    return boundaries.shipped() if request.province is None else boundaries.province(request.province)


VERB = Verb(
    name="init",
    help="Create a workspace of a territory",
    request=InitRequest,
    answer=InitAnswer,
    run=_run,
    examples=("contado init city", "contado init lombardia --units comuni.parquet --name Lombardia"),
)

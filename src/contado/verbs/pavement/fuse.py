"""contado pavement fuse."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from contado.kernel.dates import today
from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import Finding
from contado.verbs.pavement._dialect import accepted

if TYPE_CHECKING:
    import pyarrow as pa

    from contado.engines.pavement.state.works_file import Works

__all__ = ["VERB", "FuseAnswer", "FuseRequest"]


class FuseRequest(Request, frozen=True, kw_only=True):
    """Observations of cells in, their state out."""

    observations: Annotated[list[str], argument("files cell_obs (.parquet, .csv)", many=True)]
    out: Annotated[Path, option("folder for cell_state.parquet")]
    previous: Annotated[Path | None, option("cell_state.parquet to go on from")] = None
    works: Annotated[Path | None, option("works: section_id, from_m, to_m, date, treatment")] = None
    treatments: Annotated[
        Path | None,
        option("treatments that the works may name: code, unit_cost_eur_m2, ...; default the catalogue"),
    ] = None
    on: Annotated[date | None, option("day of the state; default today")] = None
    cell_m: (
        Annotated[
            float,
            option("length of a cell where the observations do not state it; default 100", unit="m", gt=0),
        ]
        | None
    ) = None


class CellRow(msgspec.Struct, kw_only=True):
    """State of one cell; IRI, interval and growth are null where it was never measured."""

    section_id: str
    cell: int
    iri_m_km: float | None
    low_m_km: float | None
    high_m_km: float | None
    n_passes: int
    n_vehicles: int | None
    growth_per_y: float | None
    state: str
    last_on: date | None


class FuseAnswer(LabelledAnswer, kw_only=True):
    """States of the cells and what became of the drives."""

    cells: list[CellRow]
    drives_used: list[str]
    drives_repeated: list[str]
    vehicle_bias: dict[str, float]
    on: date
    file: str
    compute_s: float


def _run(request: FuseRequest, context: Context) -> FuseAnswer:
    import time

    from contado.engines.pavement.labels import label_of
    from contado.engines.pavement.state import fusion, fusion_files, works_file
    from contado.engines.pavement.state.settings import FuseSettings
    from contado.engines.pavement.views import geometry
    from contado.kernel import tables

    on = request.on or today()
    cell_m = request.cell_m or fusion_files.CELL_M
    read = [tables.read(Path(path)) for path in request.observations]
    names = [Path(path).name for path in request.observations]
    previous = tables.read(request.previous).table if request.previous else None
    given = [
        fusion_files.observed(r.table, name=name, lines=r.lines) for name, r in zip(names, read, strict=True)
    ]
    fusion_files.refuse_mixed(zip(names, given, (r.lines for r in read), strict=True), cell_m, previous)
    works, told = _works(request.works, request.treatments)
    settings = FuseSettings(cell_m=cell_m)
    fusion.warm_up(on)
    began = time.perf_counter()
    fused = fusion.fuse(
        given, on=on, previous=previous, works=works.rows if works else None, settings=settings
    )
    seconds = time.perf_counter() - began
    for name, one, r in zip(names, given, read, strict=True):
        told += [*r.findings, *fusion_files.noticed(one, name=name, cell_m=request.cell_m)]
    if works is not None:
        told += works_file.not_used(works, works_file.measured(fused.cells), on)
    findings = accepted(context, [*told, *fused.findings])
    file = request.out / "cell_state.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    placed = geometry.carried([*given, previous], fused.cells)
    tables.write_parquet(tables.conform("pavement_cell_state", placed), file)
    rests_on = set(fusion.observations_of(fused.cells)["drive_id"])
    return FuseAnswer(
        label=label_of(fused.cells),
        findings=findings,
        cells=_rows(fused.cells),
        drives_used=[drive for drive in fused.drives_used if drive in rests_on],
        drives_repeated=list(fused.drives_repeated),
        vehicle_bias=fused.vehicle_bias,
        on=on,
        file=str(file),
        compute_s=seconds,
    )


def _works(path: Path | None, catalogue: Path | None) -> tuple[Works | None, list[Finding]]:
    """Read the works and the treatments that they may name; the treatments also where nothing names one."""
    from contado.engines.pavement.maintenance import treatments
    from contado.engines.pavement.state import works_file

    known, findings = treatments.of_file(catalogue) if catalogue else (treatments.catalogue(), [])
    if path is not None:
        own = (
            f"add it to {catalogue.name}" if catalogue else "give the body's own treatments with --treatments"
        )
        works = works_file.read(path, known, otherwise=f"leave the cell empty, or {own}")
        return works, [*works.findings, *findings]
    if catalogue is not None:
        findings.append(
            Finding(
                severity="warning",
                rule="not_used",
                table=catalogue.name,
                message=f"{catalogue.name}: treatments count only together with works.",
                hint="give --works too",
            )
        )
    return None, findings


def _rows(cells: pa.Table) -> list[CellRow]:
    names = [f.name for f in msgspec.structs.fields(CellRow)]
    return [CellRow(**row) for row in cells.select(names).to_pylist()]


VERB = Verb(
    name="pavement fuse",
    help="Fuse the cells of many passes into one state",
    request=FuseRequest,
    answer=FuseAnswer,
    run=_run,
    extra="roads",
    needs=("numba",),
    examples=("contado pavement fuse week1/cell_obs.parquet week2/cell_obs.parquet --out state",),
)

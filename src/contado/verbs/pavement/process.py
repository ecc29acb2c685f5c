"""contado pavement process."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from contado.kernel.dates import today
from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import Finding
from contado.kernel.scale import Engine
from contado.verbs.pavement._dialect import accepted
from contado.verbs.pavement.read import RejectedDrive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.engines.pavement.anomalies.fixtures import Located
    from contado.engines.pavement.anomalies.places import Place
    from contado.engines.pavement.measuring.processing import DriveSummary, ProcessResult
    from contado.engines.pavement.measuring.survey import Reference, Vehicle
    from contado.engines.pavement.road.lines import Line

__all__ = ["VERB", "ProcessAnswer", "ProcessRequest"]


class ProcessRequest(Request, frozen=True, kw_only=True):
    """Drives, network and route in; cells and anomalies out."""

    drives: Annotated[Path, argument("folder of drives: NAME_acc.parquet|csv with NAME_gnss.csv")]
    network: Annotated[Path, option("street network: .osm.pbf, .osm, .gpkg, .geojson, .parquet")]
    route: Annotated[Path, option("route: seq, way_id, from_node, to_node, from_m, to_m")]
    reference: Annotated[
        Path | None,
        option(
            "surveyed section along the route: from_m, to_m, iri_m_km, or its measured profile x_m, y_m",
            question_it="C'è un tratto già rilevato con il profilografo?",
            question_en="Is there a section surveyed with a profilograph?",
        ),
    ] = None
    vehicles: Annotated[
        Path | None,
        option(
            "fleet: vehicle and k1, k2, c, mu or scale, sd_log, calibrated_on; model quarter, half (a_m, b_m) or learnt"
        ),
    ] = None
    fixtures: Annotated[
        Path | None,
        option(
            "what shakes a car on purpose: OpenStreetMap extract, or table lon, lat, kind",
            question_it="Quali dossi, passaggi a livello e giunti sono noti?",
            question_en="Which speed bumps, level crossings and joints are known?",
        ),
    ] = None
    cell_m: Annotated[float, option("length of a cell", unit="m", ge=5, le=10_000)] = 100.0
    epsg: Annotated[int | None, option("metric reference system; default the UTM zone of the network")] = None
    drop_bad: Annotated[
        bool, option("leave out and count fixes at impossible positions and drives that cannot be read")
    ] = False
    engine: Annotated[
        Engine,
        option(
            "where the drives are read and measured: on threads here, or on Dask or Spark; the answer is the same to the bit"
        ),
    ] = "local"
    out: Annotated[Path | None, option("folder for cell_obs.parquet and anomaly_obs.parquet")] = None


class Mount(msgspec.Struct, kw_only=True):
    """How the sensor lay: unit vector of its reading at rest, and the error of its angle."""

    gravity_axis: list[float]
    sd_deg: float


class Remount(msgspec.Struct, kw_only=True):
    """When the mount moved and by how much."""

    t_s: float
    angle_deg: float


class DriveFacts(msgspec.Struct, kw_only=True):
    """What became of one drive."""

    drive: str
    vehicle: str
    samples: int
    unit: str
    mount: Mount | None
    remounts: list[Remount]
    clock_offset_s: float | None
    flags: list[str]


class VehicleFacts(msgspec.Struct, kw_only=True):
    """A vehicle's car, and the scale of its readings with the sd of its logarithm.

    k1, k2, c, mu are those of the quarter-car, of a half-car's front axle, or of what a learnt car began with.
    """

    vehicle: str
    model: str
    scale: float
    sd_log: float
    """On the day of the calibration; intervals of later days are wider."""
    calibrated: bool
    calibrated_on: date | None = None
    k1: float
    k2: float
    c: float
    mu: float


class CellFacts(msgspec.Struct, kw_only=True):
    """A complete cell of the route with its 90 % interval; null where not measurable."""

    from_m: float
    to_m: float
    iri_m_km: float | None
    low_m_km: float | None
    high_m_km: float | None
    passes: int
    vehicles: int
    state: str


class AnomalyFacts(msgspec.Struct, kw_only=True):
    """An anomaly of the route; heights are above (+) or below (-) the road around."""

    chainage_m: float
    lon: float
    lat: float
    kind: str
    height_mm: float
    length_m: float
    severity: float
    criticality: str
    passes: int
    passes_possible: int
    p_exists: float
    position_sd_m: float
    second_axle: bool | None = None
    """Whether most passes were shaken again a wheelbase later; null where no axles are known."""
    side: str | None = None
    """Wheel track in driving direction: left, right, both; null without a gyroscope or where it is not decided."""
    severity_is_lower_bound: bool


class FixtureFacts(msgspec.Struct, kw_only=True):
    """A known fixture of the road on the route, and how it was felt; null where no pass felt it."""

    fixture_id: str
    kind: str
    name: str | None
    chainage_m: float
    felt_at_m: float | None
    height_mm: float | None
    length_m: float | None
    severity: float | None
    passes: int


class ProcessAnswer(LabelledAnswer, kw_only=True):
    """Drives, vehicles, cells and anomalies; ``rejected`` are drives that cannot be used."""

    drives: list[DriveFacts]
    vehicles: list[VehicleFacts]
    cells: list[CellFacts]
    anomalies: list[AnomalyFacts]
    fixtures: list[FixtureFacts] = msgspec.field(default_factory=list)
    """Known fixtures of the road (``--fixtures``): what is felt there is no anomaly."""
    rejected: list[RejectedDrive] = msgspec.field(default_factory=list)
    files: list[Path] = msgspec.field(default_factory=list)
    compute_s: float
    section_id: str | None = None
    first_on: date | None = None
    last_on: date | None = None
    """Days of the first and last dated pass."""
    line: list[tuple[float, float, float]] = msgspec.field(default_factory=list)
    """The route: longitude, latitude, chainage [m] of its vertices."""


def _run(request: ProcessRequest, context: Context) -> ProcessAnswer:
    from contado.engines.pavement.anomalies.fixtures import read_fixtures
    from contado.engines.pavement.measuring import survey
    from contado.engines.pavement.measuring.partitions import process_files
    from contado.engines.pavement.telemetry import read
    from contado.engines.pavement.views.reading import route_line
    from contado.kernel.territory import Network, Route

    reference = survey.read_reference(request.reference) if request.reference else None
    fleet = survey.read_fleet(request.vehicles) if request.vehicles else None
    found = read.survey(request.drives)
    network = Network.from_file(request.network, epsg=request.epsg)
    route = Route.read(request.route, network)
    result, rejected = process_files(
        found,
        network,
        route,
        reference=reference,
        vehicles=fleet,
        cell_m=request.cell_m,
        section_id=request.route.name.partition(".")[0],
        drop_bad=request.drop_bad,
        engine=request.engine,
        progress=context.progress,
        fixtures=read_fixtures(request.fixtures) if request.fixtures else (),
    )
    answer = _answer(result)
    answer.rejected = [RejectedDrive.of(one) for one in rejected]
    told = [*network.findings, *route.findings, *(reference.findings if reference else ()), *result.findings]
    told += _not_used(request, answer, reference, fleet)
    answer.findings = accepted(context, told, rejected)
    line = route_line(network, route)
    answer.section_id = request.route.name.partition(".")[0]
    answer.line = list(zip(line.lon.tolist(), line.lat.tolist(), line.chainage_m.tolist(), strict=True))
    days = [t.date() for t in result.cell_obs["t_utc"].to_pylist() if t is not None]
    answer.first_on, answer.last_on = min(days, default=None), max(days, default=None)
    if request.out is not None:
        answer.files = _write(result, line, request.out)
    return answer


def _not_used(
    request: ProcessRequest,
    answer: ProcessAnswer,
    reference: Reference | None,
    fleet: Mapping[str, Vehicle] | None,
) -> list[Finding]:
    """Say what of the request counts for nothing, or cannot be as it is told."""
    found = [] if fleet is None else _not_yet(fleet)
    if not answer.cells:
        found.append(_no_cell(request.cell_m))
    idle = sorted(set(fleet or {}) - {v.vehicle for v in answer.vehicles})
    if request.vehicles is not None and idle:
        hint = "a vehicle is named as its drives: VEHICLE_passN"
        found.append(_note(f"{request.vehicles.name}: no drive of {', '.join(idle)}.", hint))
    ends = [c.to_m for c in answer.cells]
    if reference is not None and request.reference is not None and ends:
        begin = answer.cells[0].from_m
        if not ((reference.from_m < max(ends)) & (reference.to_m > begin)).any():
            told = f"{request.reference.name}: no surveyed stretch lies on the route, {begin:g} to {max(ends):g} m."
            found.append(_note(told, "give from_m and to_m along the route"))
    return found


def _not_yet(fleet: Mapping[str, Vehicle]) -> list[Finding]:
    """Name the vehicles whose calibration is dated after today."""
    told = {n: v.calibration.on for n, v in sorted(fleet.items()) if v.calibration is not None}
    return [
        Finding(
            severity="warning",
            rule="calibration_in_future",
            table="vehicles",
            row=name,
            message=f"{name}: calibrated_on is {on}, a day to come; the calibration was used as a new one.",
            hint="give the day of the survey",
        )
        for name, on in told.items()
        if on is not None and on > today()
    ]


def _no_cell(cell_m: float) -> Finding:
    return Finding(
        severity="warning",
        rule="no_complete_cell",
        message=f"No cell of {cell_m:g} m is complete on the route: none is answered.",
        hint="give a smaller --cell-m",
    )


def _note(message: str, hint: str) -> Finding:
    return Finding(severity="warning", rule="not_used", message=message, hint=hint)


def _answer(result: ProcessResult) -> ProcessAnswer:
    return ProcessAnswer(
        label=result.label,
        drives=[_drive(d) for d in result.drives],
        vehicles=[
            VehicleFacts(
                vehicle=v.vehicle,
                scale=v.calibration.scale,
                sd_log=v.calibration.sd_log,
                calibrated=v.calibration.calibrated,
                calibrated_on=v.calibration.on,
                model=v.car.model,
                **dataclasses.asdict(v.car.axle),
            )
            for v in result.vehicles
        ],
        cells=[msgspec.convert(c, CellFacts, from_attributes=True) for c in result.cells],
        anomalies=[
            AnomalyFacts(
                severity_is_lower_bound=a.clipped,
                **{name: getattr(a, name) for name in AnomalyFacts.__struct_fields__[:-1]},
            )
            for a in result.anomalies
        ],
        fixtures=[_fixture(*f) for f in result.fixtures],
        compute_s=result.compute_s,
    )


def _fixture(known: Located, felt: Place | None) -> FixtureFacts:
    return FixtureFacts(
        fixture_id=known.fixture.fixture_id,
        kind=known.fixture.kind,
        name=known.fixture.name,
        chainage_m=known.chainage_m,
        felt_at_m=felt.chainage_m if felt else None,
        height_mm=felt.height_mm if felt else None,
        length_m=felt.length_m if felt else None,
        severity=felt.severity if felt else None,
        passes=felt.passes if felt else 0,
    )


def _drive(d: DriveSummary) -> DriveFacts:
    mount = None
    if d.gravity_axis is not None and d.gravity_axis_sd_deg is not None:
        mount = Mount(gravity_axis=list(d.gravity_axis), sd_deg=d.gravity_axis_sd_deg)
    return DriveFacts(
        drive=d.drive,
        vehicle=d.vehicle,
        samples=d.samples,
        unit=d.unit,
        mount=mount,
        remounts=[Remount(t_s=t, angle_deg=a) for t, a in d.remounts],
        clock_offset_s=d.clock_offset_s,
        flags=list(d.flags),
    )


def _write(result: ProcessResult, line: Line, folder: Path) -> list[Path]:
    from contado.engines.pavement.views.geometry import with_cells
    from contado.kernel import tables

    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / "cell_obs.parquet", folder / "anomaly_obs.parquet"]
    written = (with_cells(result.cell_obs, line), result.anomaly_obs)
    for table, path in zip(written, files, strict=True):
        tables.write_parquet(table, path)
    return files


VERB = Verb(
    name="pavement process",
    help="Turn drives into roughness cells and anomalies",
    request=ProcessRequest,
    answer=ProcessAnswer,
    run=_run,
    extra="roads",
    examples=(
        "contado pavement process drives --network extract.osm.pbf --route route.csv --reference survey.csv --json",
    ),
)

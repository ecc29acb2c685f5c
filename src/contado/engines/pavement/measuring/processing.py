"""Drives along a route -> cells of IRI and anomalies.

Two stages. *Per drive*, in any order and anywhere: settle mount and clock, find the place of each sample
on the route, look through the car (`measure`). *Combine*: fit and calibrate the cars, bring the passes
into register, then cells and anomalies. The result does not depend on the order of the drives.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement.anomalies.detect import detect
from contado.engines.pavement.anomalies.fixtures import Located, located, marked, take
from contado.engines.pavement.anomalies.places import Place, places
from contado.engines.pavement.anomalies.stack import shifts, warp
from contado.engines.pavement.cars.half_car import wheelbase_of
from contado.engines.pavement.measuring import observe, onroute
from contado.engines.pavement.measuring.calibration import Calibration, fit_car, on_axles
from contado.engines.pavement.measuring.cells import Cell, CellReadings, cell_states, pass_spread
from contado.engines.pavement.measuring.felt import pass_of
from contado.engines.pavement.measuring.learnt_car import learn
from contado.engines.pavement.measuring.measure import PROFILES, Pass, Trace, trace
from contado.engines.pavement.measuring.position import follow
from contado.engines.pavement.measuring.scales import Seen, read_cells, scales_of, unusable
from contado.engines.pavement.measuring.survey import Vehicle
from contado.engines.pavement.telemetry.align import align
from contado.engines.pavement.telemetry.drive import DriveSet
from contado.kernel import labels
from contado.kernel.errors import Finding, UsageError
from contado.kernel.progress import track

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.engines.pavement.anomalies.fixtures import Fixture
    from contado.engines.pavement.cars.vehicles import TransferFunction
    from contado.engines.pavement.measuring.onroute import RouteFrame
    from contado.engines.pavement.measuring.survey import Reference
    from contado.engines.pavement.telemetry.drive import Aligned, Drive
    from contado.kernel.labels import Label
    from contado.kernel.progress import Progress
    from contado.kernel.territory import Network, Route

    Floats = NDArray[np.float64]
    Measure: TypeAlias = Callable[[Sequence[Trace], Mapping[str, TransferFunction], float], Sequence[Pass]]

__all__ = ["DriveSummary", "ProcessResult", "VehicleSummary", "combine", "process", "trace_drive"]

DRIFT_LOG = 0.1
"""A drive that reads more than 10 % off its vehicle's other drives asks for an inspection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveSummary:
    """What became of one drive."""

    drive: str
    vehicle: str
    samples: int
    unit: str
    gravity_axis: tuple[float, float, float] | None
    gravity_axis_sd_deg: float | None
    remounts: tuple[tuple[float, float], ...]
    """Time [s] and angle [deg] of each."""
    clock_offset_s: float | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSummary:
    """The car as it was fitted and how its readings were scaled."""

    vehicle: str
    car: TransferFunction
    calibration: Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessResult:
    """Drives, vehicles, cells and anomalies of a route, and the same as observations for later fusion."""

    drives: tuple[DriveSummary, ...]
    vehicles: tuple[VehicleSummary, ...]
    cells: tuple[Cell, ...]
    anomalies: tuple[Place, ...]
    """What is no known fixture of the road."""
    fixtures: tuple[tuple[Located, Place | None], ...]
    """Known fixtures of the route, and how the passes felt each; None where they did not."""
    cell_obs: pa.Table
    """Table ``pavement_cell_obs``: one row a drive and cell."""
    anomaly_obs: pa.Table
    """Table ``pavement_anomaly_obs``: one row a drive and place that it felt."""
    label: Label
    findings: tuple[Finding, ...]
    compute_s: float


def process(  # noqa: PLR0913 - each is one fact of a run
    drives: DriveSet | Sequence[Drive],
    network: Network,
    route: Route,
    reference: Reference | None = None,
    vehicles: Mapping[str, Vehicle] | None = None,
    cell_m: float = 100.0,
    progress: Progress | None = None,
    *,
    section_id: str = "route",
    traced: Mapping[str, Trace] | None = None,
    measuring: Measure | None = None,
    fixtures: Sequence[Fixture] = (),
) -> ProcessResult:
    """Turn the drives along a route into cells with intervals and anomalies.

    Parameters
    ----------
    drives
        As read; a drive that is there twice is used once.
    reference
        Surveyed stretches of the route. Without it no scale is known and intervals are wide.
    vehicles
        What is known of the vehicles by name.
    cell_m
        Length of a cell [m].
    section_id
        Name of the route in the observations.
    traced
        Traces of drives that were already settled and found on this route, by name (`trace_drive`).
    measuring
        How the traces are measured: here one after another, or elsewhere, with the same arithmetic.
    fixtures
        Known fixtures of the network, such as speed tables: what is felt there is no anomaly.

    Raises
    ------
    DataError
        Rule ``lon_lat_swapped_or_off_network``: a drive is nowhere within 5 km of the network; and the
        rules of the alignment (``gravity_missing``, ``unit_ambiguous``, ``clock_offset``).
    """
    began = perf_counter()
    read = drives if isinstance(drives, DriveSet) else _set_of(drives)
    once, repeated = _unique(read.drives)
    frame = onroute.frame_of(network, route)
    done = traced or {}
    traces = [
        done[d.name] if d.name in done else trace_drive(d, frame) for d in track(once, "drives", progress)
    ]
    result = combine(
        traces, frame, reference, vehicles, cell_m=cell_m, section_id=section_id, measuring=measuring,
        fixtures=fixtures,
    )  # fmt: skip
    answered = sorted([*result.drives, *(_repeated(d) for d in repeated)], key=lambda d: d.drive)
    return dataclasses.replace(
        result,
        drives=tuple(answered),
        label=read.label,
        findings=(*_findings(read, traces, repeated), *result.findings),
        compute_s=perf_counter() - began,
    )


def combine(
    traces: Sequence[Trace],
    frame: RouteFrame,
    reference: Reference | None = None,
    vehicles: Mapping[str, Vehicle] | None = None,
    *,
    cell_m: float = 100.0,
    section_id: str = "route",
    measuring: Measure | None = None,
    fixtures: Sequence[Fixture] = (),
) -> ProcessResult:
    """Turn the traces of different drives, in the order of their names, into cells and anomalies."""
    began = perf_counter()
    told = vehicles or {}
    cars = _cars(traces, told, reference, frame)
    passes = (measuring or _measure_here)(traces, cars, frame.length_m)
    seen = _in_register([Seen(trace=t, passed=p) for t, p in zip(traces, passes, strict=True)])
    calibrations = scales_of(seen, reference, told, frame)
    aged = _aged(seen, calibrations)
    numbers = frame.route.cells(cell_m).astype(np.float64)
    bounds = (numbers * cell_m, (numbers + 1) * cell_m)
    readings = [read_cells(s, bounds, frame) for s in seen]
    spread = pass_spread(readings)
    found = _places(seen, calibrations, frame, cars)
    known = located(fixtures, frame)
    meant = [take(known, p.chainage_m, p.kind, p.height_mm) for p in found]
    felt = observe.anomaly_obs(found, [(s.drive, s.passed) for s in seen], frame.start_m, section_id)
    return ProcessResult(
        drives=tuple(
            _summary(s.trace.aligned, _flags(s, r, readings, calibrations))
            for s, r in zip(seen, readings, strict=True)
        ),
        vehicles=tuple(
            VehicleSummary(vehicle=name, car=cars[name], calibration=calibrations[name])
            for name in sorted(calibrations)
        ),
        cells=tuple(cell_states(readings, aged, spread, bounds)),
        anomalies=tuple(p for p, fixture in zip(found, meant, strict=True) if fixture is None),
        fixtures=tuple((f, _strongest(f, found, meant)) for f in known),
        cell_obs=observe.cell_obs(
            [(s.drive, s.passed, r) for s, r in zip(seen, readings, strict=True)],
            calibrations=calibrations, spread=spread, numbers=numbers, cell_m=cell_m,
            start_m=frame.start_m, section_id=section_id,
        ),
        anomaly_obs=marked(felt, {section_id: known}) if known else felt,
        label=labels.joint(s.drive.label for s in seen),
        findings=unusable(seen, reference, told, frame, section_id),
        compute_s=perf_counter() - began,
    )  # fmt: skip


def _strongest(known: Located, found: Sequence[Place], meant: Sequence[Fixture | None]) -> Place | None:
    """Return the gravest of the places that are a fixture: a speed table is felt at both its ramps."""
    mine = [
        p
        for p, fixture in zip(found, meant, strict=True)
        if fixture is known.fixture and known.explains(p.chainage_m, p.kind, p.height_mm)
    ]
    return max(mine, key=lambda p: p.severity, default=None)


def _measure_here(
    traces: Sequence[Trace], cars: Mapping[str, TransferFunction], length_m: float
) -> list[Pass]:
    return [pass_of(t, cars[t.aligned.drive.vehicle], length_m) for t in traces]


def trace_drive(drive: Drive, frame: RouteFrame, settled: Aligned | None = None) -> Trace:
    """Settle mount and clock of one drive and find its samples on the route: the per-drive stage."""
    fixes = onroute.fixes_of(drive, frame)
    aligned = align(drive) if settled is None else settled
    located = follow(fixes, frame.line)
    ambiguous = onroute.ambiguous(fixes, located, frame)
    flags = list(aligned.flags)
    if not (located.run >= 0).any():
        flags.append("unmatched")
    elif (located.run < 0).any():
        flags.append("unmatched_span")
    if ambiguous.any():
        flags.append("ambiguous_match")
        located = onroute.without(located, ambiguous)
    return trace(dataclasses.replace(aligned, flags=tuple(dict.fromkeys(flags))), located)


def _set_of(drives: Sequence[Drive]) -> DriveSet:
    return DriveSet(drives=tuple(drives), label=labels.joint(d.label for d in drives))


def _unique(drives: Sequence[Drive]) -> tuple[list[Drive], list[Drive]]:
    """Return the drives in the order of their content, and those whose content is already among them."""
    seen: set[str] = set()
    once: list[Drive] = []
    repeated: list[Drive] = []
    for drive in sorted(drives, key=lambda d: (d.sha256, d.name)):
        (repeated if drive.sha256 in seen else once).append(drive)
        seen.add(drive.sha256)
    return once, repeated


def _cars(
    traces: Sequence[Trace], known: Mapping[str, Vehicle], reference: Reference | None, frame: RouteFrame
) -> dict[str, TransferFunction]:
    """Return each vehicle's car: given, else fitted to its spectra with the nominal car as prior."""
    cars: dict[str, TransferFunction] = {}
    for name in sorted({t.aligned.drive.vehicle for t in traces}):
        told = known.get(name, Vehicle())
        mine = [t for t in traces if t.aligned.drive.vehicle == name]
        fitted = told.car or on_axles(fit_car([t.spectra for t in mine], told.body).car, told.body)
        cars[name] = _learnt(name, mine, reference, fitted, frame.start_m) if told.learnt else fitted
    return cars


def _learnt(
    name: str, mine: Sequence[Trace], reference: Reference | None, base: TransferFunction, start_m: float
) -> TransferFunction:
    found = None if reference is None else learn(mine, reference, base, start_m)
    if found is None:
        raise UsageError(
            f"{name}: a learnt car needs a reference section that it drove over for at least a minute.",
            rule="nothing_to_learn_from",
            hint="give --reference, a longer one, or the model quarter or half",
            field="model",
        )
    return found


def _in_register(seen: list[Seen]) -> list[Seen]:
    """Shift the passes to their common position, as their profiles tell."""
    moved = shifts([s.passed.profile_m for s in seen])
    return [_moved(s, shift) for s, shift in zip(seen, moved, strict=True)]


def _moved(seen: Seen, shift: Floats) -> Seen:
    if not shift.any():
        return seen
    arrays = {f.name: getattr(seen.passed, f.name) for f in dataclasses.fields(Pass) if f.name != "fs_hz"}
    moved: dict[str, Any] = {
        name: warp(values, shift, smooth=name in PROFILES) for name, values in arrays.items()
    }
    return dataclasses.replace(seen, passed=dataclasses.replace(seen.passed, **moved))


def _aged(seen: Sequence[Seen], calibrations: Mapping[str, Calibration]) -> dict[str, Calibration]:
    """Return the calibrations as they are worth on the last day that each vehicle drove."""
    last = {
        name: max((d for s in seen if s.drive.vehicle == name and (d := s.drive.day)), default=None)
        for name in calibrations
    }
    return {name: calibration.aged(last[name]) for name, calibration in calibrations.items()}


def _places(
    seen: Sequence[Seen],
    calibrations: Mapping[str, Calibration],
    frame: RouteFrame,
    cars: Mapping[str, TransferFunction],
) -> list[Place]:
    profiles = [s.passed.profile_m * calibrations[s.drive.vehicle].scale for s in seen]
    found, stacked = detect(profiles, [s.passed.shock for s in seen])
    wheelbases = [wheelbase_of(cars[s.drive.vehicle]) for s in seen]
    return places(found, stacked, profiles, [s.passed for s in seen], frame, wheelbases_m=wheelbases)


def _flags(
    seen: Seen, own: CellReadings, readings: Sequence[CellReadings], calibrations: Mapping[str, Calibration]
) -> tuple[str, ...]:
    """Return the flags of a drive, with those that only the fleet can tell."""
    flags = list(seen.trace.aligned.flags)
    if seen.trace.rate_too_low:
        flags.append("rate_too_low")
    others = np.array([r.log_iri for r in readings if r.vehicle == own.vehicle and r is not own])
    if len(others):
        both = own.known & np.isfinite(others).any(axis=0)
        if both.sum() >= 5:
            apart = own.log_iri[both] - np.nanmedian(others[:, both], axis=0)
            if abs(float(np.median(apart))) > DRIFT_LOG:
                flags.append("calibration_drift")
    if not calibrations[own.vehicle].calibrated:
        flags.append("uncalibrated")
    return tuple(dict.fromkeys(flags))


def _summary(aligned: Aligned, flags: tuple[str, ...]) -> DriveSummary:
    longest = max(aligned.pieces, key=lambda p: p.to_s - p.from_s, default=None)
    axis = tuple(float(a) for a in longest.gravity_axis) if longest is not None else None
    return DriveSummary(
        drive=aligned.drive.name,
        vehicle=aligned.drive.vehicle,
        samples=aligned.drive.n_samples_raw,
        unit=aligned.drive.unit,
        gravity_axis=(axis[0], axis[1], axis[2]) if axis is not None else None,
        gravity_axis_sd_deg=float(longest.sd_deg) if longest is not None else None,
        remounts=tuple((float(t), float(a)) for t, a in aligned.remounts),
        clock_offset_s=float(aligned.clock_offset_s),
        flags=flags,
    )


def _repeated(drive: Drive) -> DriveSummary:
    return DriveSummary(
        drive=drive.name, vehicle=drive.vehicle, samples=drive.n_samples_raw, unit=drive.unit, gravity_axis=None,
        gravity_axis_sd_deg=None, remounts=(), clock_offset_s=None, flags=("duplicate_drive",),
    )  # fmt: skip


def _repeated_finding(drive: Drive) -> Finding:
    return Finding(
        severity="warning", rule="duplicate_drive", row=drive.name, action="dropped",
        message=f"{drive.name}: the same drive is there under another name; it was used once.",
        hint="remove one of the two files",
    )  # fmt: skip


def _findings(drives: DriveSet, traces: Sequence[Trace], repeated: Sequence[Drive]) -> tuple[Finding, ...]:
    found = list(drives.findings)
    for t in traces:
        found += [*t.aligned.drive.findings, *t.aligned.findings]
        for flag, text in onroute.FLAG_TEXTS.items():
            if flag in t.aligned.flags:
                name = t.aligned.drive.name
                found.append(
                    Finding(
                        severity="warning", rule=flag, row=name, message=f"{name}: {text}.", action="dropped"
                    )
                )
    found += [_repeated_finding(d) for d in repeated]
    return tuple(dict.fromkeys(found))

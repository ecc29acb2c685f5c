"""The cars of a workspace: fitted once over all their traversals, kept, and used again.

A car that is kept reads the same whatever it is loaded with, so observations do not depend on the order
of loading. How far the cars of the fleet read apart is found later, over all cells together (`fusion`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement.cars.half_car import HalfCar
from contado.engines.pavement.cars.vehicles import QuarterCar
from contado.engines.pavement.ingest.identity import drive_of_piece
from contado.engines.pavement.measuring.calibration import (
    MIN_REFERENCE_CELLS,
    NOMINAL,
    Calibration,
    fit_car,
    on_axles,
)
from contado.engines.pavement.measuring.campaigns import calibrating, newest
from contado.engines.pavement.measuring.learnt_car import LearntCar, learn
from contado.engines.pavement.measuring.measure import SPECTRUM_HZ
from contado.engines.pavement.measuring.survey import Reference, Vehicle
from contado.engines.pavement.state.lives import Renewals
from contado.kernel import labels, tables
from contado.kernel.errors import Finding, UsageError
from contado.kernel.identifiers import keyed_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    import pyarrow as pa

    from contado.engines.pavement.cars.vehicles import TransferFunction
    from contado.engines.pavement.measuring.campaigns import Run
    from contado.engines.pavement.measuring.measure import Trace
    from contado.engines.pavement.measuring.processing import ProcessResult
    from contado.kernel.workspace import WorkspaceView

__all__ = [
    "calibrated",
    "doubtful",
    "kept_vehicles",
    "learnt",
    "surveys",
    "table",
    "to_calibrate",
    "vehicles",
]

_CAR = {"k1_s2": "k1", "k2_s2": "k2", "c_hz": "c", "mu": "mu"}
"""Column of table ``pavement_vehicle`` -> parameter of the quarter-car."""
_REAR = {"k1_rear_s2": "k1", "k2_rear_s2": "k2", "c_rear_hz": "c", "mu_rear": "mu"}
_BODY = ("a_m", "b_m", "inertia_ratio", "sensor_ahead_m")


def vehicles(
    traces: Sequence[Trace], workspace: WorkspaceView, given: Mapping[str, Vehicle]
) -> dict[str, Vehicle]:
    """Return each car of ``traces`` with its calibration.

    What is ``given`` (by the names in the files) comes first, then what the workspace keeps; a new car is
    fitted to the spectra of all its traversals. One that no survey calibrated has the nominal scale. A scale
    that comes without its day counts from the car's first drive here. A car that is to be learnt is
    marked so, with what it is learnt upon (`learnt`). A car of which the workspace knows only drives that
    these traces replace is new.
    """
    key = workspace.settings.workspace.key
    told = {keyed_hash(key, name): vehicle for name, vehicle in given.items()}
    kept = kept_vehicles(workspace)
    for name in _replaced(traces, workspace):
        kept.pop(name, None)
    mine: dict[str, list[Trace]] = defaultdict(list)
    for trace in traces:
        mine[trace.aligned.drive.vehicle].append(trace)
    found = {}
    for name, driven in sorted(mine.items()):
        here, before = told.get(name, Vehicle()), kept.get(name, Vehicle())
        car = here.car or (None if here.body else before.car)
        car = car or on_axles(fit_car([t.spectra for t in driven], here.body).car, here.body)
        scale = here.calibration and _dated(here.calibration, driven)
        found[name] = Vehicle(car=car, calibration=scale or before.calibration or NOMINAL, learnt=here.learnt)
    return found


def _replaced(traces: Sequence[Trace], workspace: WorkspaceView) -> set[str]:
    """Return the cars whose drives in the workspace are all among those of ``traces``."""
    here = {drive_of_piece(trace.aligned.drive.name) for trace in traces}
    rows = workspace.read("pavement_drive").select(["drive_id", "vehicle_id"]).to_pylist()
    others = {row["vehicle_id"] for row in rows if row["drive_id"] not in here}
    return {row["vehicle_id"] for row in rows} - others


def _dated(calibration: Calibration, driven: Sequence[Trace]) -> Calibration:
    if calibration.on is not None:
        return calibration
    first = min((day for t in driven if (day := t.aligned.drive.day)), default=None)
    return replace(calibration, on=first)


def learnt(
    known: Mapping[str, Vehicle],
    passes: Mapping[str, Mapping[str, Trace]],
    surveys: Mapping[str, Reference],
    starts_m: Mapping[str, float],
) -> dict[str, Vehicle]:
    """Return the cars, those that are to be learnt as the surveyed sections that they passed show them.

    A car that was learnt before stays as it is where it passed none this time.

    Parameters
    ----------
    known
        Cars by pseudonym, as `vehicles` returns them.
    passes
        Traces by section and drive.
    surveys
        What was surveyed, by section, the longest first.
    starts_m
        Chainage of the traces' 0 by section [m].

    Raises
    ------
    UsageError
        A car that is to be learnt passed no surveyed section for long enough (`nothing_to_learn_from`).
    """
    return {name: _learnt(name, v, passes, surveys, starts_m) if v.learnt else v for name, v in known.items()}


def _learnt(
    name: str,
    vehicle: Vehicle,
    passes: Mapping[str, Mapping[str, Trace]],
    surveys: Mapping[str, Reference],
    starts_m: Mapping[str, float],
) -> Vehicle:
    before = vehicle.car
    assert before is not None
    base = before.base if isinstance(before, LearntCar) else before
    for section, reference in surveys.items():
        mine = [t for t in passes[section].values() if t.aligned.drive.vehicle == name]
        if (found := learn(mine, reference, base, starts_m[section])) is not None:
            # read through another response, its scale is another one too
            return Vehicle(car=found, calibration=NOMINAL)
    if isinstance(before, LearntCar):
        return replace(vehicle, learnt=False)
    raise UsageError(
        f"{name[:8]}: a learnt car needs a surveyed section that it drove over for at least a minute.",
        rule="nothing_to_learn_from",
        hint="bring the survey in with contado pavement load --survey FILE, or give the model quarter or half",
        field="model",
    )


def kept_vehicles(workspace: WorkspaceView) -> dict[str, Vehicle]:
    """Return what table ``pavement_vehicle`` holds of each car, by its pseudonym."""
    rows = workspace.read("pavement_vehicle").to_pylist()
    return {row["vehicle_id"]: Vehicle(car=_kept(row), calibration=_scale(row)) for row in rows}


def surveys(workspace: WorkspaceView) -> dict[str, Reference]:
    """Return the stretches of table ``pavement_survey`` that may calibrate by section, the longest survey first.

    Of stretches that overlap the latest counts; rows of role ``validation`` never do. Each knows the works on its
    section: what they renewed is no truth for drives of another day (`Reference.holds`).
    """
    works = _works(workspace)
    runs: dict[str, list[Run]] = defaultdict(list)
    for run in newest(calibrating(workspace.read("pavement_survey").to_pylist())):
        runs[run.section].append(run)
    found = {section: _reference(cells, works[section]) for section, cells in runs.items()}
    longest = sorted(found, key=lambda s: (-float((found[s].to_m - found[s].from_m).sum()), s))
    return {section: found[section] for section in longest}


def _works(workspace: WorkspaceView) -> defaultdict[str, list[Mapping[str, Any]]]:
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in workspace.read("pavement_works").to_pylist():
        found[row["section_id"]].append(row)
    return found


def doubtful(workspace: WorkspaceView) -> list[Finding]:
    """Name the cars whose calibration rests on a surface that was gone: works were told of after the drives.

    On the day of their calibration no survey had enough stretches that works had not renewed.
    """
    works = _works(workspace)
    places = {
        (row["section_id"], row["from_m"], row["to_m"], row["date"])
        for row in calibrating(workspace.read("pavement_survey").to_pylist())
    }
    by_section = [
        _as_surveyed([place[1:] for place in places if place[0] == section], works[section])
        for section in sorted({place[0] for place in places})
    ]
    cars = {name: v.calibration.on for name, v in kept_vehicles(workspace).items() if v.calibration}
    wrong = {
        name: day
        for name, day in cars.items()
        if day
        and by_section
        and all(r.holds(day).sum() < MIN_REFERENCE_CELLS <= r.from_m.size for r in by_section)
    }
    if not wrong:
        return []
    days = sorted(set(wrong.values()))
    return [
        Finding(
            severity="warning",
            rule="calibration_doubtful",
            table="pavement_vehicle",
            row=min(wrong),
            message=f"{len(wrong)} cars were calibrated on {', '.join(map(str, days))}, when works had renewed what was "
            "surveyed: their scale, and what they measured with it, may be wrong.",
            hint="give their scale with --vehicles, or survey the new surface; load the drives since into a new workspace",
            action="kept",
        )
    ]


def _as_surveyed(
    stretches: Sequence[tuple[float, float, date | None]], works: Sequence[Mapping[str, Any]]
) -> Reference:
    """Return the stretches of all surveys of a section, whatever their roughness."""
    from_m, to_m = (np.array([s[k] for s in stretches], np.float64) for k in (0, 1))
    day = np.array([s[2] for s in stretches], "datetime64[D]")
    return Reference(
        from_m=from_m, to_m=to_m, iri_m_km=np.ones(from_m.size), day=day, works=Renewals.of(works)
    )


def _reference(cells: Sequence[Run], works: Sequence[Mapping[str, Any]]) -> Reference:
    names = ("from_m", "to_m", "iri_m_km")
    from_m, to_m, iri = (np.array([getattr(c, n) for c in cells], np.float64) for n in names)
    day = np.array([c.day for c in cells], "datetime64[D]")
    return Reference(from_m=from_m, to_m=to_m, iri_m_km=iri, day=day, works=Renewals.of(works))


def to_calibrate(known: Mapping[str, Vehicle], day: date | None) -> dict[str, Vehicle]:
    """Return the cars as a surveyed section may calibrate them on a day: anew where that was never done, or long ago."""
    return {
        name: Vehicle(car=v.car, calibration=v.calibration, renewable=not _stands(v.calibration, day))
        for name, v in known.items()
    }


def _stands(calibration: Calibration | None, day: date | None) -> bool:
    return calibration is not None and calibration.calibrated and not calibration.outlived(day)


def calibrated(known: Mapping[str, Vehicle], result: ProcessResult) -> dict[str, Vehicle]:
    """Return the cars with what a surveyed section told of them."""
    told = {v.vehicle: v.calibration for v in result.vehicles if v.calibration.calibrated}
    return {name: Vehicle(car=v.car, calibration=told.get(name, v.calibration)) for name, v in known.items()}


def _scale(row: Mapping[str, Any]) -> Calibration | None:
    if not row["calibrated"]:
        return None
    return Calibration(
        scale=row["scale"],
        sd_log=row["sd_log"],
        calibrated=True,
        cell_sd_log=row.get("cell_sd_log") or 0.0,
        on=row.get("calibrated_on"),
        shared_with=row.get("calibration_shared_with"),
    )


def _kept(row: Mapping[str, Any]) -> TransferFunction | None:
    base = _formula(row)
    if base is None or not row.get("gain"):
        return base
    gain = np.interp(SPECTRUM_HZ, np.array(row["gain_hz"], np.float64), np.array(row["gain"], np.float64))
    return LearntCar(base=base, gain=gain)


def _formula(row: Mapping[str, Any]) -> QuarterCar | HalfCar | None:
    front = _axle(row, _CAR)
    if front is None or any(row[name] is None for name in _BODY):
        return front
    body = {name: float(row[name]) for name in _BODY}
    return HalfCar(front=front, rear=_axle(row, _REAR) or front, **body)


def _axle(row: Mapping[str, Any], columns: Mapping[str, str]) -> QuarterCar | None:
    if any(row[column] is None for column in columns):
        return None
    return QuarterCar(**{name: float(row[column]) for column, name in columns.items()})


def _columns(car: TransferFunction) -> dict[str, Any]:
    """Return what the table keeps of a car."""
    if isinstance(car, LearntCar):
        learnt = {"gain_hz": SPECTRUM_HZ.tolist(), "gain": car.gain.tolist()}
        return _columns(car.base) | learnt | {"model": car.model}
    found: dict[str, Any] = {"model": car.model} | {
        column: getattr(car.axle, name) for column, name in _CAR.items()
    }
    if isinstance(car, HalfCar):
        found |= {column: getattr(car.rear, name) for column, name in _REAR.items()}
        found |= {name: getattr(car, name) for name in _BODY}
    return found


def table(
    old: pa.Table,
    results: Sequence[ProcessResult],
    cars: Collection[str],
    bias: Mapping[str, float],
    source_id: str,
) -> pa.Table:
    """Return table ``pavement_vehicle`` after a run, with what it told of ``cars``."""
    rows = {row["vehicle_id"]: row for row in old.to_pylist()}
    for result in results:
        for found in (v for v in result.vehicles if v.vehicle in cars):
            before = rows.get(found.vehicle, {}).get("label")
            rows[found.vehicle] = {
                "vehicle_id": found.vehicle,
                **_columns(found.car),
                "scale": found.calibration.scale,
                "sd_log": found.calibration.sd_log,
                "cell_sd_log": found.calibration.cell_sd_log,
                "calibration_shared_with": found.calibration.shared_with,
                "calibrated": found.calibration.calibrated,
                "calibrated_on": found.calibration.on,
                "label": labels.joint({result.label, before}),
                "source_id": source_id,
            }
    for name, value in bias.items():
        if name in rows:
            rows[name]["bias_log"] = value
    return tables.sort("pavement_vehicle", tables.from_rows("pavement_vehicle", rows.values()))

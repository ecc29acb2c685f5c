"""The cars of a workspace: fitted once over all their traversals, kept, and used again.

A car that is kept reads the same whatever it is loaded with, so observations do not depend on the order
of loading. How far the cars of the fleet read apart is found later, over all cells together (`fusion`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.engines.pavement.calibration import NOMINAL, Calibration, fit_car, on_axles
from contado.engines.pavement.half_car import HalfCar
from contado.engines.pavement.survey import Reference, Vehicle
from contado.engines.pavement.vehicles import QuarterCar
from contado.kernel import labels, tables
from contado.kernel.errors import UsageError
from contado.kernel.identifiers import keyed_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from contado.engines.pavement.measure import Spectra, Trace
    from contado.engines.pavement.processing import ProcessResult
    from contado.engines.pavement.vehicles import TransferFunction
    from contado.kernel.workspace import WorkspaceView

__all__ = ["calibrated", "kept_vehicles", "surveys", "table", "to_calibrate", "vehicles"]

_CAR = {"k1_s2": "k1", "k2_s2": "k2", "c_hz": "c", "mu": "mu"}
"""Column of table ``pavement_vehicle`` -> parameter of the quarter-car."""
_REAR = {"k1_rear_s2": "k1", "k2_rear_s2": "k2", "c_rear_hz": "c", "mu_rear": "mu"}
_BODY = ("a_m", "b_m", "inertia_ratio", "sensor_ahead_m")


def vehicles(
    traces: Sequence[Trace], workspace: WorkspaceView, given: Mapping[str, Vehicle]
) -> dict[str, Vehicle]:
    """Return each car of ``traces`` with its calibration.

    What is ``given`` (by the names in the files) comes first, then what the workspace keeps; a new car is
    fitted to the spectra of all its traversals. One that no survey calibrated has the nominal scale.

    Raises
    ------
    UsageError
        A car is to be learnt (`nothing_to_learn_from`): what spectra told of it is not kept.
    """
    key = workspace.settings.workspace.key
    told = {keyed_hash(key, name): vehicle for name, vehicle in given.items()}
    kept = kept_vehicles(workspace)
    spectra: dict[str, list[Spectra]] = defaultdict(list)
    for trace in traces:
        spectra[trace.aligned.drive.vehicle].append(trace.spectra)
    found = {}
    for name in sorted(spectra):
        here, before = told.get(name, Vehicle()), kept.get(name, Vehicle())
        if here.learnt:
            raise _not_kept()
        car = here.car or (None if here.body else before.car)
        car = car or on_axles(fit_car(spectra[name], here.body).car, here.body)
        found[name] = Vehicle(car=car, calibration=here.calibration or before.calibration or NOMINAL)
    return found


def _not_kept() -> UsageError:
    return UsageError(
        "A workspace keeps quarter-cars and half-cars; a learnt car is good for one run only.",
        rule="nothing_to_learn_from",
        hint="contado pavement process --reference R.csv learns it; here give the model quarter or half",
        field="model",
    )


def kept_vehicles(workspace: WorkspaceView) -> dict[str, Vehicle]:
    """Return what table ``pavement_vehicle`` holds of each car, by its pseudonym."""
    rows = workspace.read("pavement_vehicle").to_pylist()
    return {row["vehicle_id"]: Vehicle(car=_kept(row), calibration=_scale(row)) for row in rows}


def surveys(workspace: WorkspaceView) -> dict[str, Reference]:
    """Return the surveyed stretches of table ``pavement_survey`` by section, the longest survey first."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in workspace.read("pavement_survey").to_pylist():
        rows[row["section_id"]].append(row)
    found = {section: _reference(sorted(cells, key=lambda c: c["from_m"])) for section, cells in rows.items()}
    longest = sorted(found, key=lambda s: (-float((found[s].to_m - found[s].from_m).sum()), s))
    return {section: found[section] for section in longest}


def _reference(cells: Sequence[Mapping[str, Any]]) -> Reference:
    from_m, to_m, iri = (np.array([c[n] for c in cells], np.float64) for n in ("from_m", "to_m", "iri_m_km"))
    return Reference(from_m=from_m, to_m=to_m, iri_m_km=iri)


def to_calibrate(known: Mapping[str, Vehicle]) -> dict[str, Vehicle]:
    """Return the cars as a surveyed section may calibrate them: those it has not been done for, open."""
    return {
        name: Vehicle(
            car=v.car, calibration=v.calibration if v.calibration and v.calibration.calibrated else None
        )
        for name, v in known.items()
    }


def calibrated(known: Mapping[str, Vehicle], result: ProcessResult) -> dict[str, Vehicle]:
    """Return the cars with what a surveyed section told of them."""
    told = {v.vehicle: v.calibration for v in result.vehicles if v.calibration.calibrated}
    return {name: Vehicle(car=v.car, calibration=told.get(name, v.calibration)) for name, v in known.items()}


def _scale(row: Mapping[str, Any]) -> Calibration | None:
    if not row["calibrated"]:
        return None
    return Calibration(scale=row["scale"], sd_log=row["sd_log"], calibrated=True)


def _kept(row: Mapping[str, Any]) -> QuarterCar | HalfCar | None:
    front = _axle(row, _CAR)
    if front is None or any(row[name] is None for name in _BODY):
        return front
    body = {name: float(row[name]) for name in _BODY}
    return HalfCar(front=front, rear=_axle(row, _REAR) or front, **body)


def _axle(row: Mapping[str, Any], columns: Mapping[str, str]) -> QuarterCar | None:
    if any(row[column] is None for column in columns):
        return None
    return QuarterCar(**{name: float(row[column]) for column, name in columns.items()})


def _columns(car: TransferFunction) -> dict[str, float]:
    """Return what the table keeps of a car."""
    found = {column: getattr(car.axle, name) for column, name in _CAR.items()}
    if isinstance(car, HalfCar):
        found |= {column: getattr(car.rear, name) for column, name in _REAR.items()}
        found |= {name: getattr(car, name) for name in _BODY}
    return found


def table(
    old: pa.Table, results: Sequence[ProcessResult], bias: Mapping[str, float], source_id: str
) -> pa.Table:
    """Return table ``pavement_vehicle`` after a run."""
    rows = {row["vehicle_id"]: row for row in old.to_pylist()}
    for result in results:
        for found in result.vehicles:
            rows[found.vehicle] = {
                "vehicle_id": found.vehicle,
                **_columns(found.car),
                "scale": found.calibration.scale,
                "sd_log": found.calibration.sd_log,
                "calibrated": found.calibration.calibrated,
                "label": labels.joint({result.label}),
                "source_id": source_id,
            }
    for name, value in bias.items():
        if name in rows:
            rows[name]["bias_log"] = value
    return tables.sort("pavement_vehicle", tables.from_rows("pavement_vehicle", rows.values()))

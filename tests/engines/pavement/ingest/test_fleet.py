"""The cars that a workspace keeps."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from contado.engines.pavement.calibration import Calibration
from contado.engines.pavement.half_car import HalfCar
from contado.engines.pavement.ingest import fleet
from contado.engines.pavement.survey import Vehicle
from contado.engines.pavement.vehicles import NOMINAL_CAR, QuarterCar
from contado.kernel import tables
from contado.kernel.errors import UsageError
from contado.kernel.identifiers import keyed_hash

HALF = HalfCar(front=NOMINAL_CAR, rear=QuarterCar(k1=600, k2=60, c=4, mu=0.1), sensor_ahead_m=-0.3)


def kept(*cars):
    """The view of a workspace after a run with these cars, named a, b ..."""
    scale = Calibration(scale=1.1, sd_log=0.03, calibrated=True)
    vehicles = [
        SimpleNamespace(vehicle=name, car=car, calibration=scale)
        for name, car in zip("abc", cars, strict=False)
    ]
    result = SimpleNamespace(vehicles=vehicles, label="estimated")
    table = fleet.table(tables.empty("pavement_vehicle"), [result], "abc", {}, "drives")
    settings = SimpleNamespace(workspace=SimpleNamespace(key="key"))
    read = {"pavement_vehicle": table, "pavement_drive": tables.empty("pavement_drive")}
    return SimpleNamespace(read=lambda name: read[name], settings=settings)


def test_quarter_and_half_cars_come_back_as_they_were():
    found = fleet.kept_vehicles(kept(NOMINAL_CAR, HALF))
    assert found["a"].car == NOMINAL_CAR
    assert found["b"].car == HALF
    assert found["b"].calibration.scale == 1.1


def test_a_learnt_car_is_refused_because_it_would_not_be_kept():
    trace = SimpleNamespace(
        aligned=SimpleNamespace(drive=SimpleNamespace(name="d", vehicle=keyed_hash("key", "car1"))),
        spectra=None,
    )
    with pytest.raises(UsageError) as caught:
        fleet.vehicles([trace], kept(), {"car1": Vehicle(learnt=True)})
    assert caught.value.rule == "nothing_to_learn_from"

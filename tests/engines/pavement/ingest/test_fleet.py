"""The cars that a workspace keeps."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from contado.engines.pavement.cars.half_car import HalfCar
from contado.engines.pavement.cars.vehicles import NOMINAL_CAR, QuarterCar
from contado.engines.pavement.ingest import fleet
from contado.engines.pavement.measuring.calibration import Calibration
from contado.engines.pavement.measuring.learnt_car import LearntCar
from contado.engines.pavement.measuring.measure import SPECTRUM_HZ
from contado.engines.pavement.measuring.survey import Vehicle
from contado.kernel import tables
from contado.kernel.errors import UsageError
from contado.kernel.identifiers import keyed_hash

DAY = date(2026, 3, 2)
HALF = HalfCar(front=NOMINAL_CAR, rear=QuarterCar(k1=600, k2=60, c=4, mu=0.1), sensor_ahead_m=-0.3)


def kept(*cars):
    """The view of a workspace after a run with these cars, named a, b ..."""
    scale = Calibration(
        scale=1.1, sd_log=0.03, calibrated=True, cell_sd_log=0.066, on=DAY, shared_with="another"
    )
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


def test_a_calibration_comes_back_whole():
    made = Calibration(
        scale=1.1, sd_log=0.03, calibrated=True, cell_sd_log=0.066, on=DAY, shared_with="another"
    )
    view = kept(NOMINAL_CAR)
    assert fleet.kept_vehicles(view)["a"].calibration == made
    older = view.read("pavement_vehicle").drop_columns(["cell_sd_log", "calibration_shared_with"])
    [row] = older.to_pylist()
    before = SimpleNamespace(read=lambda _: tables.from_rows("pavement_vehicle", [row]))
    found = fleet.kept_vehicles(before)["a"].calibration
    assert (found.sd_log, found.cell_sd_log, found.shared_with) == (0.03, 0.0, None)


def test_a_learnt_car_comes_back_with_its_gain():
    gain = 1 + 0.3 * np.sin(np.log(SPECTRUM_HZ))
    found = fleet.kept_vehicles(kept(LearntCar(base=NOMINAL_CAR, gain=gain), LearntCar(base=HALF, gain=gain)))
    speeds, frequencies = np.array([8.0, 14.0]), np.linspace(0.3, 39.0, 50)
    for name, base in (("a", NOMINAL_CAR), ("b", HALF)):
        car = found[name].car
        assert isinstance(car, LearntCar)
        wanted = LearntCar(base=base, gain=gain).response(frequencies, speeds)
        np.testing.assert_allclose(car.response(frequencies, speeds), wanted, rtol=1e-12)


def test_the_table_says_which_model_each_car_uses():
    gain = np.ones(SPECTRUM_HZ.size)
    table = kept(NOMINAL_CAR, HALF, LearntCar(base=HALF, gain=gain)).read("pavement_vehicle")
    assert table["model"].to_pylist() == ["quarter", "half", "learnt"]
    assert table["calibrated_on"].to_pylist() == [DAY] * 3
    assert not tables.validate("pavement_vehicle", table)


def trace(name, day=None):
    """Stands for the trace of a drive; nothing of it is fitted."""
    return SimpleNamespace(
        aligned=SimpleNamespace(drive=SimpleNamespace(name="d", vehicle=keyed_hash("key", name), day=day)),
        spectra=None,
    )


def test_a_scale_without_a_day_counts_from_the_first_drive():
    told = Vehicle(car=NOMINAL_CAR, calibration=Calibration(scale=1.1, sd_log=0.05, calibrated=True))
    days = [DAY + timedelta(days=d) for d in (9, 0)]
    found = fleet.vehicles([trace("car1", day) for day in days], kept(), {"car1": told})
    assert found[keyed_hash("key", "car1")].calibration.on == DAY


def test_a_car_that_passed_no_survey_cannot_be_learnt():
    name = keyed_hash("key", "car1")
    with pytest.raises(UsageError) as caught:
        fleet.learnt({name: Vehicle(car=NOMINAL_CAR, learnt=True)}, {}, {}, {})
    assert caught.value.rule == "nothing_to_learn_from"
    assert "--survey" in caught.value.hint


def test_a_car_learnt_before_stays_as_it_is_where_it_passed_no_survey():
    before = LearntCar(base=NOMINAL_CAR, gain=np.ones(SPECTRUM_HZ.size))
    found = fleet.learnt({"a": Vehicle(car=before, learnt=True)}, {}, {}, {})
    assert found["a"].car is before
    assert not found["a"].learnt


def test_old_calibrations_are_open_to_a_survey():
    known = fleet.kept_vehicles(kept(NOMINAL_CAR))
    for days, anew in ((10, False), (400, True)):
        found = fleet.to_calibrate(known, DAY + timedelta(days=days))["a"]
        assert found.renewable is anew
        assert found.calibration.scale == 1.1  # until a survey tells another


@pytest.mark.parametrize(
    ("before", "now", "label"),
    [
        ("simulated", "estimated", "simulated"),
        ("estimated", "simulated", "simulated"),
        ("estimated", "estimated", "estimated"),
        (None, "estimated", "estimated"),
    ],
)
def test_a_car_stays_simulated_while_what_it_knows_of_itself_is(before, now, label):
    def told(label):
        scale = Calibration(scale=1.1, sd_log=0.03, calibrated=True, on=DAY)
        return SimpleNamespace(
            vehicles=[SimpleNamespace(vehicle="a", car=NOMINAL_CAR, calibration=scale)], label=label
        )

    table = tables.empty("pavement_vehicle")
    if before:
        table = fleet.table(table, [told(before)], "a", {}, "drives")
    assert fleet.table(table, [told(now)], "a", {}, "drives")["label"].to_pylist() == [label]


def test_a_car_heard_on_a_simulated_and_a_real_section_in_one_run_is_simulated():
    car = SimpleNamespace(
        vehicle="a", car=NOMINAL_CAR, calibration=Calibration(scale=1.0, sd_log=0.1, calibrated=False)
    )
    results = [SimpleNamespace(vehicles=[car], label=label) for label in ("simulated", "estimated")]
    found = fleet.table(tables.empty("pavement_vehicle"), results, "a", {}, "drives")
    assert found["label"].to_pylist() == ["simulated"]

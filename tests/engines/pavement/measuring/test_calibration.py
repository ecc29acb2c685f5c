"""Cars fitted to their spectra; scales from references and from the fleet."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contado.engines.pavement.cars.real_cars import speed_law
from contado.engines.pavement.cars.vehicles import NOMINAL_CAR, QuarterCar
from contado.engines.pavement.measuring.calibration import (
    Calibration,
    consensus,
    fit_car,
    model_share,
    noise_density,
    scale_from_reference,
)
from contado.engines.pavement.measuring.measure import SPECTRUM_HZ, SPEED_EDGES_M_S, Spectra


def spectra_of(car: QuarterCar, speeds=(8.0, 10.0, 14.0, 18.0), windows=200.0) -> Spectra:
    """Exact mean log spectra of a car on a road of waviness 2 at some speeds."""
    classes = len(SPEED_EDGES_M_S) - 1
    log_power, speed, count = np.zeros((classes, len(SPECTRUM_HZ))), np.zeros(classes), np.zeros(classes)
    for v in speeds:
        k = int(np.searchsorted(SPEED_EDGES_M_S, v)) - 1
        n = SPECTRUM_HZ / v
        power = np.abs(car.body_acceleration_response(SPECTRUM_HZ)) ** 2 * np.sinc(0.25 * n) ** 2 / n**2 / v
        log_power[k] = windows * np.log(1e-6 * power + 1e-5)
        speed[k], count[k] = windows * v, windows
    return Spectra(log_power=log_power, speed=speed, count=count)


@pytest.mark.parametrize("factors", [(1, 1, 1, 1), (0.8, 0.85, 1.1, 0.9), (1.2, 1.1, 0.85, 1.15)])
def test_a_car_is_found_from_its_spectra(factors):
    n = NOMINAL_CAR
    car = QuarterCar(k1=n.k1 * factors[0], k2=n.k2 * factors[1], c=n.c * factors[2], mu=n.mu * factors[3])
    found = fit_car([spectra_of(car)])
    wanted = np.log([car.k1, car.k2, car.c, car.mu])
    got = np.log([found.car.k1, found.car.k2, found.car.c, found.car.mu])
    assert np.abs(got - wanted).max() < 0.12
    assert all(0 < sd < 0.15 for sd in found.sd_log)


def test_a_car_without_windows_stays_the_nominal_one():
    assert fit_car([spectra_of(NOMINAL_CAR, windows=2.0)]).car == NOMINAL_CAR


def test_the_sensors_noise_is_read_off_the_spectra_of_a_drive():
    """The mean logarithm of a periodogram lies Euler's constant below that of the density."""
    told = noise_density(spectra_of(NOMINAL_CAR), NOMINAL_CAR)
    assert told == pytest.approx(1e-5 * np.exp(np.euler_gamma), rel=0.1)
    assert noise_density(spectra_of(NOMINAL_CAR, windows=2.0), NOMINAL_CAR) == 0.0


def test_scale_of_a_surveyed_section_and_its_error():
    rng = np.random.default_rng(0)
    truth = np.exp(rng.normal(1, 0.4, 10))
    passes = [np.log(truth / 1.25) + rng.normal(0, 0.03, 10) for _ in range(3)]
    found = scale_from_reference(passes, truth)
    assert found.scale == pytest.approx(1.25, rel=0.03)
    assert 0.01 <= found.sd_log < 0.03
    assert found.calibrated


@pytest.mark.parametrize("cell_m", [20.0, 100.0])
def test_what_surveyed_cells_are_off_is_told_as_if_they_were_of_a_hundred_metres(cell_m):
    rng = np.random.default_rng(2)
    truth = np.exp(rng.normal(1, 0.4, 60))
    wrong = rng.normal(0, 0.06 * (100 / cell_m) ** 0.5, 60)
    found = scale_from_reference([np.log(truth) + wrong], truth, np.full(60, cell_m))
    assert found.cell_sd_log == pytest.approx(0.06, rel=0.15)


def test_the_mean_of_parts_errs_as_their_number_has_it():
    assert model_share(np.array([20.0, 25.0, 100.0, 500.0])) == pytest.approx([5**0.5, 2.0, 1.0, 1.0])


def test_one_wrong_cell_of_the_survey_does_not_move_the_scale():
    truth = np.full(10, 3.0)
    read = np.log(truth / 1.1)
    read[4] += 1.0
    assert scale_from_reference([read], truth).scale == pytest.approx(1.1, rel=0.02)


def test_two_cells_are_no_calibration():
    assert scale_from_reference([np.array([1.0, 1.0, np.nan])], np.full(3, 3.0)) is None


def test_without_a_reference_the_effects_of_the_fleet_sum_to_zero():
    rng = np.random.default_rng(1)
    road = rng.normal(1, 0.4, 30)
    fleet = {name: [road + b + rng.normal(0, 0.02, 30)] for name, b in (("a", 0.1), ("b", -0.1), ("c", 0.0))}
    found = consensus(fleet, {})
    logs = [np.log(c.scale) for c in found.values()]
    assert sum(logs) == pytest.approx(0, abs=1e-9)
    assert logs == pytest.approx([-0.1, 0.1, 0.0], abs=0.02)
    assert not any(c.calibrated for c in found.values())
    assert len({c.shared_with for c in found.values()}) == 1
    assert consensus(dict(list(fleet.items())[:2]), {})["a"].shared_with != found["a"].shared_with


def test_a_car_that_missed_the_reference_is_tied_to_one_that_did_not():
    road = np.linspace(0.5, 1.5, 20)
    known = {"a": Calibration(scale=1.2, sd_log=0.02, calibrated=True)}
    found = consensus({"a": [road - np.log(1.2)], "b": [road - np.log(0.9)]}, known)
    assert found["b"].scale == pytest.approx(0.9, rel=1e-6)
    assert found["b"].calibrated
    assert found["b"].sd_log >= 0.02
    assert (found["a"].shared_with, found["b"].shared_with) == (None, "a")
    assert found["a"] == known["a"]


def test_a_car_tied_to_one_that_was_tied_is_wrong_with_the_first():
    road = np.linspace(0.5, 1.5, 20)
    tied = Calibration(scale=1.2, sd_log=0.03, calibrated=True, shared_with="a")
    first = Calibration(scale=1.0, sd_log=0.02, calibrated=True)
    read = {"b": [road - np.log(1.2)], "c": [road]}
    assert consensus(read, {"b": tied})["c"].shared_with == "a"
    assert consensus({"a": [road], **read}, {"a": first, "b": tied})["c"].shared_with == "a"
    assert consensus({"a": [road], **read}, {"a": first, "b": first})["c"].shared_with.startswith("fleet-")


def test_a_car_that_shares_no_cell_stays_uncalibrated():
    known = {"a": Calibration(scale=1.2, sd_log=0.02, calibrated=True)}
    found = consensus({"a": [np.array([1.0, 1.0, np.nan])], "b": [np.array([np.nan, np.nan, 1.0])]}, known)
    assert not found["b"].calibrated


def test_speed_law_needs_the_road_in_the_regression():
    rng = np.random.default_rng(2)
    roughness = rng.normal(0, 1, 2000)
    speed = np.exp(3.5 - 0.4 * roughness + rng.normal(0, 0.3, 2000))
    sd = np.exp(0.1 + 0.8 * np.log(speed) + 0.3 * roughness + rng.normal(0, 0.1, 2000))
    law = speed_law(sd, speed, roughness)
    assert law.exponent == pytest.approx(0.8, abs=0.02)
    assert law.windows == 1800
    assert speed_law(sd, speed, np.zeros(2000)).exponent < 0.5
    with pytest.raises(ValueError, match="too few"):
        speed_law(sd[:4], speed[:4], roughness[:4])


DAY = date(2026, 3, 2)
FRESH = Calibration(scale=1.1, sd_log=0.02, calibrated=True, on=DAY)


@given(first=st.integers(0, 4000), more=st.integers(1, 4000))
def test_a_calibration_only_gets_less_sure_with_age(first, more):
    young, old = (FRESH.aged(DAY + timedelta(days=d)) for d in (first, first + more))
    assert FRESH.sd_log <= young.sd_log < old.sd_log
    assert young.scale == old.scale == FRESH.scale


def test_a_year_adds_the_drift_of_the_table():
    assert FRESH.aged(DAY + timedelta(days=365)).sd_log == pytest.approx(np.hypot(0.02, 0.04), rel=1e-3)


@pytest.mark.parametrize("day", [None, DAY, DAY - timedelta(days=30)])
def test_without_a_later_day_nothing_is_added(day):
    assert FRESH.aged(day) == FRESH


def test_a_car_that_nobody_calibrated_has_no_age():
    assert Calibration(scale=1.0, sd_log=0.18, calibrated=False).aged(DAY).sd_log == 0.18


def test_a_car_tied_to_the_fleet_is_as_old_as_the_oldest_anchor():
    cells = np.log(np.linspace(1.0, 4.0, 8))
    older = Calibration(scale=1.0, sd_log=0.02, calibrated=True, on=DAY - timedelta(days=400))
    found = consensus({"a": [cells], "b": [cells], "c": [cells - 0.1]}, {"a": FRESH, "b": older})
    assert found["c"].on == older.on
    assert found["a"] == FRESH


@pytest.mark.parametrize(("days", "outlived"), [(0, False), (179, False), (180, True)])
def test_after_half_a_year_a_survey_calibrates_anew(days, outlived):
    assert FRESH.outlived(DAY + timedelta(days=days)) is outlived

"""The whole way from drives to cells and anomalies, on a short simulated road."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pytest
from scipy.spatial import cKDTree

from contado.engines.pavement import simulate
from contado.engines.pavement.anomalies.fixtures import Fixture
from contado.engines.pavement.cars.vehicles import NOMINAL_CAR
from contado.engines.pavement.measuring import onroute
from contado.engines.pavement.measuring.calibration import Calibration
from contado.engines.pavement.measuring.position import Fixes, follow
from contado.engines.pavement.measuring.processing import process
from contado.engines.pavement.measuring.survey import Reference, Vehicle
from contado.engines.pavement.simulate.road import Anomaly, random_road, wheel_tracks
from contado.engines.pavement.telemetry.read import read_drives
from contado.kernel.errors import DataError
from contado.kernel.territory import Network, Route


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """Two cars, two passes each, over 1.2 km with one hole and one bump; network and route."""
    folder = tmp_path_factory.mktemp("road") / "drives"
    road = random_road(1200.0, np.random.default_rng(5), levels_m_km=np.full(12, 3.0)).with_anomalies(
        Anomaly(kind="pothole", chainage_m=432.0, length_m=0.8, height_mm=-50.0),
        Anomaly(kind="speed_bump", chainage_m=745.0, length_m=3.0, height_mm=60.0),
    )
    scenario = simulate.Scenario(profile=(road.x_m, road.elevation_m()), first_day=date(2026, 3, 2))
    simulate.drives(folder, seed=5, vehicles=2, passes=2, scenario=scenario)
    network = Network.from_file(folder / "network.geojson")
    return read_drives(folder), network, Route.read(folder / "truth_route.csv", network)


@pytest.fixture(scope="module")
def result(survey):
    return process(*survey)


def test_every_complete_cell_is_answered(result):
    assert [(c.from_m, c.to_m) for c in result.cells] == [(100.0 * k, 100.0 * k + 100) for k in range(12)]
    assert {c.state for c in result.cells} <= {"measured", "not_measurable"}
    measured = [c for c in result.cells if c.state == "measured"]
    assert len(measured) >= 11
    assert all(c.low_m_km < c.iri_m_km < c.high_m_km and c.passes and c.vehicles for c in measured)
    assert result.label == "simulated"


def test_the_hole_and_the_bump_are_found_and_told_apart(result):
    hole, bump = result.anomalies
    assert hole.chainage_m == pytest.approx(432, abs=2)
    assert hole.height_mm == pytest.approx(-50, rel=0.35)
    assert (bump.kind, bump.passes, bump.passes_possible) == ("speed_bump", 4, 4)
    assert bump.chainage_m == pytest.approx(745, abs=2)
    assert hole.p_exists > 0.99


def test_order_of_the_drives_changes_nothing(survey, result):
    drives, network, route = survey
    backwards = dataclasses.replace(drives, drives=drives.drives[::-1])
    again = process(backwards, network, route)
    assert again.cells == result.cells
    assert again.anomalies == result.anomalies
    assert again.cell_obs.equals(result.cell_obs)


def test_a_drive_under_a_second_name_is_used_once_and_flagged(survey, result):
    drives, network, route = survey
    copy = dataclasses.replace(drives.drives[0], name="car9_pass1", vehicle="car9")
    twice = process(dataclasses.replace(drives, drives=(*drives.drives, copy)), network, route)
    assert twice.cells == result.cells
    flagged = {d.drive: d.flags for d in twice.drives}
    assert "duplicate_drive" in flagged["car9_pass1"]
    assert "duplicate_drive" in {f.rule for f in twice.findings}


def test_a_reference_sets_the_scale_and_narrows_the_interval(survey, result):
    known = [c.iri_m_km for c in result.cells[:6]]
    edges = 100.0 * np.arange(6)
    reference = Reference(from_m=edges, to_m=edges + 100, iri_m_km=2 * np.array(known))
    scaled = process(*survey, reference=reference)
    assert all(v.calibration.calibrated for v in scaled.vehicles)
    assert not any(v.calibration.calibrated for v in result.vehicles)
    ratio = np.median([a.iri_m_km / b.iri_m_km for a, b in zip(scaled.cells, result.cells, strict=True)])
    assert ratio == pytest.approx(2.0, rel=0.05)

    def width(cells):
        return np.median([c.high_m_km / c.low_m_km for c in cells])

    assert width(scaled.cells) < width(result.cells)


def test_a_given_car_is_taken_as_it_is(survey):
    drives, network, route = survey
    found = process(drives, network, route, vehicles={"car1": Vehicle(car=NOMINAL_CAR)})
    assert {v.vehicle: v.car for v in found.vehicles}["car1"] == NOMINAL_CAR


def test_observations_hold_a_row_for_every_drive_and_cell(result):
    rows = result.cell_obs.to_pylist()
    assert len(rows) == 4 * 12
    assert {r["label"] for r in rows} == {"simulated"}
    assert all(r["iri_m_km"] is None or r["iri_m_km"] > 0 for r in rows)
    assert {r["drive_id"] for r in result.anomaly_obs.to_pylist()} == {r["drive_id"] for r in rows}


def test_where_nobody_was_fast_enough_the_cell_is_null_and_never_zero(survey):
    drives, network, route = survey
    slow = tuple(
        dataclasses.replace(d, speed_m_s=np.where(np.arange(len(d.speed_m_s)) < 25, 2.0, d.speed_m_s))
        for d in drives.drives
    )
    found = process(dataclasses.replace(drives, drives=slow), network, route)
    first = found.cells[0]
    assert (first.state, first.iri_m_km, first.low_m_km, first.passes) == ("not_measurable", None, None, 0)


def test_a_tunnel_stays_open(survey):
    drives, network, route = survey
    one = drives.drives[0]
    kept = (one.fix_t_s < one.fix_t_s[30]) | (one.fix_t_s > one.fix_t_s[60])
    cut = dataclasses.replace(
        one, **{name: getattr(one, name)[kept] for name in ("fix_t_s", "lon", "lat", "speed_m_s", "hdop")}
    )
    found = process(dataclasses.replace(drives, drives=(cut,)), network, route)
    assert "not_measurable" in {c.state for c in found.cells}


def test_swapped_coordinates_say_so_and_elsewhere_says_elsewhere(survey):
    drives, network, route = survey
    one = drives.drives[0]
    swapped = dataclasses.replace(one, lon=one.lat, lat=one.lon)
    with pytest.raises(DataError, match="5 km") as caught:
        process(dataclasses.replace(drives, drives=(swapped,)), network, route)
    assert (caught.value.rule, caught.value.rows) == ("lon_lat_swapped_or_off_network", (2,))
    assert "swapped" in caught.value.hint
    elsewhere = dataclasses.replace(one, lat=one.lat + 1)
    with pytest.raises(DataError) as caught:
        process(dataclasses.replace(drives, drives=(elsewhere,)), network, route)
    assert "swapped" not in caught.value.hint


def test_a_drive_on_another_road_is_unmatched(survey):
    drives, network, route = survey
    beside = dataclasses.replace(drives.drives[0], lat=drives.drives[0].lat + 0.005)
    found = process(dataclasses.replace(drives, drives=(beside,)), network, route)
    assert "unmatched" in found.drives[0].flags
    assert {c.state for c in found.cells} == {"not_measurable"}
    assert found.anomalies == ()


def test_parallel_road_as_near_as_the_route_is_ambiguous(survey):
    _, network, route = survey
    frame = onroute.frame_of(network, route)
    x, y = frame.line.x_m, frame.line.y_m
    normal = np.column_stack([-np.gradient(y), np.gradient(x)])
    normal /= np.hypot(*normal.T)[:, None]
    twin = dataclasses.replace(frame)
    dense = dataclasses.replace(frame.line, x_m=x + 8 * normal[:, 0], y_m=y + 8 * normal[:, 1]).densified(2.0)
    twin.__dict__["neighbours"] = cKDTree(np.column_stack([dense.x_m, dense.y_m]))
    middle = dataclasses.replace(frame.line, x_m=x + 4 * normal[:, 0], y_m=y + 4 * normal[:, 1])

    def doubtful(offset_line):
        t = np.arange(0.0, 100.0)
        fixes = Fixes(
            t_s=t,
            x_m=np.interp(10 * t + 50, offset_line.chainage_m, offset_line.x_m),
            y_m=np.interp(10 * t + 50, offset_line.chainage_m, offset_line.y_m),
            speed_m_s=np.full(len(t), 10.0),
        )
        located = dataclasses.replace(follow(fixes, frame.line), sigma_m=3.0)
        return onroute.ambiguous(fixes, located, twin).mean()

    assert doubtful(middle) > 0.9
    assert doubtful(frame.line) < 0.1


def test_a_declared_bump_is_no_anomaly_and_its_height_is_followed(survey, result):
    drives, network, route = survey
    lon, lat = route.lonlat([745.0, 300.0])
    declared = [
        Fixture(fixture_id=name, kind="declared_bump", lon=float(x), lat=float(y))
        for name, x, y in zip(("bump", "flattened"), lon, lat, strict=True)
    ]
    found = process(drives, network, route, fixtures=declared)
    assert "speed_bump" in {a.kind for a in result.anomalies}
    assert len(found.anomalies) == len(result.anomalies) - 1
    assert all(abs(a.chainage_m - 745.0) > 10 for a in found.anomalies)
    (flat, nothing), (bump, felt) = found.fixtures
    assert (flat.fixture.fixture_id, nothing, bump.fixture.fixture_id) == ("flattened", None, "bump")
    assert felt.height_mm == pytest.approx(60.0, rel=0.4)
    marks = found.anomaly_obs.to_pylist()
    assert {r["fixture_id"] for r in marks if abs(r["chainage_m"] - 745.0) <= 10} == {"bump"}
    assert {r["fixture_id"] for r in marks if abs(r["chainage_m"] - 745.0) > 10} == {None}
    assert found.cell_obs.equals(result.cell_obs)


def test_a_gyroscope_tells_the_wheel_track(tmp_path):
    road = random_road(600.0, np.random.default_rng(8), levels_m_km=np.full(6, 2.5)).with_anomalies(
        Anomaly(kind="pothole", chainage_m=150.0, length_m=0.7, height_mm=-50.0, side="left"),
        Anomaly(kind="pothole", chainage_m=300.0, length_m=0.7, height_mm=-50.0, side="right"),
        Anomaly(kind="pothole", chainage_m=450.0, length_m=0.7, height_mm=-50.0),
    )
    left, right = wheel_tracks(road, np.random.default_rng(9))
    accelerometer = simulate.Accelerometer(gyroscope=True)
    scenario = simulate.Scenario(profile=(road.x_m, road.base_m), accelerometer=accelerometer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("contado.engines.pavement.simulate.scenario._tracks", lambda *_: [left, right])
        simulate.drives(tmp_path / "d", seed=8, vehicles=1, passes=2, scenario=scenario)
    network = Network.from_file(tmp_path / "d" / "network.geojson")
    found = process(
        read_drives(tmp_path / "d"), network, Route.read(tmp_path / "d" / "truth_route.csv", network)
    )
    assert [a.side for a in found.anomalies] == ["left", "right", "both"]
    one, other, both = (abs(a.height_mm) for a in found.anomalies)
    assert one == pytest.approx(both, rel=0.35)
    assert other == pytest.approx(both, rel=0.35)
    told = {(r["chainage_m"], r["side"]) for r in found.anomaly_obs.to_pylist()}
    assert {side for _, side in told} == {"left", "right", "both"}
    assert len(told) == 3


def test_a_calibration_of_last_year_gives_wider_cells(survey):
    drives, network, route = survey

    def widths(on):
        known = Calibration(scale=1.0, sd_log=0.02, calibrated=True, on=on)
        told = {name: Vehicle(calibration=known) for name in ("car1", "car2")}
        found = process(drives, network, route, vehicles=told)
        cells = [np.log(c.high_m_km / c.low_m_km) for c in found.cells if c.iri_m_km]
        return np.array(cells), found.cell_obs["sd_cal_log"].to_numpy()

    (new, shared_new), (old, shared_old) = widths(date(2026, 3, 1)), widths(date(2025, 3, 1))
    assert (old > new).all()
    assert (shared_old > shared_new).all()
    undated, _ = widths(None)
    assert (undated <= new).all()

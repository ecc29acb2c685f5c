"""Reference and fleet files, good and bad."""

from __future__ import annotations

from datetime import date

import pytest

from contado.engines.pavement.cars.half_car import HalfCar
from contado.engines.pavement.cars.vehicles import QuarterCar
from contado.engines.pavement.measuring.survey import read_fleet, read_reference
from contado.kernel.errors import ColumnNotFound, DataError, UsageError


def write(tmp_path, text):
    path = tmp_path / "file.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_reference(tmp_path):
    found = read_reference(write(tmp_path, "from_m,to_m,iri_m_km\n0,100,2.5\n100,200,3.5\n"))
    assert found.iri_m_km.tolist() == [2.5, 3.5]
    assert found.to_m.tolist() == [100, 200]


def test_italian_reference_gives_the_same_numbers(tmp_path):
    found = read_reference(write(tmp_path, "from_m;to_m;iri_m_km\n0;100;2,5\n100;200;3,5\n"))
    assert found.iri_m_km.tolist() == [2.5, 3.5]
    assert "italian_csv" in {f.rule for f in found.findings}


@pytest.mark.parametrize(
    ("text", "rule", "rows"),
    [
        ("from_m,to_m,iri_m_km\n0,100,2\n100,200,0\n200,300,-1\n", "iri_not_positive", (3, 4)),
        ("from_m,to_m,iri_m_km\n0,100,2\n100,200,x\n", "not_a_number", (3,)),
        ("from_m;to_m;iri_m_km\n0;100;2,5\n100;200;x\n", "not_a_number", (3,)),
        ("from_m,to_m,iri_m_km\n0,100,2\n100,100,2\n", "chainage_not_increasing", (3,)),
        ("from_m,to_m,iri_m_km\n", "empty_file", ()),
    ],
)
def test_bad_reference(tmp_path, text, rule, rows):
    with pytest.raises(DataError) as caught:
        read_reference(write(tmp_path, text))
    assert (caught.value.rule, caught.value.rows) == (rule, rows)
    assert caught.value.hint


def test_missing_column_names_the_nearest(tmp_path):
    with pytest.raises(ColumnNotFound) as caught:
        read_reference(write(tmp_path, "from_m,to_m,iri_mkm\n0,100,2\n"))
    assert caught.value.rule == "missing_column"
    assert "iri_mkm" in caught.value.hint
    with pytest.raises(ColumnNotFound) as caught:
        read_reference(write(tmp_path, "from_m,to_m,iri\n0,100,2\n"))
    assert caught.value.hint == "did you mean iri?"


def test_fleet_with_cars_or_scales_or_both(tmp_path):
    cars = read_fleet(write(tmp_path, "vehicle,k1,k2,c,mu\ncar1,500,50,3,0.12\n"))
    assert cars["car1"].car == QuarterCar(k1=500, k2=50, c=3, mu=0.12)
    assert cars["car1"].calibration is None
    scales = read_fleet(write(tmp_path, "vehicle,scale,sd_log\ncar1,1.1,0.03\n"))
    assert scales["car1"].car is None
    assert (scales["car1"].calibration.scale, scales["car1"].calibration.sd_log) == (1.1, 0.03)


def test_a_fleet_may_know_more_of_one_vehicle_than_of_another(tmp_path):
    fleet = read_fleet(write(tmp_path, "vehicle_id,k1,k2,c,mu,scale\na,500,50,3,0.12,\nb,,,,,1.2\n"))
    assert fleet["a"].calibration is None
    assert fleet["b"].car is None
    assert fleet["b"].calibration.sd_log == 0.05


def test_a_calibration_comes_with_its_day(tmp_path):
    fleet = read_fleet(write(tmp_path, "vehicle,scale,calibrated_on\na,1.1,2026-03-31\nb,1.2,\n"))
    assert fleet["a"].calibration.on == date(2026, 3, 31)
    assert fleet["b"].calibration.on is None
    with pytest.raises(DataError) as caught:
        read_fleet(write(tmp_path, "vehicle,scale,calibrated_on\na,1.1,spring\n"))
    assert (caught.value.rule, caught.value.rows, caught.value.field) == ("bad_date", (2,), "calibrated_on")


def test_bad_fleet(tmp_path):
    with pytest.raises(ColumnNotFound):
        read_fleet(write(tmp_path, "vehicle,k1,k2,c\ncar1,500,50,3\n"))
    with pytest.raises(DataError) as caught:
        read_fleet(write(tmp_path, "vehicle,scale\ncar1,0\n"))
    assert (caught.value.rule, caught.value.rows, caught.value.field) == ("out_of_range", (2,), "scale")


def test_a_fleet_names_the_model_of_each_vehicle(tmp_path):
    fleet = read_fleet(
        write(
            tmp_path,
            "vehicle,model,k1,k2,c,mu,k1_rear,k2_rear,c_rear,mu_rear,a_m,b_m,sensor_ahead_m\n"
            "a,,500,50,3,0.12,,,,,,,\n"
            "b,half,500,50,3,0.12,600,60,4,0.1,1.1,1.5,-0.2\n"
            "c,half,500,50,3,0.12,,,,,1.1,1.5,\n"
            "d,half,,,,,,,,,1.2,1.4,0\n"
            "e,learnt,,,,,,,,,,,\n",
        )
    )
    front, rear = QuarterCar(k1=500, k2=50, c=3, mu=0.12), QuarterCar(k1=600, k2=60, c=4, mu=0.1)
    assert fleet["a"].car == front
    assert fleet["b"].car == HalfCar(front=front, rear=rear, a_m=1.1, b_m=1.5, sensor_ahead_m=-0.2)
    assert fleet["c"].car.rear == front
    assert fleet["d"].car is None
    assert fleet["d"].body == HalfCar(a_m=1.2, b_m=1.4, sensor_ahead_m=0.0)
    assert fleet["e"].learnt
    assert not any(fleet[name].learnt for name in "abcd")


def test_a_half_car_without_axles_and_an_unknown_model_are_refused(tmp_path):
    with pytest.raises(ColumnNotFound):
        read_fleet(write(tmp_path, "vehicle,model,a_m\ncar1,half,1.2\n"))
    with pytest.raises(DataError) as caught:
        read_fleet(write(tmp_path, "vehicle,model,a_m,b_m\ncar1,half,1.2,\n"))
    assert (caught.value.rule, caught.value.rows, caught.value.field) == ("not_a_number", (2,), "b_m")
    with pytest.raises(UsageError) as wrong:
        read_fleet(write(tmp_path, "vehicle,model\ncar1,full\n"))
    assert (wrong.value.rule, wrong.value.rows) == ("unknown_choice", (2,))
    assert "quarter, half, learnt" in wrong.value.message


def test_a_measured_profile_is_a_reference_too(tmp_path):
    rows = "".join(f"{0.1 * k:.1f},{0.002 * (k % 7):.4f}\n" for k in range(3101))
    found = read_reference(write(tmp_path, f"x_m,y_m\n{rows}"))
    assert found.from_m.tolist() == [0, 100, 200]
    assert found.profile.y_m.size == 3101
    assert (found.iri_m_km > 0).all()

"""The verb `pavement read`."""

from __future__ import annotations

import shutil

import pytest

from contado import verbs
from contado.kernel.declare import convert


@pytest.fixture
def read():
    verb = verbs.load("pavement read")
    return lambda path, **options: verb(convert(verb.request, {"path": str(path), **options}))


@pytest.fixture
def folder(shared, tmp_path):
    for path in shared("roads/telemetry_synth").glob("car1_pass1*"):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def test_what_is_written_reads_the_same_again(folder, read, tmp_path):
    first = read(folder, out=str(tmp_path / "out"))
    again = read(tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "car1_pass1_acc.parquet",
        "car1_pass1_gnss.csv",
    ]
    one, two = first.drives[0], again.drives[0]
    assert two.roughness_m_km == pytest.approx(one.roughness_m_km, rel=1e-9)
    assert (two.samples, two.fixes, two.distance_m) == (one.samples, one.fixes, pytest.approx(one.distance_m))


def test_a_phone_ride_is_written_on_one_clock_and_a_simulated_label_stays(shared, read, tmp_path, folder):
    ride = read(shared("roads/real/gyor") / "rsq_q3_00_Location.csv.gz", out=str(tmp_path / "ride")).drives[0]
    again = read(tmp_path / "ride").drives[0]
    assert abs(ride.clock_offset_s) > 0.2
    assert again.clock_offset_s == 0
    assert again.roughness_m_km == pytest.approx(ride.roughness_m_km, rel=1e-3)
    (folder / "meta.json").write_text('{"label": "simulated"}')
    assert read(folder, out=str(tmp_path / "sim")).label == "simulated"
    assert read(tmp_path / "sim").label == "simulated"


def test_length_time_and_speed(folder, read):
    answer = read(folder)
    drive = answer.drives[0]
    assert answer.label == "estimated"
    assert drive.distance_m == pytest.approx(5480, rel=0.01)
    assert drive.duration_s == pytest.approx(551.86)
    assert drive.fs_hz == pytest.approx(100)
    assert drive.speed_mean_m_s == pytest.approx(9.9, abs=0.1)
    assert answer.compute_s < 2


@pytest.mark.parametrize(("lang", "word"), [("en", "roughness"), ("it", "rugosità")])
def test_a_person_gets_one_line_a_drive(folder, read, lang, word):
    lines = verbs.load("pavement read").text(read(folder), lang).splitlines()
    assert len(lines) == 2
    assert word in lines[1]

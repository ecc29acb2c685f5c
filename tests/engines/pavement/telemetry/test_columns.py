"""Column maps are data, and the files of a drive are found by them."""

from __future__ import annotations

from pathlib import Path

import pytest

from contado.engines.pavement.telemetry.columns import formats
from contado.engines.pavement.telemetry.group import grouped, listed
from contado.kernel.errors import ColumnNotFound, DataError


def test_every_shipped_map_has_time_acceleration_and_positions():
    for name, entry in formats().items():
        keys = {column.key for part in entry.part for column in part.columns if not column.optional}
        axes = {f"acceleration_{axis}" for axis in "xyz"}
        assert keys >= {"time", "longitude", "latitude", "speed", *axes}, name


def test_headers_match_whatever_their_case_and_spaces():
    part = formats()["sensor_log"].part[0]
    headers = ["Time", " gfx", "GFY", "gFz", "latitude", "Longitude", "speed (m/s)", ""]
    assert part.fits(headers)
    assert [column.key for column in part.find(headers, file="f").values()][:2] == ["time", "acceleration_x"]


def test_a_missing_column_names_what_resembles_it():
    part = formats()["pair"].part[0]
    with pytest.raises(ColumnNotFound, match="did you mean"):
        part.find(["t_s", "ax", "ay", "a_z"], file="f")


def test_a_missing_speed_names_the_units_that_are_read():
    part = formats()["pair"].part[1]
    assert not part.fits(["t_s", "lon", "lat", "speed_mph"])
    with pytest.raises(ColumnNotFound, match="divide km/h by"):
        part.find(["t_s", "lon", "lat", "speed_mph"], file="f")
    assert part.fits(["t_s", "lon", "lat", "speed_kmh"])


def test_files_are_grouped_by_suffix(tmp_path):
    names = [
        "b_acc.csv", "b_gnss.csv.gz", "a_Accelerometer.csv", "a_location.CSV", "a_Gyroscope.csv",
        "c.csv", "truth_x.csv", "meta.json", "b_acc.parquet",
    ]  # fmt: skip
    for name in names:
        (tmp_path / name).touch()
    groups, ignored = grouped(listed(tmp_path), formats())
    assert [(g.name, g.format, sorted(g.files)) for g in groups] == [
        ("a", "phyphox", ["acceleration", "location", "rotation"]),
        ("b", "pair", ["acceleration", "location"]),
        ("c", None, ["log"]),
    ]
    assert {p.name for p in ignored} == {"truth_x.csv", "meta.json", "b_acc.parquet"}


def test_one_file_brings_its_partners(tmp_path):
    for name in ("a_acc.csv", "a_gnss.csv", "aa_gnss.csv"):
        (tmp_path / name).touch()
    groups, _ = grouped(listed(tmp_path / "a_gnss.csv"), formats())
    assert [sorted(p.name for p in g.files.values()) for g in groups] == [["a_acc.csv", "a_gnss.csv"]]
    with pytest.raises(DataError) as caught:
        listed(Path(tmp_path / "zz"))
    assert caught.value.rule == "file_not_found"

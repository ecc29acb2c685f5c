"""Reading: which files make a drive, what is counted, what one content is."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contado.engines.pavement.telemetry.read import read_drive, read_drives
from contado.kernel.errors import DataError


def test_a_pair_is_read_from_its_folder_its_name_or_one_of_its_files(toy, tmp_path):
    acc, gnss = toy(duration_s=30).write(tmp_path)
    for path in (tmp_path, tmp_path / "car1_pass1", str(acc), gnss):
        drive = read_drive(path)
        assert (drive.name, drive.vehicle, drive.unit, drive.label) == (
            "car1_pass1",
            "car1",
            "m_s2",
            "estimated",
        )
        assert (len(drive.t_s), len(drive.fix_t_s), drive.fs_hz) == (3000, 30, pytest.approx(100))


def test_the_label_is_simulated_only_where_meta_says_so(toy, tmp_path):
    toy(duration_s=30).write(tmp_path)
    (tmp_path / "meta.json").write_text('{"label": "simulated", "seed": 1}')
    assert read_drives(tmp_path).label == "simulated"
    (tmp_path / "meta.json").write_text('{"seed": 1}')
    assert read_drives(tmp_path).label == "estimated"
    (tmp_path / "meta.json").write_text("{")
    found = read_drives(tmp_path)
    assert found.label == "estimated"
    assert [f.rule for f in found.findings] == ["bad_meta"]


def test_a_simulated_parquet_file_keeps_its_label_without_meta(toy, tmp_path):
    source = toy(duration_s=30)
    acc, _ = source.write(tmp_path)
    acc.unlink()
    for text, label in ((b'{"label": "simulated"}', "simulated"), (b"{}", "estimated"), (b"[", "estimated")):
        table = pa.table(source.acc).replace_schema_metadata({b"contado": text})
        pq.write_table(table, tmp_path / "car1_pass1_acc.parquet")
        found = read_drives(tmp_path)
        assert (found.label, found.drives[0].label) == (label, label)


def test_truth_columns_are_never_read(toy, tmp_path):
    drive = toy(duration_s=30)
    drive.fixes["truth_chainage_m"] = np.arange(30.0)
    acc, gnss = drive.write(tmp_path)
    plain = read_drive(tmp_path)
    text = gnss.read_text().replace("\n0,", "\n0,", 1).splitlines()
    gnss.write_text(
        "\n".join([text[0], *(row.rpartition(",")[0] + ",not a number" for row in text[1:])]) + "\n"
    )
    assert read_drive(acc).sha256 == plain.sha256


def test_gzip_and_parquet_hold_the_same_drive(toy, tmp_path):
    source = toy(duration_s=30)
    acc, gnss = source.write(tmp_path / "csv")
    zipped = tmp_path / "gz"
    zipped.mkdir()
    for path in (acc, gnss):
        (zipped / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    parquet = tmp_path / "parquet"
    parquet.mkdir()
    table = {key: np.array([float(f"{v:.8g}") for v in values]) for key, values in source.acc.items()}
    pq.write_table(pa.table(table), parquet / "car1_pass1_acc.parquet")
    (parquet / gnss.name).write_bytes(gnss.read_bytes())
    hashes = {read_drive(folder).sha256 for folder in (tmp_path / "csv", zipped, parquet)}
    assert len(hashes) == 1


def test_a_gyroscope_comes_with_the_samples(toy, tmp_path):
    source = toy(duration_s=30)
    for axis in "xyz":
        source.acc[f"g{axis}"] = np.full(3000, 0.25)
    source.write(tmp_path)
    assert np.allclose(read_drive(tmp_path).gyro_rad_s, 0.25)


def test_start_utc_is_that_of_t_zero(toy, tmp_path):
    source = toy(duration_s=30)
    source.fixes["t_s"] = source.fixes["t_s"] + 5
    source.fixes["time_utc"] = [f"2026-03-02T09:11:{5 + k:02d}Z" for k in range(30)]
    source.write(tmp_path)
    assert read_drive(tmp_path).start_utc == "2026-03-02T09:11:00Z"


def test_the_first_instant_that_is_written_dates_the_drive(toy, tmp_path):
    source = toy(duration_s=30)
    source.fixes["time_utc"] = ["", "", *(f"2026-03-02T09:11:{k:02d}Z" for k in range(2, 30))]
    source.write(tmp_path)
    assert read_drive(tmp_path).start_utc == "2026-03-02T09:11:00Z"


def test_a_word_for_an_instant_is_told(toy, tmp_path):
    source = toy(duration_s=30)
    source.fixes["time_utc"] = ["yesterday"] * 30
    source.write(tmp_path)
    drive = read_drive(tmp_path)
    (told,) = [f for f in drive.findings if f.rule == "no_date"]
    assert drive.start_utc is None
    assert (told.row, "'yesterday'" in told.message) == (2, True)


def test_other_files_are_named_in_a_note(toy, tmp_path):
    toy(duration_s=30).write(tmp_path)
    (tmp_path / "truth_route.csv").write_text("seq\n1\n")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "list.csv").write_text("a,b\n1,2\n")
    found = read_drives(tmp_path)
    assert [f.rule for f in found.findings] == ["file_ignored"]
    assert found.findings[0].message == "No drives: list.csv, notes.txt, truth_route.csv."
    assert found.rejected == ()


def _phyphox(folder, source, name="ride"):
    folder.mkdir(exist_ok=True)
    header = '"Time (s)","X (m/s^2)","Y (m/s^2)","Z (m/s^2)"'
    rows = zip(*(source.acc[key] for key in ("t_s", "ax", "ay", "az")), strict=True)
    text = "\n".join([header, *(",".join(f"{v:.9E}" for v in row) for row in rows)])
    (folder / f"{name}_Accelerometer.csv").write_text(text + "\n")
    head = ("Time (s)", "Latitude (°)", "Longitude (°)", "Velocity (m/s)", "Horizontal Accuracy (m)")
    fixes = source.fixes
    accuracy = fixes.get("accuracy", np.full(len(fixes["t_s"]), 5.0))
    table = (fixes["t_s"], fixes["lat"], fixes["lon"], fixes["speed_m_s"], accuracy)
    lines = [",".join(f"{v:.9E}" for v in row) for row in zip(*table, strict=True)]
    quoted = ",".join(f'"{name}"' for name in head)
    (folder / f"{name}_Location.csv").write_text("\n".join([quoted, *lines]) + "\n", encoding="utf-8")


def test_phyphox_fixes_of_poor_accuracy_or_without_speed_are_counted(toy, tmp_path):
    source = toy(duration_s=30)
    source.fixes["accuracy"] = np.where(np.arange(30) < 3, 65.0, 5.0)
    source.fixes["speed_m_s"][:5] = -1.0
    _phyphox(tmp_path, source)
    drive = read_drive(tmp_path)
    assert drive.format == "phyphox"
    assert dict(drive.dropped) == {"poor_accuracy": 3, "no_speed": 5}
    assert (drive.n_fixes_raw, drive.fixes_dropped, len(drive.fix_t_s)) == (30, 5, 25)
    assert drive.gyro_rad_s is None


def _log(folder, rows):
    folder.mkdir(exist_ok=True)
    head = "time,gFx,gFy,gFz,Latitude,Longitude,Speed (m/s),"
    lines = [f"{row[0]}," + ",".join(f'"{v:.8f}"'.replace(".", ",") for v in row[1:]) + "," for row in rows]
    (folder / "log.csv").write_text("\n".join([head, *lines]) + "\n")


def _log_rows(count=400, zeros=20):
    for k in range(count):
        seconds = 86_390 + k * 0.1  # over midnight
        clock = seconds % 86_400
        text = f"{int(clock // 3600):02d}:{int(clock % 3600 // 60):02d}:{int(clock % 60):02d}:{round(clock % 1 * 1000) % 1000:03d}"
        fix = (0.0, 0.0, 0.0) if k < zeros else (45.4, 9.1 + k // 10 * 1e-4, 8.0)
        yield (text, 0.01, 0.02, 0.99 + 0.01 * (k % 2), *fix)


def test_a_sensor_log_over_midnight_with_zeros_before_the_first_fix(tmp_path):
    _log(tmp_path, _log_rows())
    drive = read_drive(tmp_path)
    assert (drive.format, drive.unit) == ("sensor_log", "g")
    assert dict(drive.dropped) == {"impossible_position": 20}
    assert (drive.n_fixes_raw, drive.fixes_dropped, len(drive.fix_t_s)) == (400, 20, 38)
    assert drive.t_s[-1] == pytest.approx(39.9)
    assert {"italian_csv", "fix_repeated", "converted_from_g"} <= {f.rule for f in drive.findings}


def test_a_column_map_of_ones_own_is_read_first(toy, tmp_path):
    source = toy(duration_s=30)
    names = {"t_s": "ms", "ax": "A1", "ay": "A2", "az": "A3"}
    table = {names[key]: values * (1000 if key == "t_s" else 1) for key, values in source.acc.items()}
    held = np.minimum(np.arange(3000) // 100, 29)
    table |= {
        "x": source.fixes["lon"][held],
        "y": source.fixes["lat"][held],
        "v": source.fixes["speed_m_s"][held] * 3.6,
    }
    pq.write_table(pa.table(table), tmp_path / "box.parquet")
    own = tmp_path / "own.toml"
    own.write_text(
        """
        [box]
        title = "our box"
        [[box.part]]
        kind = "log"
        columns = [
          { name = ["ms"], quantity = "time", unit = "ms" },
          { name = ["A1"], quantity = "acceleration", axis = "x", unit = "m_s2" },
          { name = ["A2"], quantity = "acceleration", axis = "y", unit = "m_s2" },
          { name = ["A3"], quantity = "acceleration", axis = "z", unit = "m_s2" },
          { name = ["x"], quantity = "longitude", unit = "deg" },
          { name = ["y"], quantity = "latitude", unit = "deg" },
          { name = ["v"], quantity = "speed", unit = "km_h" },
        ]
        """
    )
    drive = read_drive(tmp_path / "box.parquet", own)
    assert (drive.format, len(drive.fix_t_s)) == ("box", 30)
    assert np.allclose(drive.speed_m_s, source.fixes["speed_m_s"])
    own.write_text("[box]\nwidth = 3\n")
    with pytest.raises(Exception, match="no column map"):
        read_drive(tmp_path / "box.parquet", own)


def test_a_folder_without_drives_says_what_a_drive_is(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({}))
    with pytest.raises(DataError, match="holds no drive") as caught:
        read_drives(tmp_path)
    assert caught.value.rule == "no_drive"
    assert "NAME_acc" in caught.value.hint


def _with_speed(toy, folder, columns):
    drive = toy()
    speed = drive.fixes.pop("speed_m_s")
    drive.fixes |= {name: change(speed) for name, change in columns.items()}
    drive.write(folder)
    (read,) = read_drives(folder).drives
    return speed, read


def test_a_speed_in_km_h_is_read_by_its_unit(toy, tmp_path):
    speed, read = _with_speed(toy, tmp_path, {"speed_kmh": lambda v: v * 3.6})
    assert read.speed_m_s == pytest.approx(speed, rel=1e-6)
    assert "speed_unit" not in {f.rule for f in read.findings}


def test_speeds_of_two_columns_fill_each_other(toy, tmp_path):
    def half(v):
        return np.where(np.arange(len(v)) % 2, v, np.nan)

    speed, read = _with_speed(toy, tmp_path, {"speed_m_s": half, "speed_kmh": lambda v: v * 3.6})
    assert read.speed_m_s == pytest.approx(speed, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "factor", "told"),
    [
        ("speed_m_s", 3.6, "km/h taken for m/s"),
        ("speed_m_s", 2.237, "miles an hour taken for m/s"),
        ("speed_kmh", 1.0, "m/s taken for km/h"),
        ("speed_m_s", 0.447, "m/s taken for miles an hour"),
        ("speed_m_s", 1.3, None),
    ],
)
def test_a_speed_of_another_unit_is_told(toy, tmp_path, name, factor, told):
    _, read = _with_speed(toy, tmp_path, {name: lambda v: v * factor})
    found = [f.message for f in read.findings if f.rule == "speed_unit"]
    assert len(found) == (told is not None)
    assert all(message.endswith(f"{told}.") for message in found)

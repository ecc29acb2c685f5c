"""Bad telemetry, row by row of the page: exit code, rule, row, hint, and never a traceback."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contado.cli.app import run as contado


@pytest.fixture
def read(capsys):
    """Run `contado pavement read ... --json` and return exit code and answer."""

    def run(path, *options):
        code = contado(["pavement", "read", str(path), *options, "--json"])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err + captured.out
        return code, json.loads(captured.out)

    return run


def refused(result, rule, *, rows=(), says=()):
    code, answer = result
    error = answer["error"]
    assert (code, error["rule"], error["rows"]) == (2, rule, list(rows))
    assert error["hint"]
    for word in says:
        assert word in error["message"]


def only(result):
    code, answer = result
    assert code == 0, answer
    assert len(answer["drives"]) == 1
    return answer["drives"][0]


def rules(result):
    return {finding["rule"] for finding in result[1]["findings"]}


@pytest.mark.parametrize(
    ("sep", "decimal", "encoding"),
    [(";", ",", "utf-8"), (";", ",", "utf-8-sig"), (",", ".", "utf-8-sig"), (";", ",", "cp1252")],
)
def test_italian_csv_gives_the_same_numbers(toy, tmp_path, read, sep, decimal, encoding):
    source = toy(duration_s=60)
    if encoding == "cp1252":
        source.fixes["località"] = ["città"] * 60
    source.write(tmp_path / "plain")
    plain = read(tmp_path / "plain")
    source.write(tmp_path / "it", sep=sep, decimal=decimal, encoding=encoding, end="\r\n")
    italian = read(tmp_path / "it")
    assert "italian_csv" in rules(italian)
    assert only(italian) == only(plain)


@pytest.mark.parametrize(("lon", "lat"), [(0.0, 0.0), (200.0, 45.0), (9.0, -91.0)])
def test_impossible_position_is_refused_with_its_line_or_dropped(toy, tmp_path, read, lon, lat):
    source = toy(duration_s=60)
    source.fixes["lon"][20], source.fixes["lat"][20] = lon, lat
    source.write(tmp_path)
    refused(read(tmp_path), "impossible_position", rows=[22], says=["car1_pass1_gnss.csv", f"lon {lon:g}"])
    drive = only(read(tmp_path, "--drop-bad"))
    assert drive["dropped"] == [{"rule": "impossible_position", "count": 1}]


def test_impossible_jump_is_refused_with_its_line_or_dropped(toy, tmp_path, read):
    source = toy(duration_s=60)
    source.fixes["lat"][30] += 2.7
    source.write(tmp_path)
    refused(read(tmp_path), "impossible_jump", rows=[32], says=["300 km"])
    drive = only(read(tmp_path, "--drop-bad"))
    assert drive["dropped"] == [{"rule": "impossible_jump", "count": 1}]


def test_a_drive_in_g_is_converted_and_reads_the_same(toy, tmp_path, read):
    source = toy(duration_s=120)
    source.write(tmp_path / "si")
    source.write(tmp_path / "g", scale=1 / 9.80665)
    si, in_g = only(read(tmp_path / "si")), only(result := read(tmp_path / "g"))
    assert "converted_from_g" in rules(result)
    assert (in_g["unit"], "converted_from_g" in in_g["flags"]) == ("g", True)
    assert in_g["roughness_m_km"] == pytest.approx(si["roughness_m_km"], rel=1e-5)


def test_gravity_missing_names_columns_and_norm(toy, tmp_path, read):
    source = toy(duration_s=60)
    for k, axis in enumerate("xyz"):
        source.acc[f"a{axis}"] = source.acc[f"a{axis}"] - 9.80665 * source.gravity[k]
    source.write(tmp_path)
    refused(read(tmp_path), "gravity_missing", says=["ax, ay, az", "norm"])


@pytest.mark.parametrize("scale", [16384 / 9.80665, 1000 / 9.80665, 0.5])
def test_raw_counts_and_other_units_are_ambiguous(toy, tmp_path, read, scale):
    toy(duration_s=60).write(tmp_path, scale=scale)
    refused(read(tmp_path), "unit_ambiguous", says=["ax, ay, az", f"{9.80665 * scale:.4g}"[:3]])


def test_a_remount_splits_the_drive(toy, tmp_path, read, turn):
    source = toy(duration_s=240)
    moved = turn(0, 25, 0) @ np.stack([source.acc[f"a{axis}"] for axis in "xyz"])
    for k, axis in enumerate("xyz"):
        source.acc[f"a{axis}"][12_000:] = moved[k, 12_000:]
    source.write(tmp_path)
    drive = only(result := read(tmp_path))
    assert "remounted" in rules(result) & set(drive["flags"])
    assert [round(r["t_s"]) for r in drive["remounts"]] == [pytest.approx(120, abs=3)]
    assert drive["remounts"][0]["angle_deg"] == pytest.approx(25, abs=2)


def test_a_loose_sensor_gets_no_roughness(toy, tmp_path, read):
    source = toy(duration_s=120)
    for k, axis in enumerate("xyz"):
        source.acc[f"a{axis}"] += 3 * source.gravity[k] * np.sin(2 * np.pi * 18 * source.acc["t_s"])
    source.write(tmp_path)
    drive = only(result := read(tmp_path))
    assert "loose_mount" in rules(result) & set(drive["flags"])
    assert drive["roughness_m_km"] is None


def test_clipping_is_said(toy, tmp_path, read):
    source = toy(duration_s=120, mount=(0, 0, 0))
    source.acc["az"] = np.clip(source.acc["az"], 9.0, 10.6)
    source.write(tmp_path)
    drive = only(result := read(tmp_path))
    assert "clipped" in rules(result) & set(drive["flags"])


@pytest.mark.parametrize("offset_s", [1.5, -1.5, 6.0])
def test_a_clock_offset_is_estimated_and_reported(toy, tmp_path, read, offset_s):
    source = toy(duration_s=240)
    source.acc["t_s"] = source.acc["t_s"] + offset_s
    source.write(tmp_path)
    drive = only(result := read(tmp_path))
    assert "clock_offset" in rules(result) & set(drive["flags"])
    assert drive["clock_offset_s"] == pytest.approx(offset_s, abs=0.2)


def test_a_clock_that_jumps_is_put_right(toy, tmp_path, read):
    source = toy(duration_s=300)
    source.acc["t_s"] = source.acc["t_s"] + np.where(np.arange(30_000) < 14_000, 0, 1.5)
    source.write(tmp_path)
    drive = only(result := read(tmp_path))
    assert "clock_offset" in drive["flags"]
    message = next(f["message"] for f in result[1]["findings"] if f["rule"] == "clock_offset")
    assert "jumps from 0.00 s to 1.50 s at 140 s" in message


@pytest.mark.parametrize("shift_s", [1000.0, 1.7e9])
def test_clocks_that_never_meet_are_refused(toy, tmp_path, read, shift_s):
    source = toy(duration_s=120)
    source.fixes["t_s"] = source.fixes["t_s"] + shift_s
    source.write(tmp_path)
    refused(read(tmp_path), "clock_offset", says=["the samples run from"])


def test_unsorted_duplicated_and_empty_rows_are_counted(toy, tmp_path, read):
    source = toy(duration_s=60)
    acc, _ = source.write(tmp_path)
    clean = only(read(tmp_path))
    lines = acc.read_text().splitlines()
    lines[100], lines[101] = lines[101], lines[100]
    lines[200:200] = [lines[200]] * 3
    lines[400] = lines[400].rpartition(",")[0] + ","
    lines[500] = lines[500].rpartition(",")[0] + ",nan"
    acc.write_text("\n".join(lines) + "\n")
    drive = only(result := read(tmp_path))
    assert drive["dropped"] == [{"rule": "rows_dropped", "count": 5}]
    finding = next(f for f in result[1]["findings"] if f["rule"] == "rows_dropped")
    assert finding["message"].startswith(
        "car1_pass1_acc.csv: 2 rows without a number and 3 with a repeated time dropped, 1 out of order sorted"
    )
    assert finding["row"] == 102
    assert drive["samples"] == clean["samples"] + 3
    assert drive["roughness_m_km"] == pytest.approx(clean["roughness_m_km"], rel=1e-3)


def test_missing_seconds_are_a_gap(toy, tmp_path, read):
    source = toy(duration_s=120)
    kept = (np.arange(12_000) < 5_000) | (np.arange(12_000) >= 5_300)
    source.acc = {key: values[kept] for key, values in source.acc.items()}
    source.write(tmp_path)
    drive = only(result := read(tmp_path))
    assert "gap" in rules(result) & set(drive["flags"])
    assert any("1 gaps of 3.0 s" in f["message"] for f in result[1]["findings"])


def test_a_tunnel_is_not_measurable(toy, tmp_path, read):
    source = toy(duration_s=120)
    kept = (np.arange(120) < 40) | (np.arange(120) >= 60)
    source.fixes = {key: values[kept] for key, values in source.fixes.items()}
    source.write(tmp_path)
    drive = only(result := read(tmp_path))
    assert "not_measurable" in rules(result) & set(drive["flags"])
    assert any("21.0 s without a fix" in f["message"] for f in result[1]["findings"])
    whole = 12.0 * 120
    assert drive["distance_m"] < whole - 150  # the tunnel adds nothing


def test_standstill_is_not_measurable_and_has_no_roughness(toy, tmp_path, read):
    source = toy(duration_s=60)
    source.fixes["speed_m_s"][:] = 0.0
    source.write(tmp_path)
    drive = only(result := read(tmp_path))
    assert "not_measurable" in rules(result)
    assert (drive["roughness_m_km"], drive["raw_sd_m_s2"]) == (None, None)


def test_the_same_drive_under_two_names_is_used_once(toy, tmp_path, read):
    toy(duration_s=60).write(tmp_path, "car1_pass1")
    toy(duration_s=60).write(tmp_path, "van9_pass4", sep=";", decimal=",")
    drive = only(result := read(tmp_path))
    assert (drive["drive"], "duplicate_drive" in drive["flags"]) == ("car1_pass1", True)
    finding = next(f for f in result[1]["findings"] if f["rule"] == "duplicate_drive")
    assert "van9_pass4" in finding["message"]


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("content", [b"", b"t_s,ax,ay,az\n", b"\n\n"])
def test_an_empty_file_is_refused_by_name(toy, tmp_path, read, which, content):
    path = toy(duration_s=60).write(tmp_path)[which]
    path.write_bytes(content)
    refused(read(tmp_path), "empty_file", says=[path.name])


@pytest.mark.parametrize("which", [0, 1])
def test_an_incomplete_pair_is_refused_by_name(toy, tmp_path, read, which):
    paths = toy(duration_s=60).write(tmp_path)
    paths[which].unlink()
    refused(read(tmp_path), "pair_incomplete", says=[paths[1 - which].name])


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("missing", [3, 12, 25])
def test_a_file_cut_in_a_row_is_refused_with_the_row(toy, tmp_path, read, which, missing):
    path = toy(duration_s=60).write(tmp_path)[which]
    text = path.read_bytes()[:-missing]
    path.write_bytes(text)
    refused(read(tmp_path), "file_cut", rows=[text.count(b"\n") + 1], says=[path.name])


def test_a_cut_parquet_or_gzip_file_is_refused(toy, tmp_path, read):
    source = toy(duration_s=60)
    acc, gnss = source.write(tmp_path)
    zipped = gzip.compress(gnss.read_bytes())
    gnss.unlink()
    gnss.with_name(gnss.name + ".gz").write_bytes(zipped[:-200])
    refused(read(tmp_path), "file_cut", says=["car1_pass1_gnss.csv.gz"])
    gnss.with_name(gnss.name + ".gz").write_bytes(zipped)
    acc.unlink()
    pq.write_table(pa.table(source.acc), tmp_path / "car1_pass1_acc.parquet")
    whole = (tmp_path / "car1_pass1_acc.parquet").read_bytes()
    (tmp_path / "car1_pass1_acc.parquet").write_bytes(whole[: len(whole) // 2])
    refused(read(tmp_path), "file_cut", says=["car1_pass1_acc.parquet"])


def test_text_in_a_number_is_refused_with_the_row(toy, tmp_path, read):
    acc, _ = toy(duration_s=60).write(tmp_path)
    lines = acc.read_text().splitlines()
    lines[41] = lines[41].rpartition(",")[0] + ",fast"
    acc.write_text("\n".join(lines) + "\n")
    refused(read(tmp_path), "not_a_number", rows=[42], says=["'fast'", "az"])


def test_a_missing_column_gets_a_did_you_mean(toy, tmp_path, read):
    _, gnss = toy(duration_s=60).write(tmp_path)
    gnss.write_text(gnss.read_text().replace("speed_m_s", "speed_ms"))
    result = read(tmp_path)
    refused(result, "missing_column", says=["speed_m_s"])
    assert "speed_ms" in result[1]["error"]["hint"]


def test_in_a_folder_a_bad_drive_is_a_row_and_the_others_are_answered(toy, tmp_path, read):
    toy(duration_s=60).write(tmp_path, "car1_pass1")
    bad = toy(duration_s=60, seed=1)
    bad.fixes["lon"][7] = bad.fixes["lat"][7] = 0.0
    bad.write(tmp_path, "car1_pass2")
    toy(duration_s=60, seed=2).write(tmp_path, "car1_pass3")[1].write_bytes(b"")
    code, answer = read(tmp_path)
    assert code == 0
    assert [d["drive"] for d in answer["drives"]] == ["car1_pass1"]
    rejected = [(r["file"], r["rule"], r["row"]) for r in answer["rejected"]]
    assert rejected == [
        ("car1_pass2_gnss.csv", "impossible_position", 9),
        ("car1_pass3_gnss.csv", "empty_file", None),
    ]


def test_nothing_readable_speaks_for_all_drives(toy, tmp_path, read):
    for k in (1, 2):
        toy(duration_s=60, seed=k).write(tmp_path, f"car1_pass{k}")[1].unlink()
    refused(
        read(tmp_path), "pair_incomplete", says=["car1_pass1", "Also car1_pass2_acc.csv: pair_incomplete"]
    )


def test_no_such_file(tmp_path, read):
    refused(read(tmp_path / "nowhere"), "file_not_found", says=["nowhere"])

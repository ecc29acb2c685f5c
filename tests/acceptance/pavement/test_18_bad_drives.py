"""pavement.md, definition of done 18, through the command line on real files: files, sensors, clocks and mounts of drives."""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from invented.spoiled import ACC, GNSS, accepted, driven, item, refused, rules, samples, write


@item("accelerometer in g")
def test_in_g(ask, drives, whole):
    samples(drives, lambda c: {name: v if name == "t_s" else v / 9.80665 for name, v in c.items()})
    answer = accepted(ask("read", drives))
    (drive,) = answer["drives"]
    assert "converted_from_g" in rules(answer) & set(drive["flags"])
    assert drive["unit"] == "g"
    assert drive["roughness_m_km"] == pytest.approx(whole.roughness_m_km, rel=1e-6)


@item("gravity removed, raw counts, ambiguous norm")
@pytest.mark.parametrize(
    ("change", "rule", "norm"),
    [
        (lambda v: v - np.mean(v), "gravity_missing", "norm"),
        (lambda v: v * 16_384 / 9.80665, "unit_ambiguous", "1.6"),
        (lambda v: v * 0.5, "unit_ambiguous", "4.9"),
    ],
)
def test_unit_unclear(process, drives, change, rule, norm):
    samples(drives, lambda c: {name: v if name == "t_s" else change(v) for name, v in c.items()})
    refused(process(drives), rule, says=["ax, ay, az", norm])


def turned(columns, degrees, first):
    """Turn the sensor about its x axis from a sample on."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    y, z = columns["ay"].copy(), columns["az"].copy()
    columns["ay"][first:] = (c * y - s * z)[first:]
    columns["az"][first:] = (s * y + c * z)[first:]
    return columns


@item("re-mounted, loose, clipped")
def test_mount(ask, process, road, drives):
    half = pq.read_table(drives / ACC).num_rows // 2
    at = float(pq.read_table(drives / ACC)["t_s"][half].as_py())
    samples(drives, lambda c: turned(c, 25, half))
    answer = accepted(process(drives))
    (drive,) = answer["drives"]
    assert "remounted" in drive["flags"]
    assert [r["t_s"] for r in drive["remounts"]] == [pytest.approx(at, abs=5)]

    shutil.copy(road / ACC, drives / ACC)
    axis = np.array(accepted(ask("read", drives))["drives"][0]["mount"]["gravity_axis"])

    def ring(columns):
        tone = 3 * np.sin(2 * np.pi * 18 * columns["t_s"])
        return columns | {f"a{a}": columns[f"a{a}"] + axis[k] * tone for k, a in enumerate("xyz")}

    samples(drives, ring)
    answer = accepted(process(drives))
    assert "loose_mount" in answer["drives"][0]["flags"]
    assert {cell["iri_m_km"] for cell in answer["cells"]} == {None}

    shutil.copy(road / ACC, drives / ACC)
    steep = "xyz"[int(np.argmax(np.abs(axis)))]

    def clip(columns):
        level = np.median(columns[f"a{steep}"])
        return columns | {f"a{steep}": np.clip(columns[f"a{steep}"], level - 1.0, level + 1.0)}

    samples(drives, clip)
    answer = accepted(process(drives))
    assert "clipped" in answer["drives"][0]["flags"]
    assert answer["anomalies"]
    assert any(anomaly["severity_is_lower_bound"] for anomaly in answer["anomalies"])


@item("clocks that differ, jump, or do not meet")
def test_clocks(process, drives, road):
    samples(drives, lambda c: c | {"t_s": c["t_s"] + 1.5})
    (drive,) = accepted(process(drives))["drives"]
    assert "clock_offset" in drive["flags"]
    assert drive["clock_offset_s"] == pytest.approx(1.5, abs=0.2)

    shutil.copy(road / ACC, drives / ACC)
    samples(drives, lambda c: c | {"t_s": c["t_s"] + np.where(np.arange(len(c["t_s"])) < 8000, 0, 1.8)})
    answer = accepted(process(drives))
    assert "clock_offset" in answer["drives"][0]["flags"]
    assert any("jump" in f["message"] for f in answer["findings"] if f["rule"] == "clock_offset")

    shutil.copy(road / ACC, drives / ACC)
    samples(drives, lambda c: c | {"t_s": c["t_s"] + 1000.0})
    refused(process(drives), "clock_offset", says=["the samples run from"])


@item("unsorted, duplicated and NaN rows, missing seconds")
def test_rows(process, drives):
    def spoil(columns):
        order = np.arange(len(columns["t_s"]))
        order[[100, 101]] = order[[101, 100]]
        order = np.concatenate([order[:500], order[497:500], order[500:5000], order[6500:]])
        columns = {name: values[order] for name, values in columns.items()}
        columns["az"][300] = np.nan
        return columns

    samples(drives, spoil)
    answer = accepted(process(drives))
    (drive,) = answer["drives"]
    assert {"gap", "rows_dropped"} <= set(drive["flags"]) & rules(answer)
    (finding,) = (f for f in answer["findings"] if f["rule"] == "rows_dropped")
    assert "1 rows without a number and 3 with a repeated time dropped, 3 out of order" in finding["message"]
    blind = [cell for cell in answer["cells"] if cell["state"] == "not_measurable"]
    assert blind  # 15 s without a sample are nobody's cells
    assert {cell["iri_m_km"] for cell in blind} == {None}


@item("poor accuracy, speed -1, (0, 0) before the first fix of a phone")
def test_phone(ask, road, tmp_path):
    table = pq.read_table(road / ACC).slice(0, 6000)
    head = '"Time (s)","X (m/s^2)","Y (m/s^2)","Z (m/s^2)"'
    lines = [",".join(f"{v:.9E}" for v in row) for row in zip(*(table[c].to_pylist() for c in ("t_s", "ax", "ay", "az")), strict=True)]  # fmt: skip
    write(tmp_path / "ride_Accelerometer.csv", head, *lines)
    rows = driven(road)[:60]
    head = '"Time (s)","Latitude (°)","Longitude (°)","Velocity (m/s)","Horizontal Accuracy (m)"'
    lines = []
    for k, row in enumerate(rows):
        lat, lon = (0, 0) if k < 4 else (row["lat"], row["lon"])
        speed, accuracy = (-1 if 10 <= k < 15 else row["speed_m_s"]), (65 if 20 <= k < 23 else 5)
        lines.append(f"{row['t_s']},{lat},{lon},{speed},{accuracy}")
    write(tmp_path / "ride_Location.csv", head, *lines)
    answer = accepted(ask("read", tmp_path))
    (drive,) = answer["drives"]
    dropped = {row["rule"]: row["count"] for row in drive["dropped"]}
    assert dropped == {"poor_accuracy": 3, "no_speed": 5, "impossible_position": 4}
    assert (drive["fixes"], drive["fixes_dropped"]) == (60, 12)
    assert set(dropped) <= rules(answer)


@item("the same drive twice under any name")
def test_duplicate_drive(process, drives):
    plain = accepted(process(drives))
    for name in (ACC, GNSS):
        shutil.copy(drives / name, drives / name.replace("car1_pass1", "van9_pass4"))
    answer = accepted(process(drives))
    assert answer["cells"] == plain["cells"]
    assert "duplicate_drive" in rules(answer)
    assert "duplicate_drive" in answer["drives"][0]["flags"]


@item("empty file, incomplete pair, file cut in a row")
@pytest.mark.parametrize("name", [ACC, GNSS])
def test_files(process, drives, road, name):
    (drives / name).write_bytes(b"")
    refused(process(drives), "empty_file", says=[name])
    (drives / name).unlink()
    refused(process(drives), "pair_incomplete", says=[GNSS if name == ACC else ACC])
    data = (road / name).read_bytes()
    (drives / name).write_bytes(data[: len(data) // 2] if name == ACC else data[:-5])
    rows = [] if name == ACC else [data.count(b"\n") + 1 - 1]
    refused(process(drives), "file_cut", rows=rows, says=[name])


@item("a bad drive among good ones")
def test_the_others_are_answered_when_asked(process, drives, road):
    plain = accepted(process(drives))
    shutil.copy(road / ACC, drives / ACC.replace("pass1", "pass2"))
    (drives / GNSS.replace("pass1", "pass2")).write_bytes(b"")
    (drives / ACC.replace("pass1", "pass3")).write_bytes(b"PAR1")
    shutil.copy(road / GNSS, drives / GNSS.replace("pass1", "pass3"))
    refused(process(drives), "empty_file", says=["car1_pass2_gnss.csv"])
    answer = accepted(process(drives, "--drop-bad"))
    assert answer["cells"] == plain["cells"]
    assert [(r["file"], r["rule"], r["row"]) for r in answer["rejected"]] == [
        ("car1_pass2_gnss.csv", "empty_file", None),
        ("car1_pass3_acc.parquet", "file_cut", None),
    ]
    assert all(r["message"] and r["hint"] for r in answer["rejected"])

"""Pavement 4: mount, re-mount and clock of the six open drives; what is wrong with a drive is said."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import numpy as np
import pytest

from contado.cli.app import run as contado
from contado.engines.pavement.telemetry.align import align
from contado.engines.pavement.telemetry.mount import angle_deg
from contado.engines.pavement.telemetry.read import read_drives
from contado.kernel.errors import DataError


@pytest.fixture(scope="module")
def drives(shared):
    return read_drives(shared("roads/telemetry_synth")).drives


@pytest.fixture(scope="module")
def truth(shared):
    """Gravity in sensor axes of each car: (sin b, -sin c cos b, cos c cos b) of its angles (a, b, c)."""
    meta = json.loads((shared("roads/telemetry_synth") / "meta.json").read_text())
    axes = {}
    for car, facts in meta["vehicles"].items():
        _, b, c = np.radians(facts["mount_euler_zyx_deg"])
        axes[car] = np.array([np.sin(b), -np.sin(c) * np.cos(b), np.cos(c) * np.cos(b)])
    return axes


def rotation(a, b):
    """Smallest rotation that turns the unit vector ``a`` into ``b``."""
    v, c = np.cross(a, b), a @ b
    cross = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + cross + cross @ cross / (1 + c)


@pytest.mark.item("pavement", 4, "gravity axis of the six drives", "<= 1 degree each")
def test_gravity_axis(shared, truth, figure, capsys):
    assert contado(["pavement", "read", str(shared("roads/telemetry_synth")), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    errors = {
        d["drive"]: angle_deg(np.array(d["mount"]["gravity_axis"]), truth[d["vehicle"]])
        for d in answer["drives"]
    }
    figure(", ".join(f"{error:.2f}" for error in errors.values()) + " degrees")
    assert len(errors) == 6
    assert max(errors.values()) <= 1
    assert all(d["remounts"] == [] and d["clock_offset_s"] == 0 for d in answer["drives"])


@pytest.mark.item("pavement", 4, "drive spliced from two mounts is split", "<= 60 s from the splice")
def test_splice_of_two_mounts(drives, truth, figure):
    turn = rotation(truth["car1"], truth["car2"])
    late = []
    for drive in drives:
        for share in (0.25, 0.5, 0.75):
            first = int(share * len(drive.t_s))
            other = turn if drive.vehicle == "car1" else turn.T
            acc = np.concatenate([drive.acc_m_s2[:first], drive.acc_m_s2[first:] @ other.T])
            aligned = align(replace(drive, acc_m_s2=acc))
            assert len(aligned.remounts) == 1
            late.append(abs(aligned.remounts[0][0] - drive.t_s[first]))
    figure(f"largest {max(late):.1f} s of {len(late)} splices")
    assert max(late) <= 60


@pytest.mark.item("pavement", 4, "acceleration of one car spliced to another's", "<= 60 s from the splice")
def test_splice_of_two_cars(drives, figure):
    named = {drive.name: drive for drive in drives}
    one, two = named["car1_pass1"], named["car2_pass1"]
    acc = np.concatenate([one.acc_m_s2[:27_000], two.acc_m_s2[27_000 : len(one.t_s)]])
    aligned = align(replace(one, acc_m_s2=acc))
    late = aligned.remounts[0][0] + aligned.clock_offset_s - 270
    figure(f"{late:+.1f} s")
    assert len(aligned.remounts) == 1
    assert abs(late) <= 60


@pytest.mark.item("pavement", 4, "clock offset of 1.5 s put in", "found to 0.2 s")
def test_clock_offset(drives, figure):
    errors = [
        align(replace(drive, t_s=drive.t_s + put_in)).clock_offset_s - put_in
        for drive in drives
        for put_in in (-1.5, 1.5)
    ]
    figure(f"largest error {max(np.abs(errors)):.2f} s of {len(errors)}")
    assert max(np.abs(errors)) <= 0.2


@pytest.mark.item("pavement", 4, "fixes of another drive", "refused: clock_offset")
def test_fixes_of_another_drive(drives, figure):
    named = {drive.name: drive for drive in drives}
    one, two = named["car1_pass1"], named["car2_pass3"]
    mixed = replace(
        one, fix_t_s=two.fix_t_s, lon=two.lon, lat=two.lat, speed_m_s=two.speed_m_s, hdop=two.hdop
    )
    with pytest.raises(DataError) as caught:
        align(mixed)
    figure(caught.value.rule)
    assert caught.value.rule == "clock_offset"


@pytest.fixture
def open_pair(shared, tmp_path):
    """Copy one open drive as CSV, changed row by row by a function."""
    import pandas as pd

    def copy(change):
        source = shared("roads/telemetry_synth")
        acc = pd.read_parquet(source / "car1_pass1_acc.parquet").astype(float)
        change(acc).to_csv(tmp_path / "car1_pass1_acc.csv", index=False)
        (tmp_path / "car1_pass1_gnss.csv").write_bytes((source / "car1_pass1_gnss.csv").read_bytes())
        return tmp_path

    return copy


def answer_of(folder, capsys):
    assert contado(["pavement", "read", str(folder), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.item("pavement", 4, "drive in g", "unit g, same roughness, converted_from_g")
def test_in_g(shared, open_pair, figure, capsys):
    si = answer_of(shared("roads/telemetry_synth/car1_pass1_acc.parquet"), capsys)["drives"][0]

    def to_g(acc):
        acc[["ax", "ay", "az"]] /= 9.80665
        return acc

    answer = answer_of(open_pair(to_g), capsys)
    drive = answer["drives"][0]
    change = drive["roughness_m_km"] / si["roughness_m_km"] - 1
    figure(f"{drive['unit']}, roughness changes by {abs(change):.0e}")
    assert drive["unit"] == "g"
    assert abs(change) < 1e-4
    assert any(f["rule"] == "converted_from_g" for f in answer["findings"])


@pytest.mark.item("pavement", 4, "gaps and duplicates", "counted, a gap never bridged")
def test_gaps_and_duplicates(open_pair, figure, capsys):
    import pandas as pd

    def spoil(acc):
        return pd.concat([acc[:20_000], acc[19_900:20_000], acc[20_500:]])

    answer = answer_of(open_pair(spoil), capsys)
    drive = answer["drives"][0]
    figure(f"{drive['dropped'][0]['count']} rows dropped, flags {', '.join(drive['flags'])}")
    assert drive["dropped"] == [{"rule": "rows_dropped", "count": 100}]
    assert {"gap", "rows_dropped"} <= set(drive["flags"])
    assert any("1 gaps of 5.0 s" in f["message"] for f in answer["findings"])


@pytest.mark.item("pavement", 4, "clipping", "clipped, with the count")
def test_clipping(open_pair, figure, capsys):
    def clip(acc):
        acc["az"] = acc["az"].clip(upper=10.5)
        return acc

    answer = answer_of(open_pair(clip), capsys)
    message = next(f["message"] for f in answer["findings"] if f["rule"] == "clipped")
    figure(message.partition(": ")[2].partition(" stand")[0])
    assert "clipped" in answer["drives"][0]["flags"]


@pytest.mark.item("pavement", 4, "six open drives aligned", "< 2 s")
def test_time(drives, figure):
    start = time.process_time()
    for drive in drives:
        align(drive)
    seconds = time.process_time() - start
    figure(f"{seconds:.2f} s of CPU for {sum(len(d.t_s) for d in drives)} samples")
    assert seconds < 2

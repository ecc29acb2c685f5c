"""pavement.md section 19, item 19: zones, pseudonyms and the retention day, through the live door too."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely

from contado.engines.pavement.ingest import load, privacy
from contado.engines.pavement.live.device import Device
from contado.engines.pavement.live.room import Room
from contado.kernel.dates import today
from contado.kernel.identifiers import keyed_hash
from contado.kernel.workspace import Workspace
from invented.devices import messages
from invented.live import KEY, ask, drives_on_a_street, street, tables_of

CAR = "mario-rossi-fiat"


@pytest.fixture(scope="module")
def drives(tmp_path_factory):
    return drives_on_a_street(tmp_path_factory.mktemp("street") / "drives", passes=1)


@pytest.fixture
def parts(drives):
    return messages(drives, "car1_pass1", 10.0)


def driven(workspace, parts):
    """Send a whole drive through the live room, up to before its batch run."""
    room = Room(Workspace.open(workspace.path))
    known = ask("pavement device-add", workspace, device="box", vehicle=CAR, label="simulated")
    box = Device(device_id="box", vehicle_id=known.vehicle_id, label="simulated")
    for number, content in enumerate(parts, 1):
        last = number == len(parts)
        room.take(box, "a", number, content, kind="parquet", key=str(number), last=last)
    return room


def positions(workspace):
    """Every position that stands in a file of the workspace, rows of live messages and tables alike."""
    found = []
    for file in workspace.path.rglob("*.parquet"):
        table = pq.read_table(file)
        if {"lon", "lat"} <= set(table.column_names):
            rows = table.select(["lon", "lat"]).to_pandas().dropna()
            found.append(rows.to_numpy())
    return np.concatenate(found) if found else np.zeros((0, 2))


@pytest.mark.slow
@pytest.mark.item("pavement", 19, "fixes in a privacy zone, sent live", "never reach a file")
def test_nothing_of_a_zone_is_kept(tmp_path, drives, parts, figure):
    workspace, zone = with_a_zone(tmp_path / "w", drives)
    room = driven(workspace, parts)
    live = positions(workspace)
    told = middles(workspace)
    room.finish()
    kept = positions(workspace)
    assert len(live) > 20
    assert len(kept) > 20
    for points in (live, kept):
        assert not shapely.contains_xy(zone, points[:, 0], points[:, 1]).any()
    assert len(told) > 10
    assert not shapely.contains_xy(zone.buffer(-0.0002), told[:, 0], told[:, 1]).any()
    stored = [
        pq.read_table(f, columns=["t_s", "ax"]) for f in (workspace.path / "signals").rglob("*_acc.parquet")
    ]
    t_s = np.sort(np.concatenate([t["t_s"].to_numpy() for t in stored]))
    assert np.diff(t_s).max() > 10.0  # the samples of the zone are gone too
    figure(f"{len(live)} live and {len(kept)} kept positions, 0 inside")


def middles(workspace):
    """Middle points of the cells that were told live."""
    texts = [p.read_text(encoding="utf-8") for p in (workspace.path / "live").glob("*/events")]
    events = [json.loads(line) for text in texts for line in text.splitlines()]
    lines = [shapely.LineString(c["line"]) for e in events for c in e.get("cells", ())]
    return shapely.get_coordinates(shapely.line_interpolate_point(lines, 0.5, normalized=True))


@pytest.mark.slow
@pytest.mark.item("pavement", 19, "the name of a car, sent live", "in no file")
def test_the_name_of_a_car_is_in_no_file(tmp_path, drives, parts, figure):
    workspace = street(tmp_path / "w", drives)
    driven(workspace, parts).finish()
    files = [p for p in workspace.path.rglob("*") if p.is_file()]
    named = [p for p in files if CAR.encode() in p.read_bytes()]
    figure(f"{len(files)} files searched, {len(named)} name it")
    assert named == []
    assert len(files) > 10
    (device,) = workspace.read("pavement_device").to_pylist()
    (drive,) = workspace.read("pavement_drive").to_pylist()
    assert device["vehicle_id"] == drive["vehicle_id"] != CAR


@pytest.mark.item(
    "pavement", 19, "positions and raw signals at the retention day", "gone, counted, audited; cells stay"
)
def test_raw_signals_disappear_at_the_retention_day(tmp_path, drives, parts, figure):
    workspace = street(tmp_path / "w", drives)
    driven(workspace, parts).finish()
    before = tables_of(workspace)
    until = before["drive"]["retention_until"][0].as_py()
    signals = list((workspace.path / privacy.SIGNALS).rglob("*.parquet"))
    assert len(signals) == 2
    assert before["fix"].num_rows > 60
    assert set(before["fix"]["retention_until"].to_pylist()) == {until}

    kept = ask("records retention", workspace, on=until.isoformat())
    assert (kept.fixes, kept.signals, kept.findings) == (0, 0, [])
    done = ask("records retention", workspace, on=(until + dt.timedelta(days=1)).isoformat())
    assert (done.fixes, done.drives, done.signals) == (before["fix"].num_rows, 1, 2)
    assert done.signal_bytes > 10_000
    (finding,) = done.findings
    assert finding.rule == "retention_applied"
    assert str(done.fixes) in finding.message

    after = tables_of(workspace)
    assert after["fix"].num_rows == 0
    assert not list((workspace.path / privacy.SIGNALS).rglob("*.parquet"))
    assert len(positions(workspace)) == before["anomaly_obs"].num_rows
    for name in before.keys() - {"fix"}:
        assert after[name].equals(before[name]), name
    with sqlite3.connect(workspace.path / "records.sqlite") as db:
        rows = db.execute("SELECT body_json FROM audit WHERE object = 'tables:pavement_fix'").fetchall()
    assert [f'"fixes":{done.fixes}' in body for (body,) in rows] == [False, True]
    figure(f"{done.fixes} positions, {done.signals} files of {done.signal_bytes} bytes deleted; cells stay")


@pytest.mark.item(
    "pavement", 19, "messages of a live drive that never ended, at their day", "gone, counted, audited alike"
)
def test_messages_of_a_drive_that_never_ended_disappear_too(tmp_path, drives, parts, figure):
    workspace = street(tmp_path / "w", drives)
    box = Device(device_id="box", vehicle_id=keyed_hash(KEY, "car1"), label="simulated")
    room = Room(workspace)
    for number, content in enumerate(parts[:-1], 1):
        room.take(box, "a", number, content, kind="parquet", key=str(number), last=False, later=True)
    raw = [file.stat().st_size for file in workspace.path.glob("live/*/chunks/*.parquet")]
    assert len(positions(workspace)) > 60
    late = (today() + dt.timedelta(days=36_502)).isoformat()
    assert ask("records retention", workspace, on=late).signals == 0  # it may still go on
    (journal,) = workspace.path.glob("live/*/journal")
    os.utime(journal, (journal.stat().st_atime, journal.stat().st_mtime - 3600))
    done = ask("records retention", workspace, on=late)
    assert (done.signals, done.signal_bytes) == (len(raw), sum(raw))
    assert [f.rule for f in done.findings] == ["retention_applied"]
    assert not len(positions(workspace))
    assert not [p for p in (workspace.path / "live").iterdir() if p.is_dir()]
    with sqlite3.connect(workspace.path / "records.sqlite") as db:
        rows = db.execute("SELECT body_json FROM audit WHERE object = 'tables:pavement_fix'").fetchall()
    told = {"fixes": 0, "drives": 0, "signals": len(raw), "signal_bytes": sum(raw)}
    assert json.loads(rows[-1][0]) == told
    figure(f"{len(raw)} messages of {sum(raw)} bytes deleted, 0 positions left")


def test_what_is_older_than_its_day_is_not_kept_at_all(tmp_path, drives):
    workspace = street(tmp_path / "w", drives, retention_d=1.0)
    ask("pavement load", workspace, folder=drives)
    found = tables_of(workspace)
    assert found["drive"].num_rows == 1
    assert found["fix"].num_rows == 0


def with_a_zone(path, drives):
    """A workspace whose street has a privacy zone in its middle."""
    workspace = street(path, drives)
    line = shapely.from_wkb(workspace.read("pavement_lrs_section")["geometry"][0].as_py())
    zone = line.interpolate(0.5, normalized=True).buffer(0.001)
    with workspace.commit() as commit:
        commit.layer("privacy_zones", gpd.GeoDataFrame({"name": ["depot"]}, geometry=[zone], crs=4326))
    return Workspace.open(path), zone


def sent(workspace, parts, start=0, end=None):
    """Send some messages of a drive of the car `car1` through the live room."""
    box = Device(device_id="box", vehicle_id=keyed_hash(KEY, "car1"), label="simulated")
    room = Room(Workspace.open(workspace.path))
    for number, content in list(enumerate(parts, 1))[start:end]:
        last = number == len(parts)
        room.take(box, "a", number, content, kind="parquet", key=str(number), last=last)
    return room


def loaded(workspace, drives):
    return load.load(Workspace.open(workspace.path), load.read_folders(drives), on=today())


def by_files_last(workspace, drives, parts):
    sent(workspace, parts).finish()
    (partial,) = workspace.read("pavement_drive").to_pylist()
    assert partial["sha256"] is None
    assert "privacy_zone" in partial["flags"]
    done = loaded(workspace, drives)
    assert (done.loaded, done.unchanged) == (1, 0)
    return done.findings


def by_files_first(workspace, drives, parts):
    loaded(workspace, drives)
    (done,) = sent(workspace, parts).finish()
    assert (done.loaded, done.unchanged) == (0, 1)
    return done.findings


def by_files_in_between(workspace, drives, parts):
    sent(workspace, parts, end=3)
    loaded(workspace, drives)
    (done,) = sent(workspace, parts, start=3).finish()
    assert (done.loaded, done.unchanged) == (0, 1)
    return done.findings


def by_both_at_once(workspace, drives, parts):
    """The live door looks before the files are in, and writes after."""
    room = sent(workspace, parts)
    settle = load._settled
    with pytest.MonkeyPatch.context() as patch:

        def meanwhile(*given):
            patch.setattr(load, "_settled", settle)
            loaded(workspace, drives)
            return settle(*given)

        patch.setattr(load, "_settled", meanwhile)
        (done,) = room.finish()
    assert (done.loaded, done.unchanged) == (0, 1)
    return done.findings


@pytest.mark.slow
@pytest.mark.item(
    "pavement", 19, "a drive with a zone, live and from its files, in every order", "used once, equal"
)
def test_a_drive_of_both_doors_is_used_once(tmp_path, drives, parts, figure):
    alone, zone = with_a_zone(tmp_path / "alone", drives)
    loaded(alone, drives)
    wanted = tables_of(alone)
    rows = 0
    for order in (by_files_last, by_files_first, by_files_in_between, by_both_at_once):
        workspace, _ = with_a_zone(tmp_path / order.__name__, drives)
        findings = order(workspace, drives, parts)
        assert [f.rule for f in findings].count("duplicate_drive") == 1, order
        found = tables_of(workspace)
        (drive,) = found["drive"].to_pylist()
        assert "duplicate_drive" in drive["flags"]
        for name, table in wanted.items():
            assert without_flags(found[name]) == without_flags(table), (order, name)
        rows += sum(t.num_rows for t in found.values())
        places = positions(workspace)
        assert not shapely.contains_xy(zone, places[:, 0], places[:, 1]).any()
        again = loaded(workspace, drives)
        assert (again.loaded, again.unchanged) == (0, 1)
        assert tables_of(workspace)["drive"].equals(found["drive"])
    figure(f"4 orders, {rows} rows, equal to those of the files alone; flagged duplicate_drive")


def without_flags(table):
    return [{k: v for k, v in row.items() if k != "flags"} for row in table.to_pylist()]

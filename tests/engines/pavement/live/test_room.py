"""The live room: messages in any order, once each, by any process; the batch run at the end."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import os
import tempfile

import msgspec
import numpy as np
import pytest

from contado.engines.pavement.ingest import load
from contado.engines.pavement.live.device import Device
from contado.engines.pavement.live.feed import Feed, running
from contado.engines.pavement.live.rehearsal import rehearse
from contado.engines.pavement.live.room import Room
from contado.engines.pavement.live.watching import Watcher
from contado.engines.pavement.maintenance import condition
from contado.kernel import records, tables
from contado.kernel.dates import local, today
from contado.kernel.errors import DataError, UsageError
from contado.kernel.workspace import Workspace
from invented.devices import messages
from invented.live import drives_on_a_street, street, tables_of

BOX = Device(device_id="box", vehicle_id="0011223344556677", label="simulated")


@pytest.fixture(scope="module")
def drives(tmp_path_factory):
    return drives_on_a_street(tmp_path_factory.mktemp("street") / "drives")


@pytest.fixture(scope="module")
def parts(drives):
    return messages(drives, "car1_pass1", 10.0)


@pytest.fixture
def workspace(tmp_path, drives):
    return street(tmp_path / "w", drives)


def send(room, parts, number, *, key=None, drive="a", content=None):
    return room.take(
        BOX,
        drive,
        number,
        parts[number - 1] if content is None else content,
        kind="parquet",
        key=key or str(number),
        last=number == len(parts),
    )


def told(workspace):
    """Cells and anomalies as a reader from the beginning knows them."""
    events = [e for e in Feed(workspace.path).read() if e["state"] == "running"]
    return (
        {(c["section_id"], c["cell"]): c["iri_m_km"] for e in events for c in e["cells"]},
        {a["id"] for e in events for a in e["anomalies"]},
    )


def test_a_message_that_comes_early_waits_and_changes_nothing_else(workspace, parts, tmp_path, drives):
    room = Room(workspace)
    ordered = Room(street(tmp_path / "other", drives))
    assert (send(room, parts, 1).state, send(room, parts, 3).state) == ("taken", "waits")
    late = send(room, parts, 2)
    assert (late.state, late.applied) == ("taken", 3)
    for number in (1, 2, 3):
        send(ordered, parts, number)
    assert told(workspace) == told(ordered.workspace)
    assert running(workspace.path)


def test_the_same_message_twice_changes_nothing(workspace, parts):
    room = Room(workspace)
    for number in (1, 2):
        send(room, parts, number)
    before = {p: p.read_bytes() for p in (workspace.path / "live").rglob("*") if p.is_file()}
    assert send(room, parts, 2).state == "unchanged"
    assert send(Room(workspace), parts, 1).state == "unchanged"
    assert {p: p.read_bytes() for p in (workspace.path / "live").rglob("*") if p.is_file()} == before


def test_a_number_or_key_stands_for_one_message(workspace, parts):
    room = Room(workspace)
    send(room, parts, 1)
    for clash in ({"content": parts[1]}, {"content": parts[1], "key": "other"}):
        with pytest.raises(UsageError, match="other content") as caught:
            send(room, parts, 1, **clash)
        assert caught.value.rule == "key_reused"
    with pytest.raises(UsageError):
        send(room, parts, 2, key="1")


def test_processes_take_turns_and_tell_what_one_alone_would(workspace, parts, tmp_path, drives):
    alone = Room(street(tmp_path / "alone", drives))
    turns = itertools.cycle([Room(workspace), Room(Workspace.open(workspace.path))])
    for number in range(1, 6):
        send(next(turns), parts, number)
        send(alone, parts, number)
    assert told(workspace) == told(alone.workspace)


def test_what_cannot_be_read_leaves_nothing(workspace, parts):
    room = Room(workspace)
    for content, rule in ((b"", "empty_file"), (b"PAR1 cut", "file_cut"), (b"a,b\n1,2\n", "missing_column")):
        with pytest.raises(DataError) as caught:
            room.take(
                BOX, "a", 1, content, kind="parquet" if rule == "file_cut" else "csv", key="1", last=False
            )
        assert caught.value.rule == rule
    far = b"t_s,lon,lat,speed_m_s\n1,9,45,10\n2,9,95,10\n"
    with pytest.raises(DataError) as caught:
        room.take(BOX, "a", 1, far, kind="csv", key="1", last=False)
    assert (caught.value.rule, caught.value.rows) == ("impossible_position", (3,))
    assert not list((workspace.path / "live").rglob("*.parquet"))
    assert send(room, parts, 1).state == "taken"


def test_refused_messages_leave_no_folder(workspace, parts):
    room = Room(workspace)
    with pytest.raises(DataError):
        room.take(BOX, "x", 1, b"not a drive", kind="csv", key="k", last=False)
    with pytest.raises(UsageError) as caught:
        room.take(BOX, "y", 1000, parts[0], kind="parquet", key="k", last=False)
    assert caught.value.rule == "too_many_waiting"
    assert list((workspace.path / "live").iterdir()) == []


def test_remains_of_drives_of_which_nothing_was_taken_go(workspace):
    room = Room(workspace)
    for name in ("old", "bare", "young"):
        (workspace.path / "live" / name / "chunks").mkdir(parents=True)
    for name in ("old", "young"):
        (workspace.path / "live" / name / "drive.json").write_bytes(b'{"device_id":"b","vehicle_id":"v"}')
    os.utime(workspace.path / "live" / "old" / "drive.json", (1, 1))
    os.utime(workspace.path / "live" / "bare", (1, 1))
    room.work_off()
    assert room.due()
    assert room.finish() == []
    assert [p.name for p in (workspace.path / "live").iterdir()] == ["young"]
    assert not room.due()


def test_streets_know_cars_settings_and_day_as_they_are_now(workspace, monkeypatch):
    room = Room(workspace)
    before = room.streets()
    assert room.streets() is before
    car = {"vehicle_id": BOX.vehicle_id, "model": "quarter", "scale": 1.3, "sd_log": 0.02, "calibrated": True}
    car |= {"k1_s2": 500.0, "k2_s2": 50.0, "c_hz": 3.0, "mu": 0.12, "label": "estimated", "source_id": "x"}
    with workspace.commit() as commit:
        commit.table("pavement_vehicle", tables.from_rows("pavement_vehicle", [car]))
    calibrated = room.streets()
    assert before.vehicles == {}
    assert calibrated.vehicles[BOX.vehicle_id].calibration.scale == 1.3
    assert calibrated.network is before.network  # which takes long to read
    other = Workspace.open(workspace.path)
    pavement = msgspec.structs.replace(other.settings.pavement, cell_m=50.0)
    with other.commit() as commit:
        commit.settings(msgspec.structs.replace(other.settings, pavement=pavement))
    assert room.streets().settings.pavement.cell_m == 50.0
    graded = []
    model = condition.model
    monkeypatch.setattr(condition, "model", lambda day: graded.append(day) or model(day))
    for day in (dt.date(2031, 1, 1), dt.date(2031, 1, 1), dt.date(2031, 1, 2)):
        monkeypatch.setattr(local, "today", lambda *_, day=day: day)
        room.streets()
    assert graded == [dt.date(2031, 1, 1), dt.date(2031, 1, 2)]


@pytest.mark.parametrize(("drive", "number"), [("../x", 1), ("", 1), ("a", 0)])
def test_a_name_is_a_name_and_numbers_begin_at_one(workspace, parts, drive, number):
    with pytest.raises(UsageError) as caught:
        Room(workspace).take(BOX, drive, number, parts[0], kind="parquet", key="k", last=False)
    assert caught.value.rule == "bad_value"


def test_provisional_cells_are_near_those_of_the_batch_which_replaces_them(
    workspace, parts, drives, tmp_path
):
    room = Room(workspace)
    for number in range(1, len(parts) + 1):
        send(room, parts, number)
    provisional, _ = told(workspace)
    (done,) = room.finish()
    assert (done.loaded, done.rejected) == (1, ())
    batch = street(tmp_path / "batch", drives)
    (whole,) = load.read_folders(drives)
    load.load(batch, [dataclasses.replace(whole, drives=whole.drives[:1])], on=today())
    found, wanted = tables_of(workspace), tables_of(batch)
    vehicle = wanted["drive"]["vehicle_id"][0].as_py()
    for name, table in wanted.items():
        rows = [
            r | ({"vehicle_id": BOX.vehicle_id} if r.get("vehicle_id") == vehicle else {})
            for r in table.to_pylist()
        ]
        assert found[name].to_pylist() == rows, name
    cells = {(r["section_id"], r["cell"]): r["iri_m_km"] for r in found["cell_obs"].to_pylist()}
    both = [np.log(provisional[k] / cells[k]) for k in provisional if cells.get(k)]
    assert len(both) > 30
    assert abs(np.median(both)) < 0.1
    assert not running(workspace.path)
    assert not list((workspace.path / "live").rglob("*.parquet"))
    assert send(room, parts, 4).state == "unchanged"
    assert Feed(workspace.path).read() == []


def test_a_rehearsal_measures_its_own_street_and_leaves_nothing(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    answers = rehearse()
    assert [a.state for a in answers] == ["taken"] * 3
    assert sum(a.cells for a in answers) >= 28  # 590 m hold 29 cells of 20 m
    assert all(a.anomalies for a in answers)
    Room(workspace).warm()
    assert not (workspace.path / "live").exists()
    assert not list((tmp_path / "temporary").iterdir())


def test_what_is_only_kept_is_worked_off_later(workspace, parts, tmp_path, drives):
    room, at_once = Room(workspace), Room(street(tmp_path / "other", drives))
    for number in (1, 2, 3):
        kept = room.take(
            BOX, "a", number, parts[number - 1], kind="parquet", key=str(number), last=False, later=True
        )
        assert (kept.state, kept.applied) == ("waits", 0)
        send(at_once, parts, number)
    assert told(workspace) == ({}, set())
    Room(workspace).work_off()  # by whichever process
    assert told(workspace) == told(at_once.workspace)
    assert (send(room, parts, 2).state, send(room, parts, 4).applied) == ("unchanged", 4)


def test_a_drive_may_end_before_anything_of_it_was_worked_off(workspace, parts):
    room = Room(workspace)
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        room.take(BOX, "a", number, part, kind="parquet", key=str(number), last=last, later=True)
    assert not room.due()
    room.work_off()
    (done,) = room.finish()
    assert done.loaded == 1


def test_a_silent_drive_ends_with_what_it_has(tmp_path, drives, parts):
    workspace = street(tmp_path / "w", drives, live_silent_s=1.0)
    room = Room(workspace)
    for number in (1, 2, 3, 4):
        send(room, parts, number)
    assert not room.due()
    for file in (workspace.path / "live").glob("*/journal"):
        os.utime(file, (1, 1))
    assert room.due()
    (done,) = room.finish()
    assert done.loaded == 1
    with pytest.raises(UsageError) as caught:
        send(room, parts, 5)
    assert caught.value.rule == "drive_ended"


def test_a_drive_without_use_is_rejected_and_forgotten(workspace):
    room = Room(workspace)
    short = b"t_s,ax,ay,az,lon,lat,speed_m_s\n0,0,0,9.8,9,45,1\n"
    room.take(BOX, "a", 1, short, kind="csv", key="1", last=True)
    (done,) = room.finish()
    assert [r.rule for r in done.rejected] == ["drive_too_short"]
    assert not room.due()


def test_a_drive_waits_for_the_roads_that_its_workspace_lacks(workspace, parts):
    room = Room(workspace)
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        room.take(BOX, "a", number, part, kind="parquet", key=str(number), last=last, later=True)
    room.work_off()
    sections = workspace.read("pavement_lrs_section")
    with workspace.commit() as commit:
        commit.table("pavement_lrs_section", tables.empty("pavement_lrs_section"))
    (failed,) = room.finish()
    assert failed.rule == "no_sections"
    with workspace.commit() as commit:
        commit.table("pavement_lrs_section", sections)
    (workspace.path / "live" / failed.drive / "tries").unlink()  # as the hint says
    (done,) = room.finish()
    assert (done.loaded, done.cells > 30) == (1, True)


def test_a_reader_goes_on_from_its_mark(workspace, parts):
    room = Room(workspace)
    for number in (1, 2, 3):
        send(room, parts, number)
    feed = Feed(workspace.path)
    assert [e["chunk"] for e in feed.read()] == [3]  # what came before is one event
    assert feed.read() == []
    send(room, parts, 4)
    assert [e["chunk"] for e in Feed(workspace.path, feed.mark).read()] == [4]


def test_a_pair_is_taken_when_it_is_whole_and_unchanged(workspace, drives, tmp_path):
    folder = tmp_path / "incoming"
    folder.mkdir()
    watcher = Watcher(workspace=workspace, folder=folder)
    acc = (drives / "car1_pass1_acc.parquet").read_bytes()
    (folder / "car1_pass1_acc.parquet").write_bytes(acc[:1000])
    assert watcher.look(today()) == []
    assert [a.state for a in watcher.incomplete()] == ["incomplete"]
    (folder / "car1_pass1_gnss.csv").write_bytes((drives / "car1_pass1_gnss.csv").read_bytes())
    assert watcher.look(today()) == []  # it was seen whole for the first time
    (folder / "car1_pass1_acc.parquet").write_bytes(acc)
    assert watcher.look(today()) == []  # it has grown meanwhile
    (arrived,) = watcher.look(today())
    assert (arrived.drive, arrived.state) == ("car1_pass1", "loaded")
    assert arrived.cells > 30
    assert watcher.look(today()) == []
    another = Watcher(workspace=workspace, folder=folder)
    (again,) = [a for _ in range(2) for a in another.look(today())]
    assert again.state == "unchanged"


@pytest.mark.parametrize(
    ("delete", "retention_d", "deleted", "rules"),
    [
        ("never", 36_500.0, 0, []),
        ("never", 1.0, 0, ["files_outlived"]),
        ("outlived", 36_500.0, 0, []),
        ("outlived", 1.0, 2, ["files_deleted"]),
        ("loaded", 36_500.0, 2, ["files_deleted"]),
    ],
)
def test_files_are_deleted_when_that_was_asked_for(tmp_path, drives, delete, retention_d, deleted, rules):
    workspace = street(tmp_path / "w", drives, retention_d=retention_d)
    folder = tmp_path / "incoming"
    folder.mkdir()
    names = ["car1_pass1_acc.parquet", "car1_pass1_gnss.csv", "meta.json"]
    for name in names:
        (folder / name).write_bytes((drives / name).read_bytes())
    (folder / "car1_pass9_gnss.csv").write_bytes(
        (drives / names[1]).read_bytes()
    )  # incomplete: nobody's business
    watcher = Watcher(workspace=workspace, folder=folder, delete=delete)
    (arrived,) = [a for _ in range(2) for a in watcher.look(today())]
    assert (arrived.state, arrived.deleted) == ("loaded", deleted)
    assert [f.rule for f in arrived.findings if f.rule.startswith("files_")] == rules
    left = {p.name for p in folder.iterdir()} - {"car1_pass9_gnss.csv"}
    assert left == ({"meta.json"} if deleted else set(names))
    assert watcher.look(today()) == []
    with records.open_store(workspace) as store, store.reading(records.Scope.system("test")) as session:
        written = session.query(records.schema.Audit).filter_by(object=f"drive:{arrived.drive_id}").all()
    assert [row.verb for row in written] == ["retention.applied"] * bool(deleted)


def test_files_go_on_the_day_after_their_last_while_it_is_watched(tmp_path, drives, monkeypatch):
    workspace = street(tmp_path / "w", drives)
    folder = tmp_path / "incoming"
    folder.mkdir()
    for name in ("car1_pass1_acc.parquet", "car1_pass1_gnss.csv"):
        (folder / name).write_bytes((drives / name).read_bytes())
    watcher = Watcher(workspace=workspace, folder=folder, delete="outlived")
    (loaded,) = [a for _ in range(2) for a in watcher.look(today())]
    until = workspace.read("pavement_drive")["retention_until"][0].as_py()
    for day, deleted in ((until, []), (until + dt.timedelta(days=1), [2])):
        monkeypatch.setattr(local, "today", lambda *_, day=day: day)
        assert [(a.drive_id, a.deleted) for a in watcher.look(day)] == [(loaded.drive_id, n) for n in deleted]
    assert not list(folder.iterdir())


def test_files_that_changed_since_are_left(tmp_path, drives, monkeypatch):
    workspace = street(tmp_path / "w", drives)
    folder = tmp_path / "incoming"
    folder.mkdir()
    for name in ("car1_pass1_acc.parquet", "car1_pass1_gnss.csv"):
        (folder / name).write_bytes((drives / name).read_bytes())
    watcher = Watcher(workspace=workspace, folder=folder, delete="outlived")
    for _ in range(2):
        watcher.look(today())
    (folder / "car1_pass1_gnss.csv").write_bytes(b"another drive")
    monkeypatch.setattr(local, "today", lambda *_: dt.date(2200, 1, 1))
    assert [a.deleted for a in watcher.look(today())] == [0]
    assert len(list(folder.iterdir())) == 2

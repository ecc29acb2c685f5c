"""Retention: what has outlived its day is deleted, in the folders of drives that never ended too."""

from __future__ import annotations

import os
from datetime import date, timedelta

import pytest

from contado.engines.pavement.ingest import load, privacy
from contado.engines.pavement.live.device import Device
from contado.engines.pavement.live.room import Room
from contado.kernel.dates import today
from contado.kernel.settings import Pavement, Settings
from contado.kernel.workspace import Workspace, held

BOX = Device(device_id="box", vehicle_id="0011223344556677")
MESSAGE = b"t_s,ax,ay,az,lon,lat,speed_m_s\n0,0,0,9.8,9,45,1\n"
LONG_AGO = 1_000_000_000
"""Some second of 2001."""


@pytest.fixture
def workspace(tmp_path):
    settings = Settings(pavement=Pavement(retention_d=30.0, live_silent_s=60.0))
    return Workspace.create(tmp_path / "w", settings)


def sent(workspace, drive="a", last=False):
    """Send two messages of a drive, which are only kept; return its folder."""
    before = set(workspace.path.glob("live/*/"))
    for number in (1, 2):
        Room(workspace).take(
            BOX, drive, number, MESSAGE, kind="csv", key=f"{number}", last=last and number == 2, later=True
        )
    (folder,) = {p for p in workspace.path.glob("live/*/") if p.is_dir()} - before
    return folder


def aged(folder, at=LONG_AGO):
    """Make all of a folder as old as that."""
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (at, at))
    return folder


@pytest.mark.parametrize("journal", [True, False])
@pytest.mark.parametrize("ended", [True, False])
def test_messages_of_a_drive_that_never_ended_go_at_their_day(workspace, journal, ended):
    folder = sent(workspace)
    (folder / "pair").mkdir()  # a batch run was killed
    (folder / "pair" / "car_pass1_acc.parquet").write_bytes(b"PAR1")
    (folder / "chunks" / ".000003.parquet.77").write_bytes(b"PAR1")  # and a message was cut
    size = sum(p.stat().st_size for p in folder.glob("chunks/*")) + 4
    if ended:
        (folder / "ended").touch()
    if not journal:
        (folder / "journal").unlink()
    aged(folder)
    kept = sent(workspace, "b")
    done = privacy.apply_retention(workspace)
    assert (done.fixes, done.drives, done.signals, done.bytes, done.unended) == (0, 0, 4, size, 1)
    assert not folder.exists()
    assert len(list(kept.glob("chunks/*"))) == 2
    (finding,) = done.findings
    assert finding.rule == "retention_applied"
    assert f"4 files of raw signals ({size} bytes), among them the messages of 1 drives" in finding.message
    assert privacy.apply_retention(workspace).findings == ()


def test_the_last_day_is_kept_whole(workspace):
    folder = sent(workspace)
    aged(folder)
    last_day = date(2001, 9, 9) + timedelta(days=30)
    assert privacy.apply_retention(workspace, on=last_day).signals == 0
    assert privacy.apply_retention(workspace, on=last_day + timedelta(days=1)).signals == 2


def test_a_drive_that_goes_on_is_left_whatever_the_day(workspace):
    folder = aged(sent(workspace))
    os.utime(folder / "journal")  # a message has come just now
    other = aged(sent(workspace, "b"))
    with held(workspace.path, f"live/{other.name}", wait_s=0, findings=[]):  # a batch run is at work
        assert privacy.apply_retention(workspace, on=date(2200, 1, 1)).unended == 0
    assert len(list(workspace.path.glob("live/*/chunks/*.parquet"))) == 4


def test_a_room_that_knew_a_deleted_drive_takes_it_as_a_new_one(workspace):
    room = Room(workspace)
    room.take(BOX, "a", 1, MESSAGE, kind="csv", key="1", last=False, later=True)
    (folder,) = (p for p in workspace.path.glob("live/*") if p.is_dir())
    aged(folder)
    assert privacy.apply_retention(workspace).unended == 1
    assert room.finish() == []
    room.work_off()
    taken = room.take(BOX, "a", 1, MESSAGE, kind="csv", key="1", last=False, later=True)
    assert taken.state == "waits"


def test_loads_of_files_delete_them_and_batch_runs_of_the_live_room_leave_them_to_be_run(workspace):
    folder = aged(sent(workspace))
    load.load(workspace, [], on=today(), live="identity")
    assert folder.exists()
    done = load.load(workspace, [], on=today())
    assert [f.rule for f in done.findings] == ["retention_applied"]
    assert not folder.exists()

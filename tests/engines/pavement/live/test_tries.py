"""A live drive whose batch run fails keeps its messages, is told and tried again; the others have their turn."""

from __future__ import annotations

import logging
import os

import pytest

from contado.engines.pavement.ingest import load
from contado.engines.pavement.live import files, replacing
from contado.engines.pavement.live.device import Device
from contado.engines.pavement.live.room import Room
from contado.engines.pavement.live.tries import Failed
from contado.engines.pavement.live.watching import Watcher
from contado.kernel.dates import today
from contado.kernel.errors import DataError
from contado.kernel.workspace import Workspace, held

BOX = Device(device_id="box", vehicle_id="0011223344556677", label="simulated")
MESSAGE = b"t_s,ax,ay,az,lon,lat,speed_m_s\n0,0,0,9.8,9,45,1\n"
DONE = load.Loaded(
    drives=1, loaded=1, unchanged=0, rejected=(), cells=0, anomalies=0, cells_changed=0, anomalies_changed=0, label="simulated",
    findings=(), compute_s=0.0,
)  # fmt: skip


@pytest.fixture
def room(tmp_path):
    """A room of two drives that have ended."""
    room = Room(Workspace.create(tmp_path / "w"))
    for name in ("a", "b"):
        room.take(BOX, name, 1, MESSAGE, kind="csv", key="1", last=True, later=True)
    for path in room.path.iterdir():
        if path.is_dir():
            (path / "ended").touch()
    return room


def names(room):
    return sorted(path.name for path in room.path.iterdir() if path.is_dir())


@pytest.fixture
def broken(room, monkeypatch):
    """Let the batch run of the first drive fail, whatever the kind of failure; others only end."""

    def fail(error):
        def replace(_workspace, path, _device, _sent):
            if path.name == names(room)[0] and error is not None:
                raise error
            files.write(path / "done", b"")
            return DONE

        monkeypatch.setattr(replacing, "replace", replace)

    return fail


def age(path, seconds):
    """Let a file be older."""
    stat = path.stat()
    os.utime(path, (stat.st_atime, stat.st_mtime - seconds))


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (ValueError("no such thing"), "internal_error"),
        (DataError("There is no section.", rule="no_sections", hint="load them"), "no_sections"),
    ],
)
def test_the_others_are_finished_and_the_one_that_failed_keeps_its_messages(
    room, broken, caplog, error, rule
):
    broken(error)
    with caplog.at_level(logging.ERROR):
        failed, done = room.finish()
    first, other = names(room)
    assert done is DONE
    assert (room.path / other / "done").exists()
    assert isinstance(failed, Failed)
    assert (failed.drive, failed.rule, failed.tries, failed.wait_s) == (first, rule, 1, 60.0)
    assert [p.name for p in (room.path / first / "chunks").iterdir()] == ["000001.parquet"]
    assert failed.finding.rule == "batch_failed"
    assert error.args[0] in failed.finding.message
    assert failed.finding.message in caplog.text
    assert ("Traceback" in caplog.text) == (rule == "internal_error")


def test_it_waits_longer_after_each_try_and_ends_once_it_can(room, broken):
    broken(ValueError())
    room.finish()
    tries = room.path / names(room)[0] / "tries"
    assert not room.due()
    assert room.finish() == []
    age(tries, 61)
    assert room.due()
    (failed,) = Room(room.workspace).finish()
    assert (failed.tries, failed.wait_s) == (2, 120.0)
    age(tries, 61)
    assert not room.due()
    age(tries, 60)
    broken(None)
    assert room.finish() == [DONE]
    assert not room.due()


def test_a_run_that_was_killed_counts_as_a_try(room, broken):
    class Killed(BaseException):
        """What no handler sees."""

    broken(Killed())
    with pytest.raises(Killed):
        room.finish()
    assert Room(room.workspace).finish() == [DONE]
    assert not room.due()


def test_a_drive_on_which_a_process_is_at_work_does_not_stop_the_others(room, broken, monkeypatch):
    def lock(name):
        return held(room.workspace.path, f"live/{name}", wait_s=0.0, findings=[])

    broken(None)
    monkeypatch.setattr(room, "_alone", lock)
    first, other = names(room)
    with lock(first):
        assert room.finish() == [DONE]
    assert (room.path / other / "done").exists()
    assert room.finish() == [DONE]


def test_a_watcher_tells_of_it_on_a_line(room, broken, tmp_path):
    broken(ValueError("no such thing"))
    folder = tmp_path / "incoming"
    folder.mkdir()
    failed, done = Watcher(workspace=room.workspace, folder=folder).look(today())
    assert (failed.drive, failed.state, failed.rule) == ("live", "failed", "internal_error")
    assert [f.rule for f in failed.findings] == ["batch_failed"]
    assert done.state == "loaded"

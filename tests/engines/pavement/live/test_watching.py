"""The watched folder: names that come twice, files that go while it is looked at."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contado.engines.pavement.live import watching
from contado.engines.pavement.live.watching import Watcher
from contado.kernel.dates import today
from contado.kernel.workspace import Workspace
from invented.live import drives_on_a_street, street

NAMES = ("car1_pass1_acc.parquet", "car1_pass1_gnss.csv")


@pytest.fixture(scope="module")
def drives(tmp_path_factory):
    return drives_on_a_street(tmp_path_factory.mktemp("street") / "drives", passes=1)


def copied(drives, folder):
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_bytes((drives / name).read_bytes())


def with_another_clock(folder):
    """Shift the samples of a drive by a day: no clock of it can be found."""
    samples = pq.read_table(folder / NAMES[0])
    later = pa.array(np.asarray(samples["t_s"]) + 86_400.0)
    pq.write_table(samples.set_column(samples.column_names.index("t_s"), "t_s", later), folder / NAMES[0])


def test_a_refusal_is_told_of_its_own_drive_not_of_another_of_that_name(tmp_path, drives):
    folder = tmp_path / "incoming"
    for place in ("a", "b", "c"):
        copied(drives, folder / place)
    with_another_clock(folder / "b")
    (folder / "c" / NAMES[0]).write_bytes((folder / "b" / NAMES[0]).read_bytes())  # the same drive as b's
    watcher = Watcher(workspace=street(tmp_path / "w", drives), folder=folder, delete="loaded")
    good, *bad = [a for _ in range(2) for a in watcher.look(today())]
    assert (good.state, good.deleted, good.rule) == ("loaded", 2, None)
    assert [(a.state, a.rule, a.deleted) for a in bad] == [("rejected", "clock_offset", 0)] * 2
    assert [p.relative_to(folder).parts[0] for p in sorted(folder.rglob("*.csv"))] == ["b", "c"]


def test_a_file_that_is_renamed_between_listing_and_look_is_taken_later(tmp_path, monkeypatch):
    folder = tmp_path / "incoming"
    (folder / "inside").mkdir(parents=True)
    log, away = folder / "inside" / "log.csv", folder / "inside" / ".log.csv"
    log.write_text("this is no drive\n")
    watcher = Watcher(workspace=Workspace.create(tmp_path / "w"), folder=folder)
    grouped = watching.grouped

    def then_renamed(*given):
        found = grouped(*given)
        if found[0]:
            log.rename(away)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(watching, "grouped", then_renamed)
        assert watcher.look(today()) == []
    assert watcher.look(today()) == []
    away.rename(log)
    assert watcher.look(today()) == []  # seen whole for the first time
    (found,) = watcher.look(today())
    assert found.state == "rejected"
    assert watcher.look(today()) == []


def test_a_file_that_is_renamed_between_look_and_reading_is_taken_later(tmp_path, monkeypatch):
    folder = tmp_path / "incoming"
    folder.mkdir()
    log, away = folder / "log.csv", folder / ".log.csv"
    log.write_text("this is no drive\n")
    watcher = Watcher(workspace=Workspace.create(tmp_path / "w"), folder=folder)
    read = watching.read_drives

    def renamed_before(*given):
        log.rename(away)
        try:
            return read(*given)
        finally:
            away.rename(folder / "log.csv.part")

    watcher.look(today())
    with monkeypatch.context() as patch:
        patch.setattr(watching, "read_drives", renamed_before)
        assert watcher.look(today()) == []
    (folder / "log.csv.part").rename(log)
    told = [a.state for _ in range(3) for a in watcher.look(today())]
    assert told == ["rejected"]


def test_a_folder_that_goes_while_it_is_looked_at_is_no_failure(tmp_path, monkeypatch):
    folder = tmp_path / "incoming"
    (folder / "inside").mkdir(parents=True)
    watcher = Watcher(workspace=Workspace.create(tmp_path / "w"), folder=folder)
    listed = watching.listed

    def gone_before(place):
        if place != folder:
            place.rmdir()
        return listed(place)

    monkeypatch.setattr(watching, "listed", gone_before)
    assert watcher.look(today()) == []

"""Devices: tokens in the records, what a reader may know in the table, together."""

from __future__ import annotations

import threading

import pytest

from contado.kernel import records
from contado.kernel.errors import UsageError
from contado.kernel.workspace import Workspace
from contado.verbs.pavement import _devices
from invented.live import ask


@pytest.fixture
def workspace(tmp_path):
    return Workspace.create(tmp_path / "w")


def known(workspace):
    return {r["device_id"]: r for r in workspace.read("pavement_device").to_pylist()}


def chain(workspace):
    with records.open_store(workspace) as store, store.reading(records.Scope.system("test")) as session:
        verbs = [row.verb for row in session.query(records.schema.Audit).order_by("seq")]
    return [verb for verb in verbs if verb != "system.entered"]  # which this look leaves itself


def test_table_and_records_change_together(workspace):
    ask("pavement device-add", workspace, device="a", vehicle="car1", fs_hz=100.0)
    ask("pavement device-add", workspace, device="b", vehicle="car2")
    before = chain(workspace)
    with pytest.raises(UsageError):
        ask("pavement device-add", workspace, device="a", vehicle="car3", fs_hz=50.0)
    assert chain(workspace) == before
    ask("pavement device-revoke", workspace, device="b")
    assert chain(workspace)[len(before) :] == ["device.revoked", "workspace.committed"]
    assert {name: row["fs_hz"] for name, row in known(workspace).items()} == {"a": 100.0, "b": None}
    assert [name for name, row in known(workspace).items() if row["valid_to"]] == ["b"]


def test_where_the_table_cannot_be_written_there_is_no_token(workspace, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_devices, "write_table", full)
    with pytest.raises(OSError, match="No space left"):
        ask("pavement device-add", workspace, device="a", vehicle="car1")
    assert ask("pavement device-list", workspace).devices == []


@pytest.mark.parametrize(("verb", "given"), [("add", {"vehicle": "car2"}), ("revoke", {})])
def test_a_device_that_is_added_meanwhile_is_not_lost(workspace, monkeypatch, verb, given):
    if verb == "revoke":
        ask("pavement device-add", workspace, device="a", vehicle="car2")
    write = _devices.write_table
    other = threading.Thread(
        target=ask, args=("pavement device-add", workspace), kwargs={"device": "late", "vehicle": "car1"}
    )

    def meanwhile(*args):
        monkeypatch.setattr(_devices, "write_table", write)
        other.start()
        other.join(1.0)  # long enough to write, were it not kept waiting
        write(*args)

    monkeypatch.setattr(_devices, "write_table", meanwhile)
    ask(f"pavement device-{verb}", workspace, device="a", **given)
    other.join()
    assert set(known(workspace)) == {"a", "late"}

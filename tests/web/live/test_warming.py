"""When the live engine gets ready: with the first device or message, and never in the way of messages."""

from __future__ import annotations

import threading

import pytest

from contado.web.live import warming

pytest.importorskip("numba", reason="extra roads is not installed")


class Desk:
    """Stands for the room: it tells what was asked of it."""

    def __init__(self):
        self.asked = []

    def work_off(self):
        self.asked.append("worked off")


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def start(desk, monkeypatch):
    """Function from what getting ready does to a started `Warming`, whose thread is ended."""
    begun = []

    def call(ready, *, wanted=True):
        monkeypatch.setattr(warming.Warming, "_ready", ready)
        one = warming.Warming(lambda: desk, lambda room: room.asked.append("then"), lambda: wanted)
        one.start()
        begun.append(one)
        return one

    yield call
    for one in begun:
        one.stop()


def ended(one):
    for thread in threading.enumerate():
        if thread.name == "live-warm":
            thread.join(10)
    return one.state


def test_a_device_is_enough(start, desk):
    assert ended(start(lambda self: True)) == "warm"
    assert desk.asked == ["worked off", "then"]


def test_without_a_device_a_message_begins_it(start, desk):
    one = start(lambda self: True, wanted=False)
    assert one.state == "cold"
    assert one.hurry()
    assert ended(one) == "warm"
    assert not one.hurry()
    assert desk.asked == ["worked off", "then"]


def test_what_fails_leaves_no_message_waiting(start, desk, caplog):
    def fails(self):
        raise OSError("no room on the disk")

    one = start(fails)
    assert ended(one) == "cold"
    assert not one.hurry()
    assert desk.asked == []
    assert "could not get ready" in caplog.text


def test_it_ends_with_its_server(start, desk):
    one = start(lambda self: True, wanted=False)
    one.stop()
    assert ended(one) == "cold"
    assert desk.asked == []

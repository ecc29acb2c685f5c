"""The guards see what happens beside the returned tables."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import warnings

import pytest

from contado.testing.guards import NetworkRefused, caused_by_refusal, watch


@pytest.mark.parametrize(
    "speak",
    [
        lambda: print("heard"),
        lambda: print("heard", file=sys.stderr),
        lambda: os.write(1, b"heard"),
        lambda: os.write(2, b"heard"),
        lambda: ctypes.CDLL(None).puts(b"heard"),
        lambda: subprocess.run(["echo", "heard"], check=True),
    ],
)
def test_output_is_caught_from_python_c_and_children(tmp_path, speak):
    with watch(tmp_path) as seen:
        speak()
    assert "heard" in seen.printed


def test_output_before_and_after_is_left_alone(tmp_path, capfd):
    print("before")
    with watch(tmp_path) as seen:
        pass
    print("after")
    assert seen.printed == ""
    assert capfd.readouterr().out == "before\nafter\n"


def test_warnings_that_users_see_are_noted(tmp_path):
    with watch(tmp_path) as seen:
        warnings.warn("look here", stacklevel=1)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert seen.warnings == ["UserWarning: look here"]


def test_a_connection_outside_is_refused_and_noted(tmp_path):
    with watch(tmp_path) as seen:
        for call in (
            lambda: socket.create_connection(("192.0.2.7", 80), timeout=1),
            lambda: socket.getaddrinfo("data.example.org", 443),
            lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("198.51.100.1", 53)),
        ):
            with pytest.raises(NetworkRefused):
                call()
    assert seen.connections == ["192.0.2.7", "data.example.org", "198.51.100.1"]


def test_loopback_is_allowed(tmp_path):
    with (
        watch(tmp_path) as seen,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5),
    ):
        pass
    assert seen.connections == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_outside_the_guard_nothing_is_noted(tmp_path):
    with watch(tmp_path) as seen:
        pass
    (tmp_path / "file").write_text("x")
    assert seen.writes == []


def test_writes_below_the_workspace_are_noted(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
    (inside / "old").write_text("x")
    with watch(inside) as seen:
        (inside / "old").read_text()
        (outside / "free").write_text("x")
        (inside / "new").write_text("x")
        (inside / "old").rename(inside / "older")
        (inside / "layers" / ".index").mkdir(parents=True)
        (inside / "layers" / ".index" / "cache").write_text("x")
    assert {"new", "old", "older"} <= set(seen.writes)
    assert not [w for w in seen.writes if w.startswith("layers/.index/")]


def test_an_error_tells_whether_the_guard_caused_it():
    refused, later = NetworkRefused("no"), ValueError("no data")
    later.__cause__ = refused
    assert caused_by_refusal(refused)
    assert caused_by_refusal(later)
    assert not caused_by_refusal(ValueError())
    assert not caused_by_refusal(None)

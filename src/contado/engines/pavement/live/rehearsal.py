"""A drive that nobody drove, through a room of its own, so that no real one waits for what is compiled once."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from contado.engines.pavement.live.device import Device
from contado.engines.pavement.live.room import Room, give_way
from contado.engines.pavement.telemetry.drive import G_M_S2
from contado.kernel import tables
from contado.kernel.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contado.engines.pavement.live.room import Taken

__all__ = ["compile_kernels", "rehearse"]

_BLOCKS: Final = 8
_LON: Final = 9.0
_LAT: Final = 45.0
_STEP: Final = 0.001
"""Length of a block of the invented street, which runs east [deg]."""
_SPEED_M_S: Final = 10.0
_RATE_HZ: Final = 100.0
_MESSAGE_S: Final = 20.0
_DRIVE_S: Final = 60.0
_M_PER_DEG: Final = 78_700.0
"""Metres of a degree of longitude at the street's latitude."""
_BOX: Final = Device(device_id="rehearsal", vehicle_id="rehearsal", label="simulated")


def rehearse(*, batch: bool = False) -> list[Taken]:
    """Send an invented minute over an invented street to a room in a temporary folder; return its answers.

    Parameters
    ----------
    batch
        Whether the drive ends and gets its batch run, which compiles the kernels of `contado pavement load`.
    """
    with tempfile.TemporaryDirectory() as folder:
        room = Room(_street(Path(folder) / "rehearsal"))
        parts = list(_messages())
        answers = [
            room.take(
                _BOX, "a", number, part, kind="parquet", key=str(number), last=batch and number == len(parts)
            )
            for number, part in enumerate(parts, 1)
        ]
        if batch:
            room.finish()
        return answers


def compile_kernels() -> None:
    """Compile what messages and their batch run need, for the disk: the work of a child process."""
    give_way()
    rehearse(batch=True)


def _street(path: Path) -> Workspace:
    """Return a workspace that knows one straight street, its blocks in both directions, as one section."""
    workspace = Workspace.create(path)
    blocks = [_link(a, a + 1) for a in range(_BLOCKS)]
    links = [*blocks, *(_link(a + 1, a) for a in range(_BLOCKS))]
    section = {
        "section_id": "rehearsal",
        "length_m": _BLOCKS * _STEP * _M_PER_DEG,
        "links": [link["link_id"] for link in blocks],
        "geometry": _line(0, _BLOCKS),
        "label": "simulated",
    }
    with workspace.commit() as commit:
        commit.table("road_link", tables.from_rows("road_link", links))
        commit.table("pavement_lrs_section", tables.from_rows("pavement_lrs_section", [section]))
    return workspace


def _link(start: int, end: int) -> dict[str, object]:
    forward = end > start
    block = min(start, end)
    return {
        "link_id": f"{block + 1}:{block}:{block + 1}:0:{'f' if forward else 'b'}",
        "source": "invented",
        "way_id": block + 1,
        "from_node": start,
        "to_node": end,
        "geometry": _line(start, end),
        "length_m": _STEP * _M_PER_DEG,
        "direction": "forward" if forward else "backward",
        "highway": "secondary",
    }


def _line(start: int, end: int) -> object:
    import shapely

    return shapely.LineString([(_LON + _STEP * node, _LAT) for node in (start, end)])


def _messages() -> Iterator[bytes]:
    """Yield the messages of the drive: noise, and a hole every ten seconds."""
    import pyarrow.parquet as pq

    t_s, fix_t_s = np.arange(0.0, _DRIVE_S, 1 / _RATE_HZ), np.arange(0.0, _DRIVE_S)
    shaken = np.random.default_rng(0).normal(0.0, 0.5, t_s.size)
    shaken += 8.0 * (np.mod(t_s, 10.0) < 0.1)
    for start in np.arange(0.0, _DRIVE_S, _MESSAGE_S):
        heard, placed = (np.floor(t / _MESSAGE_S) * _MESSAGE_S == start for t in (t_s, fix_t_s))
        fixes = fix_t_s[placed]
        samples = {"t_s": t_s[heard], "az": G_M_S2 + shaken[heard]}
        samples |= {axis: np.zeros(int(heard.sum())) for axis in ("ax", "ay")}
        positions = {
            "t_s": fixes,
            "lon": _LON + _SPEED_M_S * fixes / _M_PER_DEG,
            "lat": np.full(fixes.size, _LAT),
            "speed_m_s": np.full(fixes.size, _SPEED_M_S),
            "time_utc": [f"2026-01-01T08:00:{second:02.0f}Z" for second in fixes],
        }
        rows = pa.concat_tables([pa.table(samples), pa.table(positions)], promote_options="permissive")
        sink = io.BytesIO()
        pq.write_table(rows, sink)
        yield sink.getvalue()

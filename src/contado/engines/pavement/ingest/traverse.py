"""Cut drives into traversals of sections: matched to the network, one piece a passage of a section.

Mount and clock are settled over the whole drive, because a short piece would not tell them; then every
stretch that follows the links of a section in their order is cut out, with a run-up and a run-out.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.drive import Aligned, Drive
    from contado.kernel.territory import Network
    from contado.kernel.territory.matching.result import MatchResult

__all__ = ["Places", "Traversal", "matched", "places_of", "points_of", "runs", "traversals"]

MARGIN_S = 8.0
"""Run-up and run-out of a piece: longer than the transient of the equaliser's windows."""
MIN_FIXES = 5
_BACK_M = 30.0
"""Going back along a section by more than this begins another traversal."""
_PAUSE_S = 300.0
"""A longer absence from a section begins another traversal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traversal:
    """A piece of a drive along a section, its name that of the drive and the number of the piece."""

    section_id: str
    drive: str
    aligned: Aligned


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where on which section each directed link lies: shape (entries,), sorted by edge."""

    edge: NDArray[np.int64]
    section: NDArray[np.int64]
    start_m: NDArray[np.float64]

    def of(
        self, edge: NDArray[np.int64], offset_m: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return fix, section and chainage [m] of each section that a matched fix lies on."""
        first, last = (np.searchsorted(self.edge, edge, side=s) for s in ("left", "right"))
        fix = np.repeat(np.arange(edge.size), last - first)
        entry = (
            np.arange(fix.size)
            - np.repeat(np.cumsum(last - first) - (last - first), last - first)
            + first[fix]
        )
        return fix, self.section[entry], self.start_m[entry] + offset_m[fix]


def matched(settled: Sequence[Aligned], network: Network, sigma_m: float) -> MatchResult:
    """Match the fixes of drives to the network; the trip of a fix is the number of its drive.

    Parameters
    ----------
    settled
        Drives whose mount and clock are settled, at least one.
    network
        Street network.
    sigma_m
        Standard deviation of a position [m].
    """
    fixes = {
        "trip": np.repeat(np.arange(len(settled)), [a.drive.fix_t_s.size for a in settled]),
        "t_s": np.concatenate([a.drive.fix_t_s for a in settled]),
        "lon": np.concatenate([a.drive.lon for a in settled]),
        "lat": np.concatenate([a.drive.lat for a in settled]),
    }
    return network.match(fixes, sigma_m=sigma_m)


def traversals(
    settled: Sequence[Aligned], found: MatchResult, sections: Mapping[str, Sequence[int]]
) -> list[Traversal]:
    """Return the traversals of ``sections`` (id -> edges in order) by drives that were `matched`."""
    places = places_of(found.network, sections)
    names = list(sections)
    pieces: list[Traversal] = []
    for aligned, mine in zip(settled, points_of(found, len(settled)), strict=True):
        pieces += _of_drive(aligned, found.edge[mine], found.offset_m[mine], places, names)
    return pieces


def points_of(found: MatchResult, count: int) -> list[NDArray[np.int64]]:
    """Return the points of each of ``count`` drives that were `matched`, in their order."""
    trip = found.traces.trip
    order = np.argsort(trip, kind="stable")
    bounds = np.searchsorted(trip, np.arange(count + 1), sorter=order)
    return [order[start:end] for start, end in pairwise(bounds)]


def places_of(network: Network, sections: Mapping[str, Sequence[int]]) -> Places:
    """Return where on which section each directed link lies."""
    edge, section, start = [], [], []
    for number, edges in enumerate(sections.values()):
        chosen = np.asarray(edges, np.int64)
        edge.append(chosen)
        section.append(np.full(chosen.size, number))
        start.append(np.concatenate(([0.0], np.cumsum(network.edge_length_m[chosen])[:-1])))
    if not edge:
        return Places(edge=np.zeros(0, np.int64), section=np.zeros(0, np.int64), start_m=np.zeros(0))
    edges_, sections_, starts = np.concatenate(edge), np.concatenate(section), np.concatenate(start)
    order = np.lexsort((starts, sections_, edges_))
    return Places(edge=edges_[order], section=sections_[order], start_m=starts[order])


def _of_drive(
    aligned: Aligned,
    edge: NDArray[np.int64],
    offset_m: NDArray[np.float64],
    places: Places,
    names: Sequence[str],
) -> Iterator[Traversal]:
    """Yield the traversals of one drive; a second one of the same section gets a number."""
    t_s = aligned.drive.fix_t_s
    fix, section, chainage = places.of(edge, offset_m)
    for number in np.unique(section):
        mine = section == number
        count = 0
        for run in runs(t_s[fix[mine]], chainage[mine]):
            rows = fix[mine][run]
            if np.unique(rows).size < MIN_FIXES:
                continue
            count += 1
            name = aligned.drive.name if count == 1 else f"{aligned.drive.name}.{count}"
            piece = _cut(aligned, t_s[rows[0]] - MARGIN_S, t_s[rows[-1]] + MARGIN_S, name, count)
            yield Traversal(section_id=names[number], drive=aligned.drive.name, aligned=piece)


def runs(t_s: NDArray[np.float64], chainage_m: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """Return the stretches of time in which the section is driven once, from beginning to end."""
    cuts = (np.diff(t_s) > _PAUSE_S) | (np.diff(chainage_m) < -_BACK_M)
    edges = np.concatenate(([0], np.flatnonzero(cuts) + 1, [t_s.size]))
    return [np.arange(a, b) for a, b in pairwise(edges)]


def _cut(aligned: Aligned, from_s: float, to_s: float, name: str, number: int) -> Aligned:
    """Return the part of a settled drive between two times on the clock of the fixes."""
    fixes = (aligned.drive.fix_t_s >= from_s) & (aligned.drive.fix_t_s <= to_s)
    samples = (aligned.t_s >= from_s) & (aligned.t_s <= to_s)
    drive = aligned.drive
    piece: Drive = dataclasses.replace(
        drive,
        name=name,
        sha256=f"{drive.sha256}:{number}:{from_s:.3f}",
        t_s=drive.t_s[samples],
        acc_m_s2=drive.acc_m_s2[samples],
        gyro_rad_s=None if drive.gyro_rad_s is None else drive.gyro_rad_s[samples],
        fix_t_s=drive.fix_t_s[fixes],
        lon=drive.lon[fixes],
        lat=drive.lat[fixes],
        speed_m_s=drive.speed_m_s[fixes],
        hdop=drive.hdop[fixes],
        findings=(),
    )
    return dataclasses.replace(
        aligned,
        drive=piece,
        vertical_m_s2=aligned.vertical_m_s2[samples],
        heading_m_s2=aligned.heading_m_s2[samples],
        roll_rad_s=None if aligned.roll_rad_s is None else aligned.roll_rad_s[samples],
        t_s=aligned.t_s[samples],
        clipped=aligned.clipped[samples],
        findings=(),
    )

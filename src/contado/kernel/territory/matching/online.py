"""Online matching: each fix gets its place a fixed time after it came, with the model of the batch.

The window that is decoded again holds the anchors of the last minute and the fixes that still wait, so the
cost of a fix does not grow with the drive. A place that was given is never taken back.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from contado.kernel.errors import UsageError
from contado.kernel.territory import crs
from contado.kernel.territory.matching import batch
from contado.kernel.territory.matching import traces as reading
from contado.kernel.territory.matching.result import MatchResult
from contado.kernel.territory.matching.settings import MatchSettings
from contado.kernel.territory.matching.state import Lattice, Scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.kernel.territory.network.model import Network

__all__ = ["DEFAULT_LAG_S", "OnlineMatcher", "Place", "match_online"]

DEFAULT_LAG_S: Final = 10.0
_MEMORY_S: Final = 60.0
"""Anchors at least this old, and at least `_LEAST_ANCHORS` back, have no say any more."""
_LEAST_ANCHORS: Final = 20
_MOST_ANCHORS: Final = 80
_ROOM: Final = 256


class Place(NamedTuple):
    """Where a fix was: its number in the drive, edge (-1 unmatched), offset and distance [m], probability."""

    number: int
    t_s: float
    edge: int
    offset_m: float
    distance_m: float
    match_prob: float
    state: int
    new_chain: bool
    """Whether nothing joins it to the matched fix before."""
    path: tuple[int, ...]
    """Edges entered since the matched fix before, its own last; empty on the same edge."""


class _Fix(NamedTuple):
    number: int
    t_s: float
    x: float
    y: float
    anchor: bool


class OnlineMatcher:
    """Matches one drive while it goes on.

    Parameters
    ----------
    network
        Street network.
    settings
        How to match.
    lag_s
        Time after which a fix gets its place [s].

    Attributes
    ----------
    provisional
        Places of the fixes that still wait, as they stand after `extend`.
    """

    def __init__(
        self, network: Network, settings: MatchSettings | None = None, *, lag_s: float = DEFAULT_LAG_S
    ) -> None:
        self._settings = settings or MatchSettings()
        self._epsg = network.epsg
        self._lag_s = lag_s
        self._scene = Scene.of(network, self._settings)
        self._lattice = Lattice.of(_ROOM, self._settings.max_candidates)
        self._fixes: list[_Fix] = []
        self._waiting = 0
        self._count = 0
        self._last = -1
        self._stale = False
        """Whether `provisional` lacks the last fix."""
        self.provisional: list[Place] = []

    def extend(self, t_s: Any, lon: Any, lat: Any) -> list[Place]:
        """Take fixes in the order of their times; return the places that are settled now.

        Parameters
        ----------
        t_s
            Times [s], shape (n,), increasing.
        lon, lat
            Positions [deg], shape (n,).
        """
        x, y = crs.to_measure(np.asarray(lon, np.float64), np.asarray(lat, np.float64), self._epsg)
        settled: list[Place] = []
        for fix in zip(np.asarray(t_s, np.float64).tolist(), x.tolist(), y.tolist(), strict=True):
            settled += self.push(*fix)
        if self._stale:
            self.provisional = self._decoded(len(self._fixes) - self._waiting)[1]
            self._stale = False
        return settled

    def push(self, t_s: float, x: float, y: float) -> list[Place]:
        """Take one fix in the measure CRS [m]; return the places that are settled now."""
        self._add(t_s, x, y)
        first = len(self._fixes) - self._waiting
        due = first
        while due < len(self._fixes) and t_s - self._fixes[due].t_s >= self._lag_s:
            due += 1
        self._stale = due == first
        return [] if self._stale else self._settle(due)

    def finish(self) -> list[Place]:
        """End the drive: return the places of the fixes that waited."""
        return self._settle(len(self._fixes)) if self._waiting else []

    def _add(self, t_s: float, x: float, y: float) -> None:
        """Keep a fix; one that lies an anchor's spacing from the last anchor is an anchor."""
        last = next((f for f in reversed(self._fixes) if f.anchor), None)
        far = last is None or (x - last.x) ** 2 + (y - last.y) ** 2 >= self._settings.spacing_m**2
        self._fixes.append(_Fix(self._count, t_s, x, y, far))
        self._count += 1
        self._waiting += 1

    def _settle(self, until: int) -> list[Place]:
        """Give the waiting fixes before ``until`` their places, then forget what has no say any more."""
        settled, self.provisional = self._decoded(until)
        self._waiting = len(self._fixes) - until
        matched = [p.number for p in settled if p.edge >= 0]
        self._last = matched[-1] if matched else self._last
        self._forget(until)
        return settled

    def _forget(self, until: int) -> None:
        """Keep of the settled fixes the anchors of the last minute and the last one that was matched."""
        anchors = [k for k in range(until) if self._fixes[k].anchor]
        recent = self._fixes[until - 1].t_s - _MEMORY_S
        drop = sum(self._fixes[k].t_s < recent for k in anchors)
        first = max(0, min(drop, len(anchors) - _LEAST_ANCHORS), len(anchors) - _MOST_ANCHORS)
        begin = anchors[first]
        keep = set(anchors[first:])
        self._fixes = [
            f for k, f in enumerate(self._fixes) if k >= until or k in keep or (f.number == self._last and k > begin)
        ]  # fmt: skip

    def _decoded(self, until: int) -> tuple[list[Place], list[Place]]:
        """Decode the window; return the places of the waiting fixes before ``until`` and from it on."""
        fixes = self._fixes
        if len(fixes) > len(self._lattice.point):
            self._lattice = Lattice.of(2 * len(fixes), self._settings.max_candidates)
        x, y, t = (np.array([getattr(f, name) for f in fixes]) for name in ("x", "y", "t_s"))
        points = batch.Points.at(x, y, t)
        edges, chains, _ = batch.run(points, np.array([0, len(fixes)]), self._lattice, self._scene)
        routes = _Routes(points, edges, chains, self._scene.streets.length)
        before = next((k for k, f in enumerate(fixes) if f.number == self._last), -1)
        places: list[Place] = []
        for k in range(len(fixes) - self._waiting, len(fixes)):
            places.append(routes.place(fixes[k], k, before))
            before = k if points.edge[k] >= 0 else before
        first = until - (len(fixes) - self._waiting)
        return places[:first], places[first:]


class _Routes:
    """The decoded routes of a window, by chain."""

    def __init__(
        self,
        points: batch.Points,
        edges: NDArray[np.int32],
        chains: NDArray[np.int32],
        length_m: NDArray[np.float64],
    ) -> None:
        self._points, self._edges = points, edges
        self._first = np.searchsorted(chains, np.arange(int(chains.max(initial=-1)) + 2))
        self._start = np.concatenate([[0.0], np.cumsum(length_m[edges])])

    def place(self, fix: _Fix, k: int, before: int) -> Place:
        """Return the place of point ``k``; ``before`` is the matched point before it, -1 without one."""
        points = self._points
        joined = before >= 0 and points.chain[k] >= 0 and points.chain[before] == points.chain[k]
        path: tuple[int, ...] = ()
        if points.edge[k] >= 0:
            here = self._position(k)
            after = self._position(before) + 1 if joined else here
            path = tuple(self._edges[after : here + 1].tolist())
        return Place(
            fix.number, fix.t_s, int(points.edge[k]), float(points.offset[k]), float(points.distance[k]),
            float(points.probability[k]), int(points.state[k]), not joined, path,
        )  # fmt: skip

    def _position(self, k: int) -> int:
        """Return the place of a point's edge among the edges of all routes: where its chainage lies."""
        first, end = self._first[self._points.chain[k] : self._points.chain[k] + 2]
        along = self._points.chainage[k] + self._start[first]
        found = int(np.searchsorted(self._start[first + 1 : end], along, side="left")) + int(first)
        return min(found, int(end) - 1)


class _Course:
    """Places of trips, one after the other, as a result of matching keeps them."""

    def __init__(self, points: batch.Points, length_m: NDArray[np.float64]) -> None:
        self.points, self.length_m = points, length_m
        self.edges: list[int] = []
        self.chains: list[int] = []
        self.trips: list[int] = []
        self._start = 0.0

    def add(self, place: Place, row: int, trip: int) -> None:
        """Write one place to its row; lengthen the route of its chain, or begin another."""
        points = self.points
        points.state[row], points.probability[row] = place.state, place.match_prob
        if place.edge < 0:
            return
        if place.new_chain or not self.trips or self.trips[-1] != trip:
            self.trips.append(trip)
            self._start = 0.0
            self._append(place.edge)
        else:
            for edge in place.path:
                self._start += self.length_m[self.edges[-1]]
                self._append(edge)
        points.edge[row], points.offset[row] = place.edge, place.offset_m
        points.distance[row], points.chain[row] = place.distance_m, len(self.trips) - 1
        points.chainage[row] = self._start + place.offset_m

    def _append(self, edge: int) -> None:
        self.edges.append(edge)
        self.chains.append(len(self.trips) - 1)


def match_online(
    network: Network,
    fixes: Any,
    *,
    lag_s: float = DEFAULT_LAG_S,
    settings: MatchSettings | None = None,
    drop_bad: bool = False,
    **options: Any,
) -> MatchResult:
    """Match traces as if each fix came at its time, and got its place ``lag_s`` later (errors of `match`).

    Raises
    ------
    UsageError
        A fix has no time (rule ``missing_value``).
    """
    chosen = replace(settings or MatchSettings(), **options)
    traces = reading.check(reading.of(fixes), network, drop_bad=drop_bad)
    if not np.isfinite(traces.t_s).all():
        raise UsageError(
            f"{traces.name}: a fix without a time cannot be matched online.",
            rule="missing_value",
            hint="give t_s, or match without --online",
            field="t_s",
        )
    x, y = crs.to_measure(traces.lon, traces.lat, network.epsg)
    order, usable = traces.ordered(x, y)
    course = _Course(batch.Points.at(x, y, traces.t_s), network.edge_length_m)
    OnlineMatcher(network, chosen).extend([0.0], traces.lon[usable[:1]], traces.lat[usable[:1]])  # compiles
    began = time.thread_time()
    for trip, mine in enumerate(traces.by_trip(usable)):
        matcher = OnlineMatcher(network, chosen, lag_s=lag_s)
        rows = zip(traces.t_s[mine].tolist(), x[mine].tolist(), y[mine].tolist(), strict=True)
        places = [place for row in rows for place in matcher.push(*row)] + matcher.finish()
        for place in places:
            course.add(place, int(mine[place.number]), trip)
    routes = (np.array(course.edges), np.array(course.chains), np.array(course.trips))
    return MatchResult.of(network, traces, course.points, routes, order, time.thread_time() - began)

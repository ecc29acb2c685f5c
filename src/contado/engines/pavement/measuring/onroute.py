"""The route a drive is measured on: its line, its neighbours, and what of a drive lies on it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.measuring.position import Fixes, RouteLine, Track, spans
from contado.kernel.errors import DataError
from contado.kernel.territory import crs
from contado.kernel.territory.matching.traces import any_near

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.spatial import cKDTree

    from contado.engines.pavement.telemetry.drive import Drive
    from contado.kernel.territory import Network, Route

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["FLAG_TEXTS", "RouteFrame", "ambiguous", "fixes_of", "frame_of", "without"]

FLAG_TEXTS: Final = {
    "unmatched": "nowhere on the route, or driven the other way; nothing of it was used",
    "unmatched_span": "parts lie off the route; they were not used",
    "ambiguous_match": "on parts another road fits as well (match probability below 0.8); they were not used",
}

NEIGHBOUR_M: Final = 60.0
STEP_M: Final = 2.0
SAME_HEADING: Final = float(np.cos(np.radians(30)))
MIN_MATCH_PROB: Final = 0.8
STAY: Final = 0.99
"""Probability that from one fix to the next a car stays on the road it is on."""
INDEPENDENT: Final = 0.1
"""Share of a fix that is new information: the errors of GNSS are correlated over many seconds."""


@dataclass(frozen=True, kw_only=True)
class RouteFrame:
    """A route as a polyline whose chainage begins at 0, with its network."""

    network: Network
    route: Route
    line: RouteLine
    start_m: float
    """Chainage of the route's own file at its start."""
    length_m: float

    @cached_property
    def neighbours(self) -> cKDTree | None:
        """Points of the other roads beside the route that lead the same way; None where there is none."""
        from scipy.spatial import cKDTree

        dense = self.line.densified(STEP_M)
        tree = cKDTree(np.column_stack([dense.x_m, dense.y_m]))
        x, y, ux, uy = _points_of_others(self.network, self.route, tree)
        distance, k = tree.query(np.column_stack([x, y])) if len(x) else (np.empty(0), np.empty(0, dtype=int))
        before, after = np.maximum(k - 1, 0), np.minimum(k + 1, len(dense.x_m) - 1)
        rx, ry = dense.x_m[after] - dense.x_m[before], dense.y_m[after] - dense.y_m[before]
        alike = (rx * ux + ry * uy) / np.maximum(np.hypot(rx, ry), 1e-9) >= SAME_HEADING
        inner = (k > 0) & (k < len(dense.x_m) - 1)
        beside = alike & inner & (distance <= NEIGHBOUR_M) & (distance >= STEP_M)
        return cKDTree(np.column_stack([x[beside], y[beside]])) if beside.any() else None


def frame_of(network: Network, route: Route) -> RouteFrame:
    """Return the polyline of a route with chainages from 0."""
    x, y, chainage = (np.concatenate(part) for part in zip(*route.lines, strict=True))
    chainage = chainage - route.start_m
    ahead = np.concatenate([[True], (np.hypot(np.diff(x), np.diff(y)) > 1e-6) & (np.diff(chainage) > 0)])
    line = RouteLine(x_m=x[ahead], y_m=y[ahead], chainage_m=chainage[ahead])
    return RouteFrame(network=network, route=route, line=line, start_m=route.start_m, length_m=route.length_m)


def _points_of_others(network: Network, route: Route, tree: cKDTree) -> tuple[Floats, Floats, Floats, Floats]:
    """Return points 2 m apart on the edges near the route that are not its own, with their headings."""
    mine = np.zeros(len(network.edge_from), dtype=bool)
    mine[route.edges] = True
    back = network.edge_reverse[route.edges]
    mine[back[back >= 0]] = True
    begins = ~np.repeat(mine, np.diff(network.geometry_offsets))
    begins[network.geometry_offsets[1:] - 1] = False
    left = np.flatnonzero(begins)
    ax, ay = network.geometry_x[left], network.geometry_y[left]
    dx, dy = network.geometry_x[left + 1] - ax, network.geometry_y[left + 1] - ay
    length = np.hypot(dx, dy)
    around = _within(ax + dx / 2, ay + dy / 2, NEIGHBOUR_M + length / 2, tree)
    ax, ay, dx, dy, length = ax[around], ay[around], dx[around], dy[around], length[around]
    reach, _ = tree.query(np.column_stack([ax + dx / 2, ay + dy / 2]))
    near = (reach <= NEIGHBOUR_M + length / 2) & (length > 0)
    ax, ay, dx, dy, length = ax[near], ay[near], dx[near], dy[near], length[near]
    number = np.maximum(1, np.ceil(length / STEP_M)).astype(int)
    owner = np.repeat(np.arange(len(number)), number)
    share = (np.arange(len(owner)) - np.repeat(np.cumsum(number) - number, number) + 0.5) / number[owner]
    unit_x, unit_y = dx / length, dy / length
    return ax[owner] + share * dx[owner], ay[owner] + share * dy[owner], unit_x[owner], unit_y[owner]


def _within(x: Floats, y: Floats, reach_m: Floats, tree: cKDTree) -> Bools:
    """Return which points lie no farther than ``reach_m`` from the box about the points of ``tree``."""
    (left, low), (right, high) = tree.mins, tree.maxes
    across = (x >= left - reach_m) & (x <= right + reach_m)
    found: Bools = across & (y >= low - reach_m) & (y <= high + reach_m)
    return found


def fixes_of(drive: Drive, frame: RouteFrame) -> Fixes:
    """Project the fixes of a drive to the measure CRS.

    Raises
    ------
    DataError
        Rule ``lon_lat_swapped_or_off_network``: no fix lies within 5 km of the network.
    """
    x, y = crs.to_measure(drive.lon, drive.lat, frame.network.epsg)
    if not any_near(frame.network, drive.lon, drive.lat):
        swapped = any_near(frame.network, drive.lat, drive.lon)
        hint = (
            "longitude and latitude are swapped: exchange the two columns"
            if swapped
            else "drive and network lie in different places: check the network file and that lon, lat are degrees"
        )
        raise DataError(
            f"{drive.name}: no fix lies within 5 km of the network; the first is "
            f"lon {drive.lon[0]:g}, lat {drive.lat[0]:g}.",
            rule="lon_lat_swapped_or_off_network",
            hint=hint,
            rows=[2],
            field="lon",
        )
    return Fixes(t_s=drive.fix_t_s, x_m=x, y_m=y, speed_m_s=drive.speed_m_s)


def ambiguous(fixes: Fixes, located: Track, frame: RouteFrame) -> Bools:
    """Return the matched fixes whose probability to be on the route is below 0.8.

    Two states, the route and the nearest other road that leads the same way; forward-backward over the
    fixes of each span.
    """
    doubtful = np.zeros(len(fixes.t_s), dtype=bool)
    if frame.neighbours is None:
        return doubtful
    xy = np.column_stack([fixes.x_m, fixes.y_m])
    other = np.asarray(frame.neighbours.query(xy, distance_upper_bound=NEIGHBOUR_M)[0], dtype=np.float64)
    weight = INDEPENDENT / (2 * located.sigma_m**2)
    for number in range(int(located.run.max(initial=-1)) + 1):
        k = np.flatnonzero(located.run == number)
        own = located.across_m[k] ** 2
        apart = np.where(np.isfinite(other[k]), other[k] ** 2, np.inf)
        likely = np.column_stack([np.ones(len(k)), np.exp(np.clip(weight * (own - apart), -700, 50))])
        doubtful[k] = _probability_of_first(likely) < MIN_MATCH_PROB
    return doubtful


def _probability_of_first(likelihood: Floats) -> Floats:
    """Return the posterior of state 0 of a two-state chain, shape (m,)."""
    step = np.array([[STAY, 1 - STAY], [1 - STAY, STAY]])
    forward, backward = np.empty_like(likelihood), np.ones_like(likelihood)
    state = np.array([0.5, 0.5])
    for i, seen in enumerate(likelihood):
        state = (step @ state if i else state) * seen
        state = state / state.sum()
        forward[i] = state
    for i in range(len(likelihood) - 2, -1, -1):
        state = step @ (likelihood[i + 1] * backward[i + 1])
        backward[i] = state / state.sum()
    both = forward * backward
    first: Floats = both[:, 0] / both.sum(axis=1)
    return first


def without(located: Track, doubtful: Bools) -> Track:
    """Return the track with the doubtful fixes unmatched."""
    chainage = np.where(doubtful, np.nan, located.chainage_m)
    return dataclasses.replace(
        located, chainage_m=chainage, run=spans(located.t_s, np.isfinite(chainage) & (located.run >= 0))
    )

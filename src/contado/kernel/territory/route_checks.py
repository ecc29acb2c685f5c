"""What is checked of a route: its edges exist, follow one another and are as long as its chainages say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.kernel.territory.network.model import Network

__all__ = ["check_connected", "check_increasing", "find_edges", "parts", "stretched", "within"]

_ROUNDING_M: Final = 1e-6
"""Least length that is divided by."""
_LIKE: Final = (0.9, 1.1)
"""Chainage per metre of an edge that calls for no word: official lengths differ from those of a map."""
_POSSIBLE: Final = (0.5, 2.0)
"""Beyond these no survey is that far from the map: the chainages are those of another road, or in another unit."""
_SLACK_M: Final = 1.0
"""Difference of lengths that is never told: short edges of files in whole metres."""


def find_edges(
    network: Network,
    keys: list[tuple[int, int, int]],
    length_m: NDArray[np.float64],
    lines: list[int],
    name: str,
) -> NDArray[np.int64]:
    """Return the edge of each key; where several have it, the one whose length fits."""
    ends = zip(
        network.edge_way.tolist(),
        network.node_id[network.edge_from].tolist(),
        network.node_id[network.edge_to].tolist(),
        strict=True,
    )
    wanted = set(keys)
    by_key: dict[tuple[int, int, int], list[int]] = {}
    for edge, key in enumerate(ends):
        if key in wanted:
            by_key.setdefault(key, []).append(edge)
    if absent := [line for key, line in zip(keys, lines, strict=True) if key not in by_key]:
        raise DataError(
            f"{name}, line {absent[0]}: the network has no edge {keys[lines.index(absent[0])]}.",
            rule="route_off_network",
            hint="route and network must come from the same map and profile",
            rows=absent,
        )

    def misfit(edge: int, length: float) -> float:
        return abs(float(network.edge_length_m[edge]) - length)

    found = [
        min(by_key[key], key=lambda e: misfit(e, length)) for key, length in zip(keys, length_m, strict=True)
    ]
    return np.array(found, dtype=np.int64)


def check_connected(network: Network, edges: NDArray[np.int64], lines: list[int], name: str) -> None:
    """Refuse edges that do not follow one another (`route_not_connected`)."""
    broken = np.flatnonzero(network.edge_to[edges[:-1]] != network.edge_from[edges[1:]])
    if len(broken):
        rows = [lines[i + 1] for i in broken]
        raise DataError(
            f"{name}, line {rows[0]}: the edge does not begin where the one before ends.",
            rule="route_not_connected",
            hint="give the edges in driving order, without gaps",
            rows=rows,
        )


def check_increasing(
    from_m: NDArray[np.float64], to_m: NDArray[np.float64], lines: list[int], name: str
) -> None:
    """Refuse chainages that go back or leave a gap (`chainage_not_increasing`)."""
    wrong = to_m < from_m
    wrong[1:] |= np.abs(from_m[1:] - to_m[:-1]) > 0.02
    if wrong.any():
        rows = [lines[i] for i in np.flatnonzero(wrong)]
        raise DataError(
            f"{name}, line {rows[0]}: from_m and to_m do not follow on from the line before.",
            rule="chainage_not_increasing",
            hint="each line's from_m is the to_m of the line before",
            rows=rows,
            field="from_m",
        )


def stretched(
    mapped_m: NDArray[np.float64], given_m: NDArray[np.float64], lines: list[int], name: str
) -> list[Finding]:
    """Name the edges whose chainages are not the length of their part, and refuse those that cannot be of this road.

    Of an edge whose part is not known, the first or last one, chainages that are short are told, but not refused.
    """
    ratio = given_m / np.maximum(mapped_m, _ROUNDING_M)
    unlike = (np.abs(given_m - mapped_m) > _SLACK_M) & ((ratio < _LIKE[0]) | (ratio > _LIKE[1]))
    inner = np.arange(len(ratio)) % max(len(ratio) - 1, 1) > 0
    refused = unlike & ((ratio > _POSSIBLE[1]) | (inner & (ratio < _POSSIBLE[0])))
    told = [
        f"{name}, line {line}: {given:g} m by its chainages, {mapped:g} m on the map ({share:.3g} times)."
        for line, given, mapped, share in zip(lines, given_m, mapped_m.round(2), ratio, strict=True)
    ]
    if refused.any():
        rows = [lines[i] for i in np.flatnonzero(refused)]
        raise DataError(
            told[int(np.flatnonzero(refused)[0])],
            rule="chainage_stretched",
            hint="from_m and to_m are metres along the route; an edge is about to_m - from_m long",
            rows=rows,
            field="to_m",
        )
    return [
        Finding(
            severity="warning",
            rule="chainage_stretched",
            message=told[i],
            table=name,
            row=lines[i],
            hint="its chainages are spread over the whole edge; check from_m and to_m",
            action="kept",
        )
        for i in np.flatnonzero(unlike).tolist()
    ]


def parts(
    mapped_m: NDArray[np.float64], from_m: NDArray[np.float64], to_m: NDArray[np.float64]
) -> tuple[float, float]:
    """Return where on its first edge a route begins, and where on its last one it ends [m].

    An edge at an end is a part where its chainages are shorter than the map by more than a tenth and a metre, in the
    measure of the edges between. A route of one edge has the part that its chainages name, where they lie on it.

    Parameters
    ----------
    mapped_m
        Length of each edge on the map [m], shape (n,).
    from_m, to_m
        Chainages of their ends [m], shape (n,).

    Examples
    --------
    >>> mapped = np.array([100.0, 50.0, 80.0])
    >>> parts(mapped, np.array([0.0, 30.0, 80.0]), np.array([30.0, 80.0, 160.0]))
    (70.0, 80.0)
    >>> parts(mapped[:1], np.array([20.0]), np.array([60.0]))
    (20.0, 60.0)
    """
    given_m = to_m - from_m
    length = float(mapped_m[-1])
    if len(mapped_m) == 1:
        short = given_m[0] < _LIKE[0] * length and length - given_m[0] > _SLACK_M
        on_it = from_m[0] >= 0 and to_m[0] <= length
        return (float(from_m[0]), float(to_m[0])) if short and on_it else (0.0, length)
    inner = (given_m / np.maximum(mapped_m, _ROUNDING_M))[1:-1]
    usual = float(np.median(inner)) if inner.size else 1.0
    ends = mapped_m[[0, -1]]
    part = given_m[[0, -1]] / max(usual, _ROUNDING_M)
    whole = (part >= _LIKE[0] * ends) | (ends - part <= _SLACK_M)
    first, last = np.where(whole, ends, part).tolist()
    return float(ends[0] - first), float(last)


def within(
    mapped_m: NDArray[np.float64], begin_m: float, end_m: float, lines: list[int], name: str
) -> list[Finding]:
    """Tell that a route begins or ends within an edge."""
    told = []
    if begin_m > 0:
        told.append(
            (0, f"the route begins {begin_m:.2f} m into the edge, {mapped_m[0]:.2f} m long on the map.")
        )
    if end_m < mapped_m[-1]:
        told.append(
            (-1, f"the route ends {end_m:.2f} m into the edge, {mapped_m[-1]:.2f} m long on the map.")
        )
    return [
        Finding(
            severity="note",
            rule="part_of_edge",
            message=f"{name}, line {lines[i]}: {what}",
            table=name,
            row=lines[i],
            hint="nothing to do where it is so; else check from_m and to_m",
            action="kept",
        )
        for i, what in told
    ]

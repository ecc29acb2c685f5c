"""Matching as a routine of `contado.kernel.scale`: a row in is a trip, a row out is the trip matched."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from contado.kernel import scale
from contado.kernel.scale import lists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from contado.kernel.progress import Progress
    from contado.kernel.scale import Engine
    from contado.kernel.territory.matching.settings import MatchSettings
    from contado.kernel.territory.network.model import Network

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Matched", "Matcher", "batch", "run"]

_POINTS: Final = 1 << 16
"""Points of a part: trips are whole, so a longer one is a part of its own."""
_OF_POINTS: Final = {
    "edge": pa.int32(),
    "offset": pa.float64(),
    "distance": pa.float64(),
    "probability": pa.float64(),
    "state": pa.int8(),
    "chain": pa.int32(),
    "chainage": pa.float64(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """The context: streets and settings."""

    network: Network
    settings: MatchSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What is found: arrays by point (in the order given), by edge of the routes, by chain."""

    points: dict[str, NDArray[Any]]
    """By the names of `batch.Points`."""
    routes: tuple[Ints, Ints, Ints]
    """Edges of all routes in driving order, the chain of each edge, the trip of each chain."""
    cpu_s: float
    """Processor seconds of the matching proper, on all threads and machines together."""


def run(
    matcher: Matcher,
    x: Floats,
    y: Floats,
    t: Floats,
    offsets: Ints,
    *,
    engine: Engine = "local",
    progress: Progress | None = None,
) -> Matched:
    """Match the trips ``offsets[t]:offsets[t + 1]`` of the points x, y [m] at times t [s]; the same bits on every engine.

    Raises
    ------
    ExtraMissing
        The engine is not installed.
    """
    found = scale.run(batch, list(_parts(x, y, t, offsets)), matcher, engine=engine, progress=progress)
    chains = found["chains"].to_numpy()
    first = np.cumsum(chains) - chains
    points = {name: lists.joined(found[name]) for name in _OF_POINTS}
    sizes, edges = np.diff(offsets), found["route_edge"].combine_chunks().value_lengths().to_numpy()
    chain = points["chain"] + np.repeat(first, sizes)
    points["chain"] = np.where(points["chain"] >= 0, chain, -1)
    return Matched(
        points=points,
        routes=(
            lists.joined(found["route_edge"]),
            lists.joined(found["route_chain"]) + np.repeat(first, edges),
            np.repeat(np.arange(len(chains)), chains),
        ),
        cpu_s=float(np.sum(found["cpu_s"].to_numpy())),
    )


def batch(trips: pa.RecordBatch, matcher: Matcher) -> pa.RecordBatch:
    """Match the rows ``row_id, x, y, t`` (lists of metres and seconds in driving order), each a trip.

    Returns ``row_id``; by point ``edge, offset, distance, probability, state, chain, chainage``; by edge of
    the route ``route_edge, route_chain``; the number of ``chains``, which count from 0 in each trip; and
    ``cpu_s``, that of the whole batch in its first row.
    """
    from contado.kernel.territory.matching import batch as kernels
    from contado.kernel.territory.matching.state import Lattice, Scene

    x, y, t, offsets = _points(trips)
    scene = Scene.of(matcher.network, matcher.settings)
    lattice = Lattice.of(int(np.diff(offsets).max(initial=1)), matcher.settings.max_candidates)
    points = kernels.Points.at(x, y, t)
    kernels.run(points, offsets[:1], lattice, scene)  # no trip: compiles, or reads the compiled code
    start = time.thread_time()
    edges, chains, owner = kernels.run(points, offsets, lattice, scene)
    seconds = time.thread_time() - start
    rows = len(offsets) - 1
    first = np.searchsorted(owner, np.arange(rows + 1))
    trip = np.repeat(np.arange(rows), np.diff(offsets))
    points.chain[points.chain >= 0] -= first[trip[points.chain >= 0]]
    driven = np.searchsorted(owner[chains], np.arange(rows + 1))
    return pa.record_batch(
        {
            "row_id": trips.column("row_id"),
            **{name: lists.cut(getattr(points, name), offsets, kind) for name, kind in _OF_POINTS.items()},
            "route_edge": lists.cut(edges, driven, pa.int32()),
            "route_chain": lists.cut(chains - first[owner[chains]], driven, pa.int32()),
            "chains": pa.array(np.diff(first), pa.int32()),
            "cpu_s": pa.array(np.where(np.arange(rows) == 0, seconds, 0.0)),
        }
    )


def _parts(x: Floats, y: Floats, t: Floats, offsets: Ints) -> Iterator[pa.RecordBatch]:
    """Yield the trips in parts; without a trip one part without a row."""
    trips = len(offsets) - 1
    cuts = [0]
    for trip in range(1, trips):
        if offsets[trip + 1] - offsets[cuts[-1]] > _POINTS:
            cuts.append(trip)
    for low, high in pairwise([*cuts, trips]):
        inside, at = slice(offsets[low], offsets[high]), offsets[low : high + 1] - offsets[low]
        yield pa.record_batch(
            {
                "row_id": pa.array(np.arange(low, high)),
                "x": lists.cut(x[inside], at, pa.float64()),
                "y": lists.cut(y[inside], at, pa.float64()),
                "t": lists.cut(t[inside], at, pa.float64()),
            }
        )


def _points(trips: pa.RecordBatch) -> tuple[Floats, Floats, Floats, Ints]:
    x, y, t = (trips.column(name) for name in ("x", "y", "t"))
    offsets = x.offsets.to_numpy().astype(np.int64)
    return x.flatten().to_numpy(), y.flatten().to_numpy(), t.flatten().to_numpy(), offsets - offsets[0]

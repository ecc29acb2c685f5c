"""Map matching: GNSS traces to the street network. Knows roads and points, nothing of vehicles.

Anchors at least three sigma apart are decoded by a hidden Markov model; the points between them are
placed on the decoded route afterwards, in driving order. Trips are independent of each other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.kernel.territory.matching.settings import MatchSettings

if TYPE_CHECKING:
    from contado.kernel.progress import Progress
    from contado.kernel.scale import Engine
    from contado.kernel.territory.matching.result import MatchResult
    from contado.kernel.territory.matching.traces import Traces
    from contado.kernel.territory.network.model import Network

__all__ = ["MatchSettings", "match"]


def match(
    network: Network,
    fixes: Any,
    lat: Any = None,
    t_s: Any = None,
    *,
    settings: MatchSettings | None = None,
    drop_bad: bool = False,
    engine: Engine = "local",
    progress: Progress | None = None,
    **options: Any,
) -> MatchResult:
    """Match traces to a network.

    Parameters
    ----------
    network
        Street network of the traces' area.
    fixes
        Table (Arrow, pandas, mapping) with lon, lat [deg] and, where known, trip and t_s [s]; a file; or,
        with ``lat``, the longitudes of one trip.
    lat, t_s
        Latitudes [deg] and times [s] of one trip.
    settings
        How to match; ``options`` replace single settings (``sigma_m=10.0``).
    drop_bad
        Leave out impossible positions and jumps instead of refusing them.
    engine
        Where the trips are matched (`contado.kernel.scale`): the answer is the same to the bit.

    Raises
    ------
    DataError
        Rules ``lon_lat_swapped_or_off_network``, ``impossible_position``, ``impossible_jump``,
        ``empty_file``, ``not_a_number``; nothing is compiled before.
    ColumnNotFound
        Rule ``missing_column``.
    ExtraMissing
        The engine is not installed.
    """
    from contado.kernel.territory.matching import traces as reading

    chosen = replace(settings or MatchSettings(), **options)
    traces = reading.check(reading.of(fixes, lat, t_s), network, drop_bad=drop_bad)
    return _run(network, traces, chosen, engine, progress)


def _run(
    network: Network,
    traces: Traces,
    settings: MatchSettings,
    engine: Engine,
    progress: Progress | None,
) -> MatchResult:
    from contado.kernel.territory import crs
    from contado.kernel.territory.matching import batch, trips
    from contado.kernel.territory.matching.result import MatchResult

    x, y = crs.to_measure(traces.lon, traces.lat, network.epsg)
    order, usable = traces.ordered(x, y)
    offsets = np.searchsorted(traces.trip[usable], np.arange(len(traces.trips) + 1))
    matcher = trips.Matcher(network=network, settings=settings)
    found = trips.run(
        matcher, x[usable], y[usable], traces.t_s[usable], offsets, engine=engine, progress=progress
    )
    filled = batch.Points.at(x, y, traces.t_s)
    for name, part in found.points.items():
        getattr(filled, name)[usable] = part
    return MatchResult.of(network, traces, filled, found.routes, order, found.cpu_s)

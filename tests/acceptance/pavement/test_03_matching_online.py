"""pavement.md section 19, item 3, and section 17: the online matcher against the batch, on the open drives."""

from __future__ import annotations

import time

import numpy as np
import pyarrow.parquet as pq
import pytest

from contado.kernel.territory import Network, crs
from contado.kernel.territory.matching import MatchSettings
from contado.kernel.territory.matching.online import OnlineMatcher, match_online

BLIND = ["trip", "t_s", "lon", "lat"]
LAG_S = 10.0


@pytest.fixture(scope="module")
def network(shared):
    return Network.from_osm(shared("roads/network/liechtenstein.osm.pbf"))


@pytest.fixture(scope="module")
def fixes(shared):
    def read(sigma):
        return pq.read_table(
            shared(f"roads/trips_synth/liechtenstein_sigma{sigma}_points.parquet"), columns=BLIND
        )

    return read


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [5, 10])
@pytest.mark.item("pavement", 3, "online at 10 s lag: points on the batch's edge", ">= .99")
def test_online_finds_the_edges_of_the_batch(network, fixes, sigma, figure):
    table = fixes(sigma)
    batch = network.match(table, sigma_m=float(sigma))
    online = match_online(network, table, lag_s=LAG_S, sigma_m=float(sigma))
    same = float(np.mean(batch.edge == online.edge))
    figure(f"sigma {sigma} m: {same:.4f} of {len(batch.edge)} points")
    assert same >= 0.99


@pytest.mark.item("pavement", 17, "live: one fix in the matcher, p95", "<= 5 ms")
def test_a_fix_takes_less_than_five_milliseconds(network, fixes, figure):
    table = fixes(5).slice(0, 1500)
    x, y = crs.to_measure(table["lon"].to_numpy(), table["lat"].to_numpy(), network.epsg)
    trip, t_s = table["trip"].to_numpy(), table["t_s"].to_numpy()
    first = trip == trip[0]
    matcher = OnlineMatcher(network, MatchSettings(), lag_s=LAG_S)
    taken = []
    for k, fix in enumerate(zip(t_s[first].tolist(), x[first].tolist(), y[first].tolist(), strict=True)):
        began = time.perf_counter()
        matcher.push(*fix)
        if k > 20:  # compiled by then
            taken.append(time.perf_counter() - began)
    p95 = 1000 * float(np.percentile(taken, 95))
    figure(f"{p95:.2f} ms over {len(taken)} fixes")
    assert p95 <= 5.0

"""pavement.md section 19, item 3: matching on the simulated drives, truth columns blinded."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from contado.kernel.territory import Network

BLIND = ["trip", "t_s", "lon", "lat"]


@pytest.fixture(scope="module")
def network(shared):
    return Network.from_osm(shared("roads/network/liechtenstein.osm.pbf"))


@pytest.fixture(scope="module")
def drives(shared):
    """Function from sigma to (points with truth, true routes)."""

    def read(sigma):
        base = f"roads/trips_synth/liechtenstein_sigma{sigma}"
        return tuple(
            pq.read_table(shared(f"{base}_{part}.parquet")).to_pandas() for part in ("points", "routes")
        )

    return read


def accuracy(network, truth, sigma_m) -> tuple[float, float, object]:
    """Share of points on the true edge and on the true way."""
    result = network.match(truth[BLIND], sigma_m=sigma_m)
    found = result.points.to_pandas()
    way = (found["way_id"] == truth["true_way"].to_numpy()).to_numpy(dtype=bool, na_value=False)
    start = (found["from_node"] == truth["true_from"].to_numpy()).to_numpy(dtype=bool, na_value=False)
    end = (found["to_node"] == truth["true_to"].to_numpy()).to_numpy(dtype=bool, na_value=False)
    return float((way & start & end).mean()), float(way.mean()), result


def length_wrong(network, result, routes) -> float:
    """Length added and missed over true length, over whole edges with multiplicity."""

    def edges(table) -> Counter:
        return Counter(zip(table["trip"], table["way_id"], table["from_node"], table["to_node"], strict=True))

    length = {}
    for table in (routes, result.routes.to_pandas()):
        keys = zip(table["way_id"], table["from_node"], table["to_node"], strict=True)
        length.update(zip(keys, table["length_m"], strict=True))
    found, true = edges(result.routes.to_pandas()), edges(routes)
    wrong = (found - true) + (true - found)
    return sum(length[k[1:]] * n for k, n in wrong.items()) / sum(length[k[1:]] * n for k, n in true.items())


@pytest.mark.item("pavement", 3, "sigma 5 m: edge, way, RMF", ">= .955, >= .978, <= .015 (stretch .010)")
def test_sigma_5(network, drives, figure):
    points, routes = drives(5)
    edge, way, result = accuracy(network, points, 5.0)
    rmf = length_wrong(network, result, routes)
    figure(f"{edge:.4f} / {way:.4f} / {rmf:.4f}")
    assert edge >= 0.955
    assert way >= 0.978
    assert rmf <= 0.010


@pytest.mark.item("pavement", 3, "sigma 10 m: edge, RMF", ">= .925, <= .036")
def test_sigma_10(network, drives, figure):
    points, routes = drives(10)
    edge, way, result = accuracy(network, points, 10.0)
    rmf = length_wrong(network, result, routes)
    figure(f"{edge:.4f} (way {way:.4f}) / {rmf:.4f}")
    assert edge >= 0.925
    assert rmf <= 0.036


@pytest.mark.item("pavement", 3, "sigma 5 m, thinned, all phases: edge", ">= .950 (10 s), .940 (30 s)")
@pytest.mark.parametrize(("step", "goal"), [(10, 0.950), (30, 0.940)])
def test_thinned(network, drives, step, goal, figure):
    """Each second of the step is once the first, so that every point of the file is scored: 21,375."""
    points, _ = drives(5)
    hits = 0.0
    for first in range(step):
        part = points[points["t_s"] % step == first]
        hits += accuracy(network, part, 5.0)[0] * len(part)
    figure(f"{step} s: {hits / len(points):.4f}")
    assert hits / len(points) >= goal


@pytest.mark.item("pavement", 3, "sigma 5 m, thinned from second 0: edge", ">= .950 (10 s), .940 (30 s)")
@pytest.mark.parametrize(
    ("step", "goal"),
    [(10, 0.950), (30, 0.940)],
)
def test_thinned_from_the_first_second(network, drives, step, goal, figure):
    """A tenth and a thirtieth of the points: the standard error of the share is .005 and .009."""
    points, _ = drives(5)
    edge = accuracy(network, points[points["t_s"] % step == 0], 5.0)[0]
    figure(f"{step} s: {edge:.4f}")
    assert edge >= goal


@pytest.mark.item("pavement", 3, "order of trips and of columns", "irrelevant")
def test_order_is_irrelevant(network, drives, figure):
    points, _ = drives(10)
    mixed = points[BLIND[::-1]].sample(frac=1.0, random_state=0)
    plain = network.match(points[BLIND], sigma_m=10.0).points.to_pandas()
    other = (
        network.match(mixed, sigma_m=10.0).points.to_pandas().sort_values(["trip", "t_s"], ignore_index=True)
    )
    figure("identical" if plain.equals(other) else "differs")
    assert plain.equals(other)


@pytest.mark.item("pavement", 3, "matched length / GNSS length per trip", "0.97-1.05")
def test_no_detours(network, drives, figure):
    ratios = [
        ratio
        for sigma in (5, 10)
        for ratio in network.match(drives(sigma)[0][BLIND], sigma_m=float(sigma))
        .trips["length_ratio"]
        .to_pylist()
    ]
    figure(f"{min(ratios):.3f}-{max(ratios):.3f}, median {np.median(ratios):.3f}")
    assert min(ratios) >= 0.97
    assert max(ratios) <= 1.05


@pytest.mark.item("pavement", 3, "off-network span", "stays open")
def test_off_network_span_stays_open(network, drives, figure):
    points, _ = drives(5)
    trip = points[points["trip"] == 3].copy()
    middle = slice(len(trip) // 2, len(trip) // 2 + 60)
    lake = trip.iloc[middle].index
    trip.loc[lake, "lat"] += 0.02 + 0.00005 * np.arange(len(lake))
    trip.loc[lake, "lon"] -= 0.06
    found = network.match(trip[BLIND]).points.to_pandas()["state"].to_numpy()
    open_share = (found[middle] == "unmatched").mean()
    figure(f"{open_share:.0%} of the span unmatched, {(found == 'unmatched').sum()} points in all")
    assert open_share == 1.0
    assert (np.delete(found, np.r_[middle]) != "unmatched").mean() > 0.98


@pytest.mark.item(
    "pavement", 3, "match_prob: right edge or its neighbour where >= 0.8", "more often than below"
)
def test_probability_orders_the_truth(network, drives, figure):
    points, _ = drives(5)
    result = network.match(points[BLIND])
    right = result.points.to_pandas()["way_id"].to_numpy() == points["true_way"].to_numpy()
    sure = result.match_prob >= 0.8
    figure(
        f"way right {right[sure].mean():.3f} where sure ({sure.mean():.3f} of points), {right[~sure].mean():.3f} else"
    )
    assert right[sure].mean() > right[~sure].mean()
    assert sure.mean() > 0.95


@pytest.mark.item("pavement", 20, "Curitiba: matched / GNSS length of every real drive", "0.97-1.05")
@pytest.mark.parametrize("sigma_m", [5.0, 10.0])
@pytest.mark.parametrize("driver", ["A", "B"])
def test_real_drives_make_no_detours(shared, driver, sigma_m, figure):
    """Outside unmatched spans; positions to six decimals with a comma, one trip a day and number."""
    raw = pd.read_csv(shared(f"roads/real/curitiba/driver_{driver}.csv.gz"), sep=";", decimal=",", dtype=str)
    city = Network.from_ways(shared("roads/real/curitiba/osm_ways.parquet"))
    place = {
        name: pd.to_numeric(raw[column].str.replace(",", "."))
        for name, column in (("lon", "LONG"), ("lat", "LAT"))
    }
    seconds = pd.to_timedelta(raw["03:00:00"]).dt.total_seconds()
    drives = pd.DataFrame({"trip": raw["ID"] + raw["DAY"], "t_s": seconds, **place})
    trips = city.match(drives, sigma_m=sigma_m).trips.to_pandas()
    ratio = trips["length_ratio"]
    figure(
        f"driver {driver}, sigma {sigma_m:g}: {ratio.min():.3f}-{ratio.max():.3f}, {trips['matched'].sum() / trips['points'].sum():.3f} matched"
    )
    assert ratio.between(0.97, 1.05).all()
    assert trips["matched"].sum() / trips["points"].sum() > 0.97

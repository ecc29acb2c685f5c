"""Campaigns: files, determinism, labels, networks."""

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from contado.engines.pavement import iri, read_profile, simulate
from contado.engines.pavement.simulate.path import Path
from contado.engines.pavement.simulate.town import build
from contado.kernel.errors import DataError, UsageError
from contado.kernel.territory import Network, Route

NAMES = ["car1_pass1_acc.parquet", "car1_pass1_gnss.csv", "meta.json", "network.geojson"]
TRUTH = ["truth_anomalies.csv", "truth_iri_100m.csv", "truth_route.csv"]


def rows(path):
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sim") / "small"
    scenario = simulate.Scenario(write_profile=True)
    return simulate.drives(folder, seed=4, length_m=1200, vehicles=1, passes=1, scenario=scenario)


def test_files_and_labels(small):
    assert [name for name, _ in small.files] == [*NAMES, "profile.csv", *TRUTH]
    meta = json.loads((small.folder / "meta.json").read_text())
    assert (meta["label"], meta["seed"], small.label) == ("simulated", 4, "simulated")
    assert b'"label":"simulated"' in pq.read_schema(small.folder / NAMES[0]).metadata[b"contado"]
    assert json.loads((small.folder / "network.geojson").read_text())["label"] == "simulated"
    assert read_profile(small.folder / "profile.csv").label == "simulated"


def test_columns_of_the_drive(small):
    table = pq.read_table(small.folder / NAMES[0])
    fixes = rows(small.folder / NAMES[1])
    assert table.column_names == ["t_s", "ax", "ay", "az"]
    assert list(fixes[0]) == ["t_s", "time_utc", "lon", "lat", "speed_m_s", "hdop", "truth_chainage_m"]
    assert table["t_s"].to_numpy()[-1] == pytest.approx(float(fixes[-1]["t_s"]), abs=1.0)
    assert fixes[0]["time_utc"].endswith("Z")
    chainage = [float(f["truth_chainage_m"]) for f in fixes]
    assert chainage == sorted(chainage)
    assert chainage[-1] == pytest.approx(1200, abs=5)


def test_device_reads_gravity_in_the_attitude_of_meta(small):
    meta = json.loads((small.folder / "meta.json").read_text())
    _, b, c = np.radians(meta["vehicles"]["car1"]["mount_euler_zyx_deg"])
    axis = np.array([np.sin(b), -np.sin(c) * np.cos(b), np.cos(c) * np.cos(b)])
    table = pq.read_table(small.folder / NAMES[0])
    mean = np.median(np.stack([table[k].to_numpy() for k in ("ax", "ay", "az")]), axis=1)
    assert np.degrees(np.arccos(mean @ axis / np.linalg.norm(mean))) < 2.0  # a median, manoeuvres included


def test_truth_is_the_iri_of_the_profile(small):
    profile = read_profile(small.folder / "profile.csv")
    truth = [float(r["iri_m_km"]) for r in rows(small.folder / "truth_iri_100m.csv")]
    np.testing.assert_allclose(iri(profile.x_m, profile.y_m).iri_m_km, truth, rtol=1e-9)
    assert small.iri_mean_m_km == pytest.approx(np.mean(truth))


def test_network_and_route_fit_together(small):
    network = Network.from_file(small.folder / "network.geojson")
    route = Route.read(small.folder / "truth_route.csv", network)
    assert network.components == 1
    assert route.length_m == pytest.approx(float(network.edge_length_m[route.edges].sum()), abs=0.01)
    first = rows(small.folder / NAMES[1])[0]
    lon, lat = route.lonlat([0.0])
    assert abs(float(first["lon"]) - lon[0]) < 2e-4
    assert abs(float(first["lat"]) - lat[0]) < 2e-4


def test_same_seed_same_bytes_and_streams_are_independent(tmp_path):
    one = simulate.drives(tmp_path / "a", seed=9, length_m=300, vehicles=1, passes=1)
    two = simulate.drives(tmp_path / "b", seed=9, length_m=300, vehicles=2, passes=2)
    three = simulate.drives(tmp_path / "c", seed=10, length_m=300, vehicles=1, passes=1)
    common = dict(one.files).items() & dict(two.files).items()
    assert {name for name, _ in common} == {name for name, _ in one.files} - {"meta.json"}
    assert dict(three.files)["car1_pass1_acc.parquet"] != dict(one.files)["car1_pass1_acc.parquet"]
    assert simulate.drives(tmp_path / "d", seed=9, length_m=300, vehicles=1, passes=1).files == one.files


def test_a_given_profile_is_driven_to_its_end(tmp_path):
    x = np.arange(0, 350.01, 0.1) + 1000
    plan = simulate.Scenario(profile=(x, 0.002 * np.sin(x)), speed_kmh=36.0)
    done = simulate.drives(tmp_path / "a", vehicles=1, passes=1, scenario=plan)
    assert rows(done.folder / "truth_anomalies.csv") == []
    assert float(rows(done.folder / NAMES[1])[-1]["truth_chainage_m"]) == pytest.approx(350)
    assert pq.read_metadata(done.folder / NAMES[0]).num_rows == 3501


def test_two_tracks_half_car_and_gyroscope(tmp_path):
    plan = simulate.Scenario(
        model="half", track_coherence_m=4.0, accelerometer=simulate.Accelerometer(gyroscope=True, fs_hz=50)
    )
    done = simulate.drives(tmp_path / "a", length_m=400, vehicles=1, passes=1, scenario=plan)
    table = pq.read_table(done.folder / NAMES[0])
    assert table.column_names[-3:] == ["gx", "gy", "gz"]
    assert done.vehicles[0].half is not None


def test_town_has_roundabouts_carriageways_and_an_overpass(tmp_path):
    plan = simulate.Scenario(city=True)
    done = simulate.drives(tmp_path / "a", length_m=4000, vehicles=1, passes=1, scenario=plan)
    features = json.loads((done.folder / "network.geojson").read_text())["features"]
    rings = {f["properties"]["way_id"] for f in features if f["properties"]["junction"] == "roundabout"}
    assert len(rings) == 3
    assert (
        sum(f["properties"]["oneway"] == "yes" and f["properties"]["highway"] == "primary" for f in features)
        == 2
    )
    assert any(f["properties"]["bridge"] == "yes" for f in features)
    network = Network.from_file(done.folder / "network.geojson")
    route = Route.read(done.folder / "truth_route.csv", network)
    assert network.components == 1
    driven = {str(network.edge_name[e]) for e in route.edges}
    assert {"Via Cascina Nuova", "Tangenziale Nord ovest"} <= driven


def test_overpass_crosses_without_a_junction():
    import shapely

    town = build((8.93, 45.42), np.random.default_rng(0))
    bridge = next(e for e in town.edges if e.bridge)
    crossed = [e for e in town.edges if e.oneway and e.highway == "primary"]
    for edge in crossed:
        assert shapely.LineString(bridge.xy).crosses(shapely.LineString(edge.xy))
        assert not {edge.from_node, edge.to_node} & {bridge.from_node, bridge.to_node}


def test_a_route_of_a_given_network(tmp_path, small):
    plan = simulate.Scenario(network=small.folder / "network.geojson", route=small.folder / "truth_route.csv")
    done = simulate.drives(tmp_path / "a", length_m=99, vehicles=1, passes=1, scenario=plan)
    assert "network.geojson" not in dict(done.files)
    assert (done.folder / "truth_route.csv").read_text().splitlines()[0].startswith("seq,way_id")
    route = rows(done.folder / "truth_route.csv")
    assert [r["to_node"] for r in route] == [r["to_node"] for r in rows(small.folder / "truth_route.csv")]
    assert float(rows(done.folder / NAMES[1])[-1]["truth_chainage_m"]) == pytest.approx(1200, abs=5)


def test_a_profile_longer_than_the_route(tmp_path, small):
    x = np.arange(0, 2000, 0.25)
    files = {"network": small.folder / "network.geojson", "route": small.folder / "truth_route.csv"}
    with pytest.raises(DataError) as error:
        simulate.drives(tmp_path / "a", scenario=simulate.Scenario(profile=(x, 0 * x), **files))
    assert error.value.rule == "profile_longer_than_route"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        {"network": "n.geojson"},
        {"route": "r.csv"},
        {"city": True, "network": "n.geojson", "route": "r.csv"},
        {"iso_class": "A", "profile": (np.arange(50.0), np.zeros(50))},
        {"iso_class": "Z"},
        {"model": "half", "friction": simulate.DryFriction()},
    ],
)
def test_contradictions(tmp_path, options):
    with pytest.raises(UsageError):
        simulate.drives(tmp_path / "a", scenario=simulate.Scenario(**options))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_empty_is_kept(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine.txt").write_text("kept")
    with pytest.raises(UsageError, match="not empty") as error:
        simulate.drives(tmp_path / "a")
    assert error.value.rule == "out_not_empty"
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["mine.txt"]


def test_wrong_street_shifts_to_the_left_of_travel():
    from datetime import UTC, datetime

    from contado.engines.pavement.simulate.drive import constant
    from contado.engines.pavement.simulate.record import _gnss_csv

    path = Path(
        chainage_m=np.array([0.0, 1000.0]),
        lon=np.array([9.0, 9.0]),
        lat=np.array([45.0, 45.008993]),
        spans=((0.0, 1000.0, 50.0),),
        route=(),
    )
    receiver = simulate.Gnss(sigma_m=0.0, wrong_street=((0, 1e9, 10.0),))
    text = _gnss_csv(
        path, constant(1000, 36), receiver, datetime(2026, 1, 1, tzinfo=UTC), np.random.default_rng(0)
    )
    west = float(text.splitlines()[50].split(",")[2])
    assert (9.0 - west) * 111_195 * np.cos(np.radians(45)) == pytest.approx(10, abs=0.1)

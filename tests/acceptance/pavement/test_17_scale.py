"""pavement.md, definition of done 17: match and process on each engine; states and anomalies in PostGIS."""

from __future__ import annotations

import hashlib
import importlib.util

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from shapely.ops import substring

from contado.kernel import records, sql, tables
from contado.kernel.records import postgis
from contado.kernel.workspace import Workspace
from invented.engines import available

OTHERS = [pytest.param(engine, marks=pytest.mark.slow) for engine in ("dask", "spark")]
UNTIMED = ("compute_s", "points_per_s", "files")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore:.*unclosed.*")


def hashes(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def untimed(answer):
    return {name: value for name, value in answer.items() if name not in UNTIMED}


@pytest.fixture
def road(cli, tmp_path):
    """Two cars, two passes each, over an invented road with holes and bumps."""
    folder = tmp_path / "drives"
    code, _ = cli(
        "pavement", "simulate", "--out", folder, "--seed", 17, "--length-m", 1000, "--vehicles", 2, "--passes", 2,
        "--potholes", 3, "--bumps", 1, "--track-coherence-m", 4, "--gyroscope",
    )  # fmt: skip
    assert code == 0
    return folder


@pytest.fixture
def trips(road, tmp_path):
    """The fixes of the drives as one file of trips, one of them unreadable in places."""
    lines = ["trip,t_s,lon,lat"]
    for file in sorted(road.glob("*_gnss.csv")):
        head, *rows = file.read_text().splitlines()
        at = [head.split(",").index(name) for name in ("t_s", "lon", "lat")]
        lines += [",".join([file.stem, *(row.split(",")[k] for k in at)]) for row in rows]
    lines[7] = lines[7].rpartition(",")[0] + ","
    path = tmp_path / "trips.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def ask(cli, road, trips, tmp_path):
    """Function that runs a verb on an engine and gives its answer and the hashes of its files."""

    def call(verb, engine):
        out = tmp_path / f"{verb}-{engine}"
        words = {
            "match": ("match", road / "network.geojson", trips),
            "process": (
                "process", road, "--network", road / "network.geojson", "--route", road / "truth_route.csv",
            ),
        }[verb]  # fmt: skip
        code, answer = cli("pavement", *words, "--engine", engine, "--out", out)
        assert code == 0, answer
        return untimed(answer), hashes(out)

    return call


@pytest.mark.slow
@pytest.mark.item("pavement", 17, "verbs match and process on each engine", "one sha256 each")
@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize("verb", ["match", "process"])
def test_one_hash_on_every_engine(ask, verb, engine, figure):
    available(engine)
    answer, files = ask(verb, engine)
    assert (answer, files) == ask(verb, "local")
    figure(f"{verb}, {engine}: {', '.join(f'{name} {sha[:8]}' for name, sha in files.items())}")


@pytest.mark.item("pavement", 17, "match cut into parts of whole trips", "the same bits as in one")
def test_the_number_of_parts_changes_nothing(shared, monkeypatch, figure):
    from contado.kernel.territory import Network
    from contado.kernel.territory.matching import trips

    roads = shared("roads")
    points = pq.read_table(
        roads / "trips_synth/liechtenstein_sigma5_points.parquet", columns=["trip", "t_s", "lon", "lat"]
    )
    network = Network.from_osm(roads / "network/liechtenstein.osm.pbf")
    whole = network.match(points, sigma_m=5.0)
    for most in (1, 3000):
        monkeypatch.setattr(trips, "_POINTS", most)
        parts = network.match(points, sigma_m=5.0)
        for name in ("points", "routes", "gaps", "trips"):
            assert getattr(parts, name).equals(getattr(whole, name)), name
    figure(f"{len(whole.trips)} trips in 1, {len(points) // 3000 + 1} and {len(whole.trips)} parts")


@pytest.mark.item("pavement", 17, "process by files and by drives in memory, open set", "equal")
def test_partitions_equal_the_drives_in_memory(shared, figure):
    from contado.engines.pavement.measuring.partitions import process_files
    from contado.engines.pavement.measuring.processing import process
    from contado.engines.pavement.telemetry.read import read_drives, survey
    from contado.kernel.territory import Network, Route

    roads = shared("roads")
    network = Network.from_osm(roads / "network/liechtenstein.osm.pbf")
    route = Route.read(roads / "telemetry_synth/truth_route.csv", network)
    here = process(read_drives(roads / "telemetry_synth"), network, route)
    there, rejected = process_files(survey(roads / "telemetry_synth"), network, route)
    assert rejected == ()
    for name in ("drives", "vehicles", "cells", "anomalies", "label", "findings"):
        assert getattr(there, name) == getattr(here, name), name
    assert there.cell_obs.equals(here.cell_obs)
    assert there.anomaly_obs.equals(here.anomaly_obs)
    figure(f"{len(here.cells)} cells and {len(here.anomalies)} anomalies, to the bit")


@pytest.mark.item("pavement", 17, "an engine that is not installed", "exit 2, names the extra")
@pytest.mark.parametrize(("engine", "package"), [("dask", "distributed"), ("spark", "pyspark")])
@pytest.mark.parametrize("verb", ["match", "process"])
def test_without_the_engine(cli, road, trips, monkeypatch, verb, engine, package):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else found(name))
    words = (
        [road / "network.geojson", trips]
        if verb == "match"
        else [road, "--network", road / "network.geojson"]
    )
    route = [] if verb == "match" else ["--route", road / "truth_route.csv"]
    code, answer = cli("pavement", verb, *words, *route, "--engine", engine)
    assert (code, answer["error"]["rule"], answer["error"]["field"]) == (2, "extra_missing", engine)
    assert package in answer["error"]["message"]


@pytest.fixture
def loaded(cli, road, postgres, database, tmp_path, monkeypatch):
    """A workspace with states and anomalies of the road, and an empty one; their records in one PostGIS."""
    name = database.rpartition("/")[2]
    postgres.execute("CREATE EXTENSION IF NOT EXISTS postgis", database=name)
    monkeypatch.setenv("CONTADO_DATABASE_URL", database)
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        assert cli("init", folder)[0] == 0
    code, answer = cli("pavement", "load", road, "--network", road / "network.geojson", "-w", first)
    assert code == 0, answer
    assert answer["cells"] > 0
    assert answer["anomalies"] > 0
    assert cli("diagnose", "manto_stradale", "-w", first)[0] == 0
    yield first, second
    postgres.execute("DROP SCHEMA IF EXISTS contado_layer CASCADE", database=name)


def states(workspace):
    """The states of the cells with the stretch of road of each."""
    roads = workspace.layer("manto_stradale_sections")
    lines = dict(
        zip(
            roads["section_id"].to_pylist(),
            gpd.GeoSeries.from_wkb(roads["geometry"].to_pylist(), crs=4326).to_crs(32632),
            strict=True,
        )
    )
    table = workspace.read("pavement_cell_state")
    pieces = [
        substring(lines[row["section_id"]], row["from_m"], row["to_m"])
        for row in table.select(["section_id", "from_m", "to_m"]).to_pylist()
    ]
    wkb = gpd.GeoSeries(pieces, crs=32632).to_crs(4326).to_wkb()
    return tables.geoparquet.with_geometry(table, pa.array(wkb, pa.binary()), "EPSG:4326")


@pytest.mark.item("pavement", 17, "states and anomalies through PostGIS", "equal, asked there and here")
def test_states_and_anomalies_through_postgis(cli, loaded, figure):
    first, second = loaded
    here = Workspace.open(first)
    with here.commit() as commit:
        commit.layer("cell_states", states(here), title_en="States of the cells")
    names = ["cell_states", "manto_stradale_sections", "manto_stradale_anomalies"]
    for name in names:
        code, answer = cli("export", "layer", name, "--to", "postgis", "-w", first)
        assert code == 0, answer
        assert cli("import", "postgis", "--layer", name, "-w", second)[0] == 0
    there = Workspace.open(second)
    for name in names:
        assert there.layer(name).equals(here.layer(name), check_metadata=True), name
        assert there.layer_info(name) == here.layer_info(name)
    with records.open_store(here) as store:
        assert {info.id for info in postgis.listed(store, records.local_administrator())} == set(names)
        with store.engine.connect() as connection:
            worst = connection.exec_driver_sql(
                "SELECT section_id, cell, iri_m_km, ST_AsBinary(geometry) FROM contado_layer.cell_states "
                "WHERE iri_m_km IS NOT NULL ORDER BY iri_m_km DESC LIMIT 1"
            ).one()
            near = connection.exec_driver_sql(
                "SELECT count(*) FROM contado_layer.manto_stradale_anomalies a "
                "JOIN contado_layer.manto_stradale_sections s "
                "ON ST_DWithin(a.geometry::geography, s.geometry::geography, 30)"
            ).scalar()
    asked = sql.query(
        there,
        "SELECT section_id, cell, iri_m_km, ST_AsWKB(geometry) FROM cell_states "
        "WHERE iri_m_km IS NOT NULL ORDER BY iri_m_km DESC LIMIT 1",
    )
    assert tuple(asked.to_pylist()[0].values())[:3] == tuple(worst)[:3]
    assert shapely.from_wkb(asked.column(3)[0].as_py()).equals(shapely.from_wkb(bytes(worst[3])))
    anomalies = here.layer("manto_stradale_anomalies").num_rows
    assert near >= anomalies > 0
    figure(f"{here.layer('cell_states').num_rows} cell states, {anomalies} anomalies")

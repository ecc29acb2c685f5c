"""platform.md, definition of done 13: locate, the polygon join and tiles, the same bits on every engine."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from contado.cli.app import run as main
from contado.kernel import scale
from contado.kernel.territory import boundaries, join, locate
from invented.engines import available

POINTS = 300_000
BUILDINGS = 60_000
ENGINES = [
    "local",
    pytest.param("dask", marks=pytest.mark.slow),
    pytest.param("spark", marks=pytest.mark.slow),
]


def digest(table):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(13)
    west, south, east, north = boundaries.shipped().gdf.total_bounds
    vertices = shapely.get_coordinates(boundaries.shipped().gdf.geometry.to_numpy())
    lon, lat = rng.uniform(west, east, POINTS), rng.uniform(south, north, POINTS)
    lon[: len(vertices)], lat[: len(vertices)] = vertices.T
    lon[-1] = np.nan
    return pa.table({"lon": lon, "lat": lat})


@pytest.fixture(scope="module")
def buildings():
    rng = np.random.default_rng(14)
    west, south, east, north = boundaries.shipped().gdf.total_bounds
    x, y = rng.uniform(west, east, BUILDINGS), rng.uniform(south, north, BUILDINGS)
    side = rng.exponential(0.001, BUILDINGS)
    wkb = shapely.to_wkb(shapely.box(x, y, x + side, y + side))
    return pa.table({"geometry": pa.array(wkb, pa.binary())})


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore:.*unclosed.*")
@pytest.mark.item(
    "platform", 13, "locate and polygon join on each engine, 1 to 7 partitions", "one sha256 each"
)
@pytest.mark.parametrize("engine", ENGINES)
def test_one_hash_on_every_engine(points, buildings, engine, figure):
    available(engine)
    units = boundaries.shipped()
    locator, joiner = locate.Locator(units), join.Joiner(units)
    whole = locator.index(*(points[c].to_numpy() for c in ("lon", "lat")))
    row, unit = joiner.pairs(buildings["geometry"].combine_chunks())
    wanted = digest(pa.table({"row_id": np.arange(POINTS), "unit": whole}))
    pairs = digest(pa.table({"row_id": row, "unit": unit}))
    for partitions in (1, 2, 7) if engine == "local" else (3,):
        found = scale.run(locate.batch, points, locator, engine=engine, partitions=partitions)
        assert digest(found) == wanted
        found = scale.run(join.batch, buildings, joiner, engine=engine, partitions=partitions)
        assert digest(found) == pairs
    figure(f"{engine}: {wanted[:8]}, {pairs[:8]}")


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore:.*unclosed.*")
@pytest.mark.item("platform", 13, "a Parquet file is read by row groups where the work is done", "one sha256")
@pytest.mark.parametrize("engine", ENGINES)
def test_from_a_file(points, tmp_path, engine, figure):
    available(engine)
    pq.write_table(points, tmp_path / "points.parquet", row_group_size=40_000)
    locator = locate.Locator(boundaries.shipped())
    whole = locator.index(*(points[c].to_numpy() for c in ("lon", "lat")))
    found = scale.run(locate.batch, tmp_path / "points.parquet", locator, engine=engine)
    assert digest(found) == digest(pa.table({"row_id": np.arange(POINTS), "unit": whole}))
    figure(f"{engine}: 8 row groups")


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main([*map(str, arguments), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore:.*unclosed.*")
@pytest.mark.item("platform", 13, "verbs locate --points and tiles build on each engine", "one sha256 each")
@pytest.mark.parametrize("engine", ENGINES[1:])
def test_the_verbs(run, tmp_path, points, engine, figure):
    available(engine)
    city = tmp_path / "city"
    assert run("init", city)[0] == 0
    ids = pa.array([f"p{i}" for i in range(20_000)])
    pq.write_table(points.slice(0, 20_000).append_column("id", ids), tmp_path / "p.parquet")
    hashes = {}
    for chosen in ("local", engine):
        code, located = run(
            "locate",
            "--points",
            tmp_path / "p.parquet",
            "--out",
            tmp_path / "o.csv",
            "--engine",
            chosen,
            "-w",
            city,
        )
        assert code == 0
        archive = tmp_path / f"{chosen}.pmtiles"
        code, built = run(
            "tiles", "build", "municipalities", archive, "--min-zoom", 6, "--max-zoom", 11, "--engine", chosen, "-w", city
        )  # fmt: skip
        assert code == 0
        hashes[chosen] = (located["sha256"], built["sha256"])
        assert hashlib.sha256(archive.read_bytes()).hexdigest() == built["sha256"]
    assert hashes[engine] == hashes["local"]
    figure(f"{engine}: {hashes[engine][0][:8]}, {hashes[engine][1][:8]}, {built['tiles']} tiles")


@pytest.mark.item("platform", 13, "an engine that is not installed", "exit 2, names the extra")
@pytest.mark.parametrize(("engine", "package"), [("dask", "distributed"), ("spark", "pyspark")])
def test_without_the_engine(run, tmp_path, monkeypatch, engine, package):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else found(name))
    assert run("init", tmp_path / "city")[0] == 0
    (tmp_path / "p.csv").write_text("id,lon,lat\na,9.19,45.46\n")
    code, answer = run(
        "locate", "--points", tmp_path / "p.csv", "--out", tmp_path / "o.csv", "--engine", engine, "-w", tmp_path / "city"
    )  # fmt: skip
    assert (code, answer["error"]["rule"], answer["error"]["field"]) == (2, "extra_missing", engine)
    assert package in answer["error"]["message"]
    assert not (tmp_path / "o.csv").exists()


def test_nothing_of_the_engines_is_imported_before_it_is_asked_for():
    import subprocess

    code = (
        "import sys, contado.verbs.locate, contado.verbs.tiles.build\n"
        "print([m for m in ('numpy', 'pyarrow', 'dask', 'distributed', 'pyspark') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

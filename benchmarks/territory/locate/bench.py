"""territory.locate: a million points to their municipalities, beside geopandas, DuckDB and SedonaDB."""

from __future__ import annotations

import importlib
import json
import sys
import time
from importlib import metadata

import numpy as np

from contado.kernel.territory import boundaries
from contado.kernel.territory.locate import Locator

REPEATS = 3


def run(n=1_000_000):
    """Return task, n, ours, peers, skipped."""
    units = boundaries.shipped()
    rng = np.random.default_rng(0)
    west, south, east, north = units.gdf.total_bounds
    lon, lat = rng.uniform(west, east, n), rng.uniform(south, north, n)
    found, cpu_s = best(lambda: Locator(units).index(lon, lat))
    peers, skipped = [], []
    for name, module, peer in (
        ("geopandas", "geopandas", geopandas_sjoin),
        ("DuckDB spatial", "duckdb", duckdb_spatial),
        ("SedonaDB", "sedonadb", sedonadb_join),
    ):
        try:
            importlib.import_module(module)
            theirs, peer_s = peer(units, lon, lat)
        except Exception as error:  # noqa: BLE001 - a peer that is absent or fails is named, the others run
            skipped.append({"name": name, "reason": f"{type(error).__name__}: {error}"[:200]})
            continue
        peers.append(
            {
                "name": name,
                "version": metadata.version(module),
                "cpu_s": peer_s,
                "ratio": peer_s / cpu_s,
                "identical": bool(np.array_equal(found, theirs)),
            }
        )
    return {"task": "territory.locate", "n": n, "ours": {"cpu_s": cpu_s}, "peers": peers, "skipped": skipped}


def best(function):
    """Return the result and the least CPU seconds of a few calls."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        result = function()
        times.append(time.process_time() - start)
    return result, min(times)


def lowest(n, points, owners):
    """Return each point's lowest owner, -1 where it has none."""
    found = np.full(n, np.iinfo(np.int32).max, dtype=np.int32)
    np.minimum.at(found, np.asarray(points), np.asarray(owners, dtype=np.int32))
    found[found == np.iinfo(np.int32).max] = -1
    return found


def geopandas_sjoin(units, lon, lat):
    import geopandas as gpd

    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat, crs=4326))
    borders = units.gdf[["geometry"]]
    joined, cpu_s = best(lambda: gpd.sjoin(points, borders, predicate="intersects"))
    return lowest(len(lon), joined.index, joined["index_right"]), cpu_s


def duckdb_spatial(units, lon, lat):
    from pathlib import Path

    import duckdb
    import pandas as pd

    session = duckdb.connect(config={"threads": 1, "allow_unsigned_extensions": False})
    try:
        extension = importlib.import_module("duckdb_extension_spatial")
        folder = Path(extension.__file__).parent / "extensions"
        session.execute(f"LOAD '{next(folder.rglob('spatial.duckdb_extension'))}'")
    except ImportError:
        session.execute("LOAD spatial")
    borders = pd.DataFrame({"k": range(len(units)), "wkb": units.gdf.geometry.to_wkb()})
    points = pd.DataFrame({"i": np.arange(len(lon)), "lon": lon, "lat": lat})
    session.register("b", borders)
    session.register("q", points)
    session.execute("CREATE TABLE borders AS SELECT k, ST_GeomFromWKB(wkb) AS g FROM b")
    session.execute("CREATE TABLE points AS SELECT i, ST_Point(lon, lat) AS p FROM q")
    query = "SELECT i, k FROM points JOIN borders ON ST_Intersects(g, p)"
    joined, cpu_s = best(lambda: session.execute(query).fetchnumpy())
    return lowest(len(lon), joined["i"], joined["k"]), cpu_s


def sedonadb_join(units, lon, lat):
    import pandas as pd
    import sedonadb

    session = sedonadb.connect()
    borders = pd.DataFrame({"k": range(len(units)), "wkb": units.gdf.geometry.to_wkb()})
    points = pd.DataFrame({"i": np.arange(len(lon)), "lon": lon, "lat": lat})
    session.create_data_frame(borders).to_view("b")
    session.create_data_frame(points).to_view("q")
    query = "SELECT q.i, b.k FROM q JOIN b ON ST_Intersects(ST_GeomFromWKB(b.wkb), ST_Point(q.lon, q.lat))"
    joined, cpu_s = best(lambda: session.sql(query).to_pandas())
    return lowest(len(lon), joined["i"], joined["k"]), cpu_s


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000), indent=1))

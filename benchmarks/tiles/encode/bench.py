"""tiles.encode: live tiles of a million buildings, beside PostGIS and DuckDB."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from contado.kernel import tables
from contado.kernel.tiles import Level, Look, TileId, index, render

REPEATS = 3
CENTRE = (0.5255, 0.3576)
"""Middle of the invented town in the world square of Web Mercator."""
SIDE_UNITS = 8.64 / 4096
"""Its side for a million buildings: about 13,400 of them in a tile of zoom 12."""
ZOOMS = (12, 10, 14)
ATTRIBUTES = ("use", "floors", "area_m2")
HALF_WORLD_M = 20037508.342789244


def buildings(n, seed=0):
    """Return ``n`` turned L-shaped buildings of 7 vertices with three attributes, as a layer."""
    rng = np.random.default_rng(seed)
    side = SIDE_UNITS * np.sqrt(n / 1e6)
    corner = np.array(CENTRE)[:, None] + rng.uniform(-side / 2, side / 2, (2, n))
    size = rng.uniform(8.0, 25.0, (2, n)) / (2 * HALF_WORLD_M * 0.7)
    shape = np.array([[0, 1, 1, 0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5, 1, 1, 0]])
    u, v = shape[:, None, :] * size[:, :, None]
    turn = rng.uniform(0.0, np.pi / 2, n)[:, None]
    x = corner[0][:, None] + u * np.cos(turn) - v * np.sin(turn)
    y = corner[1][:, None] + u * np.sin(turn) + v * np.cos(turn)
    lon, lat = (x - 0.5) * 360.0, np.degrees(np.arctan(np.sinh((0.5 - y) * 2 * np.pi)))
    points = np.column_stack([lon.ravel(), lat.ravel()])
    offsets = (np.arange(0, 7 * n + 1, 7), np.arange(n + 1))
    shapes = shapely.from_ragged_array(shapely.GeometryType.POLYGON, points, offsets)
    uses = np.array(["house", "office", "school", "shop", "industry"])
    attributes = {
        "use": uses[rng.integers(0, 5, n)],
        "floors": rng.integers(1, 12, n),
        "area_m2": np.round(rng.uniform(50.0, 900.0, n), 1),
    }
    wkb = pa.array(shapely.to_wkb(shapes), pa.binary())
    return tables.geoparquet.with_geometry(pa.table(attributes), wkb, "EPSG:4326")


def run(n=1_000_000):
    """Return task, n, ours, peers, skipped, figures; ``ours`` and ratios are those of the first zoom."""
    layer = buildings(n)
    tiles = [TileId(z, int(CENTRE[0] * 2**z), int(CENTRE[1] * 2**z)) for z in ZOOMS]
    made = index.build(layer)
    look = Look("buildings", (0, 1, 2))
    ours = [best(lambda t=t: render.render(made, Level.free(t.z), look, t)) for t in tiles]
    times = [cpu_s for _, cpu_s in ours]
    peers, skipped = [], []
    figures = {f"ours_z{t.z}_ms": s * 1000 for t, s in zip(tiles, times, strict=True)}
    figures |= {f"features_z{t.z}": found.drawn for t, (found, _) in zip(tiles, ours, strict=True)}
    shapes = shapely.transform(tables.geoparquet.geometries(layer), to_metres)
    for name, peer in (("DuckDB ST_AsMVT", duckdb_mvt), ("PostGIS ST_AsMVT", postgis_mvt)):
        try:
            version, found = peer(layer, shapes, tiles)
        except Exception as error:  # noqa: BLE001 - a peer that is absent or fails is named, the others run
            skipped.append({"name": name, "reason": f"{type(error).__name__}: {error}"[:200]})
            continue
        same = [len(shown) == tile.drawn for (shown, _), (tile, _) in zip(found, ours, strict=True)]
        peers.append(
            {
                "name": name,
                "version": version,
                "cpu_s": found[0][1],
                "ratio": found[0][1] / times[0],
                "identical": same[0],
                "note": "features drawn: " + ", ".join(str(len(shown)) for shown, _ in found),
            }
        )
        for tile, (_, cpu_s), own in zip(tiles, found, times, strict=True):
            figures[f"{name.split()[0].lower()}_z{tile.z}_ratio"] = cpu_s / own
    figures["load"] = os.getloadavg()[0]
    return {
        "task": "tiles.encode",
        "n": n,
        "ours": {"cpu_s": times[0]},
        "peers": peers,
        "skipped": skipped,
        "figures": figures,
    }


def best(function, clock=time.process_time):
    """Return the result and the least CPU seconds of a few calls."""
    times = []
    for _ in range(REPEATS):
        start = clock()
        result = function()
        times.append(clock() - start)
    return result, min(times)


def to_metres(points):
    """Project degrees to EPSG:3857, in which the peers hold their geometry."""
    lon, lat = points.T
    y = np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)) / np.pi
    return np.column_stack([lon / 180.0, y]) * HALF_WORLD_M


def shown_in(tile_bytes):
    """Return the features of a tile as another library reads them."""
    import mapbox_vector_tile

    return mapbox_vector_tile.decode(bytes(tile_bytes))["buildings"]["features"]


def duckdb_mvt(layer, shapes, tiles):
    import duckdb

    session = duckdb.connect(config={"threads": 1})
    extension = importlib.import_module("duckdb_extension_spatial")
    folder = Path(extension.__file__).parent / "extensions"
    session.execute(f"LOAD '{next(folder.rglob('spatial.duckdb_extension'))}'")
    wkb = pa.array(shapely.to_wkb(shapes), pa.binary())
    session.register(
        "raw", layer.drop_columns(["geometry"]).replace_schema_metadata(None).append_column("wkb", wkb)
    )
    session.execute("CREATE TABLE b AS SELECT * EXCLUDE wkb, ST_GeomFromWKB(wkb) AS g FROM raw")
    found = []
    for tile in tiles:
        box = f"ST_TileEnvelope({tile.z}, {tile.x}, {tile.y})"
        margin = 2 * HALF_WORLD_M / 2**tile.z / 64
        query = (
            f"SELECT ST_AsMVT(r, 'buildings') FROM (SELECT {{'use': use, 'floors': floors, 'area_m2': area_m2, "
            f"'geom': ST_AsMVTGeom(g, ST_Extent({box}), 4096, 64, true)}} AS r FROM b "
            f"WHERE ST_Intersects(g, ST_MakeEnvelope(ST_XMin({box}) - {margin}, ST_YMin({box}) - {margin}, "
            f"ST_XMax({box}) + {margin}, ST_YMax({box}) + {margin}))) WHERE r.geom IS NOT NULL"
        )
        rows, cpu_s = best(lambda query=query: session.execute(query).fetchall())
        found.append((shown_in(rows[0][0]), cpu_s))
    return duckdb.__version__, found


def postgis_mvt(layer, shapes, tiles):
    import psycopg

    with cluster() as address, psycopg.connect(address, autocommit=True) as session:
        session.execute("CREATE EXTENSION postgis")
        session.execute("SET jit = off; SET max_parallel_workers_per_gather = 0")
        session.execute("CREATE TABLE b (id bigint, use text, floors int, area_m2 float8, g geometry)")
        hexed = shapely.to_wkb(shapely.set_srid(shapes, 3857), hex=True, include_srid=True)
        columns = [layer[name].to_pylist() for name in ATTRIBUTES]
        with session.cursor().copy("COPY b FROM STDIN") as copy:
            for row in zip(range(1, len(hexed) + 1), *columns, hexed, strict=True):
                copy.write_row(row)
        session.execute("CREATE INDEX ON b USING gist (g)")
        session.execute("ANALYZE b")
        pid = session.execute("SELECT pg_backend_pid()").fetchone()[0]
        found = []
        for tile in tiles:
            box = f"ST_TileEnvelope({tile.z}, {tile.x}, {tile.y})"
            wide = f"ST_TileEnvelope({tile.z}, {tile.x}, {tile.y}, margin => (64.0 / 4096))"
            query = (
                f"SELECT ST_AsMVT(q, 'buildings', 4096, 'geom', 'id') FROM (SELECT id, use, floors, area_m2, "
                f"ST_AsMVTGeom(g, {box}, 4096, 64, true) AS geom FROM b WHERE g && {wide}) q WHERE geom IS NOT NULL"
            )
            row, cpu_s = best(lambda query=query: session.execute(query).fetchone(), lambda: cpu_of(pid))
            found.append((shown_in(row[0]), cpu_s))
        version = session.execute("SELECT postgis_lib_version()").fetchone()[0]
    return version, found


def cpu_of(pid):
    """Return the CPU seconds of another process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class cluster:  # noqa: N801 - read as a with statement
    """A PostgreSQL of our own in a temporary folder, gone on leaving."""

    def __enter__(self):
        self.bin = max(Path("/usr/lib/postgresql").glob("*/bin"))
        self.folder = Path(tempfile.mkdtemp())
        self.user = {"user": "postgres"} if os.geteuid() == 0 else {}
        if self.user:
            shutil.chown(self.folder, "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        data = self.folder / "data"
        self.do("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync")
        options = f"-p {port} -h 127.0.0.1 -k {self.folder} -c fsync=off -c shared_buffers=512MB"
        self.do("pg_ctl", "-D", data, "-w", "-o", options, "-l", self.folder / "log", "start")
        return f"host=127.0.0.1 port={port} user=postgres dbname=postgres"

    def __exit__(self, *_):
        self.do("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def do(self, program, *words):
        command = [str(self.bin / program), *map(str, words)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **self.user)


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000), indent=1))

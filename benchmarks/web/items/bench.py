"""web.items: an answer with 133 municipalities as GeoJSON, beside pygeoapi and tipg."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

import shapely

sys.path.append(str(Path(__file__).resolve().parents[2]))
sys.path.append(str(Path(__file__).resolve().parent))

import asgi
import peers

from contado.kernel.territory import boundaries
from contado.kernel.workspace import Workspace

HERE = Path(__file__).resolve().parent


def run(n=133):
    """Return task, n, ours, peers, skipped, figures."""
    from contado.web.app import create

    units = boundaries.shipped().gdf.iloc[:n]
    query = f"limit={n}"
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "city")
        with workspace.commit() as commit:
            commit.layer("municipalities", units)
        body, ours_s = asgi.ask(create(workspace.path), "/api/collections/municipalities/items", query)
        data = Path(folder) / "municipalities.geojson"
        units.to_file(data, driver="GeoJSON", COORDINATE_PRECISION=15)
        sizes = {}

        def beside(name, **given):
            answer = peers.ask(name, HERE / f"peer_{name}.py", query=query, **given)
            theirs = answer.arrays["body"].tobytes()
            sizes[name] = len(theirs)
            same = features(theirs) == features(body)
            return {"version": answer.version, "cpu_s": answer.cpu_s, "identical": same}

        def tipg():
            peers.interpreter("tipg")
            with cluster() as address:
                fill(address, units)
                words = dict(part.split("=") for part in address.split())
                url = f"postgresql://{words['user']}@{words['host']}:{words['port']}/{words['dbname']}"
                return beside("tipg", database=url)

        sides = {"pygeoapi": lambda: beside("pygeoapi", data=str(data)), "tipg": tipg}
        found, skipped = peers.beside(ours_s, sides)
    figures = {"bytes": len(body), "load": os.getloadavg()[0]}
    figures |= {f"bytes_{name}": size for name, size in sizes.items()}
    return {
        "task": "web.items",
        "n": n,
        "ours": {"cpu_s": ours_s},
        "peers": found,
        "skipped": skipped,
        "figures": figures,
    }


def features(body):
    """Return code, residents and shape (to 1e-6 degrees) of each feature."""
    found = json.loads(body)["features"]
    codes = [(f["properties"]["istat"], f["properties"]["pop"]) for f in found]
    shapes = shapely.from_geojson([json.dumps(f["geometry"]) for f in found])
    sizes = [(round(float(s.area), 6), len(shapely.get_coordinates(s))) for s in shapes]
    return sorted(zip(codes, sizes, strict=True))


def cluster():
    """Return the temporary PostgreSQL of the bench of tiles."""
    path = HERE.parents[1] / "tiles" / "encode" / "bench.py"
    spec = importlib.util.spec_from_file_location("contado_bench_tiles_encode", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.cluster()


def fill(address, units):
    import psycopg

    with psycopg.connect(address, autocommit=True) as session:
        session.execute("CREATE EXTENSION postgis")
        plain = units.drop(columns="geometry")
        columns = ", ".join(f'"{name}" {"bigint" if "pop" in name else "text"}' for name in plain)
        session.execute(f"CREATE TABLE municipalities ({columns}, geom geometry(Geometry, 4326))")
        hexed = shapely.to_wkb(shapely.set_srid(units.geometry.values, 4326), hex=True, include_srid=True)
        with session.cursor().copy("COPY municipalities FROM STDIN") as copy:
            for row, shape in zip(plain.astype(object).where(plain.notna(), None).values, hexed, strict=True):
                copy.write_row([*row, shape])
        session.execute("CREATE INDEX ON municipalities USING gist (geom)")
        session.execute("ALTER TABLE municipalities ADD PRIMARY KEY (istat)")


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 133), indent=1))

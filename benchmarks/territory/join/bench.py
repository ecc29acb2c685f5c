"""territory.join: a million L-shaped buildings to the municipalities they touch, beside three peers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from contado.kernel.territory import boundaries
from contado.kernel.territory.join import Joiner, boxes_of

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import peers

REPEATS = 3
L_SHAPE = np.array([[0, 0], [1, 0], [1, 0.4], [0.4, 0.4], [0.4, 1], [0, 1], [0, 0]])
DEGREES_A_METRE = np.array([1 / 78_000, 1 / 111_000])


def buildings(n, bounds):
    """Return seeded buildings of 10 to 30 m, uniform over the box."""
    rng = np.random.default_rng(0)
    west, south, east, north = bounds
    corner = np.column_stack([rng.uniform(west, east, n), rng.uniform(south, north, n)])
    side = rng.uniform(10, 30, n)[:, None, None]
    return shapely.polygons(corner[:, None] + L_SHAPE * side * DEGREES_A_METRE)


def packed(name, wkb):
    """Return geometries as two arrays: all bytes, and the size of each."""
    size = np.array([len(one) for one in wkb])
    return {name: np.frombuffer(b"".join(wkb), np.uint8), f"{name}_size": size}


def run(n=1_000_000):
    """Return task, n, ours, peers, skipped, figures."""
    n = n or 1_000_000
    units = boundaries.shipped()
    wkb = shapely.to_wkb(buildings(n, units.gdf.total_bounds), byte_order=1)
    stored = pa.array(wkb, pa.binary())
    (row, unit), cpu_s = peers.best(lambda: Joiner(units).pairs(stored), REPEATS)
    boxes = boxes_of(stored)
    _, with_boxes_s = peers.best(lambda: Joiner(units).pairs(stored, boxes), REPEATS)
    _, preparation_s = peers.best(lambda: Joiner(units), REPEATS)
    given = {
        **packed("buildings", wkb),
        **packed("units", units.gdf.geometry.to_wkb()),
        "repeats": REPEATS,
    }
    sides = {
        name: peer(key, given, np.column_stack([row, unit]))
        for name, key in (("geopandas", "geopandas"), ("DuckDB spatial", "duckdb"), ("SedonaDB", "sedonadb"))
    }
    answered, skipped = peers.beside(cpu_s, sides)
    return {
        "task": "territory.join",
        "n": n,
        "ours": {"cpu_s": cpu_s},
        "peers": answered,
        "skipped": skipped,
        "figures": {"pairs": len(row), "preparation_s": preparation_s, "with_stored_boxes_s": with_boxes_s},
    }


def peer(name, given, pairs):
    """Return the side of a peer: its script in its own environment, on one thread."""

    def side():
        script = Path(__file__).with_name(f"peer_{name}.py")
        found = peers.ask(name, script, **given)
        theirs = np.column_stack([found.arrays["row"], found.arrays["unit"]])
        theirs = theirs[np.lexsort((theirs[:, 1], theirs[:, 0]))]
        return {
            "version": found.version,
            "cpu_s": found.cpu_s,
            "identical": bool(np.array_equal(pairs, theirs)),
            "note": f"peak {found.peak_mb:.0f} MB",
        }

    return side


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else None), indent=1))

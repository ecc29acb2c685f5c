"""tiles.pyramid: zooms 8 to 14 of invented buildings as PMTiles, beside tippecanoe and freestiler."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from contado.kernel import tables
from contado.kernel.tiles import TileLayer, pyramid
from contado.kernel.workspace import Workspace, WorkspaceView

ZOOMS = (8, 14)
FREESTILER = """
import sys, geopandas, freestiler
source, out, low, high = sys.argv[1:]
freestiler.freestile(geopandas.read_parquet(source), out, layer_name="buildings",
                     min_zoom=int(low), max_zoom=int(high), quiet=True)
"""


def run(n=200_000):
    """Return task, n, ours, peers, skipped, figures; index, thresholds and writing are all in our time."""
    buildings, peers = load("tiles/encode/bench.py").buildings, load("peers.py")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        workspace = Workspace.create(folder / "city")
        with workspace.commit() as commit:
            commit.layer("buildings", buildings(n))
        start = cpu()
        layer = TileLayer(WorkspaceView(workspace.path), "buildings", measure="area_m2")
        built = pyramid.build(layer, folder / "ours.pmtiles", min_zoom=ZOOMS[0], max_zoom=ZOOMS[1])
        cpu_s = cpu() - start
        source = workspace.path / "layers/buildings.parquet"
        found, skipped = peers.beside(
            cpu_s,
            {
                "tippecanoe": lambda: tippecanoe(peers, source, folder),
                "freestiler": lambda: freestiler(peers, source, folder),
            },
        )
    figures = {
        "tiles": built.tiles,
        "mb": built.bytes / 1e6,
        "max_tile_bytes": built.max_tile_bytes,
        "aggregated_tiles": built.aggregated_tiles,
        "load": os.getloadavg()[0],
    }
    return {
        "task": "tiles.pyramid",
        "n": n,
        "ours": {"cpu_s": cpu_s},
        "peers": found,
        "skipped": skipped,
        "figures": figures,
    }


def load(relative):
    """Return a module of the benchmarks."""
    path = Path(__file__).resolve().parents[2] / relative
    spec = importlib.util.spec_from_file_location(f"contado_bench_{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def cpu(who=resource.RUSAGE_SELF):
    """Return CPU seconds of this process, or of its children that have ended."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def timed(command):
    """Run a program; return the CPU seconds it took."""
    start = cpu(resource.RUSAGE_CHILDREN)
    subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return cpu(resource.RUSAGE_CHILDREN) - start


def tippecanoe(peers, source, folder):
    """Time tippecanoe on newline-delimited GeoJSON, its quickest input here; reading is in its time."""
    program = peers.interpreter("tippecanoe").parent / "tippecanoe"
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    lines = folder / "buildings.geojsonl"
    tables.geoparquet.to_gdf(tables.geoparquet.read(source)).to_file(lines, driver="GeoJSONSeq")
    out = folder / "tippecanoe.pmtiles"
    zooms = ["-Z", ZOOMS[0], "-z", ZOOMS[1]]
    cpu_s = timed(
        [
            program,
            "-q",
            "-P",
            "-o",
            out,
            "-l",
            "buildings",
            *zooms,
            "--drop-densest-as-needed",
            lines,
        ]
    )
    text = (version.stderr or version.stdout).strip().splitlines()[0]
    return {"version": text.removeprefix("tippecanoe "), "cpu_s": cpu_s, "note": megabytes(out)}


def freestiler(peers, source, folder):
    """Time freestiler on the same GeoParquet; reading is in its time, starting Python is not."""
    python = peers.interpreter("freestiler")
    out = folder / "freestiler.pmtiles"
    idle = timed([python, "-c", "import geopandas, freestiler, pyogrio"])
    cpu_s = timed([python, "-c", FREESTILER, source, out, *ZOOMS]) - idle
    show = "from importlib.metadata import version; print(version('freestiler'))"
    version = subprocess.run([python, "-c", show], check=True, capture_output=True, text=True)
    return {"version": version.stdout.strip(), "cpu_s": cpu_s, "note": megabytes(out)}


def megabytes(file):
    """Return the size of a file in words."""
    return f"{file.stat().st_size / 1e6:.1f} MB"


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000), indent=1))

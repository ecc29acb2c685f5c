"""Valhalla (Meili): tiles built from the extract, `trace_attributes` asked of its own service, drive after drive.

``cpu_s`` is the wall time over local HTTP on one thread with the answer it gives unasked, as a program uses it;
``lean_s`` the CPU seconds in its own library, without HTTP, of an answer that names only the ways.
"""

import contextlib
import json
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import numpy as np
import peers

ONLY_WAYS = {
    "filters": {
        "attributes": ["edge.way_id", "edge.length", "matched.edge_index", "matched.type"],
        "action": "include",
    }
}


def run(given):
    import valhalla

    programs = Path(valhalla.__file__).parent / "bin"
    port = built(programs, str(given["osm"]))
    ends = list(zip(given["trips"][:-1], given["trips"][1:], strict=True))
    asked, lean = ([json.dumps(request(given, *two) | more) for two in ends] for more in ({}, ONLY_WAYS))
    repeats = int(given["repeats"])
    actor = valhalla.Actor("valhalla.json")
    lean_s = min(timed(time.process_time, actor.trace_attributes, lean)[0] for _ in range(repeats))
    with serving(programs, port) as ask:
        spent, answers = min(
            (timed(time.perf_counter, ask, asked) for _ in range(repeats)), key=lambda found: found[0]
        )
    return {**taken(answers), "cpu_s": spent, "lean_s": np.array(lean_s)}


def built(programs, osm):
    """Build the tiles of an extract here; return the port that the service will listen on."""
    from valhalla.config import get_config

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    tiles = Path("tiles")
    tiles.mkdir()
    config = get_config(tile_extract="", tile_dir=tiles, verbose=False)
    config["httpd"]["service"]["listen"] = f"tcp://127.0.0.1:{port}"
    Path("valhalla.json").write_text(json.dumps(config))
    build = [programs / "valhalla_build_tiles", "-c", "valhalla.json", osm]
    subprocess.run(build, check=True, capture_output=True)
    return port


@contextlib.contextmanager
def serving(programs, port):
    """Run the service on one thread; yield the function that asks it."""
    address = f"http://127.0.0.1:{port}"
    command = [programs / "valhalla_service", "valhalla.json", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as service:
        try:
            until = time.monotonic() + 30
            while True:
                with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/status"):
                    break
                if time.monotonic() > until or service.poll() is not None:
                    raise peers.Absent("its service does not answer")
                time.sleep(0.05)
            yield lambda body: json.load(urllib.request.urlopen(f"{address}/trace_attributes", body.encode()))
        finally:
            service.kill()


def timed(clock, ask, asked):
    """Return what asking takes on a clock, and the answers."""
    start = clock()
    answers = [ask(one) for one in asked]
    return clock() - start, answers


def request(given, first, last):
    """Return one drive as Valhalla is asked for it."""
    columns = (given[name][first:last].tolist() for name in ("lon", "lat", "t_s"))
    return {
        "shape": [{"lon": x, "lat": y, "time": t} for x, y, t in zip(*columns, strict=True)],
        "costing": "auto",
        "shape_match": "map_snap",
        "trace_options": {"gps_accuracy": float(given["sigma"]), "search_radius": 50},
    }


def taken(answers):
    """Return the way of each point (-1 where unmatched) and trip, way and metres of each edge driven."""
    way, driven = [], []
    for trip, answer in enumerate(answers):
        edges = answer["edges"]
        for point in answer["matched_points"]:
            at = point.get("edge_index", len(edges))
            way.append(edges[at]["way_id"] if at < len(edges) else -1)
        driven += [(trip, edge["way_id"], 1000 * edge["length"]) for edge in edges]
    trips, ways, metres = zip(*driven, strict=True)
    return {
        "way": np.array(way, dtype=np.int64),
        "driven": np.array([trips, ways], dtype=np.int64).T,
        "metres": np.array(metres),
    }


peers.serve(run)

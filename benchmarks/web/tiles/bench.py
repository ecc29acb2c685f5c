"""web.tiles: 200 clients ask a real `contado serve` for live tiles, beside tipg on the same data; none may be wrong."""

from __future__ import annotations

import asyncio
import gzip
import importlib.util
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from contado.kernel import records
from contado.kernel.records import postgis
from contado.kernel.tiles import TileId, TileLayer, pyramid
from contado.kernel.tiles.grid import first_id, hilbert_inverse
from contado.kernel.workspace import Workspace

CLIENTS = 200
BUILDINGS = 50_000
ZOOMS = (12, 13, 14)
OURS = "/tiles/buildings/{z}/{x}/{y}.mvt"
TIPG = "/collections/contado_layer.buildings/tiles/WebMercatorQuad/{z}/{x}/{y}"
REQUEST = "GET {} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n"
"""As browsers ask; a body is unpacked once the clock has stopped."""
HOME = Path(__file__).resolve().parents[2]


@dataclass
class Load:
    """What the clients saw: seconds of each answer, and the answers by address."""

    seconds: list[float] = field(default_factory=list)
    answers: Counter = field(default_factory=Counter)
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def p95_ms(self):
        """Time within which 95 of 100 answers came."""
        return sorted(self.seconds)[int(0.95 * len(self.seconds))] * 1000

    def wrong(self, *right):
        """How many answers are none of the right ones of their tile."""
        found = {asked: gzip.decompress(asked[1]) if asked[1] else b"" for asked in self.answers}
        return sum(
            count
            for asked, count in self.answers.items()
            if found[asked] not in [tiles[asked[0]] for tiles in right]
        )


def run(n=2_000):
    """Return task, n, ours, peers, skipped, figures; ``n`` requests, CPU seconds of the servers."""
    encode = load("tiles/encode/bench.py", "encode")
    with tempfile.TemporaryDirectory() as temporary:
        workspace = Workspace.create(Path(temporary) / "city")
        layers = [encode.buildings(BUILDINGS, seed) for seed in (0, 1)]
        put(workspace, layers[0])
        records.prepare(workspace)
        tiles = tiles_of(workspace)
        right = [expected(workspace, tiles), expected_of(workspace, layers[1], tiles)]
        with serving(workspace) as (port, pid):
            quiet = drive(port, OURS, tiles, n, lambda: encode.cpu_of(pid))

            with replacing(workspace, layers) as replaced:
                busy = drive(port, OURS, tiles, n, lambda: encode.cpu_of(pid))
            after = drive(port, OURS, tiles, len(tiles), lambda: encode.cpu_of(pid))
            last = expected(workspace, tiles)
        peers, skipped = load("peers.py", "peers").beside(
            quiet.cpu_s, {"tipg": lambda: beside_tipg(encode, workspace, tiles, n)}
        )
    skipped.append(
        {"name": "pygeoapi", "reason": "its PostGIS provider of tiles takes over ten CPU seconds a tile"}
    )
    return {
        "task": "web.tiles",
        "n": n,
        "ours": {"cpu_s": quiet.cpu_s},
        "peers": peers,
        "skipped": skipped,
        "figures": {
            "clients": CLIENTS,
            "tiles": len(tiles),
            "tiles_s": n / quiet.wall_s,
            "p95_ms": quiet.p95_ms(),
            "wrong": quiet.wrong(right[0]),
            "tiles_s_while_replaced": n / busy.wall_s,
            "p95_ms_while_replaced": busy.p95_ms(),
            "wrong_while_replaced": busy.wrong(*right),
            "wrong_afterwards": after.wrong(last),
            "replacements": replaced.count,
            "load": os.getloadavg()[0],
        },
    }


def load(relative, name):
    """Return a module of the benchmarks."""
    spec = importlib.util.spec_from_file_location(f"contado_bench_{name}", HOME / relative)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def put(workspace, layer):
    """Write the layer, replacing it whole."""
    with workspace.commit() as commit:
        commit.layer("buildings", layer)


def tiles_of(workspace):
    """Return the tiles of the zooms that hold anything."""
    index = TileLayer(workspace, "buildings").index
    found = []
    for zoom in ZOOMS:
        x, y = hilbert_inverse(pyramid.tile_ids(index, zoom) - first_id(zoom), zoom)
        found += [TileId(zoom, *place) for place in zip(x.tolist(), y.tolist(), strict=True)]
    return found


def expected(workspace, tiles):
    """Return the bytes of every tile, made here."""
    layer = TileLayer(workspace, "buildings")
    return {tile: layer.tile(*tile).data for tile in tiles}


def expected_of(workspace, layer, tiles):
    """Return the bytes of every tile of another layer, in a workspace of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        other = Workspace.create(Path(temporary) / workspace.path.name)
        put(other, layer)
        return expected(other, tiles)


class replacing:  # noqa: N801 - read as a with statement
    """While inside, the layer is replaced again and again by one of two."""

    def __init__(self, workspace, layers):
        self.count = 0
        self._work = (workspace, layers)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        workspace, layers = self._work
        while not self._stop.is_set():
            put(workspace, layers[(self.count + 1) % 2])
            self.count += 1
            self._stop.wait(2.0)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


@contextmanager
def serving(workspace):
    """Run `contado serve`; yield its port and process id."""
    command = [sys.executable, "-m", "contado.cli", "serve", "-w", workspace.path, "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            url = json.loads(process.stdout.readline())["url"]
            wait_for(url)  # the first page waits for what the server reads when it starts
            yield int(url.rstrip("/").rpartition(":")[2]), process.pid
        finally:
            process.terminate()


def drive(port, address, tiles, n, cpu):
    """Let the clients ask for ``n`` tiles in random order; every tile is asked for about as often."""
    order = (tiles * (n // len(tiles) + 1))[:n]
    random.Random(0).shuffle(order)
    seen, before = Load(), cpu()
    start = time.perf_counter()
    asyncio.run(_all(port, address, order, seen))
    seen.wall_s, seen.cpu_s = time.perf_counter() - start, cpu() - before
    return seen


async def _all(port, address, order, seen):
    waiting = iter(order)
    await asyncio.gather(*(_client(port, address, waiting, seen) for _ in range(CLIENTS)))


async def _client(port, address, waiting, seen):
    """Ask for one tile after another over one connection; a cut answer raises."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for tile in waiting:
        start = time.perf_counter()
        request = REQUEST.format(address.format(**tile._asdict())).encode()
        try:
            body = await _ask(reader, writer, request, tile)
        except _Closed:  # the server closed an idle connection: every client of HTTP asks again
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            body = await _ask(reader, writer, request, tile)
        seen.seconds.append(time.perf_counter() - start)
        seen.answers[tile, body] += 1
    writer.close()
    await writer.wait_closed()


class _Closed(Exception):
    """A connection was closed before the first byte of an answer."""


async def _ask(reader, writer, request, tile):
    """Return the body of one answer."""
    writer.write(request)
    try:
        first = await reader.read(1)
    except ConnectionResetError:
        first = b""
    if not first:
        raise _Closed
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode().lower()
    if int(head.split(" ", 2)[1]) not in (200, 204):
        raise RuntimeError(f"{tile}: answer {head.splitlines()[0]}")
    lengths = [line.partition(":")[2] for line in head.splitlines() if line.startswith("content-length:")]
    return await reader.readexactly(int(lengths[0]) if lengths else 0)


def beside_tipg(encode, workspace, tiles, n):
    """Let the same clients ask tipg over the same layer in PostGIS; the database's CPU seconds count too."""
    python = load("peers.py", "peers").interpreter("tipg")
    with encode.cluster() as given:
        address = url_of(given)
        fill(address, workspace)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [python, "-m", "uvicorn", "tipg.main:app", "--port", str(port), "--log-level", "error"]
        environment = {**os.environ, "DATABASE_URL": address, "TIPG_DB_SCHEMAS": '["contado_layer"]'}
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:
            try:
                wait_for(f"http://127.0.0.1:{port}/collections")
                family = postmaster(address)
                seen = drive(port, TIPG, tiles, n, lambda: encode.cpu_of(server.pid) + cpu_of_family(family))
            finally:
                server.terminate()
    version = subprocess.run(
        [python, "-c", "from importlib.metadata import version; print(version('tipg'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    note = f"{n / seen.wall_s:.0f} tiles/s, p95 {seen.p95_ms():.0f} ms, at most 10,000 features a tile"
    return {
        "version": version.stdout.strip(),
        "cpu_s": seen.cpu_s,
        "tiles_s": n / seen.wall_s,
        "note": note,
    }


def url_of(given):
    """Return the address of a database as tipg and SQLAlchemy read it."""
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(given)
    return f"postgresql://{parts['user']}@{parts['host']}:{parts['port']}/{parts.get('dbname', 'postgres')}"


def fill(address, workspace):
    """Put the layer into a database as `contado export layer --to postgis` does."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as session:
        session.execute("CREATE EXTENSION postgis")
    before = os.environ.get("CONTADO_DATABASE_URL")
    os.environ["CONTADO_DATABASE_URL"] = address
    try:
        with records.open_store(workspace) as store:
            layer = workspace.layer("buildings")
            postgis.push(store, records.local_administrator(), workspace.layer_info("buildings"), layer)
    finally:
        os.environ.pop("CONTADO_DATABASE_URL")
        if before is not None:
            os.environ["CONTADO_DATABASE_URL"] = before


def wait_for(address):
    """Wait until a server answers."""
    for _ in range(200):
        try:
            urllib.request.urlopen(address).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{address} does not answer")


def postmaster(address):
    """Return the process id of the database's first process."""
    import psycopg

    with psycopg.connect(address) as session:
        own = session.execute("SELECT pg_backend_pid()").fetchone()[0]
        return int(Path(f"/proc/{own}/stat").read_text().rpartition(")")[2].split()[1])


def cpu_of_family(parent):
    """Return the CPU seconds of a process, of its children, and of those that have ended."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            own, fields = int(stat.parent.name), stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if own == parent or int(fields[1]) == parent:
            ticks += sum(map(int, fields[11:15] if own == parent else fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000), indent=1))

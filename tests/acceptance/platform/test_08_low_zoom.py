"""Item 8: low zoom and pyramid."""

from __future__ import annotations

import gzip
import json

import mapbox_vector_tile
import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles

from contado.cli.app import run
from contado.kernel import tables
from contado.kernel.settings import Settings, Tiles
from contado.kernel.tiles import Level, Limits, Look, TileId, compressed, crowd, grid, index, levels, pyramid
from contado.kernel.tiles.render import render
from contado.kernel.workspace import Workspace


def places(rng, n):
    """Points in a cluster, spread out, and on the borders of tiles of zoom 8 to 12."""
    cluster = rng.normal([9.19, 45.46], [0.02, 0.015], (n, 2))
    spread = rng.uniform([8.7, 45.2], [9.6, 45.7], (n // 3, 2))
    border = spread.copy()
    border[:, 0] = np.round(border[:, 0] / 360 * 1024) / 1024 * 360  # exactly on a meridian between tiles
    return np.concatenate([cluster, spread, border])


def shapes_of(kind, seed, n=500):
    rng = np.random.default_rng(seed)
    centre = places(rng, n)
    if kind == "point":
        return shapely.points(centre)
    if kind == "line":
        step = rng.normal(0, 0.002, (len(centre), 6, 2)).cumsum(axis=1) * rng.exponential(
            1, (len(centre), 1, 1)
        )
        return shapely.linestrings(centre[:, None] + step)
    size = rng.exponential(0.003, len(centre))
    outer = shapely.buffer(shapely.points(centre), size, quad_segs=3)
    holed = shapely.difference(outer, shapely.buffer(shapely.points(centre), size / 2, quad_segs=2))
    several = shapely.union(holed, shapely.buffer(shapely.points(centre + 0.02), size / 3, quad_segs=2))
    return np.where(np.arange(len(centre)) % 3 == 0, several, holed)


def layer_of(shapes, seed=0):
    rng = np.random.default_rng(seed)
    amount = pa.array(rng.uniform(0, 1e6, len(shapes)), mask=rng.random(len(shapes)) < 0.1)
    table = pa.table({"amount": amount})
    return tables.geoparquet.with_geometry(table, pa.array(shapely.to_wkb(shapes), pa.binary()), "EPSG:4326")


def account(made, look, level):
    """Ids drawn, features counted and the measure's sum over all tiles of a zoom, as a reader sees them."""
    drawn, counted, total = {}, 0, 0.0
    for tile_id in pyramid.tile_ids(made, level.zoom).tolist():
        x, y = grid.hilbert_inverse(tile_id - grid.first_id(level.zoom), level.zoom)
        tile = render(made, level, look, TileId(level.zoom, int(x[0]), int(y[0])))
        features = mapbox_vector_tile.decode(tile.data)["x"]["features"] if tile.data else []
        assert len(features) == tile.drawn + tile.cells
        check_limits(tile)
        for feature in features:
            found = feature["properties"]
            if "_n" in found:
                counted += found["_n"]
                total += found.get("_sum_amount", 0.0)
            else:
                drawn[feature["id"]] = found.get("amount", 0.0)
    return len(drawn), counted, total + sum(drawn.values())


LIMITS = Limits(250, 8_000)


def check_limits(tile):
    """No tile that could still merge something passes a limit."""
    if tile.drawn:
        assert tile.drawn + tile.cells <= LIMITS.features
        assert len(compressed(tile.data)) <= LIMITS.bytes


@pytest.mark.item("platform", 8, "drawn + counted = features; the measure's sum", "equal; 1e-9")
@pytest.mark.parametrize("rank", [None, 0])
@pytest.mark.parametrize("kind", ["point", "line", "polygon"])
def test_every_feature_is_drawn_or_counted(kind, rank, figure):
    made = index.build(layer_of(shapes_of(kind, seed=7)))
    look = Look("x", (0,), 0)
    zooms = [0, 7, 9, 10, 11]
    solved = {z: Level.free(z) for z in zooms}
    for crowded in crowd.crowds(made, look, LIMITS, zooms):
        solved[crowded.zoom] = levels.solve(made, look, LIMITS, crowded, rank)
    truth = float(np.nansum(made.numbers[0]))
    merged = []
    for zoom in zooms:
        drawn, counted, total = account(made, look, solved[zoom])
        assert drawn + counted == made.facts.n
        assert total == pytest.approx(truth, rel=1e-9)
        merged.append(counted)
    assert merged[0] > 0
    assert merged[-1] < made.facts.n
    figure(f"{made.facts.n} {kind}s at {len(zooms)} zooms, equal")


def city_with(path, shapes, settings=None):
    city = Workspace.create(path, settings)
    with city.commit() as commit:
        commit.layer("things", layer_of(shapes), crs="EPSG:4326", licence="CC-BY-4.0")
    return city


def answer(capsys, *words):
    capsys.readouterr()
    code = run([*map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def archive(tmp_path, capsys):
    rng = np.random.default_rng(5)
    points = shapely.points(np.concatenate([places(rng, 4_000), places(rng, 100)]))
    city = city_with(tmp_path / "city", points, Settings(tiles=Tiles(max_features=4096)))
    file = tmp_path / "things.pmtiles"
    words = ("--min-zoom", 6, "--max-zoom", 10, "--measure", "amount", "-w", city.path)
    code, built = answer(capsys, "tiles", "build", "things", file, *words)
    assert code == 0
    return city, file, built, words


@pytest.mark.item("platform", 8, "pyramid tile = live tile; largest tile", "equal; <= 500,000 bytes")
def test_a_tile_of_the_archive_is_the_live_tile(archive, tmp_path, capsys, figure):
    city, file, built, _ = archive
    with file.open("rb") as source:
        reader = Reader(MmapSource(source))
        stored = dict(all_tiles(reader.get_bytes))
        header, metadata = reader.header(), reader.metadata()
    assert header["clustered"]
    assert (header["min_zoom"], header["max_zoom"]) == (6, 10)
    assert metadata["licence"] == "CC-BY-4.0"
    assert metadata["vector_layers"][0]["fields"] == {
        "amount": "Number",
        "_n": "Number",
        "_sum_amount": "Number",
    }
    listing = tmp_path / "tiles.csv"
    listing.write_text("z,x,y\n" + "".join(f"{z},{x},{y}\n" for z, x, y in stored))
    code, listed = answer(
        capsys, "tiles", "render", "things", "--list", listing, "--out-dir", tmp_path / "live",
        "--measure", "amount", "-w", city.path,
    )  # fmt: skip
    assert code == 0
    for (z, x, y), data in stored.items():
        assert gzip.decompress(data) == (tmp_path / "live" / f"{z}_{x}_{y}.mvt").read_bytes()
    assert built["tiles"] == len(stored)
    assert built["max_tile_bytes"] == max(map(len, stored.values())) <= 500_000
    assert built["aggregated_tiles"] == sum(t["aggregated"] for t in listed["tiles"]) > 0
    by_zoom = {}
    for tile in listed["tiles"]:
        by_zoom[str(tile["z"])] = by_zoom.get(str(tile["z"]), 0) + tile["merged"]
    assert metadata["aggregated"] == {z: n for z, n in by_zoom.items() if n}
    figure(f"{len(stored)} tiles equal, largest {built['max_tile_bytes']:,} bytes")


@pytest.mark.item("platform", 8, "the same archive twice", "same sha256")
def test_the_archive_is_reproducible(archive, tmp_path, capsys, figure):
    _, _, built, words = archive
    code, again = answer(capsys, "tiles", "build", "things", tmp_path / "again.pmtiles", *words)
    assert code == 0
    assert again["sha256"] == built["sha256"]
    figure(built["sha256"][:12])


@pytest.mark.item("platform", 8, "GDAL reads the archive", "every feature of the last zoom")
def test_gdal_reads_the_archive(tmp_path, capsys, figure):
    city = city_with(tmp_path / "city", shapes_of("polygon", seed=1, n=300))
    file = tmp_path / "things.pmtiles"
    code, _ = answer(
        capsys, "tiles", "build", "things", file, "--min-zoom", 8, "--max-zoom", 12, "-w", city.path
    )
    assert code == 0
    frame = pyogrio.read_dataframe(file, layer="things")
    drawn = set(frame["mvt_id"].dropna().astype(int))
    assert len(drawn) + int(frame["_n"].fillna(0).sum()) == 500
    assert len(drawn) > 450
    figure(f"{len(drawn)} drawn, {500 - len(drawn)} counted")

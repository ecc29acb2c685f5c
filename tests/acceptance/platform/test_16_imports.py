"""platform.md, definition of done 16: a raster, a weather file and a timetable imported and read back."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import zipfile

import numpy as np
import pytest

from contado.cli.app import run as main
from contado.kernel.workspace import Workspace

GRID = "ncols 3\nnrows 2\nxllcorner 515000\nyllcorner 5035000\ncellsize 5\n{nodata}1 2 3\n4 -9999 6.25\n"


@pytest.fixture
def city(tmp_path):
    return Workspace.create(tmp_path / "city")


@pytest.fixture
def run(capsys, city):
    def call(*arguments):
        code = main([*map(str, arguments), "-w", str(city.path), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


@pytest.mark.item("platform", 16, "a raster imported and read back (real, 30 m)", "cells bit for bit, COG")
def test_a_real_raster(shared, run, city, figure):
    rasterio = pytest.importorskip("rasterio")
    file = shared("climate/bologna_lst/Bologna_LST_2022_summer_median_30m.tif")
    code, answer = run("import", file, "--layer", "lst")
    assert code == 0
    with rasterio.open(file) as given, rasterio.open(city.raster("lst")) as kept:
        assert (answer["width"], answer["height"]) == (given.width, given.height) == (kept.width, kept.height)
        assert (answer["crs"], answer["bbox"]) == (given.crs.to_string(), list(given.bounds))
        assert kept.crs == given.crs
        assert kept.transform == given.transform
        assert np.array_equal(given.read(), kept.read(), equal_nan=True)
        assert kept.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        nodata = given.nodata
        assert answer["cell_m"] == given.transform.a
    assert answer["nodata"] == (None if nodata is None or np.isnan(nodata) else nodata)
    before = city.file_hashes()
    run("import", file, "--layer", "lst")
    assert city.file_hashes() == before
    figure(f"{answer['width']} x {answer['height']} cells equal, bytes stable")


@pytest.mark.item("platform", 16, "ASCII grids, plain and packed", "grid, CRS and no-data set")
@pytest.mark.parametrize(("ending", "nodata"), [(".asc", "NODATA_value -9999\n"), (".asc.gz", "")])
def test_ascii_grids(run, city, tmp_path, figure, ending, nodata):
    rasterio = pytest.importorskip("rasterio")
    text = GRID.format(nodata=nodata).encode()
    file = tmp_path / f"dtm{ending}"
    file.write_bytes(gzip.compress(text) if ending.endswith(".gz") else text)
    code, answer = run("import", file, "--layer", "dtm")
    assert (code, answer["error"]["rule"]) == (2, "missing_crs")
    code, answer = run("import", file, "--layer", "dtm", "--crs", "EPSG:32632")
    wanted = {
        "layer": "dtm",
        "width": 3,
        "height": 2,
        "cell_m": 5.0,
        "crs": "EPSG:32632",
        "bbox": [515000.0, 5035000.0, 515015.0, 5035010.0],
        "nodata": -9999.0,
        "findings": [],
    }
    assert (code, answer) == (0, wanted)
    with rasterio.open(city.raster("dtm")) as kept:
        assert kept.read(1, masked=True).tolist() == [[1, 2, 3], [4, None, 6.25]]
        assert kept.crs.to_epsg() == 32632
    figure("3 x 2 cells, -9999 is no data")


@pytest.mark.item("platform", 16, "rasters that cannot be placed or trusted", "exit 2, rule, nothing written")
def test_bad_rasters(run, city, tmp_path):
    rasterio = pytest.importorskip("rasterio")

    profile = {
        "driver": "GTiff",
        "width": 2,
        "height": 2,
        "count": 1,
        "dtype": "float32",
        "crs": "EPSG:32632",
    }
    with rasterio.open(
        tmp_path / "u.tif", "w", transform=rasterio.Affine(5, 0, 0, 0, -5, 10), **profile
    ) as out:
        out.write(np.array([[[1, 2], [3, -9999]]], np.float32))
    with rasterio.open(
        tmp_path / "s.tif", "w", transform=rasterio.Affine(5, 0, 0, 0, -4, 10), **profile
    ) as out:
        out.write(np.ones((1, 2, 2), np.float32))
    (tmp_path / "d.tif").write_bytes(b"II*\0 cut")
    before = city.file_hashes()
    for name, rule, more in (
        ("u.tif", "undeclared_nodata", []),
        ("s.tif", "bad_grid", []),
        ("d.tif", "damaged_file", []),
        ("u.tif", "crs_conflict", ["--crs", "EPSG:3035"]),
        ("u.tif", "unknown_crs", ["--crs", "EPSG:99"]),
        ("absent.tif", "table_not_found", []),
        ("s.tif", "bad_usage", ["--editable"]),
    ):
        code, answer = run("import", tmp_path / name, "--layer", "x", *more)
        assert (code, answer["error"]["rule"]) == (2, rule), name
    assert city.file_hashes() == before


@pytest.mark.item(
    "platform", 16, "a weather file imported and read back (Milan)", "8,760 hours, the same bytes"
)
def test_a_weather_file(shared, run, city, figure):
    from contado.kernel.weather import epw

    file = shared("buildings/IT_Milano-Linate_160800_TM2.epw")
    code, answer = run("import", file, "--layer", "linate")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (code, answer["kind"], answer["sha256"], answer["layer"]) == (0, "epw", digest, "linate")
    assert not [f for f in answer["findings"] if f["severity"] == "error"]
    kept = epw.read(city.source("linate") / file.name)
    assert (kept.latitude_deg, kept.longitude_deg, kept.utc_offset_h, kept.altitude_m) == (
        45.43,
        9.28,
        1,
        103,
    )
    temperature = kept.series["dry_bulb_degc"]
    assert (len(temperature), round(float(temperature.mean()), 1)) == (8760, 11.7)
    ghi = float(kept.series["global_horizontal_w_m2"].sum()) / 1000
    assert round(ghi) == 1253
    figure(f"mean 11.7 degC, {ghi:.0f} kWh/m2")


@pytest.mark.item("platform", 16, "weather files with faults", "gap named with row; 8,759 hours exit 2")
def test_faulty_weather_files(shared, run, city, tmp_path):
    lines = shared("buildings/IT_Milano-Linate_160800_TM2.epw").read_text(encoding="latin-1").splitlines()
    (tmp_path / "short.epw").write_text("\n".join(lines[:-1]), encoding="latin-1")
    code, answer = run("import", tmp_path / "short.epw", "--layer", "w")
    assert (code, answer["error"]["rule"]) == (2, "epw_rows")
    (tmp_path / "no.epw").write_text("hello\n")
    assert run("import", tmp_path / "no.epw", "--layer", "w")[1]["error"]["rule"] == "damaged_file"
    for index in range(108, 113):
        cells = lines[index].split(",")
        cells[6] = "99.9"
        lines[index] = ",".join(cells)
    (tmp_path / "gap.epw").write_text("\n".join(lines), encoding="latin-1")
    code, answer = run("import", tmp_path / "gap.epw", "--layer", "w")
    (gap,) = [f for f in answer["findings"] if f["rule"] == "epw_gap" and "dry bulb" in f["message"]]
    assert (code, gap["severity"], gap["row"]) == (0, "error", 109)
    assert "5 hours" in gap["message"]


@pytest.mark.item("platform", 16, "a timetable imported and read back (folder and zip)", "the same files")
def test_a_timetable(shared, run, city, tmp_path, figure):
    feed = shared("mobility/gtfs_trenord_2021")
    code, answer = run("import", feed, "--layer", "trains")
    assert (code, answer["kind"], answer["files"]) == (0, "gtfs", 7)
    assert not answer["findings"]
    with zipfile.ZipFile(tmp_path / "feed.zip", "w") as archive:
        for file in feed.glob("*.txt"):
            archive.write(file, file.name)
    packed = run("import", tmp_path / "feed.zip", "--layer", "packed")[1]
    assert packed["sha256"] == answer["sha256"]
    for file in feed.glob("*.txt"):
        assert (city.source("trains") / file.name).read_bytes() == file.read_bytes()
        assert (city.source("packed") / file.name).read_bytes() == file.read_bytes()
    figure(f"{answer['files']} files, one hash for folder and zip")


@pytest.mark.item("platform", 16, "timetables with faults", "file, column, row named")
def test_faulty_timetables(shared, run, city, tmp_path):
    feed = tmp_path / "feed"
    shutil.copytree(shared("mobility/gtfs_trenord_2021"), feed)
    for file in (feed, *feed.iterdir()):
        file.chmod(0o755)
    stops = feed / "stops.txt"
    kept = stops.read_text(encoding="utf-8-sig").splitlines()
    stops.write_text("\n".join([kept[0], *kept[2:]]) + "\n", encoding="utf-8")
    code, answer = run("import", feed, "--layer", "t")
    assert (code, {f["rule"] for f in answer["findings"]}) == (0, {"dangling_reference"})
    (feed / "trips.txt").unlink()
    code, answer = run("import", feed, "--layer", "t")
    assert (code, answer["error"]["rule"], answer["error"]["field"]) == (2, "table_not_found", "trips.txt")
    stops.write_text("name\nCadorna\n")
    (feed / "trips.txt").write_text("route_id,service_id,trip_id\n")
    code, answer = run("import", feed, "--layer", "t")
    assert (code, answer["error"]["rule"], answer["error"]["field"]) == (2, "missing_column", "stop_id")


@pytest.mark.item("platform", 16, "an editable layer is marked in the registry", "flag kept")
def test_editable(run, city, tmp_path):
    (tmp_path / "p.csv").write_text("id,lon,lat\n1,9,45\n")
    assert run("import", tmp_path / "p.csv", "--layer", "p", "--editable")[0] == 0
    assert run("import", tmp_path / "p.csv", "--layer", "q")[0] == 0
    assert [(info.id, info.editable) for info in city.layers()] == [("p", True), ("q", False)]
    assert city.read("layer")["id"].to_pylist() == ["p", "q"]


@pytest.mark.item("platform", 16, "rasterio missing", "exit 2, names the extra landscape")
def test_without_rasterio(run, tmp_path, monkeypatch):
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "rasterio" else found(name))
    (tmp_path / "x.tif").write_bytes(b"")
    code, answer = run("import", tmp_path / "x.tif", "--layer", "x")
    assert (code, answer["error"]["rule"], answer["error"]["field"]) == (2, "extra_missing", "landscape")

"""platform.md, definition of done 4: import and export."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import geopandas
import pytest
import shapely

from contado.cli.app import run as main
from contado.kernel import tables
from contado.kernel.tables import geoparquet, vector
from contado.kernel.workspace import Workspace

FORMATS = (".gpkg", ".geojson", ".fgb", ".csv", ".parquet")


@pytest.fixture
def city(tmp_path):
    return Workspace.create(tmp_path / "city")


@pytest.fixture
def run(capsys, city):
    """Run a verb in this process on the workspace; return exit code and answer."""

    def call(*arguments, workspace=True):
        code = main([*map(str, arguments), *(["-w", str(city.path)] if workspace else []), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


def sorted_rows(table, columns):
    return table.select(columns).sort_by("istat")


@pytest.mark.item("platform", 4, "round trip of ids, attributes, coordinates", "bit for bit, 5 formats")
@pytest.mark.parametrize("ending", FORMATS)
def test_round_trip_of_the_municipalities(shared, run, city, figure, tmp_path, ending):
    source = geoparquet.read(shared("platform/comuni_cm_milano_2023.parquet"))
    code, answer = run(
        "import", shared("platform/comuni_cm_milano_2023.parquet"), "--layer", "municipalities"
    )
    assert (code, answer["n"], answer["repaired"], answer["dropped"]) == (0, 133, 0, 0)
    assert answer["geometry_types"] == ["MultiPolygon"]
    file = tmp_path / f"m{ending}"
    code, answer = run("export", "layer", "municipalities", "--to", file)
    assert (code, answer["n"], answer["bytes"]) == (0, 133, file.stat().st_size)
    assert answer["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    crs = ["--crs", "EPSG:4326"] if ending == ".csv" else []
    code, answer = run("import", file, "--layer", "again", *crs)
    assert (code, answer["n"], answer["crs"]) == (0, 133, "EPSG:4326")
    back = city.layer("again")
    assert sorted_rows(back, source.column_names).equals(sorted_rows(source, source.column_names))
    first = file.read_bytes()
    run("export", "layer", "municipalities", "--to", file)
    assert file.read_bytes() == first
    figure(f"{ending}: 133 rows, 11 columns equal, bytes stable")


@pytest.mark.item("platform", 4, "real GeoPackages and GeoJSON of other programs", "all features, exit 0")
@pytest.mark.parametrize(
    ("file", "n", "kind"),
    [
        ("mobility/torino/turin_crashes.gpkg", 359, ["Point"]),
        ("mobility/milano_ciclabili/bike_ciclabili.geojson", 3165, ["MultiLineString"]),
        ("platform/comuni_cm_milano_2023.geojson", 133, ["MultiPolygon"]),
    ],
)
def test_files_of_other_programs(shared, run, figure, file, n, kind):
    code, answer = run("import", shared(file), "--layer", "x")
    assert (code, answer["n"], answer["geometry_types"], answer["findings"]) == (0, n, kind, [])
    figure(f"{answer['n']} features")


@pytest.mark.item("platform", 4, "layer without CRS", "exit 2, missing_crs")
def test_a_file_without_crs_asks_for_one(run, tmp_path, city):
    (tmp_path / "p.csv").write_text("id,x,y\na,515000,5035000\n")
    code, answer = run("import", tmp_path / "p.csv", "--layer", "p")
    assert (code, answer["error"]["rule"]) == (2, "missing_crs")
    assert "EPSG" in answer["error"]["hint"]
    assert city.layers() == []
    code, answer = run("import", tmp_path / "p.csv", "--layer", "p", "--crs", "EPSG:32632")
    assert (code, answer["crs"], answer["bbox"]) == (0, "EPSG:32632", [515000, 5035000, 515000, 5035000])


@pytest.mark.item("platform", 4, "mixed, empty, invalid and 3-D geometries", "split, counted, repaired, kept")
def test_mixed_empty_invalid_and_three_dimensional(run, tmp_path, city):
    shapes = [
        shapely.Point(9, 45, 120.5),
        shapely.LineString([(9, 45), (9.1, 45.1)]),
        shapely.Polygon([(9, 45), (9.1, 45.1), (9.1, 45), (9, 45.1)]),
        None,
    ]
    features = [
        {
            "type": "Feature",
            "properties": {"id": f"0{i}"},
            "geometry": None if s is None else json.loads(shapely.to_geojson(s)),
        }
        for i, s in enumerate(shapes)
    ]
    (tmp_path / "m.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    code, answer = run("import", tmp_path / "m.geojson", "--layer", "things")
    assert (code, answer["n"], answer["repaired"], answer["dropped"]) == (0, 3, 1, 1)
    assert [layer["layer"] for layer in answer["layers"]] == [
        "things_lines",
        "things_points",
        "things_polygons",
    ]
    assert {f["rule"] for f in answer["findings"]} == {"mixed_geometry", "empty_geometry", "invalid_geometry"}
    assert [info.id for info in city.layers()] == ["things_lines", "things_points", "things_polygons"]
    (point,) = geoparquet.geometries(city.layer("things_points"))
    assert point.z == 120.5
    assert city.layer("things_points")["id"].to_pylist() == ["00"]
    assert shapely.is_valid(geoparquet.geometries(city.layer("things_polygons"))).all()


@pytest.mark.item("platform", 4, "lon and lat exchanged", "finding lon_lat_swapped, never exchanged")
def test_exchanged_coordinates_are_told_and_kept(shared, run, tmp_path, city):
    run("import", shared("platform/comuni_cm_milano_2023.parquet"), "--layer", "municipalities")
    rows = "\n".join(f"{i},{45.4 + i / 1000},9.1" for i in range(20))
    (tmp_path / "p.csv").write_text(f"id,lon,lat\n{rows}\n")
    code, answer = run("import", tmp_path / "p.csv", "--layer", "p")
    assert (code, [f["rule"] for f in answer["findings"]]) == (0, ["lon_lat_swapped"])
    assert answer["bbox"][0] == 45.4
    (tmp_path / "q.csv").write_text("id,lon,lat\n1,9.1,45.5\n2,45.5,9.1\n")
    assert run("import", tmp_path / "q.csv", "--layer", "q")[1]["findings"] == []


@pytest.mark.item(
    "platform", 4, "CSV with BOM, Windows-1252, decimal comma, semicolon", "converted and reported"
)
def test_csv_as_offices_write_it(run, tmp_path, city):
    (tmp_path / "p.csv").write_bytes("id;nome;lon;lat\n01;Forlì;9,1;45,5\n".encode("cp1252"))
    code, answer = run("import", tmp_path / "p.csv", "--layer", "p")
    assert (code, {f["rule"] for f in answer["findings"]}, len(answer["findings"])) == (0, {"converted"}, 3)
    assert city.layer("p").drop_columns(["geometry"]).to_pylist() == [{"id": "01", "nome": "Forlì"}]


@pytest.mark.item("platform", 4, "bad names, files and formats", "exit 2 with rule and hint")
@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["import", "absent.gpkg", "--layer", "x"], "table_not_found"),
        (["import", "good.csv", "--layer", "../x"], "bad_name"),
        (["import", "good.csv", "--layer", "a/b"], "bad_name"),
        (["import", "good.csv", "--layer", "x", "--crs", "EPSG:99"], "unknown_crs"),
        (["import", "bad.geojson", "--layer", "x"], "damaged_file"),
        (["import", "good.txt", "--layer", "x"], "unknown_format"),
        (["export", "layer", "nothing", "--to", "x.gpkg"], "table_not_found"),
        (["export", "layer", "good", "--to", "x.shp"], "unknown_format"),
    ],
)
def test_bad_input(run, tmp_path, monkeypatch, city, arguments, rule):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text("id,lon,lat\n1,9,45\n")
    (tmp_path / "good.txt").write_text("id,lon,lat\n1,9,45\n")
    (tmp_path / "bad.geojson").write_text("{")
    assert run("import", "good.csv", "--layer", "good")[0] == 0
    before = city.file_hashes()
    code, answer = run(*arguments)
    assert (code, answer["error"]["rule"]) == (2, rule)
    assert answer["error"]["hint"]
    assert city.file_hashes() == before


@pytest.mark.item("platform", 4, "a layer that is being written", "exit 2, layer_locked, pid and host")
def test_a_second_writer_is_told_who_holds_the_lock(run, tmp_path, city):
    from contado.kernel.settings import Settings, WorkspaceSettings

    with city.commit() as commit:
        commit.settings(Settings(workspace=WorkspaceSettings(lock_wait_s=0.1)))
    (tmp_path / "p.csv").write_text("id,lon,lat\n1,9,45\n")
    with city.commit(lock=["layers/p"]):
        code, answer = run("import", tmp_path / "p.csv", "--layer", "p")
    assert (code, answer["error"]["rule"]) == (2, "layer_locked")
    assert str(os.getpid()) in answer["error"]["message"]


@pytest.mark.item("platform", 4, "import of an existing layer replaces it whole", "n of the new file")
def test_import_replaces(run, tmp_path, city):
    for n in (3, 2):
        rows = "\n".join(f"{i},9,45" for i in range(n))
        (tmp_path / "p.csv").write_text(f"id,lon,lat\n{rows}\n")
        assert run("import", tmp_path / "p.csv", "--layer", "p")[1]["n"] == n
    assert (city.layer("p").num_rows, city.layers()[0].n) == (2, 2)


@pytest.mark.item("platform", 4, "strict import refuses what would be mended", "exit 2, nothing written")
def test_strict_import_refuses_repairs(run, tmp_path, city):
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    table = geoparquet.from_gdf(geopandas.GeoDataFrame({"id": [1]}, geometry=[bow], crs=4326))
    vector.write(table, tmp_path / "b.gpkg")
    code, answer = run("import", tmp_path / "b.gpkg", "--layer", "b", "--strict")
    assert (code, answer["error"]["rule"]) == (2, "invalid_geometry")
    assert city.layers() == []


@pytest.mark.item("platform", 4, "a programme folder becomes shared tables", "shares by practice")
def test_tables_import(shared, run, city):
    code, answer = run("tables", "import", shared("planning/programme/small40"))
    assert (code, answer["kind"]) == (0, "programme")
    assert answer["tables"]["intervention"] == city.read("intervention").num_rows == 40
    assert city.read("floor")["min_spend_eur"].to_pylist() == [114000] * 4
    assert sorted(p.stem for p in (city.path / "tables" / "intervention").glob("*.parquet")) == [
        "building",
        "cycle",
        "desealing",
        "lighting",
        "road",
        "trees",
    ]
    code, answer = run("tables", "check", city.path, workspace=False)
    assert (code, answer["errors"], answer["warnings"]) == (0, 0, 0)


@pytest.mark.item("platform", 4, "a folder's sources stand beside those of the workspace", "both kept")
def test_the_sources_of_a_folder_are_added(run, city, programme):
    with city.commit() as commit:
        commit.table("source", tables.from_rows("source", [{"source_id": "istat", "title": "Istat"}]))
    folder = programme({})
    (folder / "sources.csv").write_text("source_id,title\nbilancio,Bilancio 2027\n")
    assert run("tables", "import", folder)[0] == 0
    assert city.read("source")["source_id"].to_pylist() == ["bilancio", "istat"]


@pytest.mark.item("platform", 4, "a refused folder writes nothing", "exit 2")
def test_a_refused_folder_writes_nothing(run, city, programme):
    code, answer = run("tables", "import", programme({"budgets": [("own,2027,115000", "own,2027,-1")]}))
    assert (code, answer["error"]["rule"]) == (2, "negative_budget")
    assert city.tables() == {}


@pytest.mark.item("platform", 4, "export --help starts light", "no pyarrow, numpy, pandas")
def test_help_is_light():
    code = (
        "import sys; from contado.cli.app import run as main\n"
        "codes = [main([*verb, '--help']) for verb in (['import'], ['export', 'layer'], ['tables', 'check'])]\n"
        "print(codes, [m for m in ('pyarrow', 'numpy', 'pandas', 'geopandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[0, 0, 0] []"

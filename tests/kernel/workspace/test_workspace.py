"""The workspace folder: create, open, read, commit."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import pytest
import shapely

from contado.kernel import tables
from contado.kernel.errors import (
    Damaged,
    DataError,
    GeometryError,
    Newer,
    SettingError,
    TableNotFound,
    UsageError,
    WorkspaceError,
)
from contado.kernel.provenance import Provenance
from contado.kernel.settings import Settings, TerritorySettings
from contado.kernel.workspace import Workspace, WorkspaceView, redo
from contado.kernel.workspace.lock import Holder, scratch_name


@pytest.fixture
def ws(tmp_path):
    return Workspace.create(tmp_path / "city")


def assets(*ids, practice="p", **extra):
    return tables.from_rows("asset", [{"id": i, "practice": practice, "kind": "k", **extra} for i in ids])


def points(*coordinates):
    wkb = [shapely.to_wkb(shapely.Point(xy), byte_order=1) for xy in coordinates]
    table = tables.from_rows("asset", [{"id": str(i), "practice": "p", "kind": "k"} for i in range(len(wkb))])
    return tables.geoparquet.with_geometry(
        table.select(["id"]),
        tables.from_rows("asset", [{"id": "x", "practice": "p", "kind": "k", "geometry": w} for w in wkb])[
            "geometry"
        ],
        "EPSG:4326",
    )


def test_create_takes_only_an_empty_folder_and_draws_a_key(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    with pytest.raises(WorkspaceError, match="not an empty folder") as error:
        Workspace.create(tmp_path / "full")
    assert error.value.rule == "workspace_not_empty"
    keys = {Workspace.create(tmp_path / n).settings.workspace.key for n in "ab"}
    assert len(keys) == 2
    assert all(len(key) == 32 for key in keys)


def test_shares_are_joined_and_sorted_by_key(ws):
    with ws.commit() as c:
        c.table("asset", assets("c", "a"), practice="roads")
        c.table("asset", assets("b", practice="trees", height_m=3.0), practice="trees")
    read = WorkspaceView(ws.path).read("asset")
    assert read["id"].to_pylist() == ["a", "b", "c"]
    assert read["height_m"].to_pylist() == [None, 3.0, None]
    assert ws.tables() == {"asset": 3}
    with ws.commit() as c:
        c.table("asset", assets("z"), practice="roads")
    assert ws.read("asset")["id"].to_pylist() == ["b", "z"]


def test_shares_whose_further_columns_differ_are_refused(ws):
    with ws.commit() as c:
        c.table("asset", assets("a", height="tall"), practice="a")
        c.table("asset", assets("b", height=[1]), practice="b")
    with pytest.raises(DataError, match="do not fit together"):
        ws.read("asset")


def test_a_table_given_whole_is_one_more_share(ws):
    with ws.commit() as c:
        c.table("asset", assets("a"))
        c.table("asset", assets("b"), practice="roads")
    assert ws.read("asset")["id"].to_pylist() == ["a", "b"]


def test_known_tables_without_rows_are_empty_and_unknown_ones_name_the_nearest(ws):
    assert ws.read("intervention").num_rows == 0
    with pytest.raises(TableNotFound, match="did you mean intervention"):
        ws.read("interventoin")


def test_tables_of_other_names_are_kept_as_they_are(ws):
    with ws.commit() as c:
        c.table("counts_2026", assets("b", "a"))
    assert ws.read("counts_2026")["id"].to_pylist() == ["b", "a"]


def test_provenance_stands_in_the_metadata(ws):
    made = Provenance(function="contado.x", version="1", inputs={"a": "00"}, seed=3)
    with ws.commit() as c:
        c.table("asset", assets("a"), practice="p", provenance=made)
    assert tables.provenance(ws.read("asset")) == made


def test_a_layer_comes_back_bit_for_bit_with_its_registry_row(ws):
    layer = points((9.123456789012345, 45.1), (9.2, 45.2))
    with ws.commit() as c:
        c.layer(
            "places", layer, title_it="Luoghi", title_en="Places", label="measured", style={"classes": []}
        )
    assert ws.layer("places").equals(layer)
    (info,) = ws.layers()
    assert (info.id, info.geometry_type, info.crs, info.n) == ("places", "Point", "EPSG:4326", 2)
    assert info.bbox == [9.123456789012345, 45.1, 9.2, 45.2]
    assert info.style == {"classes": []}
    assert ws.read("layer")["sha256"].to_pylist() == [info.sha256]
    with pytest.raises(TableNotFound, match="did you mean places"):
        ws.layer("palces")


def test_the_same_layer_gives_the_same_bytes(ws, tmp_path):
    other = Workspace.create(tmp_path / "other")
    for workspace in (ws, other):
        with workspace.commit() as c:
            c.layer("places", points((9, 45)), updated_at="2026-01-01T00:00:00Z")
    drop = {"contado.toml"}
    first, second = ({k: v for k, v in w.file_hashes().items() if k not in drop} for w in (ws, other))
    assert first == second


@pytest.mark.parametrize(
    ("shapes", "crs", "rule"),
    [
        ([shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)])], "EPSG:4326", "mixed_geometry"),
        ([shapely.Point(0, 0)], None, "missing_crs"),
        ([shapely.Point(0, 0)], "EPSG:99999999", "unknown_crs"),
    ],
)
def test_layers_that_cannot_be_kept_are_refused(ws, shapes, crs, rule):
    import geopandas

    gdf = geopandas.GeoDataFrame({"id": range(len(shapes))}, geometry=shapes)
    with pytest.raises(GeometryError) as error, ws.commit() as c:
        c.layer("x", gdf, crs=crs)
    assert error.value.rule == rule
    assert ws.layers() == []


def test_polygons_and_multipolygons_are_one_layer(ws):
    import geopandas

    box = shapely.box(0, 0, 1, 1)
    gdf = geopandas.GeoDataFrame({"id": [1, 2]}, geometry=[box, shapely.MultiPolygon([box])], crs=4326)
    with ws.commit() as c:
        c.layer("areas", gdf)
    assert ws.layers()[0].geometry_type == "MultiPolygon"


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "registry", "a b", "x.lock", "a\0b"])
def test_names_with_path_characters_are_refused(ws, name):
    with pytest.raises(UsageError) as error, ws.commit() as c:
        c.layer(name, points((0, 0)))
    assert error.value.rule == "bad_name"
    with pytest.raises(UsageError), ws.commit() as c:
        c.table("asset", assets("a"), practice=name)


@pytest.mark.parametrize("path", ["../x", "/etc/x", "contado.toml", "commit.json", "layers/registry.json"])
def test_files_stay_below_the_workspace(ws, path):
    with pytest.raises(UsageError) as error, ws.commit() as c:
        c.file(path, b"")
    assert error.value.rule == "bad_path"


def test_sources_are_kept_as_they_came_and_replaced_whole(ws, tmp_path):
    file = tmp_path / "b.csv"
    file.write_bytes(b"b")
    with ws.commit() as c:
        c.source("drives", {"a.csv": b"a", "sub/b.csv": file})
    assert (ws.source("drives") / "sub" / "b.csv").read_bytes() == b"b"
    with ws.commit() as c:
        c.source("drives", {"c.csv": b"c"})
    assert sorted(p.name for p in ws.source("drives").rglob("*") if p.is_file()) == ["c.csv"]
    with pytest.raises(TableNotFound, match="no source 'drive'"):
        ws.source("drive")


def test_an_exception_changes_nothing(ws):
    with ws.commit() as c:
        c.table("asset", assets("a"))
    before = ws.file_hashes()

    def interrupted():
        with ws.commit() as c:
            c.table("asset", assets("b"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ws.file_hashes() == before
    assert list((ws.path / ".commit").iterdir()) == []
    assert list(ws.path.rglob("*.lock")) == []


def test_settings_are_part_of_a_commit(ws):
    with ws.commit() as c:
        c.settings(Settings(territory=TerritorySettings(name="Bari", epsg=32633)))
    assert ws.settings.territory.epsg == 32633
    assert Workspace.open(ws.path).settings.territory.name == "Bari"


def test_a_full_disk_changes_nothing(ws, monkeypatch):
    with ws.commit() as c:
        c.table("asset", assets("a"))
    before = ws.file_hashes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(redo, "write_durably", full)
    with pytest.raises(WorkspaceError, match="disk is full") as error, ws.commit() as c:
        c.table("asset", assets("b"))
    assert error.value.rule == "disk_full"
    monkeypatch.undo()
    assert ws.file_hashes() == before
    assert ws.read("asset")["id"].to_pylist() == ["a"]


_BIG = """
import resource, signal, sys
from contado.kernel.workspace import Workspace
ws = Workspace.open(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with ws.commit() as c:
        c.file("runs/small.json", b"{}")
        c.file("runs/big.bin", bytes(1_000_000))
except Exception as error:
    print(error.rule)
"""


def test_a_file_size_limit_reads_as_a_full_disk(ws):
    done = subprocess.run(
        [sys.executable, "-c", _BIG, str(ws.path)], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("disk_full", "")
    assert not (ws.path / "runs").exists()


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("schema = 99\nnew = 1\n", Newer, "layout 99"),
        ("schema = [", Damaged, "contado.toml cannot be read"),
        ("\xff\xfe", Damaged, "contado.toml"),
        ("schema = 1\n[web]\nprot = 1\n", SettingError, "web.prot"),
    ],
)
def test_a_foreign_contado_toml_is_refused(ws, text, kind, says):
    (ws.path / "contado.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(kind, match=says):
        Workspace.open(ws.path)


def test_no_workspace_says_how_to_create_one(tmp_path):
    with pytest.raises(WorkspaceError, match="contado init"):
        Workspace.open(tmp_path)


def test_damaged_files_are_named(ws):
    with ws.commit() as c:
        c.table("asset", assets(*map(str, range(500))), practice="p")
        c.layer("places", points((9, 45)))
    for name in ("tables/asset/p.parquet", "layers/places.parquet"):
        file = ws.path / name
        data = bytearray(file.read_bytes())
        data[60] ^= 0xFF
        file.write_bytes(data)
    with pytest.raises(Damaged, match=r"tables/asset/p\.parquet"):
        ws.read("asset")
    with pytest.raises(Damaged, match=r"layers/places\.parquet"):
        ws.layer("places")
    (ws.path / "layers" / "registry.json").write_text("{")
    with pytest.raises(Damaged, match=r"registry\.json"):
        ws.layers()


def test_a_reader_between_two_renames_reads_again(ws, monkeypatch):
    with ws.commit() as c:
        c.layer("places", points((9, 45)))
    stale = ws.layer_info("places")
    with ws.commit() as c:
        c.layer("places", points((9, 45), (10, 46)))
    answers = iter([stale, ws.layer_info("places")])
    monkeypatch.setattr(ws, "layer_info", lambda _: next(answers))
    assert ws.layer("places").num_rows == 2


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_redo_list_of_a_dead_process_is_finished_by_the_next_opening(ws):
    with ws.commit() as c:
        c.table("asset", assets("old"))
    pid = os.fork()
    if pid == 0:
        redo.publish = lambda _: os.kill(os.getpid(), signal.SIGKILL)
        with ws.commit() as c:
            c.table("asset", assets("new"))
            c.file("runs/a.json", b"{}")
        os._exit(1)
    os.waitpid(pid, 0)
    assert (ws.path / "commit.json").is_file()
    opened = WorkspaceView(ws.path)
    assert opened.read("asset")["id"].to_pylist() == ["new"]
    assert (ws.path / "runs" / "a.json").read_bytes() == b"{}"
    assert {f.rule for f in opened.findings} == {"stale_lock", "commit_finished"}
    assert not (ws.path / "commit.json").exists()


def test_leftovers_of_the_dead_are_swept_unless_a_redo_list_needs_them(ws):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    dead = scratch_name(Holder(pid=process.pid, host=Holder.current().host, started="1"))
    mine = scratch_name(Holder.current())
    for name in (dead, mine):
        (ws.path / ".commit" / name).mkdir(parents=True)
    (ws.path / "commit.json").write_text("{}")
    assert redo.sweep(ws.path) == 0
    (ws.path / "commit.json").unlink()
    Workspace.open(ws.path)
    assert [p.name for p in (ws.path / ".commit").iterdir()] == [mine]


def test_an_interrupted_create_can_be_repeated(tmp_path):
    (tmp_path / ".contado.123.tmp.toml").touch()
    assert Workspace.create(tmp_path).tables() == {}


def test_a_redo_list_whose_files_are_gone_is_damage(ws):
    (ws.path / "commit.json").write_text(
        '{"changes":[{"path":"runs/x","temporary":".commit/y/0","sha256":"0"}]}'
    )
    with pytest.raises(Damaged, match="runs/x is lost"):
        Workspace.open(ws.path)


def test_ctrl_c_after_the_redo_list_finishes_first(ws, monkeypatch):
    calls = []
    publish = redo.publish

    def interrupted(root):
        if not calls:
            calls.append(1)
            raise KeyboardInterrupt
        return publish(root)

    monkeypatch.setattr(redo, "publish", interrupted)
    with pytest.raises(KeyboardInterrupt), ws.commit() as c:
        c.table("asset", assets("a"))
    assert ws.read("asset").num_rows == 1
    assert not (ws.path / "commit.json").exists()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_an_open_view_finishes_the_commit_of_a_writer_that_dies_meanwhile(ws):
    view = WorkspaceView(ws.path)
    pid = os.fork()
    if pid == 0:
        redo._rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        with ws.commit() as c:
            c.table("asset", assets("new"))
        os._exit(1)
    os.waitpid(pid, 0)
    assert view.read("asset")["id"].to_pylist() == ["new"]
    assert {f.rule for f in view.findings} == {"stale_lock", "commit_finished"}


def test_what_is_written_twice_in_one_commit_is_there_as_it_was_written_last(ws):
    with ws.commit() as c:
        c.table("asset", assets("first"), practice="p")
        c.table("asset", assets("second"), practice="p")
        c.file("runs/a.json", b"a")
        c.table("asset", assets("third"), practice="p")
        c.remove("runs/a.json")
        c.file("runs/b.json", b"b")
        c.remove("runs/b.json")
        c.file("runs/b.json", b"again")
        c.source("epw", {"old.epw": b"1", "same.epw": b"2"})
        c.source("epw", {"same.epw": b"3"})
    assert ws.read("asset")["id"].to_pylist() == ["third"]
    assert [p.name for p in (ws.path / "runs").iterdir()] == ["b.json"]
    assert (ws.path / "runs" / "b.json").read_bytes() == b"again"
    assert {p.name: p.read_bytes() for p in ws.source("epw").iterdir()} == {"same.epw": b"3"}
    assert [p for p in (ws.path / ".commit").iterdir() if p.name != "takeover"] == []


def test_a_commit_that_could_not_be_carried_out_is_finished_by_the_next_one(ws, monkeypatch):
    def refused(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(redo, "_rename", refused)
    with pytest.raises(OSError, match="Input/output"), ws.commit() as c:
        c.table("asset", assets("a"))
    monkeypatch.undo()
    with ws.commit() as c:
        c.file("runs/b.json", b"b")
    assert ws.read("asset")["id"].to_pylist() == ["a"]
    assert not (ws.path / "commit.json").exists()


_WITHOUT_RECORDS = """
import sys
from contado.kernel.workspace import Workspace
with Workspace.create(sys.argv[1]).commit() as c:
    c.file("runs/a.json", b"{}")
assert "sqlalchemy" not in sys.modules
"""


def test_a_workspace_without_records_gets_none_and_needs_none(tmp_path, monkeypatch):
    monkeypatch.delenv("CONTADO_DATABASE_URL", raising=False)
    subprocess.run([sys.executable, "-c", _WITHOUT_RECORDS, str(tmp_path / "w")], check=True)
    assert sorted(p.name for p in (tmp_path / "w").iterdir()) == [".commit", "contado.toml", "runs"]

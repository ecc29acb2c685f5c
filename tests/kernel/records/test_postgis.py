"""Layers in PostGIS: what goes in comes back, to the byte, and only what the scope sees."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
import shapely

from contado.kernel import records, tables
from contado.kernel.errors import DataError, ScopeError, TableNotFound, WorkspaceError
from contado.kernel.records import postgis
from contado.kernel.workspace import Workspace


@pytest.fixture
def shared_store(postgres, database, tmp_path, monkeypatch):
    """A workspace whose records stand in a database with PostGIS, and its store."""
    name = database.rpartition("/")[2]
    postgres.execute("CREATE EXTENSION IF NOT EXISTS postgis", database=name)
    monkeypatch.setenv("CONTADO_DATABASE_URL", database)
    workspace = Workspace.create(tmp_path / "city")
    with records.open_store(workspace) as store:
        yield workspace, store
    postgres.execute("DROP SCHEMA IF EXISTS contado_layer CASCADE", database=name)


def every_type():
    """A layer with a column of each type, unknowns, odd names and geometry of all sorts."""
    instant = dt.datetime(2026, 3, 1, 23, 30, 0, 123456, tzinfo=dt.UTC)
    shapes = [
        shapely.Point(9.1, 45.4),
        shapely.Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (1, 2), (2, 2)]]),
        None,
        shapely.MultiLineString([[(0, 0), (1, 1)], [(2, 2), (3, 1)]]),
        shapely.Point(1, 2, 3),
    ]
    table = pa.table(
        {
            "municipality": pa.array(["015146", "015146", "015002", None, "015002"]),
            "row": pa.array([5, None, -(2**62), 0, 1], pa.int64()),
            'a "b" %s 50%': pa.array(["città", "", None, "x" * 5000, "\\N"]),
            "small": pa.array([1, 2, None, -4, 5], pa.int16()),
            "real": pa.array([1.5, float("nan"), None, float("-inf"), 0.1]),
            "single": pa.array([1.5, None, 0.1, 2, 3], pa.float32()),
            "flag": pa.array([True, False, None, True, False]),
            "day": pa.array(
                [dt.date(2026, 3, 1), None, dt.date(1900, 1, 1), dt.date(2000, 1, 1), dt.date(1970, 1, 1)]
            ),
            "at": pa.array([instant, None, instant, instant, instant], pa.timestamp("ms", "UTC")),
            "local": pa.array([instant.replace(tzinfo=None)] * 4 + [None], pa.timestamp("us")),
        }
    )
    wkb = pa.array(
        [None if s is None else shapely.to_wkb(s, flavor="iso", byte_order=1) for s in shapes], pa.binary()
    )
    return tables.geoparquet.with_geometry(table, wkb, "EPSG:32632")


def put(workspace, name, layer, **more):
    # mixed types are no layer of a workspace: what the registry says is made by hand where needed
    with workspace.commit() as commit:
        commit.layer(name, layer, **more)
    return workspace.layer_info(name)


def test_every_type_comes_back_to_the_byte(shared_store, admin):
    import msgspec

    workspace, store = shared_store
    layer = every_type()
    info = put(workspace, "mixed", layer.slice(0, 1))
    assert postgis.push(store, admin, msgspec.structs.replace(info, n=5), layer) == 5
    _, back = postgis.pull(store, admin, "mixed")
    assert back.schema.equals(layer.schema, check_metadata=True)
    assert back.drop_columns("real").equals(layer.drop_columns("real"))
    assert np.array_equal(back["real"].to_numpy(), layer["real"].to_numpy(), equal_nan=True)
    assert back["real"].null_count == layer["real"].null_count
    with store.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT ST_SRID(geometry), ST_NPoints(geometry) FROM contado_layer.mixed ORDER BY _row"
        )
        assert [tuple(r) for r in rows] == [(32632, 1), (32632, 9), (None, None), (32632, 4), (32632, 1)]
        index = connection.exec_driver_sql("SELECT indexdef FROM pg_indexes WHERE tablename = 'mixed'")
        assert any("USING gist (geometry)" in i for (i,) in index)


def points(n, **columns):
    rng = np.random.default_rng(n)
    wkb = shapely.to_wkb(shapely.points(rng.uniform(9, 10, n), rng.uniform(45, 46, n)), byte_order=1)
    return tables.geoparquet.with_geometry(pa.table(columns), pa.array(wkb, pa.binary()), "EPSG:4326")


def test_a_layer_of_several_blocks_is_replaced_whole(shared_store, admin, monkeypatch):
    workspace, store = shared_store
    monkeypatch.setattr(postgis, "_BLOCK", 7)
    for n in (50, 21, 0):
        layer = points(n, value=np.arange(n))
        if n:
            info = put(workspace, "trees", layer)
        postgis.push(store, admin, info, layer)
        found, back = postgis.pull(store, admin, "trees")
        assert found == info
        assert back.equals(layer)
    assert [i.id for i in postgis.listed(store, admin)] == ["trees"]


def test_scopes_are_honoured(shared_store, admin):
    workspace, store = shared_store
    units = np.array(["015146", "015002", "015146", "015009"])
    for access in ("public", "org", "private"):
        layer = points(4, municipality=units)
        postgis.push(store, admin, put(workspace, access, layer, access=access), layer)
    layer = points(4, value=np.arange(4))
    postgis.push(store, admin, put(workspace, "plain", layer, access="org"), layer)
    scopes = {
        "one": records.Scope(
            actor="a", roles=frozenset({"municipality_officer"}), units=frozenset({"015146"})
        ),
        "none": records.Scope.visitor(),
        "all": admin,
    }
    seen = {}
    for who, scope in scopes.items():
        for name in ("public", "org", "private", "plain"):
            try:
                seen[who, name] = postgis.pull(store, scope, name)[1].num_rows
            except TableNotFound:
                seen[who, name] = None
    assert [seen["all", n] for n in ("public", "org", "private", "plain")] == [4, 4, 4, 4]
    assert [seen["one", n] for n in ("public", "org", "private", "plain")] == [4, 2, 2, 0]
    assert [seen["none", n] for n in ("public", "org", "private", "plain")] == [4, None, None, None]
    with pytest.raises(ScopeError):
        postgis.push(store, scopes["one"], workspace.layer_info("plain"), layer)


def test_a_connection_that_says_nothing_sees_nothing(shared_store, admin):
    workspace, store = shared_store
    layer = points(4, municipality=np.array(["015146"] * 4))
    postgis.push(store, admin, put(workspace, "trees", layer, access="org"), layer)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE contado_app")
        assert connection.exec_driver_sql("SELECT count(*) FROM contado_layer.trees").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM contado_layer.registry").scalar() == 0


def test_what_cannot_be_shared_is_said(shared_store, database, admin, tmp_path, monkeypatch):
    workspace, store = shared_store
    layer = points(1, value=pa.array([[1, 2]]))
    with pytest.raises(DataError) as caught:
        postgis.push(store, admin, put(workspace, "lists", layer), layer)
    assert caught.value.rule == "no_sql_type"
    with pytest.raises(TableNotFound):
        postgis.pull(store, admin, "lists")
    monkeypatch.delenv("CONTADO_DATABASE_URL")
    plain = Workspace.create(tmp_path / "plain")
    with records.open_store(plain) as embedded, pytest.raises(WorkspaceError) as caught:
        postgis.listed(embedded, admin)
    assert caught.value.rule == "no_postgres"


def test_a_database_without_postgis_is_said(database, tmp_path, monkeypatch, admin):
    monkeypatch.setenv("CONTADO_DATABASE_URL", database)
    with (
        records.open_store(Workspace.create(tmp_path / "city")) as store,
        pytest.raises(WorkspaceError) as caught,
    ):
        postgis.listed(store, admin)
    assert caught.value.rule == "no_postgis"

"""A layer that is replaced while its tiles are made: each maker gets one version, whole, and none fails."""

import threading

import pyarrow as pa
import pytest
import shapely

from contado.kernel import tables
from contado.kernel.tiles import TileLayer, index
from contado.kernel.workspace import Workspace


def put(city, count):
    wkb = pa.array(shapely.to_wkb(shapely.points([(9 + k / 100, 45.4) for k in range(count)])), pa.binary())
    layer = tables.geoparquet.with_geometry(pa.table({"k": range(count)}), wkb, "EPSG:4326")
    with city.commit() as commit:
        commit.layer("places", layer)


@pytest.fixture
def city(tmp_path):
    city = Workspace.create(tmp_path / "city")
    put(city, 2)
    return city


def test_an_index_is_that_of_its_version(city, monkeypatch):
    build = index.build

    def build_meanwhile(table):
        monkeypatch.setattr(index, "build", build)
        put(city, 5)
        return build(table)

    monkeypatch.setattr(index, "build", build_meanwhile)
    old = TileLayer(city, "places")
    new = TileLayer(city, "places")
    assert (old.info.n, old.tile(0, 0, 0).drawn) == (2, 2)
    assert (new.info.n, new.tile(0, 0, 0).drawn) == (5, 5)
    put(city, 2)
    assert TileLayer(city, "places").tile(0, 0, 0) == old.tile(0, 0, 0)


def test_a_layer_replaced_between_registry_and_file(city, monkeypatch):
    read = type(city).layer_info
    versions = []

    def info_meanwhile(view, name):
        found = read(view, name)
        if len(versions) < 3:
            versions.append(found)
            put(city, 3 + len(versions))
        return found

    monkeypatch.setattr(type(city), "layer_info", info_meanwhile)
    info, table = city.layer_version("places")
    assert info.n == table.num_rows == 6


def test_threads_and_a_writer(city):
    failed, stop = [], threading.Event()

    def ask():
        try:
            while not stop.is_set():
                layer = TileLayer(city, "places")
                assert layer.tile(0, 0, 0).drawn == layer.info.n
        except BaseException as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for turn in range(10):
        put(city, 2 + turn % 3)
    stop.set()
    for asker in askers:
        asker.join()
    assert failed == []

"""Entries of a workspace: units, places, layers, addresses; what is not public is not there."""

from __future__ import annotations

import geopandas as gpd
import pytest
from shapely import Point

from contado.kernel.territory import boundaries, search, unit_tables
from contado.kernel.territory.search import public
from contado.kernel.workspace import Workspace

ANNCSU = {
    "CODICE_COMUNE": "F205",
    "CODICE_ISTAT": "015146",
    "ODONIMO": "VIA DELL'ORSO",
    "LOCALITA'": None,
    "CIVICO": 12.0,
    "ESPONENTE": "A",
    "QUOTA": None,
}
OSM = {"addr:street": "Via Manzoni", "addr:housenumber": "3", "addr:city": "Rho", "addr:postcode": "20017"}


def layer(rows, points=None):
    places = points or [Point(9.19, 45.464)] * len(rows)
    return gpd.GeoDataFrame(rows, geometry=places, crs="EPSG:4326")


@pytest.fixture(scope="module")
def units():
    return boundaries.shipped()


@pytest.fixture
def city(tmp_path, units):
    workspace = Workspace.create(tmp_path / "city")
    with workspace.commit() as c:
        unit_tables.write(c, units)
    return workspace


def add(city, name, frame, **facts):
    with city.commit() as c:
        c.layer(
            name, frame, title_it=facts.pop("title_it", name), title_en=facts.pop("title_en", name), **facts
        )


def index_of(city):
    return search.build(search.entries(city), kinds=public.KINDS)


def found(city, query):
    groups = index_of(city).find(query, most=5).groups
    return {group.kind: [(hit.title.it, hit.more.it) for hit in group.hits] for group in groups}


def test_all_municipalities_are_there_by_name_and_code(city, units):
    index = index_of(city)
    for row in units.gdf.itertuples():
        for code in (row.istat, row.istat.lstrip("0"), row.belfiore):
            assert index.by_code(code).ref == row.istat
        assert row.istat in {h.ref for h in index.find(row.name, most=9).groups[0].hits}


def test_a_merged_municipality_leads_to_its_successor(city):
    index = index_of(city)
    assert {index.by_code(code).title.it for code in ("015235", "15246")} == {"Vermezzo con Zelo"}
    assert found(city, "zelo surrigone")["municipality"] == [("Vermezzo con Zelo", "015251")]


def test_named_rows_of_a_public_layer_are_places(city):
    rows = [{"name": "Parco Nord", "name_en": "North Park", "municipality": "015146"}, {"name": None}]
    add(city, "parks", layer(rows), title_it="Parchi", title_en="Parks")
    assert found(city, "parco nord") == {"place": [("Parco Nord", "Parchi · Milano")]}
    assert found(city, "north")["place"] == [("Parco Nord", "Parchi · Milano")]
    assert found(city, "parks") == {
        "place": [("Parco Nord", "Parchi · Milano")],
        "layer": [("Parchi", "parks")],
    }
    assert index_of(city).find("parco", most=1).groups[0].hits[0].ref == "parks/1"


@pytest.mark.parametrize("access", ["org", "private"])
def test_layers_that_are_not_public_leave_no_trace(city, access):
    before = search.state(city)
    add(city, "wells", layer([{"name": "Sorgente segreta"}]), title_it="Sorgenti", access=access)
    assert (found(city, "sorgente"), found(city, "wells")) == ({}, {})
    assert search.state(city) == before


@pytest.mark.parametrize("guard", ["access", "visibility"])
def test_rows_that_are_kept_back_leave_no_trace(city, guard):
    rows = [{"name": f"Cascina {v}", guard: v} for v in ("public", "org", "private")]
    add(city, "farms", layer(rows))
    assert found(city, "cascina")["place"] == [("Cascina public", "farms")]
    rows = [{**ANNCSU, "ODONIMO": f"VICOLO {v.upper()}", guard: v} for v in ("public", "org", "private")]
    add(city, "addresses", layer(rows))
    assert [t for t, _ in found(city, "vicolo")["address"]] == ["Vicolo Public 12/A"]


def test_other_columns_are_not_searched(city):
    add(city, "farms", layer([{"name": "Cascina", "owner": "Rossi Mario", "phone": "0290000000"}]))
    assert (found(city, "rossi"), found(city, "0290000000")) == ({}, {})


def test_an_export_of_anncsu_is_understood(city):
    add(
        city,
        "addresses",
        layer([ANNCSU, {**ANNCSU, "CODICE_ISTAT": None, "CIVICO": None, "ESPONENTE": None}]),
    )
    expected = [("Via Dell'Orso", "Milano"), ("Via Dell'Orso 12/A", "Milano")]
    assert found(city, "orso milano")["address"] == expected
    assert found(city, "via dell'orso 12")["address"] == expected[1:]


def test_an_extract_of_openstreetmap_is_understood(city):
    add(city, "addresses", layer([OSM, {**OSM, "addr:street": None}]))
    assert found(city, "manzoni 3 rho") == {"address": [("Via Manzoni 3", "20017 · Rho")]}


def test_an_address_without_municipality_has_that_of_its_point(city):
    rows = [{"street": "Via Roma", "number": 1}, {"street": "Via Roma", "number": 1}]
    add(city, "addresses", layer(rows, [Point(9.19, 45.464), Point(0, 0)]))
    assert sorted(found(city, "via roma")["address"]) == [("Via Roma 1", ""), ("Via Roma 1", "Milano")]


def test_an_addresses_layer_without_streets_gives_no_addresses(city):
    add(city, "addresses", layer([{"civico": "3", "comune": "Rho"}]))
    assert "address" not in index_of(city).kinds


@pytest.mark.parametrize("access", ["org", "private"])
def test_addresses_that_are_not_public_are_not_searched(city, access):
    add(city, "addresses", layer([ANNCSU]), access=access)
    assert found(city, "orso") == {}


def test_the_state_follows_layers_units_and_further_entries(city):
    entry = search.Entry(kind="practice", ref="gpp", title_it="Acquisti verdi")
    states = [search.state(city), search.state(city, [entry])]
    add(city, "parks", layer([{"name": "Parco Nord"}]))
    states.append(search.state(city))
    with city.commit() as c:
        c.table("territory_unit", city.read("territory_unit").slice(1))
    states.append(search.state(city))
    assert len(set(states)) == 4
    assert search.state(city) == states[-1]


def test_a_workspace_with_the_layer_only_has_its_municipalities(tmp_path, units):
    city = Workspace.create(tmp_path / "city")
    assert list(search.entries(city)) == []
    add(city, "municipalities", units.gdf[["istat", "name", "belfiore", "geometry"]])
    assert index_of(city).by_code("F205").ref == "015146"


@pytest.mark.slow
def test_lombardy_and_a_hundred_thousand_addresses_are_found_at_once(tmp_path, shared):
    import time

    city = Workspace.create(tmp_path / "city")
    with city.commit() as c:
        unit_tables.write(c, boundaries.load(shared("platform/comuni_lombardia_2023.parquet")))
    rows = [{**ANNCSU, "ODONIMO": f"VIA {i % 700} MARTIRI", "CIVICO": i // 700} for i in range(100_000)]
    add(city, "addresses", layer(rows))
    began = time.process_time()
    index = search.kept(tmp_path, search.state(city), lambda: search.entries(city), kinds=public.KINDS)
    assert time.process_time() - began < 30
    for query, limit_s in (("san", 0.05), ("via 12 martiri", 0.05), ("m", 0.05), ("via milano", 0.05)):
        times = []
        for _ in range(5):
            began = time.process_time()
            index.find(query, most=12)
            times.append(time.process_time() - began)
        assert min(times) < limit_s

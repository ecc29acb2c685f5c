"""Schemas: the declared tables, their units, the registry of indicators, what engines add."""

from __future__ import annotations

import importlib
import re

import pytest

from contado.kernel import tables
from contado.kernel.errors import DataError, TableNotFound
from contado.kernel.units import UNITS, is_known, unit_of

module = importlib.import_module(
    "contado.kernel.tables.schema"
)  # the package exports a function of that name
SHARED = {
    "asset",
    "indicator",
    "indicator_value",
    "intervention",
    "effect",
    "relation",
    "funding_source",
    "funding_rule",
    "funding_amount",
    "budget",
    "objective",
    "floor",
    "programme",
    "price",
    "run",
    "milestone",
    "payment",
    "observation",
    "price_item",
    "legal_parameter",
    "term_rule",
    "source",
    "territory_unit",
    "residents",
    "layer",
}
EVERY = (*tables.names(), *tables.folder_names())
WITHOUT_SUFFIX = {"value", "low", "high"}
"""Columns whose unit stands beside them, in the column ``unit``."""
NO_UNIT = {"own_share_min", "axis_y"}
"""Here ``min`` is the least, not the minute, and ``y`` a direction, not the year."""


def test_every_shared_table_is_declared():
    assert set(tables.names()) >= SHARED


@pytest.mark.parametrize("name", EVERY)
def test_a_schema_is_complete(name):
    declared = tables.schema(name)
    assert len({a.attribute for a in declared.attributes}) == len(declared.attributes)
    for a in declared.attributes:
        assert a.description, a.attribute
        assert a.action in {"refused", "row_set_aside", "kept"}
        assert a.required or a.nullable, f"{a.attribute} may be absent, so it may be unknown"
        assert re.fullmatch(r"[a-z][a-z0-9_]*", a.attribute)


@pytest.mark.parametrize("name", EVERY)
def test_numeric_columns_end_in_their_unit(name):
    for a in tables.schema(name).attributes:
        if not a.numeric:
            assert not a.unit, f"{a.attribute} is {a.type} and has a unit"
        elif a.attribute in WITHOUT_SUFFIX:
            assert not a.unit, a.attribute
        elif a.attribute in NO_UNIT or a.unit == "1":
            assert a.unit == "1"
            assert a.attribute in NO_UNIT or unit_of(a.attribute) is None, a.attribute
        else:
            assert is_known(a.unit), f"{a.attribute}: unknown unit {a.unit!r}"
            assert a.attribute.endswith(f"_{a.unit}"), f"{a.attribute} does not end in {a.unit}"


@pytest.mark.parametrize("name", EVERY)
def test_references_point_to_declared_columns(name):
    for a in tables.schema(name).attributes:
        if a.reference:
            table, _, column = a.reference.partition(".")
            target = table if table in tables.names() else f"folder/{table}"
            assert column in tables.schema(target).by_name


def test_the_registry_states_the_unit_of_every_indicator():
    registry = tables.indicators()
    pairs = {
        "ghg_tco2e_y": "tco2e_y",
        "energy_kwh_y": "kwh_y",
        "runoff_m3_y": "m3_y",
        "flood_ead_eur_y": "eur_y",
        "air_degc": "degc",
        "pm25_kg_y": "kg_y",
        "deaths_avoided_y": "count_y",
        "trees_alive_count": "count",
        "canopy_m2": "m2",
        "depaved_m2": "m2",
        "condition_index_km_y": "km_y",
        "residents_served_count": "count",
        "time_saved_h_y": "h_y",
        "iri_m_km": "m_km",
        "condition_index": "1",
        "anomalies_per_km": "count_km",
        "km_not_driven_30d": "km",
    }
    assert pairs == {name: registry[name].unit for name in pairs}
    for indicator in registry.values():
        assert indicator.unit in UNITS
        assert indicator.direction in {"up", "down", "none"}
        assert indicator.aggregation in {"sum", "mean", "share"}
        assert indicator.name_it
        assert indicator.name_en


def test_an_unknown_table_names_the_nearest():
    with pytest.raises(TableNotFound, match="did you mean intervention"):
        tables.schema("interventions_")


@pytest.fixture
def fresh():
    caches = (module._files, module.schema, module.indicators)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def test_an_engine_brings_tables_and_indicators_by_entry_point(tmp_path, monkeypatch, fresh):
    (tmp_path / "schema").mkdir()
    header = ",".join(module.COLUMNS)
    row = "id,text,,true,false,,true,,,,,,,identifier,"
    (tmp_path / "schema" / "cell.csv").write_text(f"{header}\n{row}\n")
    (tmp_path / "indicator.csv").write_text(
        "id,name_it,name_en,unit,direction,aggregation,practice\nnoise_pct,Rumore,Noise,pct,down,mean,quiet\n"
    )
    monkeypatch.setattr(module, "_packages", lambda: iter([("acoustics", tmp_path)]))
    assert "acoustics_cell" in tables.names()
    assert tables.schema("acoustics_cell").key == ("id",)
    assert tables.indicators()["noise_pct"].practice == "quiet"


@pytest.mark.parametrize(
    "text", ["attribute,type\nid,text\n", "{header}\nid,number,,true,false,,true,,,,,,,x,\n"]
)
def test_a_malformed_schema_is_refused(tmp_path, monkeypatch, fresh, text):
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "cell.csv").write_text(text.format(header=",".join(module.COLUMNS)))
    monkeypatch.setattr(module, "_packages", lambda: iter([("acoustics", tmp_path)]))
    with pytest.raises(DataError) as error:
        tables.schema("acoustics_cell")
    assert error.value.rule == "bad_schema"

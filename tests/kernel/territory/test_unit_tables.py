"""Units in a workspace and back."""

from __future__ import annotations

from datetime import date

import pytest

from contado.kernel.errors import DataError
from contado.kernel.settings import Settings, TerritorySettings
from contado.kernel.territory import boundaries, codes, unit_tables
from contado.kernel.workspace import Workspace, WorkspaceView


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    units = boundaries.shipped()
    settings = Settings(territory=TerritorySettings(name=units.name, epsg=units.epsg))
    made = Workspace.create(tmp_path_factory.mktemp("city") / "city", settings)
    with made.commit() as commit:
        unit_tables.write(commit, units)
    return made


def test_units_come_back_as_they_were(workspace):
    ours, theirs = boundaries.shipped(), boundaries.from_workspace(WorkspaceView(workspace.path))
    assert (theirs.name, theirs.epsg, theirs.codes) == (ours.name, ours.epsg, ours.codes)
    assert theirs.gdf.geometry.geom_equals_exact(ours.gdf.geometry, 0.0).all()
    for column in boundaries.COLUMNS:
        assert theirs.gdf[column].tolist() == ours.gdf[column].tolist(), column
    assert theirs.summary() == ours.summary()


def test_codes_resolve_from_the_workspace(workspace):
    units = boundaries.from_workspace(workspace)
    assert codes.resolve(units, "F205").istat == "015146"
    assert codes.resolve(units, "15235").successor == "015251"


def test_a_merger_closes_the_old_rows_and_opens_the_successor(workspace):
    rows = {r["id"]: r for r in workspace.read("territory_unit").to_pylist()}
    assert len(rows) == 135
    assert rows["015235"]["successor_id"] == rows["015246"]["successor_id"] == "015251"
    assert rows["015235"]["valid_to"] == date(2019, 2, 7)
    assert rows["015251"]["valid_from"] == date(2019, 2, 8)
    assert rows["015251"]["valid_to"] is None
    assert rows["015235"]["pop"] is None


def test_the_layer_has_its_attributes_and_licence(workspace):
    layer = workspace.layer("municipalities")
    assert {"istat", "name", "pop", "geometry"} <= set(layer.column_names)
    info = {i.id: i for i in workspace.layers()}["municipalities"]
    assert (info.n, info.licence, info.source_id) == (133, "CC BY 4.0", "istat_units_2023")


def test_residents_and_source_are_there(workspace):
    assert sum(workspace.read("residents")["residents"].to_pylist()) == 3_219_391
    assert workspace.read("source")["source_id"].to_pylist() == ["istat_units_2023"]


def test_a_workspace_without_municipalities_says_so(tmp_path):
    empty = Workspace.create(tmp_path / "empty", Settings())
    with pytest.raises(DataError) as caught:
        boundaries.from_workspace(empty)
    assert caught.value.rule == "no_units"

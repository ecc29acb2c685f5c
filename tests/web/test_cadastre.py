"""The cadastre of the roads in the words of its readers."""

from __future__ import annotations

import shutil

import pytest

from contado.kernel import tables
from contado.kernel.workspace import Workspace
from contado.web.data.cadastre import registers
from contado.web.site import Site, opener


@pytest.fixture(scope="module")
def site(workspace, tmp_path_factory):
    """The invented city with the facts of two of its sections."""
    path = tmp_path_factory.mktemp("cadastre") / "city"
    shutil.copytree(workspace, path)
    first, second = (s.id for s in Site(opener(path)).roads.sections[:2])
    rows = [
        {"section_id": first, "surface": "asphalt", "direction": "forward", "label": "simulated"},
        {"section_id": second, "surface": "tappeto fonoassorbente", "label": None},
    ]
    rows = [r | {"length_m": 100.0, "links": ["1:1:2:0:f"]} for r in rows]
    with Workspace.open(path).commit() as commit:
        commit.table("pavement_lrs_section", tables.from_rows("pavement_lrs_section", rows))
    return Site(opener(path)), first, second


def test_surface_direction_and_birth_are_told_in_italian(site):
    where, first, second = site
    elements = next(r for r in registers(where) if r.name == "elementi")
    names = [c.heading for c in elements.columns]
    told = {row[0]: dict(zip(names, row, strict=True)) for row in elements.rows}
    one, other = told[first], told[second]
    assert (one["pavimentazione"], one["senso"], one["come_nasce"]) == ("asfalto", "crescente", "simulato")
    assert (other["pavimentazione"], other["come_nasce"]) == ("tappeto fonoassorbente", None)


def test_no_cell_of_the_surface_is_left_in_english(site):
    surface = next(r for r in registers(site[0]) if r.name == "pavimentazione")
    assert surface.rows
    assert {row[-1] for row in surface.rows} == {"simulato"}

"""Two directions of one road on the road map: side by side, each with its letter and its signs."""

from __future__ import annotations

import pytest
import shapely
from starlette.testclient import TestClient

from contado.kernel import tables
from contado.kernel.declare import Context, convert
from contado.practices.manto_stradale import MantoStradale
from contado.testing.toy import toy_territory
from contado.verbs import load
from contado.web.app import create
from invented.pages import MAP, settle
from invented.server import serve_in_thread


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The toy roads: the second one runs back on the first."""
    made = toy_territory(tmp_path_factory.mktemp("beside") / "toy", MantoStradale())
    rows = {r["section_id"]: r for r in made.read("pavement_lrs_section").to_pylist()}
    rows["T2"]["geometry"] = shapely.from_wkb(rows["T1"]["geometry"]).reverse()
    with made.commit() as commit:
        commit.table("pavement_lrs_section", tables.from_rows("pavement_lrs_section", list(rows.values())))
    verb = load("diagnose")
    request = convert(verb.request, {"practice": "manto_stradale", "on": "2026-06-01"})
    verb(request, Context(workspace=made.path))
    return made.path


def test_the_map_is_told_which_sections_lie_on_one_another(both, client):
    own = TestClient(create(both))
    sides = {
        f["properties"]["id"]: f["properties"].get("l")
        for f in own.get("/viste/sections.json").json()["features"]
    }
    assert sides == {"T1": 0, "T2": 4, "T3": None}  # they run north, and south
    (spot,) = own.get("/viste/anomalies.json").json()["features"]
    assert spot["properties"]["l"] == sides[spot["properties"]["s"]]
    assert "js/beside.js" in own.get(MAP).text
    assert "js/beside.js" not in client.get(MAP).text


@pytest.fixture
def address(both):
    for address, _ in serve_in_thread(both):
        yield address


_AROUND = """() => {
  const map = document.getElementById("ct-map").map, { x, y } = map.project([9.05, 45.0227]);
  const at = (dx) => map.queryRenderedFeatures([x + dx, y], { layers: ["sections-lines"] }).map((f) => f.properties.id);
  return [at(-5), at(5)];
}"""


@pytest.mark.browser
def test_they_are_drawn_apart_and_each_is_found_on_its_side(address, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{address}{MAP}?z=15&x=9.05&y=45.0227")
    settle(page)
    assert page.evaluate(_AROUND) == [["T2"], ["T1"]]
    assert problems == []
    page.close()

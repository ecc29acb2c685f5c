"""Search on the pages: groups, jumps, Enter, streets, and what a visitor must not find."""

from __future__ import annotations

import re
import shutil
from html import unescape

import geopandas as gpd
import pytest
from shapely import Point

from contado.kernel.workspace import Workspace
from contado.web.site import Site, opener

NO_STREETS = {
    "it": "Qui non si cercano ancora le vie: scegli il comune.",
    "en": "Streets are not searched here yet: choose the municipality.",
}
PATHS = {"it": "/cerca", "en": "/en/search"}


def ask(client, lang, q, **more):
    return client.get(PATHS[lang], params={"q": q, **more}, follow_redirects=False)


def groups(html):
    """Return the titles of the answers by the title of their group."""
    found = {}
    for part in html.split("<section ")[1:]:
        title = re.search(r"<h2[^>]*>([^<]+)</h2>", part)[1]
        found[title] = [unescape(t) for t in re.findall(r'<li class="ct-rowlink"><a [^>]*>([^<]+)</a>', part)]
    return found


@pytest.fixture
def city(workspace, tmp_path):
    """A copy of the workspace, to which a test adds layers."""
    return Workspace.open(shutil.copytree(workspace, tmp_path / "city"))


def served(city):
    from starlette.testclient import TestClient

    from contado.web.app import create

    return TestClient(create(city.path), raise_server_exceptions=False)


def add(city, name, rows, access="public"):
    frame = gpd.GeoDataFrame(rows, geometry=[Point(9.19, 45.464)] * len(rows), crs="EPSG:4326")
    with city.commit() as c:
        c.layer(name, frame, title_it="Nuovo livello", title_en="New layer", access=access)


def test_answers_are_grouped_by_kind(client):
    found = groups(ask(client, "it", "mil").text)
    assert found["Comuni"][0] == "Milano"
    assert "Cusano Milanino" in found["Comuni"]
    assert "Stato delle strade" in groups(ask(client, "it", "strad").text)["Buone pratiche"]
    assert "State of the roads" in groups(ask(client, "en", "road").text)["Good practices"]


@pytest.mark.parametrize("lang", ["it", "en"])
@pytest.mark.parametrize("code", ["015146", "15146", " 015146 "])
def test_a_code_jumps(client, lang, code):
    wanted = {"it": "/territorio/015146", "en": "/en/territory/015146"}
    assert ask(client, lang, code).headers["location"] == wanted[lang]


def test_the_number_of_an_intervention_jumps(client, workspace):
    key = Workspace.open(workspace).read("intervention").column("id")[0].as_py()
    got = ask(client, "it", key)
    assert got.status_code == 303
    assert client.get(got.headers["location"]).status_code == 200


@pytest.mark.parametrize("lang", ["it", "en"])
def test_enter_on_the_answers_opens_the_first(client, lang):
    first = ask(client, lang, "mila")
    assert (first.status_code, 'name="shown" value="mila"' in first.text) == (200, True)
    second = ask(client, lang, "mila", shown="mila")
    assert (second.status_code, second.headers["location"][-7:]) == (303, "/015146")
    assert ask(client, lang, "mila", shown="mil").status_code == 200
    assert ask(client, lang, "zzzz", shown="zzzz").status_code == 200


@pytest.mark.parametrize("lang", ["it", "en"])
def test_without_an_addresses_layer_the_page_says_so(client, lang):
    assert NO_STREETS[lang] in ask(client, lang, "via manzoni").text


@pytest.mark.parametrize("lang", ["it", "en"])
def test_streets_are_found_once_a_layer_is_imported(city, lang):
    client = served(city)
    assert NO_STREETS[lang] in ask(client, lang, "manzoni").text
    add(city, "addresses", [{"ODONIMO": "VIA MANZONI", "CIVICO": "3", "CODICE_ISTAT": "015146"}])
    got = ask(client, lang, "manzoni 3")
    assert groups(got.text)[{"it": "Indirizzi", "en": "Addresses"}[lang]] == ["Via Manzoni 3"]
    assert NO_STREETS[lang] not in got.text
    target = ask(client, lang, "manzoni", shown="manzoni").headers["location"]
    assert client.get(target).status_code == 200


@pytest.mark.parametrize("access", ["org", "private"])
def test_a_visitor_finds_nothing_of_what_is_not_public(city, access):
    add(city, "wells", [{"name": "Sorgente segreta"}], access)
    client = served(city)
    for query in ("sorgente", "wells", "nuovo livello"):
        assert groups(ask(client, "it", query).text) == {}


def test_the_index_is_made_once_for_one_state_and_changes_nothing_by_itself(city):
    site = Site(opener(city.path))
    before = site.revision
    index = site.search.index
    site.refresh()
    assert (site.revision, site.search.index is index) == (before, True)
    assert Site(opener(city.path)).search.index.kinds == index.kinds
    add(city, "parks", [{"name": "Parco Nord"}])
    site.refresh()
    assert [g.kind for g in site.search.index.find("parco nord", most=3).groups] == ["place"]
    assert len(list((city.path / "layers/.index/.search").iterdir())) == 1


@pytest.mark.parametrize(
    "query",
    ['"', "*", "mil*", 'NEAR("a" "b", 2)', "a AND", "-x", "\U0001f333", "text:mil", "m" * 5_000, "x " * 300],
)
def test_no_query_breaks_the_page(client, query):
    assert ask(client, "it", query).status_code == 200


def test_what_was_typed_is_shown_as_text(client):
    got = ask(client, "en", "<script>alert(1)</script>")
    assert "<script>alert(1)" not in got.text


def test_words_over_the_maximum_are_named(client):
    assert "Words not searched" in ask(client, "en", " ".join(f"w{i}" for i in range(20))).text


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 1280])
def test_enter_and_enter_again_leads_to_the_first_answer(browser, address, axe, width):
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=True)
    page = context.new_page()
    page.goto(f"{address}/en/search?q=mila")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/territory/015146")
    context.close()
    assert ([v["id"] for v in found["violations"]], wide) == ([], False)

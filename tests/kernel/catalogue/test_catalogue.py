"""The catalogue: what is said of each layer, what is missing, and the profile it is written in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from contado.kernel import tables
from contado.kernel.catalogue import datasets, dcat_ap_it, vocabulary
from contado.kernel.catalogue.datasets import Description
from contado.kernel.errors import DataError, TableNotFound
from contado.kernel.settings import Body, Settings, Web
from contado.kernel.workspace import Workspace

SHAPES = Path(__file__).with_name("shapes.ttl")
NAMED = Settings(body=Body(name="Ente di prova", ipa_code="prova", email="dati@example.org"))


def add_layer(workspace, name, **said):
    import geopandas as gpd
    from shapely import Point

    frame = gpd.GeoDataFrame({"id": ["a", "b"]}, geometry=[Point(9.1, 45.4), Point(9.2, 45.5)], crs=4326)
    with workspace.commit() as commit:
        commit.layer(name, frame, title_it=said.pop("title_it", "Prova"), title_en="Trial", **said)


@pytest.fixture
def workspace(tmp_path):
    made = Workspace.create(tmp_path / "w", NAMED)
    add_layer(made, "municipalities", licence="CC BY 4.0", updated_at="2023-01-01T00:00:00Z")
    return made


def conforms(catalogue):
    from pyshacl import validate
    from rdflib import Graph

    ok, _, text = validate(dcat_ap_it.graph(catalogue), shacl_graph=Graph().parse(SHAPES))
    return ok, text


def test_a_complete_catalogue_conforms(workspace):
    made = datasets.of_workspace(workspace)
    assert made.missing() == []
    ok, text = conforms(made)
    assert ok, text


def test_what_nobody_said_is_missing_and_does_not_conform(workspace):
    add_layer(workspace, "soil", licence="CC BY 4.0")
    made = datasets.of_workspace(workspace)
    lacking = {m.property for m in made.missing()}
    assert {m.dataset for m in made.missing()} == {"soil"}
    assert lacking == {"dct:modified", "dcat:theme", "dct:accrualPeriodicity"} - (
        {"dct:modified"} if made.datasets[1].modified else set()
    )
    assert not conforms(made)[0]


def test_an_unknown_theme_counts_as_missing(workspace):
    add_layer(workspace, "soil", licence="CC BY 4.0", updated_at="2026-01-01T00:00:00Z")
    made = datasets.of_workspace(workspace, {"soil": Description(theme="MOON", frequency="ANNUAL")})
    assert [tuple(m) for m in made.missing()] == [("soil", "dcat:theme")]


def test_an_office_comes_before_a_practice_and_a_practice_before_us(workspace):
    said = {"municipalities": Description(description_it="Dalla pratica", theme="SOCI")}
    row = {"layer": "municipalities", "theme": "REGI"}
    with workspace.commit() as commit:
        commit.table("layer_description", tables.from_rows("layer_description", [row]))
    (one,) = datasets.of_workspace(Workspace.open(workspace.path), said).datasets
    assert (one.theme, one.description_it, one.frequency) == ("REGI", "Dalla pratica", "ANNUAL")


def test_only_public_layers_are_listed(workspace):
    add_layer(workspace, "inner", access="org")
    add_layer(workspace, "own", access="private")
    assert [d.id for d in datasets.of_workspace(workspace).datasets] == ["municipalities"]


def test_a_layer_without_licence_takes_the_bodys(tmp_path):
    made = Workspace.create(tmp_path / "w", Settings(body=NAMED.body, web=Web(licence="")))
    add_layer(made, "municipalities", updated_at="2026-01-01T00:00:00Z")
    assert [tuple(m) for m in datasets.of_workspace(made).missing()] == [("municipalities", "dct:license")]
    own = Workspace.create(tmp_path / "v", NAMED)
    add_layer(own, "municipalities", updated_at="2026-01-01T00:00:00Z")
    assert {d.licence for d in datasets.of_workspace(own).datasets[0].distributions} == {"CC BY 4.0"}


def test_high_value_and_mobility_tags(workspace):
    add_layer(workspace, "road_links", licence="ODbL-1.0", updated_at="2026-01-01T00:00:00Z")
    made = datasets.of_workspace(workspace, address="https://dati.example.org/")
    text = dcat_ap_it.serialise(made, "ttl").decode()
    assert "http://data.europa.eu/bna/c_b79e35eb" in text
    assert "http://data.europa.eu/bna/c_ac64a52d" in text
    assert dcat_ap_it.HVD_LEGISLATION in text
    assert "mobility-theme/static-road-network-data" in text
    assert "https://dati.example.org/dati/road_links.gpkg" in text
    assert conforms(made)[0]


@pytest.mark.parametrize("form", ["ttl", "jsonld"])
def test_both_syntaxes_say_the_same_and_read_back(workspace, tmp_path, form):
    from rdflib.compare import isomorphic

    made = datasets.of_workspace(workspace)
    path = tmp_path / f"c.{form}"
    path.write_bytes(dcat_ap_it.serialise(made, form))
    assert isomorphic(dcat_ap_it.parse(path), dcat_ap_it.graph(made))
    assert [(r.id, r.distributions) for r in dcat_ap_it.read(path)] == [("prova:municipalities", 4)]


def test_bytes_do_not_depend_on_the_process(workspace):
    code = (
        "import sys; from pathlib import Path; from contado.kernel.catalogue import datasets, dcat_ap_it\n"
        "from contado.kernel.workspace import WorkspaceView\n"
        "made = datasets.of_workspace(WorkspaceView(Path(sys.argv[1])))\n"
        "for form in ('ttl', 'jsonld'): sys.stdout.buffer.write(dcat_ap_it.serialise(made, form))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, str(workspace.path)],
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    ).stdout
    made = datasets.of_workspace(workspace)
    assert answer == dcat_ap_it.serialise(made, "ttl") + dcat_ap_it.serialise(made, "jsonld")


def test_hostile_titles_stay_text(workspace):
    title = 'a"b\\c\n<x> """ @prefix ; .'
    add_layer(workspace, "soil", title_it=title, licence="CC BY 4.0", updated_at="2026-01-01T00:00:00Z")
    from rdflib import Graph

    text = dcat_ap_it.serialise(datasets.of_workspace(workspace), "ttl").decode()
    titles = {str(o) for o in Graph().parse(data=text, format="turtle").objects()}
    assert title in titles


def test_what_is_no_catalogue_is_refused(tmp_path):
    with pytest.raises(TableNotFound):
        dcat_ap_it.read(tmp_path / "none.rdf")
    bad = tmp_path / "bad.rdf"
    bad.write_text("<rdf:RDF")
    with pytest.raises(DataError, match=r"bad\.rdf cannot be read as xml") as caught:
        dcat_ap_it.read(bad)
    assert caught.value.rule == "catalogue_unreadable"


def test_every_shipped_description_uses_known_terms():
    for row in vocabulary.rows("layer_description"):
        for kind in ("theme", "frequency", "hvd", "mobility"):
            assert not row[kind] or vocabulary.entry(kind, row[kind]), row

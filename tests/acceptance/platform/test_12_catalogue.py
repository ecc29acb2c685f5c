"""Item 12: the catalogue and the duties of a public body."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from contado.cli.app import run

ROOT = Path(__file__).parents[3]
SHAPES = ROOT / "tests" / "kernel" / "catalogue" / "shapes.ttl"


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory):
    """The layers of the demonstration, made by its own steps."""
    path = tmp_path_factory.mktemp("catalogue") / "demo"
    assert run(["demo", str(path), "--json", "--quiet"]) == 0
    return path


@pytest.mark.slow
@pytest.mark.item("platform", 12, "catalogue of the demonstration", "missing empty, shapes conform")
def test_demonstration(demonstration, tmp_path, capsys, figure):
    from pyshacl import validate
    from rdflib import Graph

    capsys.readouterr()
    path = tmp_path / "c.ttl"
    assert run(["catalogue", "export", "--out", str(path), "-w", str(demonstration), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    ok, _, text = validate(Graph().parse(path), shacl_graph=Graph().parse(SHAPES))
    figure(f"{answer['datasets']} datasets, {len(answer['missing'])} missing, conforms {ok}")
    assert answer["missing"] == []
    assert ok, text
    assert tomllib.loads((demonstration / "contado.toml").read_text())["body"]["name"]


@pytest.mark.item("platform", 12, "a real DCAT-AP_IT catalogue is read", "5 datasets, 20 distributions")
def test_real_catalogue(shared, capsys, figure):
    capsys.readouterr()
    path = shared("platform/catalog_DCAT-AP_IT.rdf")
    assert run(["catalogue", "read", str(path), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["datasets"]
    figure(f"{len(rows)} datasets, {sum(r['distributions'] for r in rows)} distributions")
    assert [r["id"] for r in rows] == [
        f"c_a182:{name}"
        for name in ("alberi", "ingressi-biblioteca", "numeri-civici", "segnalazioni-municipium", "viario")
    ]
    assert sum(r["distributions"] for r in rows) == 20
    assert {r["licence"] for r in rows} == {"https://creativecommons.org/licenses/by/4.0/"}


@pytest.mark.item("platform", 12, "publiccode.yml", "every required key")
def test_publiccode(figure):
    keys = {
        line.split(":")[0]
        for line in (ROOT / "publiccode.yml").read_text().splitlines()
        if line[:1].isalpha()
    }
    required = {
        "publiccodeYmlVersion",
        "name",
        "url",
        "platforms",
        "developmentStatus",
        "softwareType",
        "description",
        "legal",
        "maintenance",
        "localisation",
    }
    figure(f"{len(required & keys)} of {len(required)}")
    assert required <= keys


@pytest.mark.item("platform", 12, "accessibility and privacy pages", "both languages")
def test_duties(tmp_path, figure):
    pytest.importorskip("fastapi", reason="the pages need the extra web")
    from starlette.testclient import TestClient

    from contado.web.app import create

    assert run(["init", str(tmp_path / "w"), "--json", "--quiet"]) == 0
    client = TestClient(create(tmp_path / "w"))
    pages = ("/accessibilita", "/en/accessibility", "/privacy", "/en/privacy")
    answers = [client.get(page) for page in pages]
    figure(f"{sum(a.status_code == 200 for a in answers)} of {len(pages)}")
    assert all(a.status_code == 200 for a in answers)
    assert [('<html lang="en"' in a.text) for a in answers] == [False, True, False, True]
    for address, kind in (("/catalogo.ttl", "text/turtle"), ("/catalogo.jsonld", "application/ld+json")):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert "http://testserver/dati/municipalities" in answer.text

"""The page of the field check: figures with label and date, drawing with table, and what is missing without one."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re

import pytest

from contado.kernel import tables
from contado.kernel.workspace import Workspace
from contado.web.data import fieldcheck
from invented import fieldcheck as invented

BASE = {
    "it": "/buone-pratiche/manto-stradale/verifica-sul-campo",
    "en": "/en/good-practices/road-surface/field-check",
}


def words(html: str) -> str:
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def get(client, lang="it", query=""):
    answer = client.get(BASE[lang] + query)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("lang", ["it", "en"])
def test_the_figures_are_those_of_the_check_and_say_that_they_are_simulated(client, lang):
    html = get(client, lang)
    figures = invented.check().figures
    text = words(html)
    median = f"{100 * figures.median_error:.1f}"
    assert (median.replace(".", ",") if lang == "it" else median) + " %" in text
    said = {"it": "Simulato: non è un’accuratezza di campo.", "en": "Simulated: this is no field accuracy."}
    assert said[lang] in text
    assert 'class="ct-label ct-simulated"' in html
    assert 'class="ct-simulation"' in html
    assert "profilometro laser, classe 1" in text
    assert ("misurat" in text.lower()) == (lang == "it")  # "dove nessuna auto ha misurato"
    assert "accuratezza misurata" not in text.lower()


def test_bounds_of_classes_are_written_in_the_language_of_the_page(client):
    assert "m/km 2–3,5<" in get(client)
    assert "m/km 2–3.5<" in get(client, "en")


def test_the_drawing_has_a_sentence_all_points_and_a_table(client):
    html = get(client)
    drawn = re.findall(
        r'<svg class="ct-chart ct-agreement"[^>]*aria-label="([^"]+)".*?</svg>', html, re.DOTALL
    )
    assert len(drawn) == 2
    assert drawn[0].startswith("Su 58 tratti la stima si scosta dal rilievo in mediana del ")
    svg = re.search(r'<svg class="ct-chart ct-agreement".*?</svg>', html, re.DOTALL)[0]
    assert svg.count("h0") == 58
    assert len(svg) < 40_000
    assert "1–50 di 58 tratti" in words(html)
    assert "51–58 di 58 tratti" in words(get(client, query="?page=2"))


def test_what_calibrated_is_counted_out(client):
    assert "Restano fuori 2 tratti che hanno tarato un’auto e 0 dove nessuna auto ha misurato." in words(
        get(client)
    )


def test_the_csv_holds_the_stretches(client):
    answer = client.get(f"/strade/verifica.csv?date={invented.DAY}")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert len(rows) == 58
    assert {r["label"] for r in rows} == {"simulated"}
    assert client.get("/strade/verifica.csv?date=2001-01-01").text.count("\n") == 1


def test_the_fleet_page_leads_here(client):
    assert f'href="{BASE["it"]}"' in client.get("/buone-pratiche/manto-stradale/flotta").text


def test_without_a_campaign_the_page_says_which_one_is_needed(bare_client):
    text = words(get(bare_client))
    assert "la loro accuratezza sul campo non è nota" in text
    assert re.search(r"5 punti 141 14,1 42,3", text)
    assert "contado pavement load DRIVES --survey survey.csv -w DIR" in text
    assert "ct-agreement" not in get(bare_client)


def test_other_practices_have_no_such_page(client):
    assert client.get("/buone-pratiche/energia-di-casa/verifica-sul-campo").status_code == 404


def test_a_plan_allows_for_errors_that_are_alike():
    alone, alike = fieldcheck.campaigns_for(0.0), fieldcheck.campaigns_for(0.5)
    assert [p.stretches for p in alone] == [37, 141, 388]
    assert [p.alike_km for p in alone] == [p.km for p in alone]
    assert [p.alike_km / p.km for p in alike] == pytest.approx([3, 3, 3])


@pytest.fixture
def client_of(tmp_path):
    from starlette.testclient import TestClient

    from contado.web.app import create

    def make(written: dict):
        workspace = Workspace.create(tmp_path / "w")
        with workspace.commit() as commit:
            for name, table in written.items():
                commit.table(name, table)
        return TestClient(create(workspace.path), raise_server_exceptions=False)

    return make


def test_a_measured_campaign_is_called_measured_and_older_ones_are_linked(client_of):
    from contado.engines.pavement.validation.of_workspace import FieldCheck, tables_of

    days = (dt.date(2025, 10, 12), dt.date(2026, 10, 12))
    found = [
        FieldCheck(id=str(day), state_on=day, check=invented.check(label="measured", day=day, seed=k))
        for k, day in enumerate(days)
    ]
    client = client_of(tables_of(found, "test"))
    html = get(client)
    assert "Quanto si sono scostate le auto da un profilometro" in words(html)
    assert "ct-measured" in html
    assert 'class="ct-simulation"' not in html
    assert f'href="{BASE["it"]}?date=2025-10-12"' in html
    older = get(client, query="?date=2025-10-12")
    assert f"{100 * found[0].check.figures.median_error:.1f}".replace(".", ",") in words(older)


def test_a_survey_that_waits_for_a_diagnosis_is_told(client_of):
    row = {"section_id": "a", "from_m": 0, "to_m": 100, "iri_m_km": 2.0, "role": "validation"}
    client = client_of({"pavement_survey": tables.from_rows("pavement_survey", [row])})
    assert "caricato ma non ancora confrontato" in words(get(client))

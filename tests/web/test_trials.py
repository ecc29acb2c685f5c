"""The pages of trial pavements."""

from __future__ import annotations

import csv
import io
import math
import re
from datetime import date

import pytest

from contado.kernel import tables
from contado.practices.gipave import Gipave
from contado.testing.toy import toy_territory

BASE = {"it": "/buone-pratiche/asfalto-in-prova/prove/", "en": "/en/good-practices/trial-asphalt/trials/"}


def words(html: str) -> str:
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


@pytest.fixture
def page(client):
    """Function that returns the text of a trial's page."""

    def get(trial: str, lang: str = "it") -> str:
        got = client.get(BASE[lang] + trial)
        assert got.status_code == 200
        return got.text

    return get


def test_not_demonstrated_is_said_with_what_would_be_enough(page):
    text = words(page("SP35"))
    assert "Effetto non dimostrato: l’intervallo tocca lo zero." in text
    assert re.search(r"Con \d+ tratti invece di 2 basterebbero \d+ anni\.", text)
    english = words(page("SP35", "en"))
    assert "Effect not demonstrated: the interval touches zero." in english
    assert re.search(r"With \d+ sections instead of 2, \d+ years would do\.", english)


def test_a_demonstrated_effect_and_one_that_cannot_be_told(page):
    assert "Effetto dimostrato: il caso non basta a spiegarlo" in words(page("SP40"))
    alone = words(page("SP3"))
    assert "Effetto non identificabile: con 1 tratto in prova e 1 di controllo" in alone
    assert "troppo pochi tratti" in alone
    assert "Troppo pochi tratti: la differenza può venire dal tratto e non dall’asfalto." in alone


def test_a_trial_without_campaigns_says_who_loads_them(page):
    text = words(page("SP99"))
    assert "Nessuna campagna è ancora caricata" in text
    assert "pavement_trial_obs" in text
    assert "ct-compare" not in page("SP99")


@pytest.mark.parametrize("lang", ["it", "en"])
def test_both_charts_are_drawn_twice_with_a_sentence_and_a_table(page, lang):
    html = page("SP35", lang)
    for name in ("ct-compare", "ct-histogram"):
        drawn = re.findall(rf'<svg class="ct-chart {name}"[^>]*aria-label="([^"]+)"', html)
        assert len(drawn) == 2
        assert len(set(drawn)) == 1
    assert html.count("<details>") == 2
    svg = re.findall(r"<svg class=\"ct-chart.*?</svg>", html, re.DOTALL)
    assert max(map(len, svg)) < 40_000


def test_the_interval_has_its_level_and_the_label_stands_beside(page):
    html = page("SP35")
    assert re.search(r"Effetto sulla crescita \(95 %\).*?\(da −\d,\d a \d,\d\)", words(html))
    assert 'class="ct-label ct-simulated"' in html
    assert 'class="ct-simulation"' in html


def test_mixes_show_cost_gases_and_criteria_with_what_is_unknown(page):
    text = words(page("SP35"))
    assert re.search(r"La miscela in prova conviene se dura almeno \d+,\d anni; se ne prevedono 13,0", text)
    assert "12 %, minimo 15 %: non rispettato" in text
    assert "quota non nota" in text
    assert "non noto: manca la dichiarazione EPD" in text
    assert "Da confermare" in text
    assert "strade-2024+DM-2025-09-11" in text


def test_the_practice_lists_its_trials_and_the_road_practice_leads_there_too(client):
    html = client.get("/buone-pratiche/asfalto-in-prova").text
    for trial in ("SP3", "SP35", "SP40", "SP99"):
        assert f'href="{BASE["it"]}{trial}"' in html
    assert "effetto dimostrato" in words(html)
    assert 'class="ct-simulation"' in html
    assert client.get("/buone-pratiche/manto-stradale/prove/SP35").status_code == 200
    assert client.get("/buone-pratiche/energia-di-casa/prove/SP35").status_code == 404
    assert client.get(BASE["it"] + "SP1").status_code == 404


@pytest.fixture
def site_of(tmp_path):
    """Function that changes the toy's trials, diagnoses them on a day and returns a client of their pages."""
    from starlette.testclient import TestClient

    from contado.web.app import create

    def make(*, on=date(2026, 6, 1), sections=None, measures=None, results=None):
        toy = toy_territory(tmp_path / "toy", Gipave())
        changes = {"pavement_trial_section": sections, "pavement_trial_obs": measures}
        with toy.commit() as c:
            for name, change in changes.items():
                if change is not None:
                    rows = [new for row in toy.read(name).to_pylist() for new in change(row)]
                    c.table(name, tables.from_rows(name, rows))
        found = dict(Gipave().diagnose(toy, on=on).tables)
        if results is not None:
            rows = [new for row in found["pavement_trial_result"].to_pylist() for new in results(row)]
            found["pavement_trial_result"] = tables.from_rows("pavement_trial_result", rows)
        with toy.commit() as c:
            for name in ("pavement_trial_result", "pavement_trial_lifecycle"):
                c.table(name, found[name])
        return TestClient(create(toy.path), raise_server_exceptions=False)

    return make


def text_of(client, trial="STRONG", lang="it", query=""):
    got = client.get(BASE[lang] + trial + query)
    assert got.status_code == 200
    return words(got.text)


def test_nothing_is_proposed_for_the_same_reason_on_both_pages(site_of):
    client = site_of(on=date(2024, 6, 1))
    reason = "nessun tratto di controllo finisce la sua vita nei prossimi tre anni; il primo nel 2028."
    practice = words(client.get("/buone-pratiche/asfalto-in-prova").text)
    assert reason in text_of(client)
    assert reason in practice
    assert "Nessuna proposta ancora" not in practice
    assert "the first does in 2028" in text_of(client, lang="en")


def test_a_demonstrated_effect_that_was_not_proposed_yet_says_how(site_of):
    client = site_of()
    assert "si calcola dopo la diagnosi, con il comando propose" in text_of(client)


def test_results_are_downloaded_without_any_line_of_the_sections(site_of):
    client = site_of(sections=lambda row: [{**row, "geometry": None}])
    page = client.get("/buone-pratiche/asfalto-in-prova").text
    assert 'href="/prove/esiti.csv"' in page
    got = {
        name: list(csv.DictReader(io.StringIO(client.get(f"/prove/{name}.csv").text)))
        for name in ("esiti", "campagne")
    }
    assert [(r["trial_id"], r["metric"], r["verdict"]) for r in got["esiti"]] == [
        ("ALONE", "iri_m_km", "not_identifiable"),
        ("STRONG", "iri_m_km", "demonstrated"),
    ]
    assert float(got["esiti"][1]["effect"]) < float(got["esiti"][1]["effect_high"]) < 0
    assert len(got["campagne"]) == 10
    assert client.get("/prove/altro.csv").status_code == 404


def test_every_metric_is_shown_with_its_verdict_and_has_its_page(site_of):
    def with_noise(row):
        return [row, {**row, "metric": "noise_cpx_db", "value": 95 + 5 * math.log(row["value"])}]

    client = site_of(measures=with_noise)
    own = text_of(client)
    assert "Tutte le misure" in own
    assert re.search(r"rumore di rotolamento \(CPX\) effetto dimostrato −0,\d\d dB\(A\) l’anno", own)
    noise = text_of(client, query="?metric=noise_cpx_db")
    assert "In prova, dB(A)" in noise
    assert "Rumore di rotolamento (CPX), variazione dalla prima campagna, dB(A): alla fine" in noise
    assert "m/km" not in noise
    assert "Tutte le misure" not in text_of(client, "ALONE", query="?metric=skid_sfc").split("Esito")[0]


def test_a_result_that_an_earlier_release_wrote_is_one_of_roughness(site_of):
    client = site_of(results=lambda row: [{k: v for k, v in row.items() if k != "metric"}])
    assert "Effetto dimostrato" in text_of(client)
    assert "Misura irregolarità (IRI)" in text_of(client)


def test_covariates_have_their_names(site_of):
    traffic = iter(range(100))
    client = site_of(sections=lambda row: [{**row, "aadt": 9000.0 + 700 * (next(traffic) % 7)}])
    assert "Tenendo conto di traffico giornaliero medio (TGM) (95 %)" in text_of(client)
    assert "Allowing for mean daily traffic (AADT) (95 %)" in text_of(client, lang="en")


def test_numbers_of_sections_that_need_as_many_years_are_one_row(site_of):
    text = text_of(site_of())
    power = text[text.index("Per un effetto grande come quello visto") :]
    assert "2 tratti in prova chiedono un anno di campagne, e più tratti non lo accorciano." in power


def test_a_design_that_can_show_nothing_says_how_many_sections_it_takes(site_of):
    few = site_of(
        sections=lambda row: (
            [row] if row["section"] in {"P01", "P02", "C01", "C02", "C03", "C04", "C05", "C06"} else []
        )
    )
    text = text_of(few)
    assert (
        "nessun effetto, per quanto grande, si può dimostrare: per 2 in prova servono almeno 7 tratti di controllo."
        in text
    )

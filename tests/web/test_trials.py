"""The pages of trial pavements."""

from __future__ import annotations

import re

import pytest

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

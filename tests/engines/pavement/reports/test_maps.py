"""The map as one file: complete without a script, same rows on map and in table, nothing asked of anybody."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest

from contado.engines.pavement.reports import maps
from contado.engines.pavement.views.reading import read_state
from contado.kernel.publish import style
from invented import survey


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return read_state(survey.write_answer(tmp_path_factory.mktemp("survey") / "p.json"))


@pytest.fixture(scope="module")
def html(state):
    return maps.render(state, lang="it").decode()


def test_the_same_state_gives_the_same_bytes(state, html):
    assert maps.render(state, lang="it").decode() == html


def test_map_and_table_hold_the_same_pieces_in_the_same_classes(html):
    drawn = dict(re.findall(r'class="rv-line[^"]* rv-w(\w+)" id="p(\d+)"', html))
    rows = re.findall(r'<tr id="r(\d+)" class="k-(\w+)" data-p="\d+"', html)
    lines = {n: c for c, n in re.findall(r'class="rv-line[^"]* rv-w(\w+)" id="p(\d+)"', html)}
    assert lines == dict(rows)
    assert set(drawn) == {"A", "B", "C", "D", "none"}


def test_the_legend_filters_by_class_and_says_km(html):
    assert re.findall(r'<input type="checkbox" id="f-(\w+)" checked', html) == ["A", "B", "C", "D", "none"]
    for name in ("A", "B", "C", "D", "none"):
        assert f"body:has(#f-{name}:not(:checked)) .k-{name}" in html
    assert "≥ 70 · 0,3 km" in html


def test_words_of_label_uncertain_and_unknown(html):
    assert "nessuna strada reale è descritta" in html
    assert "classe incerta (1)" in html
    assert "non noto: non misurabile" in html
    assert html.count("≈") == 1
    assert "al 10 aprile 2026 · 1,0 di 1,0 km percorsi negli ultimi 30 giorni" in html


def test_every_landmark_has_a_name_of_its_own_and_the_bar_is_one(html):
    import html5lib

    tree = html5lib.parse(html, namespaceHTMLElements=False)
    heads = {h.get("id"): "".join(h.itertext()) for h in tree.iter() if h.get("id")}
    landmarks = [e for e in tree.iter() if e.tag == "section" or e.get("role") == "region"]
    names = [e.get("aria-label") or heads[e.get("aria-labelledby")] for e in landmarks]
    assert len(set(names)) == len(names), names
    assert names[0] == "Dati simulati"  # content outside every landmark is skipped by who walks them


def test_english(state):
    text = maps.render(state, lang="en").decode()
    assert '<html lang="en">' in text
    assert "State of the roads" in text
    assert "uncertain class (1)" in text
    assert "not known: not measurable" in text


def test_an_estimate_has_no_bar_of_simulation(state):
    text = maps.render(replace(state, label="estimated"), lang="it").decode()
    assert 'class="rv-bar"' not in text
    assert "◐ stimato" in text


def test_the_policy_allows_this_style_and_this_script_and_nothing_else(html):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1].replace("&#39;", "'")
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    style_text = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)[1]
    for rule, text in (("style-src", style_text), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert not re.search(r'\b(?:src|href)="(?!#)', html)
    assert "style=" not in html


def test_colours_are_those_of_the_style_file(html):
    for look in style.load().classes:
        assert f'rv-w{look.id}" id="p' in html
        assert f"--ct-class-{look.id}:{look.light};" in html


def test_text_of_the_data_is_escaped(tmp_path):
    evil = "<script>alert(1)</script>"
    state = read_state(survey.write_answer(tmp_path / "p.json", section_id=evil))
    text = maps.render(state).decode()
    assert evil not in text
    assert "&lt;script&gt;alert(1)" in text


def test_works_done_and_planned_stand_under_the_diagram(state):
    from contado.engines.pavement.views.model import Work

    works = (
        Work(from_m=0.0, to_m=200.0, day=survey.ON, treatment="toppe"),
        Work(from_m=600.0, to_m=800.0, day=None, treatment="wearing_4cm", year=2027),
    )
    road = replace(state.roads[0], works=works)
    text = maps.render(replace(state, roads=(road,))).decode()
    assert "km 0,00–0,20 toppe, 10/04/2026" in text
    assert re.search(r"km 0,60–0,80 [^;]*previsti 2027", text)

"""The page of a section beside what the office and the bumps say: names, origin, what counts in no class."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from html import unescape

import pytest
from starlette.testclient import TestClient

from contado.kernel import tables
from contado.kernel.workspace import Workspace
from contado.web.app import create

SECTION = "S001-04"
PAGE = f"/buone-pratiche/manto-stradale/sezioni/{SECTION}"
DAY = dt.date(2026, 10, 31)


def cell(number, iri):
    return {
        "section_id": SECTION,
        "cell": number,
        "date": DAY,
        "from_m": 20.0 * number,
        "to_m": 20.0 * number + 20.0,
        "iri_m_km": iri,
        "low_m_km": 0.9 * iri,
        "high_m_km": 1.1 * iri,
        "state": "measured",
    }


def bump(state):
    return {
        "anomaly_id": "a1",
        "section_id": SECTION,
        "chainage_m": 110.0,
        "kind": "speed_bump",
        "height_mm": 62.0,
        "p_exists": 0.99,
        "state": state,
    }


@pytest.fixture
def shown(workspace, tmp_path):
    def look(**own):
        shutil.copytree(workspace, tmp_path / "w")
        kept = Workspace.open(tmp_path / "w")
        with kept.commit() as commit:
            for name, rows in own.items():
                commit.table(f"pavement_{name}", tables.from_rows(f"pavement_{name}", rows))
        return unescape(TestClient(create(kept.path)).get(PAGE).text)

    return look


@pytest.mark.parametrize(("state", "told"), [("fixture", True), ("confirmed", True), ("closed", False)])
def test_a_bump_stands_on_the_diagram_and_its_cell_is_told_as_left_out(shown, state, told):
    iri = [3.0, 3.2, 3.1, 2.9, 3.0, 13.4, 3.3]
    text = shown(cell_state=[cell(k, v) for k, v in enumerate(iri)], anomaly=[bump(state)])
    drawn = re.search(r'<svg class="ct-chart ct-strip".*?</svg>', text, re.DOTALL)[0]
    assert (re.search(r"<title>dosso a [^<]+</title>", drawn) is not None) is told
    assert (re.search(r", IRI 13,4 \(dosso a [^)]+\)", text) is not None) is told
    counted = re.search(r"da 2,9 a 13,4 m/km; anomalie: (\d+)", text)[1]
    assert drawn.count("<title>") == int(counted) + int(told) + drawn.count("ct-work")


def row_of_works(text):
    return re.search(r"Lavori fatti sulla sezione.*?<tbody>(.*?)</tbody>", text, re.DOTALL)[1]


@pytest.mark.parametrize(("label", "word"), [(None, "misurato"), ("simulated", "simulato")])
def test_works_of_the_office_are_born_as_their_own_row_says(shown, label, word):
    works = [
        {
            "section_id": SECTION,
            "from_m": 0.0,
            "to_m": 400.0,
            "date": dt.date(2025, 12, 31),
            "treatment": "wearing_4cm",
            "cost_eur": 52_300.0,
            "label": label,
        }
    ]
    row = row_of_works(shown(works=works))
    assert "52.300" in row
    assert re.findall(r"misurato|simulato", row) == [word]


def test_old_works_keep_their_names_beside_an_own_price_list(shown):
    own = [
        {"code": "RT-04", "name_it": "Rifacimento tappeto del listino", "unit_cost_eur_m2": 15.8},
        {"code": "SL-01", "unit_cost_eur_m2": 6.1},
    ]
    works = [
        {
            "section_id": SECTION,
            "from_m": 0.0,
            "to_m": 100.0 + k,
            "date": dt.date(2025, 1, 1 + k),
            "treatment": code,
        }
        for k, code in enumerate(("wearing_4cm", "RT-04"))
    ]
    row = row_of_works(shown(works=works, treatment=own))
    assert "Rifacimento del tappeto di usura (4 cm)" in row
    assert "Rifacimento tappeto del listino" in row
    assert "earing" not in row

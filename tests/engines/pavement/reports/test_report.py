"""The report of a state: figures recomputed from the pieces, every format, same bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contado.engines.pavement.reports.report import report
from contado.engines.pavement.views.reading import read_state
from contado.kernel import publish
from contado.kernel.publish.report import show
from contado.kernel.publish.report import tables as tables_of
from invented import survey


@pytest.fixture
def state(tmp_path):
    return read_state(survey.write_answer(tmp_path / "p.json"))


def blocks(made, title):
    return next(s for s in made.sections if s.title == title).blocks


def test_key_figures_and_kilometres_by_class(state):
    made = report(state)
    figures = blocks(made, "In breve")[0].figures
    known = [v for v in survey.IRI if v is not None]
    assert figures[0].value == f"{sum(known) / len(known):.1f}".replace(".", ",")
    assert (figures[1].value, figures[1].interval) == ("2", "confermate: 1")
    # a car drove the piece that could not be measured
    assert (figures[2].value, figures[2].unit) == ("0,0", "km")
    chart = blocks(made, "In breve")[1]
    assert [row[2] for row in chart.table.rows] == [0.3, 0.2, 0.2, 0.2, 0.0, 0.1]
    assert chart.table.rows[-1][0] == "percorso, senza classe"
    assert sum(row[3] for row in chart.table.rows) == pytest.approx(1.0)
    assert sum(row[4] for row in chart.table.rows) == 1
    assert made.lead.startswith("0,4 km su 1,0")


def test_a_share_is_printed_with_a_digit_as_on_the_page_of_the_practice(state):
    table = blocks(report(state), "In breve")[1].table
    shown = [show(value, table.columns[3], "it") for value in (0.324, 0.316, 0.124, 0.224, 0.012)]
    assert shown == [f"{v}\u00a0%" for v in ("32,4", "31,6", "12,4", "22,4", "1,2")]


def test_the_worst_pieces_come_first(state):
    table = blocks(report(state), "Da dove cominciare")[1]
    assert [row[1] for row in table.rows] == ["D critico"] * 2 + ["C scadente"] * 2
    indices = [row[5] for row in table.rows]
    assert indices == sorted(indices)


def test_every_table_has_its_label_and_unknown_is_said(state):
    made = report(state)
    for section, table in tables_of(made):
        if "Lavori su" not in table.caption:
            assert table.label == "simulated", section.title
    html = publish.render(made, "html").decode()
    assert "non noto" in html
    assert "limite superiore" in html
    assert "Strade, misure e anomalie sono simulate" in html


def test_a_good_road_has_no_worst_piece(state):
    cells = tuple(replace(c, iri=1.2, low=1.1, high=1.3, state="measured") for c in state.roads[0].cells)
    made = report(replace(state, roads=(replace(state.roads[0], cells=cells, spots=()),)), lang="en")
    assert blocks(made, "Where to begin")[0].text == "No piece is poor or critical."


@pytest.mark.parametrize("kind", ["html", "pdf"])
def test_same_state_same_bytes(state, kind):
    if kind == "pdf":
        pytest.importorskip("typst")
    first, second = (publish.render(report(state), kind) for _ in range(2))
    assert first == second
    if kind == "pdf":
        assert b"/StructTreeRoot" in first
        assert b"/MarkInfo" in first

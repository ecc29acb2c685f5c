"""Pieces, their classes and whether these are certain."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from contado.engines.pavement.anomalies.sources import KINDS
from contado.engines.pavement.maintenance import condition
from contado.engines.pavement.views import grading
from contado.engines.pavement.views.model import Cell, Road, Spot
from contado.engines.pavement.views.reading import read_state
from invented import survey


@pytest.fixture
def road(tmp_path):
    return read_state(survey.write_answer(tmp_path / "p.json")).roads[0]


def test_every_class_the_unknown_and_the_uncertain_one(road):
    found = grading.pieces(replace(road, spots=()), survey.ON)
    assert [p.class_id for p in found] == [*"AABBCCDD", "none", "A"]
    assert [p.uncertain for p in found] == [False] * 9 + [True]
    assert found[8].index is None


def test_the_class_is_that_of_the_condition_model(road):
    model = condition.model(survey.ON)
    for piece in grading.pieces(replace(road, spots=()), survey.ON):
        if piece.iri is not None:
            assert piece.index == pytest.approx(float(model.index(piece.iri, 0.0)))
            assert piece.index_low <= piece.index <= piece.index_high


def test_defects_count_against_the_piece_they_lie_on_and_bumps_do_not(road):
    def index(kind):
        spots = (Spot(at_m=250.0, kind=kind, height_mm=-30.0, severity=60.0, p_exists=1.0, confirmed=True),)
        return [p.index for p in grading.pieces(replace(road, spots=spots), survey.ON)]

    plain = [p.index for p in grading.pieces(replace(road, spots=()), survey.ON)]
    assert index("speed_bump") == plain
    for kind in set(KINDS) - {"speed_bump"}:  # those that only cameras tell, too
        assert [k for k, (a, b) in enumerate(zip(plain, index(kind), strict=True)) if a != b] == [2]


def test_short_cells_are_put_together_to_100_m_weighted_by_length():
    values = (2.0, 3.0, None, 4.0, 5.0)
    cells = tuple(
        Cell(from_m=20.0 * k, to_m=20.0 * (k + 1), iri=v, low=v and v - 1, high=v and v + 1, passes=k + 1)
        for k, v in enumerate(values)
    )
    (piece,) = grading.pieces(Road(name="r", line=None, cells=cells), survey.ON)
    assert (piece.from_m, piece.to_m, piece.iri, piece.low, piece.high) == (0.0, 100.0, 3.5, 2.5, 4.5)
    assert piece.passes == 1
    few = tuple(replace(c, iri=None, low=None, high=None) if k < 3 else c for k, c in enumerate(cells))
    (piece,) = grading.pieces(Road(name="r", line=None, cells=few), survey.ON)
    assert (piece.class_id, piece.iri) == ("none", None)


def test_a_piece_without_a_late_pass_says_for_how_many_days(road):
    last = survey.ON - dt.timedelta(days=50)
    cells = tuple(replace(c, state="not_driven", last_on=last) if c.iri else c for c in road.cells)
    found = grading.pieces(replace(road, cells=cells), survey.ON)
    assert [p.stale_d for p in found] == [50] * 8 + [None, 50]
    assert found[0].class_id == "A"


def test_totals_name_every_class_and_add_up(road):
    found = grading.pieces(replace(road, spots=()), survey.ON)
    rows = grading.totals(found)
    assert [(t.class_id, t.length_m, t.n) for t in rows] == [
        ("A", 300.0, 3),
        ("B", 200.0, 2),
        ("C", 200.0, 2),
        ("D", 200.0, 2),
        ("none", 100.0, 1),
    ]

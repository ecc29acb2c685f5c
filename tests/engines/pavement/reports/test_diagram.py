"""What is said and drawn along the chainage, for pages and files alike."""

from __future__ import annotations

import datetime as dt
import math

import pytest

from contado.engines.pavement.maintenance import condition
from contado.engines.pavement.reports.diagram import WIDTHS, bands, diagram
from contado.kernel.publish import style
from contado.kernel.publish.strip import Cell, Mark, Stretch

ON = dt.date(2026, 4, 10)


def test_bands_begin_where_the_condition_model_breaks_and_have_the_tints_of_the_style():
    model = condition.model(ON)
    found = bands(ON, "it")
    assert [b.tint for b in found] == [c.tint for c in style.load().classes if c.id != "none"]
    assert [b.name for b in found] == ["A buono", "B discreto", "C scadente", "D critico"]
    for band, bound in zip(found[1:], model.breaks, strict=True):
        assert float(model.index(band.from_iri, 0.0)) == pytest.approx(bound)
    assert found[0].from_iri == 0.0


def test_two_drawings_and_one_sentence():
    cells = [Cell(0, 100, 2.0, 1.8, 2.2), Cell(100, 200, 6.0, 5.0, 7.0)]
    drawn = diagram(
        "SP1", cells, [Mark(50, "pothole", True, "buca")], [Stretch(0, 100, "toppe")], lang="it", on=ON
    )
    assert drawn.sentence == "Irregolarità lungo SP1: da 2,0 a 6,0 m/km; anomalie: 1, lavori: 1."
    assert [f'width="{w:.0f}"' in svg for w, svg in zip(WIDTHS, (drawn.wide, drawn.narrow), strict=True)] == [
        True
    ] * 2
    assert math.isclose(WIDTHS[0], 1232)


def test_a_road_without_values_says_so():
    assert diagram("SP1", [Cell(0, 100, None, None, None)], lang="en", on=ON).sentence == (
        "SP1: no piece was measured."
    )

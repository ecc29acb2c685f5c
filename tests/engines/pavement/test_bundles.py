"""Bundles by road and the moratorium: one set-up a road, no cut of a young surface."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from contado.engines.pavement import moratorium
from contado.engines.pavement.bundles import bundles
from contado.engines.pavement.strategy import StrategySettings, roads_of, strategies
from contado.engines.pavement.treatments import catalogue

ON = date(2026, 11, 1)
YEARS = range(2027, 2031)


def made(**columns):
    base = {"segment": ["a", "b", "c"], "iri_m_km": [4.0, 5.0, 3.5], "length_m": [500.0, 300.0, 400.0]}
    roads, _ = roads_of(pa.table({**base, **columns}), StrategySettings())
    return strategies(roads, catalogue(), YEARS, on=ON)


def test_a_bundle_pays_the_dearest_set_up_once():
    found = made()
    ways = bundles(found, ["R", "R", "S"], found.condition_gain)
    both = [w for w in ways if w.road == "R" and len(w.rows) == 2]
    assert both
    for way in both:
        rows = list(way.rows)
        set_ups = found.worksite_eur[rows]
        assert way.cost_eur == pytest.approx(found.cost_eur[rows].sum() - set_ups.sum() + set_ups.max())
        assert way.benefit == pytest.approx(found.condition_gain[rows].sum())
        assert {int(y) for y in found.year[rows]} == {way.year}
        assert len({int(s) for s in found.segment[rows]}) == 2
    assert all(len(w.rows) == 1 for w in ways if w.road == "S")


def test_no_bundle_is_beaten_by_another_of_its_road_and_year():
    found = made()
    ways = [w for w in bundles(found, ["R"] * 3, found.condition_gain) if w.year == 2027]
    ordered = sorted(ways, key=lambda w: w.cost_eur)
    assert all(np.diff([w.benefit for w in ordered]) > 0)


def test_a_young_surface_is_not_cut_before_the_moratorium_ends():
    found = made(iri_m_km=[3.0, 4.0, 3.5], surface_age_y=[1.0, 20.0, None])
    codes = np.array([t.cuts_surface for t in catalogue()])
    cut = (found.strategy > 0) & codes[found.treatment]
    assert set(found.year[cut & (found.segment == 0)].tolist()) == {2028, 2029, 2030}
    assert set(found.year[cut & (found.segment == 1)].tolist()) == set(YEARS)
    gentle = (found.strategy > 0) & ~codes[found.treatment] & (found.segment == 0)
    assert 2027 in found.year[gentle]


def test_the_first_free_year():
    free = moratorium.free_from(np.array([0.0, 2.5, 3.0, np.nan]), [""] * 4, ON)
    assert free.tolist() == [2029, 2027, 2026, 2026]

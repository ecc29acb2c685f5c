"""Bundles by road and the moratorium: one set-up a road, no cut of a young surface."""

from __future__ import annotations

import itertools
from datetime import date
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contado.engines.pavement.maintenance import moratorium
from contado.engines.pavement.maintenance.bundles import bundles
from contado.engines.pavement.maintenance.strategy import StrategySettings, roads_of, strategies
from contado.engines.pavement.maintenance.treatments import catalogue

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


def offered(options):
    """Strategies of segments of one road in 2027 from (segment, cost, share of set-up)."""
    segment, cost, share = (np.array(c) for c in zip(*options, strict=True))
    rows = np.arange(segment.size)
    return SimpleNamespace(
        strategy=rows + 1,
        segment=segment,
        year=np.full(segment.size, 2027),
        cost_eur=cost.astype(float),
        worksite_eur=cost * share,
        area_m2=np.ones(segment.size),
    )


def test_a_dear_set_up_is_kept_for_the_segment_that_shares_it():
    found = offered([(0, 10.0, 0.8), (0, 9.0, 0.0), (1, 10.0, 0.8)])
    ways = bundles(found, ["R", "R"], np.array([5.0, 5.0, 5.0]))
    assert [(w.rows, w.cost_eur, w.benefit) for w in ways] == [((1,), 9.0, 5.0), ((0, 2), 12.0, 10.0)]


OPTION = st.tuples(
    st.integers(0, 3), st.integers(1, 40), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.integers(1, 9)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(OPTION, min_size=1, max_size=9))
def test_the_front_is_that_of_all_combinations(options):
    """Costs and shares in halves and quarters, so that sums are exact."""
    found = offered([o[:3] for o in options])
    benefit = np.array([o[3] for o in options], float)
    by_segment = [[-1, *np.flatnonzero(found.segment == s).tolist()] for s in range(4)]
    every = []
    for picks in itertools.product(*by_segment):
        rows = [r for r in picks if r >= 0]
        set_ups = found.worksite_eur[rows]
        cost = found.cost_eur[rows].sum() - set_ups.sum() + set_ups.max(initial=0.0)
        every.append((float(cost), float(benefit[rows].sum())))
    best = {p for p in every if not any(q != p and q[0] <= p[0] and q[1] >= p[1] for q in every)}
    ways = bundles(found, ["R"] * 4, benefit)
    assert sorted((w.cost_eur, w.benefit) for w in ways) == sorted(best - {(0.0, 0.0)})


def test_a_long_road_keeps_a_front_near_the_best():
    """Eight segments by four treatments: 390,625 ways, more than are kept on the road there."""
    rng = np.random.default_rng(3)
    area = rng.uniform(500, 8000, 8)
    found = offered(
        [(s, area[s] * c, h) for s in range(8) for c, h in ((4, 0.1), (18, 0.15), (42, 0.2), (75, 0.2))]
    )
    benefit = rng.uniform(0.5, 1, 32) * np.sqrt(found.cost_eur * area[found.segment])
    every = np.zeros((1, 3))
    for s in range(8):
        rows = np.flatnonzero(found.segment == s)
        bare = found.cost_eur[rows] - found.worksite_eur[rows]
        more = np.vstack([np.zeros(3), np.column_stack([bare, found.worksite_eur[rows], benefit[rows]])])
        joined = every[:, None, :] + more
        joined[..., 1] = np.maximum(every[:, None, 1], more[:, 1])
        every = joined.reshape(-1, 3)
    cost = every[:, 0] + every[:, 1]
    ways = bundles(found, ["R"] * 8, benefit)
    assert len(ways) <= 200
    for budget in np.linspace(0.05, 1.0, 20) * max(w.cost_eur for w in ways):
        reached = max(w.benefit for w in ways if w.cost_eur <= budget)
        assert reached >= 0.98 * every[cost <= budget, 2].max()


def test_a_young_surface_is_not_cut_before_the_moratorium_ends():
    found = made(iri_m_km=[3.0, 4.0, 3.5], surface_age_y=[1.0, 20.0, None])
    codes = np.array([t.cuts_surface for t in catalogue()])
    cut = (found.strategy > 0) & codes[found.treatment]
    assert set(found.year[cut & (found.segment == 0)].tolist()) == {2028, 2029, 2030}
    assert set(found.year[cut & (found.segment == 1)].tolist()) == set(YEARS)
    gentle = (found.strategy > 0) & ~codes[found.treatment] & (found.segment == 0)
    assert 2027 in found.year[gentle]


@pytest.mark.parametrize("asked", [date(2026, 2, 6), date(2026, 11, 6), date(2027, 1, 10), date(2028, 3, 1)])
def test_the_first_free_year_is_the_same_whenever_it_is_asked(asked):
    age = (asked - date(2025, 8, 6)).days / 365.25
    assert moratorium.free_from(np.array([age]), [""], asked).tolist() == [2028]


def test_the_first_free_year():
    free = moratorium.free_from(np.array([0.0, 2.5, 3.0, np.nan]), [""] * 4, ON)
    assert free.tolist() == [2029, 2027, 2026, 2026]

"""Decision, item 9: published knapsacks through the solver, and a child that is really gone."""

import multiprocessing
import time

import pytest

from contado.kernel.portfolio.orlib import read_mkp, read_mmkp
from contado.kernel.solver import solve_in_child


@pytest.mark.item("decision", 9, "MMKP I01, I02, I05, I06", "173, 364, 3905.7, 4799.3")
def test_multiple_choice_knapsacks(shared, figure):
    expected = {"I01": 173.0, "I02": 364.0, "I05": 3905.7, "I06": 4799.3}
    found = {}
    for name, optimum in expected.items():
        claim = solve_in_child(read_mmkp(shared(f"planning/mmkp/{name}.txt")).model(), gap_share=0.0)
        found[name] = round(claim.value, 4)
        assert claim.status == "optimal"
        assert claim.value == pytest.approx(optimum, abs=1e-6)
    figure(", ".join(f"{v:g}" for v in found.values()))


@pytest.mark.item("decision", 9, "MMKP I07", "at most 24607.95")
def test_i07_stays_below_its_bound(shared, figure):
    problem = read_mmkp(shared("planning/mmkp/I07.txt"))
    claim = solve_in_child(problem.model(), gap_share=1e-3, time_limit_s=20.0)
    figure(f"{claim.value:.2f}")
    assert 24_500 <= claim.value <= 24_607.95
    x = claim.x.round().reshape(problem.value.shape)
    assert (x.sum(axis=1) == 1).all()
    assert ((x[:, :, None] * problem.weight).sum(axis=(0, 1)) <= problem.capacity + 1e-9).all()


@pytest.mark.slow
@pytest.mark.item("decision", 9, "OR-Library 5.100-00 and 5.100-15", "24381, 42927")
@pytest.mark.parametrize(("number", "optimum"), [(0, 24_381), (15, 42_927)])
def test_chu_and_beasley(shared, figure, number, optimum):
    problem = read_mkp(shared("planning/mkp/mknapcb1.txt"))[number]
    claim = solve_in_child(problem.model(), gap_share=0.0, time_limit_s=300.0)
    figure(f"{claim.value:.0f} ({claim.status})")
    assert claim.status == "optimal"
    assert round(claim.value) == optimum


@pytest.mark.item("decision", 9, "a child after its limit of 3 s", "gone, best plan kept")
def test_a_stopped_child(shared, figure):
    problem = read_mkp(shared("planning/mkp/mknapcb4.txt"))[0]
    started = time.monotonic()
    claim = solve_in_child(problem.model(), gap_share=0.0, time_limit_s=3.0)
    seconds = time.monotonic() - started
    assert claim.x is not None
    x = claim.x.round()
    assert (problem.weight @ x <= problem.capacity + 1e-6).all()
    assert problem.value @ x == pytest.approx(claim.value)
    assert not multiprocessing.active_children()
    assert seconds < 10
    figure(f"gone after {seconds:.1f} s, {claim.value:.0f} kept")

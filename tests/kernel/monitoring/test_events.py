import numpy as np
import pytest

from contado.kernel.monitoring import find_events, fit


def events(temperature, energy, **options):
    baseline = fit(temperature[:365], energy[:365])
    return find_events(baseline, temperature[365:], energy[365:], np.ones(len(energy) - 365), **options)


@pytest.mark.parametrize("kind", ["heating", "cooling", "both"])
@pytest.mark.parametrize("step", [0.3, -0.3])
def test_a_step_is_dated_and_quantified(invented, kind, step):
    temperature, energy, _ = invented(kind, 5, step=step)
    found = events(temperature, energy)
    assert len(found) == 1
    assert abs(found[0].row - 182) <= 14
    added = energy[547:].sum() - invented(kind, 5)[1][547:].sum()
    assert found[0].kwh == pytest.approx(added, rel=0.35)


@pytest.mark.parametrize("balance_shift", [0.0, 3.0])
def test_a_saving_alone_is_no_event(invented, balance_shift):
    told = sum(
        bool(events(*invented(kind, seed, balance_shift=balance_shift, start=270)[:2]))
        for kind in ("heating", "cooling", "both")
        for seed in range(12)
    )
    assert told <= 2  # at most 1 % each; 3 of 36 would come about once in 150 times


def test_two_changes_are_told_apart_and_add_up(invented):
    temperature, energy, _ = invented("heating", 3)
    added = np.zeros(365)
    added[120:] += 0.4 * energy.mean()
    added[240:] -= 0.3 * energy.mean()
    found = events(temperature, np.concatenate([energy[:365], energy[365:] + added]))
    assert [abs(e.row - row) <= 3 for e, row in zip(found, (120, 240), strict=True)] == [True, True]
    assert sum(e.kwh for e in found) == pytest.approx(added.sum(), rel=0.15)


def test_few_rows_are_not_searched(invented):
    temperature, energy, _ = invented("heating", 1)
    assert events(temperature[:390], energy[:390]) == []

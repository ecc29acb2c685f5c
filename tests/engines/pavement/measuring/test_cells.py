"""Cells: tiny cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from contado.engines.pavement.measuring.calibration import Calibration
from contado.engines.pavement.measuring.cells import (
    CellReadings,
    cell_states,
    mean_over,
    model_sd,
    pass_spread,
)


def reading(vehicle, *logs, coverage=1.0, speed=12.0):
    values = np.array(logs, dtype=float)
    full = np.ones(len(values))
    return CellReadings(vehicle=vehicle, log_iri=values, coverage=coverage * full, speed_m_s=speed * full)


EDGES = (np.array([0.0, 100.0]), np.array([100.0, 200.0]))
EXACT = Calibration(scale=1.0, sd_log=0.01, calibrated=True)
VAGUE = Calibration(scale=1.0, sd_log=0.18, calibrated=False)


def test_mean_over_leaves_unknown_out_and_tells_the_share():
    values = np.array([1.0, 3.0, np.nan, np.nan, 5.0, 7.0, 9.0, 11.0])
    mean, share = mean_over(values, np.array([0.0, 0.4]), np.array([0.4, 0.8]))
    assert mean.tolist() == [2.0, 8.0]
    assert share.tolist() == [0.5, 1.0]


def test_a_stretch_beyond_the_grid_is_unknown():
    mean, share = mean_over(np.ones(10), np.array([5.0]), np.array([6.0]))
    assert np.isnan(mean[0])
    assert share[0] == 0


def test_passes_of_equal_cars_average_in_logarithms():
    cells = cell_states(
        [reading("a", 1.0, 1.2), reading("b", 1.2, np.nan)], {"a": EXACT, "b": EXACT}, 0.03, EDGES
    )
    assert cells[0].iri_m_km == pytest.approx(np.exp(1.1))
    assert (cells[0].passes, cells[0].vehicles) == (2, 2)
    assert cells[1].iri_m_km == pytest.approx(np.exp(1.2))


def test_a_cell_without_a_pass_is_not_measurable():
    cell = cell_states([reading("a", np.nan, 1.0)], {"a": EXACT}, 0.03, EDGES)[0]
    assert (cell.state, cell.iri_m_km, cell.low_m_km, cell.high_m_km) == ("not_measurable", None, None, None)


def test_the_interval_is_never_narrower_than_the_calibration():
    many = [reading("a", 1.0, 1.0) for _ in range(100)]
    cell = cell_states(many, {"a": VAGUE}, 0.03, EDGES)[0]
    assert np.log(cell.high_m_km / cell.low_m_km) / 2 >= 1.6448 * 0.18


def test_more_passes_slower_and_partial_ones_change_the_width_the_right_way():
    def width(readings):
        cell = cell_states(readings, {"a": EXACT}, 0.05, EDGES)[0]
        return cell.high_m_km / cell.low_m_km

    one = width([reading("a", 1.0, 1.0)])
    assert width([reading("a", 1.0, 1.0)] * 4) < one
    assert width([reading("a", 1.0, 1.0, speed=5.0)]) > one
    assert width([reading("a", 1.0, 1.0, coverage=0.5)]) > one


def test_spread_between_passes_is_pooled_and_shrunk():
    rng = np.random.default_rng(0)
    road = rng.normal(1, 0.4, 200)
    passes = [reading("a", *(road + rng.normal(0, 0.1, 200))) for _ in range(3)]
    assert pass_spread(passes) == pytest.approx(0.1, rel=0.1)
    assert pass_spread(passes[:1]) == pytest.approx(0.05)


def test_short_cells_are_known_less_than_long_ones():
    fast, full = np.array([14.0]), np.array([1.0])
    assert model_sd(fast, full, 100.0) == pytest.approx([0.05])
    assert model_sd(fast, full, 20.0) == pytest.approx([0.05 * 5**0.5])
    assert model_sd(fast, full, 20.0, 0.066) == pytest.approx([0.066 * 5**0.5])
    assert model_sd(np.array([4.0]), full, 100.0) == pytest.approx([np.hypot(0.05, 0.04)])

"""Position along a route: invented lines and drives whose true place is known."""

from __future__ import annotations

import numpy as np
import pytest

from contado.engines.pavement.measuring.position import Fixes, PositionSettings, RouteLine, follow


def line_of(points) -> RouteLine:
    xy = np.array(points, dtype=float)
    chainage = np.r_[0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T))]
    return RouteLine(x_m=xy[:, 0], y_m=xy[:, 1], chainage_m=chainage)


def drive_along(line, speed, seed=0, sigma=3.0, seconds=None, reverse=False):
    """Fixes with AR(1) errors (rho 0.9) of a drive at constant speed, and its true chainages."""
    rng = np.random.default_rng(seed)
    length = line.chainage_m[-1]
    t = np.arange(0.0, seconds or length / speed)
    true = length - speed * t if reverse else speed * t
    error = np.zeros((len(t), 2))
    state = rng.normal(0, sigma, 2)
    for i in range(len(t)):
        state = 0.9 * state + rng.normal(0, sigma * np.sqrt(1 - 0.81), 2)
        error[i] = state
    x = np.interp(true, line.chainage_m, line.x_m) + error[:, 0]
    y = np.interp(true, line.chainage_m, line.y_m) + error[:, 1]
    return Fixes(t_s=t, x_m=x, y_m=y, speed_m_s=speed + rng.normal(0, 0.1, len(t))), true


STRAIGHT = line_of([(0, 0), (2500, 300), (4000, -400)])


@pytest.mark.parametrize("seed", range(5))
def test_correlated_errors_are_averaged_over_minutes(seed):
    fixes, true = drive_along(STRAIGHT, 12.0, seed)
    found = follow(fixes, STRAIGHT)
    assert np.mean(np.abs(found.chainage_m - true)) < 1.5
    assert np.mean(np.abs(found.chainage_m - true) < 2 * 1.645 * found.sd_m) > 0.9


def test_an_odometer_that_reads_three_percent_too_much_is_corrected():
    fixes, true = drive_along(STRAIGHT, 12.0, 1)
    wrong = Fixes(t_s=fixes.t_s, x_m=fixes.x_m, y_m=fixes.y_m, speed_m_s=1.03 * fixes.speed_m_s)
    found = follow(wrong, STRAIGHT)
    assert np.mean(np.abs(found.chainage_m - true)) < 1.6
    assert np.mean(found.speed_m_s) == pytest.approx(12.0, rel=0.01)


def test_a_tunnel_of_more_than_five_seconds_stays_open():
    fixes, _ = drive_along(STRAIGHT, 12.0, 2)
    kept = (fixes.t_s < 100) | (fixes.t_s > 110)
    cut = Fixes(**{name: getattr(fixes, name)[kept] for name in ("t_s", "x_m", "y_m", "speed_m_s")})
    found = follow(cut, STRAIGHT)
    chainage, speed, _ = found.at(np.array([50.0, 105.0, 200.0]))
    assert np.isfinite(chainage[[0, 2]]).all()
    assert np.isnan([chainage[1], speed[1]]).all()
    assert found.run.max() == 1


def test_fixes_off_the_route_are_unmatched_and_never_snapped():
    fixes, _ = drive_along(STRAIGHT, 12.0, 3)
    y = fixes.y_m.copy()
    y[100:160] += 300
    found = follow(Fixes(t_s=fixes.t_s, x_m=fixes.x_m, y_m=y, speed_m_s=fixes.speed_m_s), STRAIGHT)
    assert (found.run[100:160] == -1).all()
    assert np.isnan(found.chainage_m[110:150]).all()


def test_the_other_way_round_is_not_on_a_directed_route():
    fixes, _ = drive_along(STRAIGHT, 12.0, 4, reverse=True)
    found = follow(fixes, STRAIGHT)
    assert (found.run >= 0).mean() < 0.05


def test_a_route_that_passes_twice_keeps_the_passages_apart():
    loop = line_of([(0, 0), (1000, 0), (1000, 500), (500, 500), (500, 15), (0, 15)])
    fixes, true = drive_along(loop, 10.0, 5)
    found = follow(fixes, loop)
    near = np.isfinite(found.chainage_m)
    assert near.mean() > 0.95
    assert np.mean(np.abs(found.chainage_m - true)[near]) < 3


def test_unknown_speeds_come_from_the_fixes():
    fixes, true = drive_along(STRAIGHT, 12.0, 6, sigma=1.0)
    speed = fixes.speed_m_s.copy()
    speed[50:55] = np.nan
    found = follow(Fixes(t_s=fixes.t_s, x_m=fixes.x_m, y_m=fixes.y_m, speed_m_s=speed), STRAIGHT)
    assert np.mean(np.abs(found.chainage_m - true)) < 1.5


def test_chainage_between_fixes_never_runs_backwards():
    fixes, _ = drive_along(STRAIGHT, 6.0, 7)
    chainage, _, _ = follow(fixes, STRAIGHT, PositionSettings(sigma_m=3.0)).at(np.arange(0, 600, 0.01))
    known = chainage[np.isfinite(chainage)]
    assert (np.diff(known) >= 0).all()

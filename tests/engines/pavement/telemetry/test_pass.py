"""The one compiled pass, against the same steps written for reading."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import sosfilt

from contado.engines.pavement.telemetry import pass_
from contado.kernel.errors import DataError

FS = 100.0
G = 9.80665


def drive(seconds=120.0, *, seed=0, blow_s=()):
    """Samples of a sensor that lies askew, and fixes at a speed that varies."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * FS)) / FS
    shake = rng.normal(0, 0.5, len(t))
    for at in blow_s:
        shake[int(at * FS)] += 30.0
    axis = np.array([0.2, -0.3, 0.93]) / np.linalg.norm([0.2, -0.3, 0.93])
    axes = [u * (G + shake) for u in axis]
    fix_t = np.arange(0.0, seconds + 1)
    return t, axes, fix_t, 12 + 4 * np.sin(fix_t / 17)


def slow(t, axes, fix_t, speed, cell_m):
    """Count, root mean square and mean speed of the cells: sample by sample, for reading."""
    blocks = [axis.reshape(-1, int(FS)).mean(axis=1) for axis in axes]
    gravity = np.array([np.median(block) for block in blocks])
    length = np.linalg.norm(gravity)
    banded = sosfilt(
        pass_.band_pass(FS), sum(g / length * a for g, a in zip(gravity, axes, strict=True)) - length
    )
    cells, distance = {}, 0.0
    for i, (now, value) in enumerate(zip(t, banded, strict=True)):
        v = np.interp(now, fix_t, speed)
        distance += v * (now - t[i - 1]) if i else 0.0
        if v >= 4.5:
            cells.setdefault(int(distance / cell_m), []).append((value, v))
    return cells, distance


def screen(data, cell_m=50.0):
    return pass_.screen(*data, cell_m=cell_m, file="drive")


def test_cells_and_distance_are_those_of_the_loop():
    data = drive()
    found = screen(data)
    cells, distance = slow(*data, 50.0)
    assert found.distance_m == pytest.approx(distance, rel=1e-12)
    assert found.count.tolist() == [len(cells.get(k, ())) for k in range(len(found.count))]
    for k, rows in cells.items():
        value, speed = np.array(rows).T
        assert found.rms_m_s2[k] == pytest.approx(np.sqrt(np.mean(value**2)), rel=1e-9)
        assert found.speed_m_s[k] == pytest.approx(speed.mean(), rel=1e-12)


def test_blows_are_events_at_their_time_and_place():
    data = drive(blow_s=(40.0, 75.5))
    found = screen(data)
    assert found.event_t_s == pytest.approx([40.0, 75.5], abs=0.1)
    assert (found.event_peak_m_s2 > 5).all()
    assert len(screen(drive()).event_t_s) == 0


def test_where_the_car_is_slow_or_has_no_fix_no_cell_is_filled():
    t, axes, fix_t, _ = drive()
    slow_speed = np.where((fix_t > 30) & (fix_t < 60), 3.0, 12.0)
    crept = screen((t, axes, fix_t, slow_speed))
    assert crept.count.sum() < 0.8 * len(t)
    assert crept.distance_m == pytest.approx(np.trapezoid(slow_speed, fix_t), rel=0.02)
    kept = (fix_t < 30) | (fix_t > 60)
    tunnel = screen((t, axes, fix_t[kept], np.full(kept.sum(), 12.0)))
    assert tunnel.distance_m == pytest.approx(12.0 * 89, rel=0.02)  # the tunnel adds nothing


def test_a_hole_in_the_samples_is_not_bridged():
    t, axes, fix_t, _ = drive()
    kept = (t < 50) | (t >= 60)
    found = screen((t[kept], [a[kept] for a in axes], fix_t, np.full(len(fix_t), 12.0)))
    assert found.distance_m == pytest.approx(12.0 * 110, rel=0.01)
    assert found.rms_m_s2[np.isfinite(found.rms_m_s2)].max() < 1.0  # nor does the filter ring after it


def test_g_is_converted_and_nonsense_refused():
    t, axes, *fixes = drive()
    plain, in_g = screen((t, axes, *fixes)), screen((t, [a / G for a in axes], *fixes))
    assert (in_g.unit, [f.rule for f in in_g.findings]) == ("g", ["converted_from_g"])
    assert in_g.rms_m_s2 == pytest.approx(plain.rms_m_s2, rel=1e-9)
    with pytest.raises(DataError) as caught:
        screen((t, [a - a.mean() for a in axes], *fixes))
    assert caught.value.rule == "gravity_missing"


@pytest.mark.parametrize("spoil", ["time", "value"])
def test_the_first_bad_sample_is_named(spoil):
    t, axes, *fixes = drive()
    if spoil == "time":
        t[700] = t[699]
    else:
        axes[1][700] = np.nan
    with pytest.raises(pass_.Unsorted) as caught:
        screen((t, axes, *fixes))
    assert caught.value.sample == 700

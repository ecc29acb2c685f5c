"""Invented roads: roughness as asked, anomalies as described, aging and repair."""

import numpy as np
import pytest

from contado.engines.pavement import iri
from contado.engines.pavement.profile.iso8608 import displacement_spectrum, measured_spectrum
from contado.engines.pavement.simulate.road import (
    KINDS,
    Anomaly,
    Road,
    from_profile,
    iri_levels,
    random_road,
    scatter,
    sided,
    wheel_tracks,
)
from contado.kernel.errors import UsageError


def rng(seed=0):
    return np.random.default_rng(seed)


def flat(length=100.0):
    x = np.arange(round(length / 0.05) + 1) * 0.05
    return Road(x_m=x, base_m=np.zeros_like(x))


def test_levels_are_reached_cell_by_cell():
    levels = np.array([1.5, 6.0, 2.0, 3.0, 8.0] * 8)
    road = random_road(4000, rng(3), levels_m_km=levels)
    found = iri(road.x_m, road.base_m).iri_m_km
    assert np.corrcoef(np.log(found), np.log(levels))[0, 1] > 0.9
    assert np.mean(found / levels) == pytest.approx(1.0, abs=0.08)


def test_levels_stay_within_bounds():
    levels = iri_levels(200_000, rng(1), step=0.5)
    assert levels.size == 2000
    assert levels.min() >= 0.9
    assert levels.max() <= 9.0
    assert iri_levels(50, rng(1), start_m_km=2.0).tolist() == pytest.approx([2.0])


@pytest.mark.parametrize("waviness", [1.8, 2.0, 2.4])
def test_waviness(waviness):
    road = random_road(20_000, rng(2), iso_class="B", waviness=waviness)
    n, g = measured_spectrum(road.base_m, 0.05)
    band = (n > 0.05) & (n < 2)
    slope = np.polyfit(np.log(n[band]), np.log(g[band]), 1)[0]
    assert slope == pytest.approx(-waviness, abs=0.05)
    near = (n > 0.08) & (n < 0.125)
    assert np.mean(g[near] / displacement_spectrum(n[near], 64e-6, waviness)) == pytest.approx(1, abs=0.2)


def test_a_road_needs_class_or_levels():
    with pytest.raises(UsageError):
        random_road(100, rng())
    with pytest.raises(UsageError, match="A, B, C"):
        random_road(100, rng(), iso_class="X")


def test_an_anomaly_is_a_raised_cosine():
    road = flat().with_anomalies(Anomaly(kind="speed_bump", chainage_m=50, length_m=3.0, height_mm=60))
    y = road.elevation_m()
    assert np.interp([48.4, 48.5, 49.25, 50, 51.5], road.x_m, y) == pytest.approx(
        [0, 0, 0.03, 0.06, 0], abs=1e-9
    )


def test_scatter_keeps_distance_and_counts():
    found = scatter(4000, {"pothole": 20, "speed_bump": 3, "manhole": 0}, rng(4))
    places = np.array([a.chainage_m for a in found])
    assert len(found) == 23
    assert np.min(np.diff(places)) >= 15
    assert places.min() >= 30
    assert places.max() <= 3970
    for a in found:
        low, high = KINDS[a.kind].height_mm
        assert low <= a.height_mm <= high
        assert KINDS[a.kind].length_m[0] <= a.length_m <= KINDS[a.kind].length_m[1]


def test_number_of_anomalies_follows_length():
    assert len(scatter(10_000, {}, rng())) == 20
    assert scatter(50, {}, rng()) == ()


def test_too_many_anomalies():
    with pytest.raises(UsageError, match="room for") as error:
        scatter(200, {"pothole": 50}, rng())
    assert error.value.rule == "too_many_anomalies"


def test_aging_scales_roughness_and_holes_not_bumps():
    road = random_road(500, rng(1), iso_class="A").with_anomalies(
        Anomaly(kind="pothole", chainage_m=100, length_m=0.6, height_mm=-40),
        Anomaly(kind="speed_bump", chainage_m=200, length_m=3, height_mm=60),
    )
    older = road.aged(2.0, 0.1, 0.5)
    ratio = iri(road.x_m, older.base_m).iri_m_km / iri(road.x_m, road.base_m).iri_m_km
    np.testing.assert_allclose(ratio, np.exp(0.2))
    assert [a.height_mm for a in older.anomalies] == pytest.approx([-40 * np.e, 60])


def test_patching_and_resurfacing():
    hole = Anomaly(kind="pothole", chainage_m=150, length_m=0.6, height_mm=-40)
    bump = Anomaly(kind="speed_bump", chainage_m=250, length_m=3, height_mm=60)
    road = random_road(500, rng(1), iso_class="C").with_anomalies(hole, bump)
    assert road.patched(150.4).anomalies == (bump,)
    new = road.resurfaced(100, 300, 1.3)
    assert new.anomalies == (bump,)
    found = iri(new.x_m, new.base_m).iri_m_km
    np.testing.assert_allclose(found[2], 1.3, rtol=0.25)
    np.testing.assert_allclose(found[4], iri(road.x_m, road.base_m).iri_m_km[4], rtol=1e-3)


def test_a_tyre_bridges_short_waves():
    x = np.arange(2001) * 0.05
    wave = from_profile(x, 0.001 * np.sin(2 * np.pi * x / 1.0))
    felt, dx = wave.under_tyre_m()
    assert dx == pytest.approx(0.05)
    amplitude = np.sqrt(2) * np.std(felt[100:-100])
    assert amplitude == pytest.approx(0.001 * np.sinc(0.25), rel=0.01)
    bare, _ = wave.under_tyre_m(enveloping=False)
    np.testing.assert_array_equal(bare, wave.base_m)


@pytest.mark.parametrize("spacing", [0.1, 0.25])
def test_coarse_profiles_are_filled_in_smoothly(spacing):
    x = np.arange(int(200 / spacing) + 1) * spacing
    y, dx = from_profile(x + 7, 0.01 * np.sin(2 * np.pi * x / 5)).under_tyre_m(enveloping=False)
    assert dx <= 0.05 + 1e-9
    s = np.arange(y.size) * dx
    np.testing.assert_allclose(y, 0.01 * np.sin(2 * np.pi * s / 5), atol=2e-5)


def test_uneven_profiles_are_filled_in():
    x = np.cumsum(np.random.default_rng(0).uniform(0.05, 0.15, 2000))
    y, dx = from_profile(x, 0.01 * np.sin(2 * np.pi * x / 10)).under_tyre_m(enveloping=False)
    s = np.arange(y.size) * dx + x[0]
    np.testing.assert_allclose(y, 0.01 * np.sin(2 * np.pi * s / 10), atol=5e-5)


def test_wheel_tracks_share_long_waves_only():
    left, right = wheel_tracks(random_road(20_000, rng(1), iso_class="B"), rng(2), coherence_m=4.0)
    a, b = (np.fft.rfft(np.diff(r.base_m)) for r in (left, right))
    n = np.fft.rfftfreq(left.base_m.size - 1, 0.05)
    for low, high in ((0.01, 0.03), (0.2, 0.3), (1.5, 2.0)):
        k = (n > low) & (n < high)
        coherence = abs(np.sum(a[k] * b[k].conj())) ** 2 / np.sum(abs(a[k]) ** 2) / np.sum(abs(b[k]) ** 2)
        assert coherence == pytest.approx(np.exp(-4 * np.mean(n[k])), abs=0.15)
    assert iri(right.x_m, right.base_m).mean_m_km == pytest.approx(
        iri(left.x_m, left.base_m).mean_m_km, rel=0.05
    )


def test_each_wheel_track_has_the_anomalies_of_its_side():
    holes = [
        Anomaly(kind="pothole", chainage_m=place, length_m=0.6, height_mm=-40, side=side)
        for place, side in ((100, "left"), (200, "right"), (300, "both"))
    ]
    left, right = wheel_tracks(random_road(400, rng(1), iso_class="A").with_anomalies(*holes), rng(2))
    assert [a.chainage_m for a in left.anomalies] == [100, 300]
    assert [a.chainage_m for a in right.anomalies] == [200, 300]


def test_most_holes_lie_in_one_track_and_no_bump_does():
    found = sided(scatter(60_000, {"pothole": 500, "speed_bump": 100, "manhole": 200}, rng(3)), rng(4))
    holes = [a.side for a in found if a.kind != "speed_bump"]
    assert {a.side for a in found if a.kind == "speed_bump"} == {"both"}
    assert 0.05 < holes.count("both") / len(holes) < 0.15
    assert holes.count("left") / len(holes) == pytest.approx(0.45, abs=0.06)

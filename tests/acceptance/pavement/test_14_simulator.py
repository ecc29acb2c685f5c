"""Definition of done 14: the simulator against tables, an independent pair and its own truth."""

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from contado.cli.app import run
from contado.engines.pavement import iri, read_profile
from contado.engines.pavement.cars.half_car import HalfCar
from contado.engines.pavement.cars.vehicles import GOLDEN_CAR, NOMINAL_CAR
from contado.engines.pavement.profile.iso8608 import displacement_spectrum, measured_spectrum
from contado.engines.pavement.simulate.car import respond
from contado.engines.pavement.simulate.road import random_road

SPEEDS = (30, 50, 80)
SINUSOIDS = {
    1: (0.5050, 0.4927, 0.2294),
    2: (0.1962, 0.3752, 0.6497),
    2.4: (0.1671, 0.2872, 0.5903),
    5: (0.1297, 0.1442, 0.2095),
    10: (0.0435, 0.1262, 0.1323),
    15.4: (0.0142, 0.0543, 0.1281),
    20: (0.0077, 0.0265, 0.0937),
}
RMS = {False: (0.2483, 0.3206, 0.4055), True: (0.2221, 0.3068, 0.3982)}
GOLDEN = "653,63.3,6,0.15"


def amplitude(acceleration, t, frequency):
    """Amplitude of one frequency over whole periods of the steady part, by least squares."""
    steady = t > 12
    basis = np.column_stack(
        [np.cos(2 * np.pi * frequency * t), np.sin(2 * np.pi * frequency * t), np.ones_like(t)]
    )
    return float(np.hypot(*np.linalg.lstsq(basis[steady], acceleration[steady], rcond=None)[0][:2]))


def simulated(folder, *options):
    code = run(["pavement", "simulate", "--out", str(folder), "--quiet", *options])
    assert code == 0
    return folder


@pytest.mark.item("pavement", 14, "sinusoid table (a), API", "+-0.5 % (and half a digit)")
def test_sinusoids_by_the_api(figure):
    worst = 0.0
    for length, row in SINUSOIDS.items():
        x = np.arange(0, 1000, 0.05)
        y = 0.001 * np.sin(2 * np.pi * x / length)
        for speed_kmh, expected in zip(SPEEDS, row, strict=True):
            speed = speed_kmh / 3.6
            s = np.arange(0, 990, speed * 1e-3)
            felt = respond(GOLDEN_CAR, y, 0.05, s, 1e-3).acceleration_m_s2
            found = amplitude(felt, np.arange(s.size) * 1e-3, speed / length)
            half_digit = 0.5e-4
            worst = max(worst, (abs(found - expected) - half_digit) / expected)
    figure(f"{100 * worst:.3f} % beyond half a digit")
    assert worst <= 0.005


@pytest.mark.item("pavement", 14, "sinusoid table (a), command line", "+-2 %")
def test_sinusoids_by_the_command_line(tmp_path, figure):
    worst = 0.0
    for length in (1, 2.4, 10):
        x = np.arange(0, 900, 0.05)
        lines = [
            "x_m,y_m",
            *(f"{a:.2f},{b:.9f}" for a, b in zip(x, 0.001 * np.sin(2 * np.pi * x / length), strict=True)),
        ]
        (tmp_path / "wave.csv").write_text("\n".join(lines))
        for speed, expected in zip(SPEEDS, SINUSOIDS[length], strict=True):
            folder = simulated(
                tmp_path / f"{length}-{speed}", "--profile", str(tmp_path / "wave.csv"), "--speed-kmh", str(speed),
                "--vehicle", GOLDEN, "--vehicles", "1", "--passes", "1", "--mount", "0,0,0", "--no-enveloping",
                "--noise-m-s2", "0", "--bias-m-s2", "0",
            )  # fmt: skip
            table = pq.read_table(folder / "car1_pass1_acc.parquet")
            found = amplitude(table["az"].to_numpy(), table["t_s"].to_numpy(), speed / 3.6 / length)
            worst = max(worst, abs(found / expected - 1))
    figure(f"{100 * worst:.2f} %")
    assert worst <= 0.02


@pytest.mark.item("pavement", 14, "RMS table (b), class A and B", "+-3 %")
@pytest.mark.parametrize("averaged", [False, True])
def test_rms_of_body_acceleration(figure, averaged):
    worst = 0.0
    for iso_class, factor in (("A", 1), ("B", 2)):
        road = random_road(30_000, np.random.default_rng(1), iso_class=iso_class)
        y, dx = road.under_tyre_m(enveloping=averaged)
        for speed, expected in zip(SPEEDS, RMS[averaged], strict=True):
            s = np.arange(0, 29_990, speed / 3.6 * 1e-3)
            felt = respond(GOLDEN_CAR, y, dx, s, 1e-3).acceleration_m_s2
            worst = max(worst, abs(np.sqrt(np.mean(felt**2)) / (factor * expected) - 1))
    figure(f"averaged {averaged}: {100 * worst:.2f} %")
    assert worst <= 0.03


@pytest.mark.item("pavement", 14, "independent pair (c), relative RMS difference", "<= 1 %")
def test_independent_pair(shared, figure):
    from scipy.io import loadmat

    pair = {
        k: np.ravel(v)
        for k, v in loadmat(shared("roads/vehicle/riva_pid_control.mat")).items()
        if k[0] != "_"
    }
    distance, t = pair["distance"].astype(float), pair["time"].astype(float)
    felt = respond(
        GOLDEN_CAR, pair["inpfilt"].astype(float), distance[1], distance, t[1] - t[0]
    ).acceleration_m_s2
    gap = np.sqrt(np.mean((felt - pair["acceleration"]) ** 2) / np.mean(pair["acceleration"] ** 2))
    figure(f"{100 * gap:.2f} %")
    assert gap <= 0.01


@pytest.mark.item("pavement", 14, "half-car = quarter-car in the decoupled case", "<= 1e-6")
def test_half_car(figure):
    road = random_road(2000, np.random.default_rng(1), iso_class="C")
    s = np.arange(0, 1990, 0.02)
    half = HalfCar(
        front=GOLDEN_CAR, rear=NOMINAL_CAR, a_m=1.1, b_m=1.5, inertia_ratio=1.0, sensor_ahead_m=1.1
    )
    quarter = respond(GOLDEN_CAR, road.base_m, 0.05, s, 1e-3).acceleration_m_s2
    gap = np.max(np.abs(respond(half, road.base_m, 0.05, s, 1e-3).acceleration_m_s2 - quarter)) / np.std(
        quarter
    )
    figure(f"{gap:.1e}")
    assert gap <= 1e-6


@pytest.mark.item("pavement", 14, "half-car transfer function = quarter-car, decoupled, 0.2-40 Hz", "<= 1e-6")
def test_half_car_transfer_function(figure):
    half = HalfCar(
        front=GOLDEN_CAR, rear=NOMINAL_CAR, a_m=1.1, b_m=1.5, inertia_ratio=1.0, sensor_ahead_m=1.1
    )
    frequency, speed = np.linspace(0.2, 40, 400), np.array([8.0, 14.0, 25.0])
    gap = np.abs(half.response(frequency, speed) / GOLDEN_CAR.response(frequency, speed) - 1).max()
    figure(f"{gap:.1e}")
    assert gap <= 1e-6


@pytest.mark.item("pavement", 14, "natural frequencies and damping (d)", "1.236 Hz .333, 10.755 Hz .302")
def test_natural_frequencies(figure):
    from contado.engines.pavement.cars.golden_car import state_matrices

    roots = np.linalg.eigvals(state_matrices(GOLDEN_CAR)[0])
    found = sorted({(round(float(abs(r)) / 2 / np.pi, 3), round(float(-r.real / abs(r)), 3)) for r in roots})
    figure(found)
    assert found == [(1.236, 0.333), (10.755, 0.302)]


@pytest.mark.item("pavement", 14, "class C: spectrum near 0.1 and 1 c/m; mean IRI", "30 %; 8.69 +-8 %")
def test_class_c_by_the_command_line(tmp_path, figure):
    folder = simulated(
        tmp_path / "c", "--iso-class", "C", "--write-profile", "--vehicles", "1", "--passes", "1"
    )
    profile = read_profile(folder / "profile.csv")
    n, g = measured_spectrum(profile.y_m, 0.05)
    ratios = []
    for centre in (0.1, 1.0):
        near = (n > centre / 1.25) & (n < centre * 1.25)
        ratios.append(float(np.mean(g[near] / displacement_spectrum(n[near], 256e-6))))
    mean = iri(profile.x_m, profile.y_m).mean_m_km
    figure(f"{ratios[0]:.2f}, {ratios[1]:.2f}; {mean:.2f}")
    assert all(abs(r - 1) <= 0.3 for r in ratios)
    assert mean == pytest.approx(8.69, rel=0.08)


@pytest.mark.item("pavement", 14, "truth IRI = iri of profile.csv", "1 %")
@pytest.mark.parametrize("place", [[], ["--city"]])
def test_truth(tmp_path, figure, capsys, place):
    folder = simulated(tmp_path / "t", "--length-m", "2000", "--write-profile", "--passes", "1", *place)
    capsys.readouterr()
    run(["pavement", "iri", str(folder / "profile.csv"), "--json"])
    answer = json.loads(capsys.readouterr().out)
    truth = list(csv.DictReader((folder / "truth_iri_100m.csv").read_text().splitlines()))
    found = np.array([s["iri_m_km"] for s in answer["segments"]])
    gap = np.max(np.abs(found / np.array([float(r["iri_m_km"]) for r in truth]) - 1))
    figure(f"{100 * gap:.5f} %")
    assert len(truth) == 20
    assert gap <= 0.01
    assert answer["label"] == "simulated"


@pytest.mark.item("pavement", 14, "same seed same bytes, label everywhere", "equal, simulated")
@pytest.mark.parametrize("place", [[], ["--city"], ["--model", "half"]])
def test_determinism_and_label(tmp_path, capsys, figure, place):
    answers = []
    for name in "ab":
        code = run(
            [
                "pavement",
                "simulate",
                "--out",
                str(tmp_path / name),
                "--seed",
                "5",
                "--length-m",
                "600",
                "--json",
                *place,
            ]
        )
        answers.append(json.loads(capsys.readouterr().out))
        assert code == 0
    files = [{p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in "ab"]
    assert files[0] == files[1]
    assert answers[0]["files"] == answers[1]["files"]
    assert answers[0]["label"] == "simulated"
    assert json.loads(files[0]["meta.json"])["label"] == "simulated"
    assert json.loads(files[0]["network.geojson"])["label"] == "simulated"
    figure(f"{len(files[0])} files equal")

"""Decision, item 16: savings, events, comparisons and realised ratios, through the command line."""

import csv
import datetime as dt
import gzip
import json
import statistics
import time

import numpy as np
import pytest

from contado.cli.app import run

EVENT = dt.date(2026, 1, 1)
KINDS = ("heating", "cooling", "both")


def noise(random, n, rho, spread):
    fresh = random.normal(size=n) * spread * np.sqrt(1 - rho**2)
    found = np.empty(n)
    found[0] = random.normal() * spread
    for i in range(1, n):
        found[i] = rho * found[i - 1] + fresh[i]
    return found


def meter(kind, seed, *, step=0.0, proportional=False, start=0):
    """Temperature, energy of two years and the true saving of 18 % in the second."""
    random = np.random.default_rng(seed)
    day = np.arange(730)
    temperature = 13 + 11 * np.sin(2 * np.pi * (day + start - 110) / 365.25) + noise(random, 730, 0.75, 3.0)
    base = random.uniform(50, 200)
    heating = random.uniform(0.03, 0.12) * base * (kind in {"heating", "both"})
    cooling = random.uniform(0.04, 0.14) * base * (kind in {"cooling", "both"})
    load = base + heating * np.clip(random.uniform(13, 18) - temperature, 0, None)
    load += cooling * np.clip(temperature - random.uniform(19, 23), 0, None)
    energy = np.where(day < 365, load, 0.82 * load) + noise(random, 730, 0.6, 0.08 * load.mean())
    if proportional:
        energy[365 + 182 :] *= 1 + step
    else:
        energy[365 + 182 :] += step * load.mean()
    return temperature, energy, 0.18 * load[365:].sum()


@pytest.fixture
def ask(tmp_path, capsys):
    def call(verb, rows, *options):
        file = tmp_path / "input.csv"
        with file.open("w", newline="") as stream:
            csv.writer(stream).writerows(rows)
        assert run(["monitoring", verb, str(file), *options, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return call


def savings(ask, meters, event=EVENT, first=EVENT - dt.timedelta(days=365)):
    rows = [("meter", "date", "energy_kwh", "temperature_degc")]
    for name, (temperature, energy) in meters.items():
        days = [first + dt.timedelta(days=i) for i in range(len(energy))]
        rows += [(name, d, e, t) for d, e, t in zip(days, energy, temperature, strict=True)]
    return ask("savings", rows, "--event", str(event))["meters"]


@pytest.mark.item(
    "decision", 16, "60 synthetic meters, rho 0.6, saving 18 %", "median error <= 1 point, coverage 80-97 %"
)
def test_synthetic_meters(ask, figure):
    made = {f"m{seed:02d}": meter(KINDS[seed % 3], seed, start=(0, 270)[seed // 3 % 2]) for seed in range(60)}
    start = time.process_time()
    found = savings(ask, {name: m[:2] for name, m in made.items()})
    seconds = time.process_time() - start
    error = statistics.median(abs(m["saving_share"] - 0.18) for m in found)
    held = sum(m["saving_low_kwh"] <= made[m["meter"]][2] <= m["saving_high_kwh"] for m in found)
    figure(f"median {100 * error:.2f} points, {held} of 60 held, {seconds:.1f} s")
    assert error <= 0.01
    assert 0.80 <= held / 60 <= 0.97


@pytest.mark.item("decision", 16, "a step of 30 % in mid-period", "flagged within 14 days")
@pytest.mark.parametrize(("step", "proportional"), [(0.3, False), (-0.3, False), (0.3, True)])
def test_a_step_is_flagged(ask, figure, step, proportional):
    made = {
        f"m{seed}": meter(KINDS[seed % 3], seed, step=step, proportional=proportional)[:2]
        for seed in range(12)
    }
    true = EVENT + dt.timedelta(days=182)
    far = []
    for found in savings(ask, made):
        dates = [f["date"] for f in found["flags"] if f["flag"] == "non_routine_event"]
        assert dates, found["meter"]
        far.append(min(abs((dt.date.fromisoformat(d) - true).days) for d in dates))
    figure(f"{len(far)} of 12 flagged, at most {max(far)} days away")
    assert max(far) <= 14


@pytest.mark.item("decision", 16, "difference of differences", "equals the hand formula")
def test_difference_of_differences(ask, figure):
    random = np.random.default_rng(4)
    values = random.normal(10, 2, size=(9, 6))
    rows = [("unit", "group", "period", "value")]
    for i, series in enumerate(values):
        group = "treated" if i < 3 else "control"
        rows += [(f"u{i}", group, 2022 + k, repr(float(v))) for k, v in enumerate(series)]
    answer = ask("compare", rows, "--event", "2025")
    treated, control = values[:3], values[3:]
    hand = (treated[:, 3:].mean() - treated[:, :3].mean()) - (control[:, 3:].mean() - control[:, :3].mean())
    figure(f"differs by {abs(answer['effect'] - hand):.1e}; p of {answer['assignments']} assignments")
    assert answer["effect"] == pytest.approx(hand, abs=1e-12)


@pytest.mark.item(
    "decision",
    16,
    "realised over planned: means; shrunk",
    "1.129077 1.024890 1.4; 1.130487 1.031824 1.376086",
)
def test_feedback(ask, figure):
    works = [("road", 100, 118), ("road", 200, 214), ("road", 150, 171), ("building", 300, 303)]
    works += [("building", 250, 260), ("trees", 80, 112)]
    answer = ask("update", [("domain", "planned_eur", "realised_eur"), *works])
    found = {d["domain"]: (round(d["mean_ratio"], 6), round(d["shrunk_ratio"], 6)) for d in answer["domains"]}
    figure(" ".join(f"{a:.6f}/{b:.6f}" for a, b in found.values()))
    assert found == {
        "road": (1.129077, 1.130487),
        "building": (1.02489, 1.031824),
        "trees": (1.4, 1.376086),
    }


@pytest.mark.item(
    "decision", 16, "two open daily meters, true saving 10 %", "8.4-8.6 and 8.5 %, intervals hold 10"
)
def test_open_meters(ask, shared, figure):
    event = dt.date(2017, 1, 4)  # baseline: the 365 days before the works, which began on 26 December
    found = []
    for name in ("il-electricity-cdd-hdd-daily", "il-gas-hdd-only-daily"):
        first, temperature, energy = open_meter(shared, name)
        kept = slice((dt.date(2015, 12, 27) - first).days, (event - first).days + 365)
        meters = {name: (temperature[kept], energy[kept])}
        found += savings(ask, meters, event, dt.date(2015, 12, 27))
    electricity, gas = (round(100 * m["saving_share"], 1) for m in found)
    figure(f"{electricity} % {gas} %")
    assert 8.4 <= electricity <= 8.6
    assert gas == 8.5
    assert [m["model"] for m in found] == ["hdd_cdd", "hdd"]
    for m in found:
        assert m["saving_low_kwh"] <= 0.1 * m["baseline_kwh"] <= m["saving_high_kwh"]


def open_meter(shared, name):
    """First day, daily mean temperatures [degC] and energies of an open meter; the blackout is unknown."""
    by_day = {}
    with gzip.open(shared("buildings/mv_samples/il-tempF.csv.gz"), "rt") as file:
        for row in csv.DictReader(file):
            if row["tempF"]:
                by_day.setdefault(row["dt"][:10], []).append((float(row["tempF"]) - 32) / 1.8)
    with gzip.open(shared(f"buildings/mv_samples/{name}.csv.gz"), "rt") as file:
        rows = [(r["start"][:10], r["value"]) for r in csv.DictReader(file)]
    first = dt.date.fromisoformat(rows[0][0])
    temperature = [statistics.mean(by_day[day]) if day in by_day else "" for day, _ in rows]
    energy = ["" if "2016-12-26" <= day < "2017-01-04" else value for day, value in rows]
    return first, temperature, energy

"""monitoring.savings: baselines and savings of daily meters, beside a plain search and opendsm."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

import numpy as np
import peers

from contado.kernel import monitoring
from contado.kernel.monitoring import Meter, Period

SAVING = 0.18
SEARCHED = 3
"""Meters that a peer fits; its time is scaled to all."""


def run(n=60):
    """Return task, n, ours, peers, skipped; figures: median error, coverage with and without the factor."""
    n = n or 60
    made = [meter(seed) for seed in range(n)]
    monitoring.saving(made[0][0])
    start = time.process_time()
    shares = [share(m) for m, _ in made]
    cpu_s = time.process_time() - start
    answers = [monitoring.saving(m) for m, _ in made]
    full_s = time.process_time() - start - cpu_s
    some = [m for m, _ in made[:SEARCHED]]
    note = f"{len(some)} of {n} meters, scaled"

    def side(found, seconds, version):
        same = bool(np.allclose(found, shares[: len(some)], atol=1e-9))
        return {"version": version, "cpu_s": seconds / len(some) * n, "identical": same, "note": note}

    def by_pairs():
        found, seconds = peers.best(lambda: [pair_by_pair(m) for m in some], 1)
        return side(found, seconds, np.__version__)

    def opendsm():
        answer = peers.ask("opendsm", Path(__file__).with_name("peer_opendsm.py"), **arrays(some))
        return side(answer.arrays["share"], answer.cpu_s, answer.version)

    found, skipped = peers.beside(cpu_s, {"pair by pair (numpy lstsq)": by_pairs, "opendsm": opendsm})
    return {
        "task": "monitoring.savings",
        "n": n,
        "ours": {"cpu_s": cpu_s},
        "peers": found,
        "skipped": skipped,
        "figures": {"with_interval_and_events_s": full_s, **figures(answers, [true for _, true in made])},
    }


def arrays(meters):
    """Days, temperatures and energies of the meters, before and after, for a peer."""
    periods = [(p.start, p.temperature_degc, p.energy_d) for m in meters for p in (m.before, m.after)]
    return dict(
        zip(("day", "temperature_degc", "energy_d"), map(np.array, zip(*periods, strict=True)), strict=True)
    )


def share(meter):
    """Our saving share: all four models, all balance points, the one of least BIC."""
    fitted = monitoring.fit(meter.before.temperature_degc, meter.before.energy_d)
    return 1 - meter.after.energy_d.sum() / fitted.predict(meter.after.temperature_degc).sum()


def figures(answers, true):
    """Median error in points, and the share of 90 % intervals that hold the truth."""
    true = np.array(true)
    saved = np.array([a.saving_kwh for a in answers])
    half = np.array([a.saving_high_kwh for a in answers]) - saved
    rho = np.clip([a.autocorrelation for a in answers], 0, None)
    plain = half * np.sqrt((1 - rho) / (1 + rho))
    return {
        "median_error_points": float(100 * np.median(np.abs([a.saving_share - SAVING for a in answers]))),
        "coverage": float((np.abs(saved - true) <= half).mean()),
        "coverage_without_factor": float((np.abs(saved - true) <= plain).mean()),
    }


def meter(seed):
    """An invented meter of two years (heating, cooling or both) and its true saving."""
    random = np.random.default_rng(seed)
    day = np.arange(730)
    temperature = 13 + 11 * np.sin(2 * np.pi * (day - 110) / 365.25) + noise(random, 0.75, 3.0)
    base, heated, cooled = random.uniform(50, 200), seed % 3 != 1, seed % 3 != 0
    load = base + heated * base * random.uniform(0.03, 0.12) * np.clip(
        random.uniform(13, 18) - temperature, 0, None
    )
    load += (
        cooled * base * random.uniform(0.04, 0.14) * np.clip(temperature - random.uniform(19, 23), 0, None)
    )
    energy = load * np.where(day < 365, 1, 1 - SAVING) + noise(random, 0.6, 0.08 * load.mean())
    before, after = (
        Period(start=day[s], days=np.ones(365), energy_d=energy[s], temperature_degc=temperature[s])
        for s in (slice(0, 365), slice(365, 730))
    )
    return Meter(name=str(seed), before=before, after=after, days_missing=0), SAVING * load[365:].sum()


def noise(random, rho, spread):
    fresh = random.normal(size=730) * spread * np.sqrt(1 - rho**2)
    found = np.empty(730)
    found[0] = random.normal() * spread
    for i in range(1, 730):
        found[i] = rho * found[i - 1] + fresh[i]
    return found


def pair_by_pair(meter):
    """The saving share by one least-squares problem a pair of balance points, at the model we chose."""
    temperature, energy = meter.before.temperature_degc, meter.before.energy_d
    chosen = monitoring.fit(temperature, energy).model
    ordered = np.sort(temperature)
    grid = np.arange(np.floor(2 * ordered[0]), np.ceil(2 * ordered[-1]) + 1) / 2
    heating = grid[grid > ordered[9]] if "hdd" in chosen else [None]
    cooling = grid[grid < ordered[-10]] if "cdd" in chosen else [None]
    best = (np.inf, 0.0)
    for h in heating:
        for c in cooling:
            if h is not None and c is not None and h > c:
                continue
            rows = design(temperature, h, c)
            found, *_ = np.linalg.lstsq(rows, energy, rcond=None)
            if (found[1:] > 0).all():
                sse = ((energy - rows @ found) ** 2).sum()
                if sse < best[0]:
                    best = (sse, (design(meter.after.temperature_degc, h, c) @ found).sum())
    return 1 - meter.after.energy_d.sum() / best[1]


def design(temperature, h, c):
    columns = [np.ones_like(temperature)]
    columns += [] if h is None else [np.clip(h - temperature, 0, None)]
    columns += [] if c is None else [np.clip(temperature - c, 0, None)]
    return np.stack(columns, axis=1)


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 60), indent=1))

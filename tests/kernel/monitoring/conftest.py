"""Invented meters whose truth is known."""

import numpy as np
import pytest


def temperatures(random, n, start):
    """Daily means of a year as in the Po valley, with spells of weather."""
    season = 13 + 11 * np.sin(2 * np.pi * (np.arange(n) + start - 110) / 365.25)
    return season + noise(random, n, 0.75, 3.0)


def noise(random, n, rho, spread):
    """Gaussian noise of a given lag-1 autocorrelation."""
    fresh = random.normal(size=n) * spread * np.sqrt(1 - rho**2)
    found = np.empty(n)
    found[0] = random.normal() * spread
    for i in range(1, n):
        found[i] = rho * found[i - 1] + fresh[i]
    return found


@pytest.fixture
def invented():
    """Function to (temperature, energy, true saving) of two years, the second with a saving."""

    def meter(kind, seed, *, saving=0.18, rho=0.6, spread=0.08, start=0, step=0.0, balance_shift=0.0):
        random = np.random.default_rng(seed)
        n, event = 730, 365
        temperature = temperatures(random, n, start)
        heating_at, cooling_at, base = random.uniform(13, 18), random.uniform(19, 23), random.uniform(50, 200)
        heating = random.uniform(0.03, 0.12) * base * (kind in {"heating", "both"})
        cooling = random.uniform(0.04, 0.14) * base * (kind in {"cooling", "both"})

        def load(balance):
            below, above = np.clip(balance - temperature, 0, None), np.clip(temperature - cooling_at, 0, None)
            return base + heating * below + cooling * above

        before, after = load(heating_at), load(heating_at - balance_shift) * (1 - saving)
        true = float((before[event:] - after[event:]).sum())
        energy = np.where(np.arange(n) < event, before, after) + noise(random, n, rho, spread * before.mean())
        energy[event + 182 :] += step * before.mean()
        return temperature, energy, true

    return meter

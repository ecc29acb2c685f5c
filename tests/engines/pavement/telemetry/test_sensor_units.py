"""The unit found from the norm."""

from __future__ import annotations

import numpy as np
import pytest

from contado.engines.pavement.telemetry.sensor_units import to_si
from contado.kernel.errors import DataError


def reading(level, shake=0.5, n=1000, seed=0):
    return np.random.default_rng(seed).normal(0, shake, (n, 3)) + np.array([0.1, -0.2, 0.97]) * level


@pytest.mark.parametrize(("level", "unit"), [(9.81, "m_s2"), (9.4, "m_s2"), (1.0, "g"), (1.03, "g")])
def test_norms_near_a_unit_are_that_unit(level, unit):
    acc = reading(level, shake=0.05 * level)
    si, found, findings = to_si(acc, 100.0, file="f")
    assert found == unit
    assert np.allclose(si, acc * (9.80665 if unit == "g" else 1))
    assert [f.rule for f in findings] == (["converted_from_g"] if unit == "g" else [])


@pytest.mark.parametrize(
    ("acc", "rule"),
    [
        (reading(0.0), "gravity_missing"),
        (reading(0.0, shake=0.6), "gravity_missing"),  # samples have a norm near 1, their mean has none
        (reading(4000.0), "unit_ambiguous"),
        (reading(5.0, shake=0.1), "unit_ambiguous"),
        (np.zeros((500, 3)), "gravity_missing"),
    ],
)
def test_everything_else_is_refused_with_the_norm(acc, rule):
    with pytest.raises(DataError, match="norm found is") as caught:
        to_si(acc, 100.0, file="f", columns=("gFx", "gFy", "gFz"))
    assert caught.value.rule == rule
    assert "gFx, gFy, gFz" in caught.value.message

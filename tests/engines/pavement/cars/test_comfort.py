"""The weighting Wk against table 3 of ISO 2631-1:1997, as secondary sources print it."""

from __future__ import annotations

import numpy as np

from contado.engines.pavement.cars.comfort import wk

TABLE_3 = {
    0.5: 0.418, 0.63: 0.459, 0.8: 0.477, 1: 0.482, 1.25: 0.484, 1.6: 0.494, 2: 0.531, 2.5: 0.631, 3.15: 0.804,
    4: 0.967, 5: 1.039, 6.3: 1.054, 8: 1.036, 10: 0.988, 12.5: 0.902, 16: 0.768, 20: 0.636, 25: 0.513,
    31.5: 0.405, 40: 0.314, 50: 0.246, 63: 0.186, 80: 0.132,
}  # fmt: skip
"""Nominal frequency of the third-octave band [Hz] -> Wk."""


def test_weighting_is_that_of_the_norm_from_half_a_hertz_to_80():
    found = np.abs(wk(np.array(list(TABLE_3), dtype=float)))
    np.testing.assert_allclose(found, list(TABLE_3.values()), atol=0.0015)

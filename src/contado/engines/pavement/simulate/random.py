"""Independent random streams by purpose, so that one more pass changes nothing of the others."""

from __future__ import annotations

from typing import Final

import numpy as np

__all__ = ["STREAMS", "stream"]

STREAMS: Final = (
    "levels",
    "road",
    "anomalies",
    "vehicle",
    "shape",
    "drive",
    "sensor",
    "gnss",
    "date",
    "history",
    "trial",
    "side",
)
"""Purposes of random numbers; the order is part of what a seed means."""


def stream(seed: int, purpose: str, *keys: int) -> np.random.Generator:
    """Return the generator of one purpose and its keys (section, vehicle, pass ...)."""
    return np.random.default_rng([seed, STREAMS.index(purpose), *keys])

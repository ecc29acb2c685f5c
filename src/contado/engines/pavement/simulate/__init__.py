"""Simulated drives: a road, cars that answer it, devices that record them. Everything is labelled simulated.

The accelerations come from the same family of car models that the estimator inverts, so accuracy on them
is an upper bound, not a field accuracy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contado.engines.pavement.simulate.car import DryFriction
    from contado.engines.pavement.simulate.city import CityDrives, Work, city_drives
    from contado.engines.pavement.simulate.drive import DriveStyle
    from contado.engines.pavement.simulate.road import Anomaly, Road
    from contado.engines.pavement.simulate.scenario import Scenario, Simulation, drives
    from contado.engines.pavement.simulate.sensor import Accelerometer, Gnss, Remount
    from contado.engines.pavement.simulate.trial import TrialPlan, trial_rows

_PUBLIC = {
    "Accelerometer": "sensor",
    "Anomaly": "road",
    "CityDrives": "city",
    "DriveStyle": "drive",
    "DryFriction": "car",
    "Gnss": "sensor",
    "Remount": "sensor",
    "Road": "road",
    "Scenario": "scenario",
    "Simulation": "scenario",
    "TrialPlan": "trial",
    "Work": "city",
    "city_drives": "city",
    "drives": "scenario",
    "trial_rows": "trial",
}
"""Public name -> module that holds it; imported on first use."""

__all__ = [
    "Accelerometer",
    "Anomaly",
    "CityDrives",
    "DriveStyle",
    "DryFriction",
    "Gnss",
    "Remount",
    "Road",
    "Scenario",
    "Simulation",
    "TrialPlan",
    "Work",
    "city_drives",
    "drives",
    "trial_rows",
]


def __getattr__(name: str) -> Any:
    """Import the module of a public name on its first use."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PUBLIC[name]}"), name)

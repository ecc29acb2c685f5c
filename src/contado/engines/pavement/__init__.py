"""Road sensing: profiles, roughness, drives, anomalies, condition, simulation.

The public names load on use, so that importing the engine costs nothing. `iri` is the function; its module
is `roughness_index`, because a submodule called ``iri`` would take the function's place once imported.

Examples
--------
>>> from contado.engines import pavement
>>> st, pr = pavement.transition(dx_m=0.25)
>>> round(float(st[0, 0]), 7)
0.9966071
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contado.engines.pavement import simulate
    from contado.engines.pavement.assessment import cam, lifecycle
    from contado.engines.pavement.cars.golden_car import transition
    from contado.engines.pavement.maintenance import condition, priority
    from contado.engines.pavement.maintenance.strategy import StrategySettings, strategies
    from contado.engines.pavement.maintenance.treatments import Treatment, catalogue
    from contado.engines.pavement.measuring.processing import process
    from contado.engines.pavement.profile.profile_file import read_profile
    from contado.engines.pavement.profile.roughness_index import IriResult, iri
    from contado.engines.pavement.segmentation.segments import segment
    from contado.engines.pavement.state.fusion import fuse
    from contado.engines.pavement.state.settings import FuseSettings
    from contado.engines.pavement.telemetry.align import align
    from contado.engines.pavement.telemetry.read import read_drive, read_drives
    from contado.engines.pavement.trial import evaluate_trial, trial_power

_PUBLIC = {
    "FuseSettings": "state.settings",
    "IriResult": "profile.roughness_index",
    "StrategySettings": "maintenance.strategy",
    "Treatment": "maintenance.treatments",
    "align": "telemetry.align",
    "cam": "assessment.cam",
    "catalogue": "maintenance.treatments",
    "condition": "maintenance.condition",
    "evaluate_trial": "trial",
    "fuse": "state.fusion",
    "iri": "profile.roughness_index",
    "lifecycle": "assessment.lifecycle",
    "priority": "maintenance.priority",
    "process": "measuring.processing",
    "read_drive": "telemetry.read",
    "read_drives": "telemetry.read",
    "read_profile": "profile.profile_file",
    "segment": "segmentation.segments",
    "simulate": "simulate",
    "strategies": "maintenance.strategy",
    "transition": "cars.golden_car",
    "trial_power": "trial",
}
"""Public name -> module that holds it (a name that a module ends with is the module itself)."""

__all__ = [
    "FuseSettings",
    "IriResult",
    "StrategySettings",
    "Treatment",
    "align",
    "cam",
    "catalogue",
    "condition",
    "evaluate_trial",
    "fuse",
    "iri",
    "lifecycle",
    "priority",
    "process",
    "read_drive",
    "read_drives",
    "read_profile",
    "segment",
    "simulate",
    "strategies",
    "transition",
    "trial_power",
]


def __getattr__(name: str) -> Any:
    """Import the module of a public name on its first use."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_PUBLIC[name]}")
    return module if _PUBLIC[name].split(".")[-1] == name else getattr(module, name)


def __dir__() -> list[str]:
    """Public names and submodules."""
    return sorted({*globals(), *_PUBLIC})

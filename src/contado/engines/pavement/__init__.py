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
    from contado.engines.pavement import cam, condition, lifecycle, priority, simulate
    from contado.engines.pavement.fusion import FuseSettings, fuse
    from contado.engines.pavement.golden_car import transition
    from contado.engines.pavement.processing import process
    from contado.engines.pavement.profile_file import read_profile
    from contado.engines.pavement.roughness_index import IriResult, iri
    from contado.engines.pavement.segments import segment
    from contado.engines.pavement.strategy import StrategySettings, strategies
    from contado.engines.pavement.telemetry.align import align
    from contado.engines.pavement.telemetry.read import read_drive, read_drives
    from contado.engines.pavement.treatments import Treatment, catalogue
    from contado.engines.pavement.trial import evaluate_trial, trial_power

_PUBLIC = {
    "FuseSettings": "fusion",
    "IriResult": "roughness_index",
    "StrategySettings": "strategy",
    "Treatment": "treatments",
    "align": "telemetry.align",
    "cam": "cam",
    "catalogue": "treatments",
    "condition": "condition",
    "evaluate_trial": "trial",
    "fuse": "fusion",
    "iri": "roughness_index",
    "lifecycle": "lifecycle",
    "priority": "priority",
    "process": "processing",
    "read_drive": "telemetry.read",
    "read_drives": "telemetry.read",
    "read_profile": "profile_file",
    "segment": "segments",
    "simulate": "simulate",
    "strategies": "strategy",
    "transition": "golden_car",
    "trial_power": "trial",
}
"""Public name -> module that holds it (a name equal to its module is the module itself)."""

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
    return module if _PUBLIC[name] == name else getattr(module, name)


def __dir__() -> list[str]:
    """Public names and submodules."""
    return sorted({*globals(), *_PUBLIC})

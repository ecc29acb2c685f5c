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
    from contado.engines.pavement.golden_car import transition
    from contado.engines.pavement.profile_file import read_profile
    from contado.engines.pavement.roughness_index import IriResult, iri

_PUBLIC = {
    "IriResult": "roughness_index",
    "iri": "roughness_index",
    "read_profile": "profile_file",
    "simulate": "simulate",
    "transition": "golden_car",
}
"""Public name -> module that holds it (a name equal to its module is the module itself)."""

__all__ = ["IriResult", "iri", "read_profile", "simulate", "transition"]


def __getattr__(name: str) -> Any:
    """Import the module of a public name on its first use."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_PUBLIC[name]}")
    return module if _PUBLIC[name] == name else getattr(module, name)


def __dir__() -> list[str]:
    """Public names and submodules."""
    return sorted({*globals(), *_PUBLIC})

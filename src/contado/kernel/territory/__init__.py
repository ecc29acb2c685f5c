"""Territory: municipalities and codes, streets, linear referencing, map matching.

Nothing is imported before it is asked for; `Network`, `Route` and `MatchSettings` are the public names.

>>> from contado.kernel import territory
>>> territory.Network.__name__, territory.Route.__name__
('Network', 'Route')
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contado.kernel.territory.lrs import Route
    from contado.kernel.territory.matching.settings import MatchSettings
    from contado.kernel.territory.network.model import Network

__all__ = ["MatchSettings", "Network", "Route"]

_HOMES = {"MatchSettings": "matching.settings", "Network": "network.model", "Route": "lrs"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

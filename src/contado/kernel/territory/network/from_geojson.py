"""Street network from a GeoJSON of links; columns and errors as in `graph`."""

from __future__ import annotations

from contado.kernel.territory.network.graph import read

__all__ = ["read"]

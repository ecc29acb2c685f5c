"""Vector tiles of the workspace's layers: live ones, pyramids, and what they say about themselves.

``TileLayer(view, "municipalities").tile(8, 134, 91)`` is a live tile; `contado.kernel.tiles.pyramid.build`
writes all tiles of a range of zooms. Crowded tiles merge their smallest features into cells that carry
the count and a sum: every feature is drawn or counted at every zoom.
"""

from __future__ import annotations

from contado.kernel.tiles.grid import TileId
from contado.kernel.tiles.layer import TileLayer
from contado.kernel.tiles.levels import Level, Limits, compressed
from contado.kernel.tiles.render import Look, Tile

__all__ = ["Level", "Limits", "Look", "Tile", "TileId", "TileLayer", "compressed"]

"""Privacy zones: what was driven in them is dropped before anything is stored.

The zones are the polygons of the workspace's layer ``privacy_zones`` (homes, depots).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from contado.engines.pavement.telemetry.drive import Aligned
    from contado.kernel.workspace import WorkspaceView

__all__ = ["LAYER", "without", "zones"]

LAYER = "privacy_zones"


def zones(workspace: WorkspaceView) -> Any:
    """Return the union of the zones, or None where the workspace has none."""
    import shapely

    if LAYER not in {info.id for info in workspace.layers()}:
        return None
    shapes = shapely.from_wkb(workspace.layer(LAYER)["geometry"].to_numpy(zero_copy_only=False))
    area = shapely.union_all(shapes)
    shapely.prepare(area)
    return area


def without(aligned: Aligned, area: Any) -> Aligned:
    """Return a drive without its fixes in the zones; samples between dropped fixes are not measured."""
    if area is None:
        return aligned
    import shapely

    drive = aligned.drive
    inside = shapely.contains_xy(area, drive.lon, drive.lat)
    if not inside.any():
        return aligned
    nearest = np.clip(np.searchsorted(drive.fix_t_s, aligned.t_s), 0, inside.size - 1)
    before = np.maximum(nearest - 1, 0)
    vertical = np.where(inside[nearest] | inside[before], np.nan, aligned.vertical_m_s2)
    keep = ~inside
    kept = dataclasses.replace(
        drive,
        fix_t_s=drive.fix_t_s[keep],
        lon=drive.lon[keep],
        lat=drive.lat[keep],
        speed_m_s=drive.speed_m_s[keep],
        hdop=drive.hdop[keep],
    )
    flags = (*aligned.flags, "privacy_zone")
    return dataclasses.replace(aligned, drive=kept, vertical_m_s2=vertical, flags=flags)

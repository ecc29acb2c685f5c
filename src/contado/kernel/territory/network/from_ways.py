"""Street network from a GeoParquet file of ways with node lists.

Columns: ``osm_id`` (or way_id), ``highway``, ``nodes`` (ids separated by blanks, or a list),
``geometry`` (WKB lines with one point a node, EPSG:4326); others of the tags are used where present.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.territory.network import from_osm, profiles
from contado.kernel.territory.osm import Ways, unreadable

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.kernel.territory.network.model import Network

__all__ = ["read"]

_TAGS = ("highway", "oneway", "junction", "access", "bicycle", "foot", "name", "maxspeed", "lanes")


def read(path: Path, *, profile: str, epsg: int | None) -> Network:
    """Read the ways of a GeoParquet file that ``profile`` accepts.

    Raises
    ------
    DataError
        Rule ``network_unreadable``: no such file, cut, or without the columns above.
    UsageError
        Rule ``unknown_choice``: no such profile.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    profiles.load(profile)
    if not path.is_file():
        raise unreadable(path, "there is no such file")
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise unreadable(path, str(error)) from None
    return from_osm.build(_ways(table, path), path, profile=profile, epsg=epsg)


def _ways(table: pa.Table, path: Path) -> Ways:
    import shapely

    key = "way_id" if "way_id" in table.column_names else "osm_id"
    needed = (key, "highway", "nodes", "geometry")
    if missing := [name for name in needed if name not in table.column_names]:
        raise unreadable(path, f"it has no column {', '.join(missing)}")
    try:
        lines = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))
        node, counts = _nodes(table["nodes"].to_pylist())
        way_id = np.array([int(value) for value in table[key].to_pylist()], dtype=np.int64)
    except (shapely.errors.GEOSException, ValueError, TypeError, AttributeError) as error:
        raise unreadable(path, f"its ways are malformed: {error}") from None
    points = shapely.get_coordinates(lines)
    if not np.array_equal(counts, shapely.get_num_coordinates(lines)):
        bad = int(np.flatnonzero(counts != shapely.get_num_coordinates(lines))[0])
        raise unreadable(path, f"row {bad + 1} has {counts[bad]} nodes for another number of points")
    if (np.abs(points) > (180.0, 90.0)).any():
        raise unreadable(path, "its coordinates are no degrees (EPSG:4326)")
    tags = {name: _texts(table, name) for name in _TAGS if name in table.column_names}
    return Ways(
        way_id=way_id,
        offsets=np.concatenate(([0], np.cumsum(counts))),
        node=node,
        lon=points[:, 0],
        lat=points[:, 1],
        tags=tags,
    )


def _nodes(lists: list[str | list[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    parts = [nodes.split() if isinstance(nodes, str) else list(nodes) for nodes in lists]
    counts = np.array([len(part) for part in parts], dtype=np.int64)
    return np.array([int(ref) for part in parts for ref in part], dtype=np.int64), counts


def _texts(table: pa.Table, name: str) -> NDArray[np.object_]:
    values = [None if value is None else str(value) for value in table[name].to_pylist()]
    return np.array(values, dtype=object)

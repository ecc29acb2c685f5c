"""A network as rows of the shared table ``road_link``, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contado.kernel import tables
from contado.kernel.errors import ColumnNotFound, DataError
from contado.kernel.territory.network import clean, writers

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.kernel.territory.network.model import Network

__all__ = ["read", "table"]

_NEEDED = ("link_id", "way_id", "from_node", "to_node", "direction", "geometry")


def table(network: Network, *, source: str, source_id: str | None) -> pa.Table:
    """Return one row a directed edge, geometry as WKB in EPSG:4326 along the edge."""
    import pyarrow as pa
    import shapely

    count = network.edges
    geometry = shapely.to_wkb(writers.lines(network, np.arange(count)))
    rows = pa.table(
        {
            "link_id": pa.array(network.link_id.tolist(), pa.string()),
            "source": pa.array([source] * count, pa.string()),
            "way_id": network.edge_way,
            "from_node": network.node_id[network.edge_from],
            "to_node": network.node_id[network.edge_to],
            "geometry": pa.array(geometry.tolist(), pa.binary()),
            "length_m": network.edge_length_m,
            "direction": pa.array(
                np.where(network.edge_forward, "forward", "backward").tolist(), pa.string()
            ),
            "highway": pa.array(network.edge_class.tolist(), pa.string()),
            "maxspeed_kmh": pa.array(network.edge_maxspeed, from_pandas=True),
            "lanes": pa.array(network.edge_lanes, from_pandas=True),
            "name": pa.array(network.edge_name.tolist(), pa.string()),
            "owner": pa.nulls(count, pa.string()),
            "source_id": pa.array([source_id] * count, pa.string()),
        }
    )
    return tables.conform("road_link", rows)


def read(links: pa.Table, *, epsg: int | None) -> Network:
    """Rebuild the network; the two directions of a piece are found by their ids.

    Raises
    ------
    ColumnNotFound
        A column of the key or the geometry is missing.
    DataError
        Rule ``network_unreadable``: no row.
    """
    import shapely

    if missing := [name for name in _NEEDED if name not in links.column_names]:
        raise ColumnNotFound.from_missing(missing, links.column_names, table="road_link")
    if not links.num_rows:
        raise DataError(
            "road_link: the table has no row.",
            rule="network_unreadable",
            hint="load a street network into the workspace first",
        )
    way, start, end = (links[name].to_numpy() for name in ("way_id", "from_node", "to_node"))
    backward = np.array(links["direction"].to_pylist()) == "backward"
    seq = _seq(links["link_id"].to_pylist(), way)
    first, direction = _pieces(way, seq, backward)
    lines = shapely.from_wkb(links["geometry"].to_numpy(zero_copy_only=False))[first]
    against = backward[first]
    lines[against] = [line.reverse() for line in lines[against]]
    points = shapely.get_coordinates(lines)
    pieces = clean.Pieces(
        way_id=way[first].astype(np.int64),
        seq=seq[first],
        node_from=np.where(against, end[first], start[first]).astype(np.int64),
        node_to=np.where(against, start[first], end[first]).astype(np.int64),
        direction=direction,
        offsets=np.concatenate(([0], np.cumsum(shapely.get_num_coordinates(lines)))),
        lon=points[:, 0],
        lat=points[:, 1],
        highway=_column(links, "highway")[first],
        name=_column(links, "name")[first],
        maxspeed_kmh=clean.leading_numbers(_column(links, "maxspeed_kmh"))[first],
        lanes=clean.leading_numbers(_column(links, "lanes"))[first],
    )
    return clean.assemble(pieces, epsg)


def _seq(link_ids: list[str], way: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the number of each edge's piece: fourth part of our ids, else by order of appearance."""
    parts = [link_id.split(":") for link_id in link_ids]
    if all(len(part) == 5 and part[3].isdigit() for part in parts):
        return np.array([int(part[3]) for part in parts], dtype=np.int32)
    return clean.number(way.astype(np.int64))


def _pieces(
    way: NDArray[np.int64], seq: NDArray[np.int32], backward: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Return the row that stands for each piece, in order of appearance, and the piece's direction."""
    _, first, inverse = np.unique(np.column_stack((way, seq)), axis=0, return_index=True, return_inverse=True)
    has_forward = np.bincount(inverse, weights=~backward) > 0
    has_backward = np.bincount(inverse, weights=backward) > 0
    direction = np.where(has_forward & has_backward, 0, np.where(has_forward, 1, -1)).astype(np.int8)
    order = np.argsort(first)
    return first[order], direction[order]


def _column(links: pa.Table, name: str) -> NDArray[np.object_]:
    if name not in links.column_names:
        return np.full(links.num_rows, None, dtype=object)
    return np.array(links[name].to_pylist(), dtype=object)

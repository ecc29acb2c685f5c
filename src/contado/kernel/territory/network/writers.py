"""Write a network as a layer of links: one row a piece, as the graph readers and QGIS want it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.territory import crs

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas
    from numpy.typing import NDArray

    from contado.kernel.territory.network.model import Network

__all__ = ["geodataframe", "lines", "write"]

DECIMALS = 9
"""Of a degree: a tenth of a millimetre; both formats keep it, so both read back to the same arrays."""


def lines(network: Network, edges: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the geometry of ``edges`` as lines in EPSG:4326."""
    import shapely

    counts = np.diff(network.geometry_offsets)[edges]
    starts = np.repeat(network.geometry_offsets[edges], counts)
    index = starts + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    lon, lat = crs.to_lonlat(network.geometry_x[index], network.geometry_y[index], network.epsg)
    points = np.column_stack((np.round(lon, DECIMALS), np.round(lat, DECIMALS)))
    return np.asarray(
        shapely.linestrings(points, indices=np.repeat(np.arange(len(edges)), counts)), dtype=object
    )


def geodataframe(network: Network) -> geopandas.GeoDataFrame:
    """Return one row a piece, drawn along its way, with ``oneway`` yes, no or -1."""
    import geopandas

    edges = network.first_of_piece
    geometry = lines(network, edges)
    against = ~network.edge_forward[edges]
    start = np.where(against, network.edge_to[edges], network.edge_from[edges])
    end = np.where(against, network.edge_from[edges], network.edge_to[edges])
    geometry[against] = [line.reverse() for line in geometry[against]]
    columns = {
        "from_node": network.node_id[start],
        "to_node": network.node_id[end],
        "way_id": network.edge_way[edges],
        "piece": network.edge_seq[edges],
        "highway": network.edge_class[edges],
        "oneway": np.where(network.edge_reverse[edges] >= 0, "no", np.where(against, "-1", "yes")),
        "name": network.edge_name[edges],
        "maxspeed_kmh": network.edge_maxspeed[edges],
        "lanes": network.edge_lanes[edges],
    }
    return geopandas.GeoDataFrame(columns, geometry=geometry, crs=4326)


def write(network: Network, path: Path, *, driver: str) -> None:
    """Write the pieces with the GDAL ``driver`` "GPKG" or "GeoJSON", under a temporary name first."""
    import pyogrio

    options = {"COORDINATE_PRECISION": str(DECIMALS)} if driver == "GeoJSON" else {}
    waiting = path.with_name(f".{path.name}.writing{path.suffix}")
    waiting.unlink(missing_ok=True)
    pyogrio.write_dataframe(
        geodataframe(network), waiting, driver=driver, layer="links", layer_options=options
    )
    waiting.replace(path)

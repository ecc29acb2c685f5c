"""mappymatch: its LCSS matcher over a networkx graph, defaults, coordinates in metres."""

import time

import numpy as np
import peers


def run(given):
    import geopandas as gpd
    import networkx as nx
    from mappymatch.constructs.trace import Trace
    from mappymatch.maps.nx.nx_map import NxMap
    from mappymatch.matchers.lcss.lcss import LCSSMatcher
    from pyproj import CRS
    from shapely.geometry import LineString

    crs = CRS.from_epsg(int(given["epsg"]))
    shapes, offsets = np.stack([given["shape_x"], given["shape_y"]], axis=1), given["shape_offsets"]
    graph = nx.MultiDiGraph(
        crs=crs, distance_weight="kilometers", time_weight="minutes", geometry_key="geometry"
    )
    for edge, (start, end) in enumerate(zip(given["edge_from"], given["edge_to"], strict=True)):
        kilometers = float(given["length"][edge]) / 1000
        line = LineString(shapes[offsets[edge] : offsets[edge + 1]])
        graph.add_edge(
            int(start),
            int(end),
            key=edge,
            geometry=line,
            kilometers=kilometers,
            minutes=kilometers,
            metadata={},
        )
    matcher = LCSSMatcher(NxMap(graph))
    edge, routes, spent = np.full(len(given["x"]), -1), [], 0.0
    for trip, first in enumerate(given["trips"][:-1]):
        part = slice(first, given["trips"][trip + 1])
        trace = Trace.from_geo_dataframe(
            gpd.GeoDataFrame(geometry=gpd.points_from_xy(given["x"][part], given["y"][part]), crs=crs),
            xy=False,
        )
        start = time.process_time()
        found = matcher.match_trace(trace)
        spent += time.process_time() - start
        edge[part] = [-1 if m.road is None else m.road.road_id.key for m in found.matches]
        routes += [(trip, road.road_id.key) for road in found.path or []]
    return {"edge": edge, "routes": np.array(routes, dtype=np.int64).reshape(-1, 2), "cpu_s": spent}


peers.serve(run)

"""geopandas: sjoin of GeoDataFrames, geometries made before the clock starts."""

import peers


def run(given):
    import geopandas
    import shapely

    ends = given["size"].cumsum()
    data = given["data"].tobytes()
    wkb = [data[end - size : end] for end, size in zip(ends, given["size"], strict=True)]
    buildings = geopandas.GeoDataFrame(geometry=shapely.from_wkb(wkb), crs=4326)
    units = geopandas.GeoDataFrame(geometry=shapely.from_wkb(given["units"].tolist()), crs=4326)
    found, cpu_s = peers.best(
        lambda: geopandas.sjoin(buildings, units, predicate="intersects"), int(given["repeats"])
    )
    return {"row": found.index.to_numpy(), "unit": found["index_right"].to_numpy(), "cpu_s": cpu_s}


peers.serve(run)

"""geopandas: sjoin of GeoDataFrames, geometries made before the clock starts."""

import peers


def run(given):
    import geopandas
    import shapely

    wkb, units = peers.unpacked(given, "buildings"), peers.unpacked(given, "units")
    buildings = geopandas.GeoDataFrame(geometry=shapely.from_wkb(wkb), crs=4326)
    borders = geopandas.GeoDataFrame(geometry=shapely.from_wkb(units), crs=4326)
    found, cpu_s = peers.best(
        lambda: geopandas.sjoin(buildings, borders, predicate="intersects"), int(given["repeats"])
    )
    return {"row": found.index.to_numpy(), "unit": found["index_right"].to_numpy(), "cpu_s": cpu_s}


peers.serve(run)

"""Choose the reader of a network by the ending of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.territory.network import profiles
from contado.kernel.territory.osm import unreadable

if TYPE_CHECKING:
    from pathlib import Path

    from contado.kernel.territory.network.model import Network

__all__ = ["ENDINGS", "read"]

ENDINGS = (".osm.pbf", ".osm", ".gpkg", ".geojson", ".parquet")


def read(path: Path, *, profile: str, epsg: int | None) -> Network:
    """Read the network in ``path``; see `Network.from_file`."""
    from contado.kernel.territory.network import from_geojson, from_gpkg, from_osm, from_ways

    profiles.load(profile)
    if not path.is_file():
        raise unreadable(path, "it is a folder" if path.is_dir() else "there is no such file")
    name = path.name.casefold()
    if name.endswith((".pbf", ".osm", ".osm.gz", ".osm.bz2")):
        return from_osm.read(path, profile=profile, epsg=epsg)
    if name.endswith(".parquet"):
        return from_ways.read(path, profile=profile, epsg=epsg)
    if name.endswith(".gpkg"):
        return from_gpkg.read(path, profile=profile, epsg=epsg)
    if name.endswith((".geojson", ".json")):
        return from_geojson.read(path, profile=profile, epsg=epsg)
    raise unreadable(path, f"its ending is none of {', '.join(ENDINGS)}")

"""Street network from a layer of links: one row a piece, with its two nodes.

Needed are ``from_node`` and ``to_node``; ``way_id, highway, oneway, name, maxspeed_kmh, lanes, piece``
are used where present. Other names are recognised by ``columns.csv`` (the junction ids, ONEWAY and KPH
of commercial graphs among them) or given as a mapping ours -> theirs, or as a CSV file ``name,column``.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.kernel.errors import Finding
from contado.kernel.territory.network import clean, profiles
from contado.kernel.territory.osm import unreadable

if TYPE_CHECKING:
    import geopandas
    from numpy.typing import NDArray

    from contado.kernel.territory.network.model import Network

__all__ = ["read"]

_ALONG = {"yes", "true", "1", "1.0", "ft"}
_AGAINST = {"-1", "-1.0", "reverse", "tf"}
_BOTH = {"no", "false", "0", "0.0", "", "b", "none", "nan"}


def read(
    path: Path, *, profile: str, epsg: int | None, columns: Mapping[str, str] | Path | None = None
) -> Network:
    """Read the layer of links of a vector file.

    Raises
    ------
    DataError
        Rule ``network_unreadable``: no such file, cut, or no layer of links.
    UsageError
        Rule ``unknown_choice``: no such profile.
    """
    rules = profiles.load(profile)
    frame, names = _layer(path, _aliases(columns))
    pieces, findings = _pieces(frame, names, path, one_way=rules.one_way)
    keep = _accepted(pieces.highway, rules)
    if not keep.any():
        raise unreadable(path, f"it holds no link of the profile {profile}")
    return replace(clean.assemble(clean.select(pieces, keep), epsg, profile), findings=findings)


def _aliases(columns: Mapping[str, str] | Path | None) -> list[tuple[str, str]]:
    """Return pairs (our name, column in lower case), the user's first."""
    text = resources.files(__package__).joinpath("columns.csv").read_text(encoding="utf-8")
    own: list[tuple[str, str]] = []
    if isinstance(columns, Mapping):
        own = list(columns.items())
    elif columns is not None:
        own = [
            (row["name"], row["column"])
            for row in csv.DictReader(Path(columns).read_text(encoding="utf-8").splitlines())
        ]
    known = [(row["name"], row["column"]) for row in csv.DictReader(text.splitlines())]
    return [(name, column.casefold()) for name, column in own + known]


def _names(present: list[str], aliases: list[tuple[str, str]]) -> dict[str, str]:
    """Return our name -> column of the file, the first alias that is present."""
    lowered = {column.casefold(): column for column in present}
    found: dict[str, str] = {}
    for name, column in aliases:
        if name not in found and column in lowered:
            found[name] = lowered[column]
    return found


def _layer(path: Path, aliases: list[tuple[str, str]]) -> tuple[geopandas.GeoDataFrame, dict[str, str]]:
    import geopandas
    import pyogrio

    if not path.is_file():
        raise unreadable(path, "there is no such file")
    try:
        layers = [str(layer) for layer, kind in pyogrio.list_layers(path) if kind is not None]
        for layer in layers:
            names = _names(list(pyogrio.read_info(path, layer=layer)["fields"]), aliases)
            if {"from_node", "to_node"} <= names.keys():
                frame = geopandas.read_file(path, layer=layer, columns=sorted(set(names.values())))
                return frame, names
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise unreadable(path, str(error)) from None
    raise unreadable(path, "no layer has lines with the columns from_node and to_node")


def _pieces(
    frame: geopandas.GeoDataFrame, names: dict[str, str], path: Path, *, one_way: bool
) -> tuple[clean.Pieces, tuple[Finding, ...]]:
    lines = _lines(frame, path)
    import shapely

    counts = shapely.get_num_coordinates(lines)
    points = shapely.get_coordinates(lines)

    def column(name: str) -> NDArray[np.object_]:
        if name not in names:
            return np.full(len(frame), None, dtype=object)
        values = frame[names[name]]
        return np.array([None if _unknown(v) else v for v in values.tolist()], dtype=object)

    way_id = _ids(column("way_id"), path, "way_id") if "way_id" in names else np.arange(1, len(frame) + 1)
    direction, findings = _directions(column("oneway"), path)
    piece = _ids(column("piece"), path, "piece") if "piece" in names else clean.number(way_id)
    return (
        clean.Pieces(
            way_id=way_id.astype(np.int64),
            seq=piece.astype(np.int32),
            node_from=_ids(column("from_node"), path, "from_node"),
            node_to=_ids(column("to_node"), path, "to_node"),
            direction=direction if one_way else np.zeros_like(direction),
            offsets=np.concatenate(([0], np.cumsum(counts))),
            lon=points[:, 0],
            lat=points[:, 1],
            highway=column("highway"),
            name=column("name"),
            maxspeed_kmh=clean.leading_numbers(column("maxspeed_kmh")),
            lanes=clean.leading_numbers(column("lanes")),
        ),
        findings,
    )


def _unknown(value: Any) -> bool:
    return value is None or value != value  # noqa: PLR0124 - NaN is the value that differs from itself


def _lines(frame: geopandas.GeoDataFrame, path: Path) -> NDArray[np.object_]:
    import shapely

    if not len(frame):
        raise unreadable(path, "its layer of links is empty")
    if frame.crs is None:
        raise unreadable(path, "it does not say its coordinate reference system")
    lines = np.asarray(frame.geometry.to_crs(4326).array)
    lines = np.where(
        shapely.get_type_id(lines) == shapely.GeometryType.MULTILINESTRING, shapely.line_merge(lines), lines
    )
    wrong = np.flatnonzero(shapely.get_type_id(lines) != shapely.GeometryType.LINESTRING)
    if len(wrong):
        raise unreadable(path, f"link {wrong[0] + 1} is not one line")
    inside = np.abs(shapely.bounds(lines)) <= [180.0, 90.0, 180.0, 90.0]
    outside = np.flatnonzero(~inside.all(axis=1))
    if len(outside):
        told = f"link {outside[0] + 1} lies outside the world: its coordinates are in another system than it says"
        raise unreadable(path, told)
    return lines


def _ids(values: NDArray[np.object_], path: Path, name: str) -> NDArray[np.int64]:
    try:
        numbers = [int(value) for value in values.tolist()]
    except (TypeError, ValueError):
        raise unreadable(path, f"its column {name} holds values that are no whole numbers") from None
    return np.array(numbers, dtype=np.int64)


def _directions(values: NDArray[np.object_], path: Path) -> tuple[NDArray[np.int8], tuple[Finding, ...]]:
    texts = np.array(["" if value is None else str(value).casefold() for value in values.tolist()])
    result = np.zeros(len(texts), dtype=np.int8)
    result[np.isin(texts, list(_ALONG))] = clean.FORWARD
    result[np.isin(texts, list(_AGAINST))] = clean.BACKWARD
    strange = ~np.isin(texts, list(_ALONG | _AGAINST | _BOTH))
    if not strange.any():
        return result, ()
    message = f"{path.name}: {int(strange.sum())} links have an unknown oneway ({texts[strange][0]!r}): taken as two-way."
    finding = Finding(
        severity="warning",
        rule="unknown_oneway",
        message=message,
        row=int(np.flatnonzero(strange)[0]) + 1,
        hint="valid: yes, no, -1 (or FT, TF)",
    )
    return result, (finding,)


def _accepted(highway: NDArray[np.object_], rules: profiles.Profile) -> NDArray[np.bool_]:
    """Tell which links the profile accepts: a class that no profile knows, or none at all, is kept."""
    known = frozenset().union(*(profiles.load(name).highways for name in profiles.names()))
    return np.array([value in rules.highways or value not in known for value in highway.tolist()], dtype=bool)

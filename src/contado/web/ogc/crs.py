"""Coordinate reference systems of the API (Features 2): names as URIs, axes as each system orders them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from contado.web.ogc.common import conforms_to
from contado.web.ogc.problems import BadParameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from contado.kernel.workspace import LayerInfo

__all__ = ["CRS84", "LONLAT", "System", "moved", "named", "offered", "read_bbox", "storage"]

CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG: Final = "http://www.opengis.net/def/crs/EPSG/0/"
_COMMON: Final = (4326, 3857, 32632, 25832, 6707)
"""Offered for every layer beside CRS84 and its own: WGS 84, Web Mercator, UTM 32N on WGS 84, ETRS89 and RDN2008."""
_NAME = re.compile(
    r"(?:https?://www\.opengis\.net/def/crs/EPSG/[^/]{1,8}/|EPSG:|urn:ogc:def:crs:EPSG:[^:]{0,8}:)(\d{4,6})"
)

conforms_to("crs", ["http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs"])


class System(NamedTuple):
    """A system as the API names it; ``flipped`` where its first axis points north."""

    uri: str
    code: str
    flipped: bool

    @property
    def header(self) -> str:
        """Value of ``Content-Crs``."""
        return f"<{self.uri}>"


LONLAT = System(CRS84, "OGC:CRS84", False)


@lru_cache(maxsize=64)
def _of_epsg(code: int) -> System:
    import pyproj

    first = pyproj.CRS.from_epsg(code).axis_info[0].direction
    return System(f"{_EPSG}{code}", f"EPSG:{code}", first == "north")


def storage(info: LayerInfo) -> System:
    """Return the system that a layer is stored in, its axes in the order of the file (x, y)."""
    if info.crs in {"EPSG:4326", "OGC:CRS84"}:
        return LONLAT
    authority, _, code = info.crs.partition(":")
    if authority == "EPSG" and code.isdigit():
        return System(f"{_EPSG}{code}", info.crs, False)
    return System(CRS84, info.crs, False)


def offered(info: LayerInfo) -> list[str]:
    """Return the URIs of the systems that a layer's features can be asked in."""
    own = storage(info).uri
    return list(dict.fromkeys([CRS84, own, *(f"{_EPSG}{code}" for code in _COMMON)]))


def named(parameter: str, text: str | None, info: LayerInfo) -> System:
    """Return the system that a parameter names; CRS84 without one.

    Raises
    ------
    BadParameter
        The layer is not offered in it.
    """
    if text is None or text.strip("<>[]") == CRS84:
        return LONLAT
    found = _NAME.fullmatch(text.strip("<>[]"))
    if found is None or f"{_EPSG}{found[1]}" not in offered(info):
        valid = f"valid: {', '.join(offered(info))}"
        raise BadParameter(parameter, f"{parameter}={text[:80]!r} is not offered.", valid)
    return _of_epsg(int(found[1]))


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Any:
    import pyproj

    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def moved(
    shapes: NDArray[np.object_], source: System, target: System, *, reading: bool = False
) -> NDArray[np.object_]:
    """Return geometries in another system, heights kept.

    Parameters
    ----------
    reading
        Whether ``shapes`` come from outside, axes as ``source`` orders them; else they leave, axes as
        ``target`` orders them.
    """
    import shapely

    flips = source.flipped if reading else target.flipped
    same = _same(source.code, target.code)
    if same and not flips:
        return shapes

    def change(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = (points[:, 1], points[:, 0]) if flips and reading else (points[:, 0], points[:, 1])
        if not same:
            x, y = _transformer(source.code, target.code).transform(x, y)
        out = (y, x) if flips and not reading else (x, y)
        return np.column_stack([*out, points[:, 2:]])

    found: NDArray[np.object_] = shapely.transform(
        shapes, change, include_z=bool(shapely.has_z(shapes).any())
    )
    return found


def _same(a: str, b: str) -> bool:
    lonlat = {"EPSG:4326", "OGC:CRS84"}
    return a == b or {a, b} <= lonlat


def read_bbox(text: str, system: System) -> list[tuple[float, float, float, float]]:
    """Return the boxes (west, south, east, north) [deg] of the parameter ``bbox``: two where it crosses 180 degrees.

    Raises
    ------
    BadParameter
        It is not of 4 or 6 finite numbers, or south lies above north.
    """
    numbers = _numbers(text)
    half = len(numbers) // 2
    (x0, y0), (x1, y1) = numbers[:2], numbers[half : half + 2]
    if system.flipped:
        x0, y0, x1, y1 = y0, x0, y1, x1
    if y0 > y1:
        raise BadParameter("bbox", f"bbox={text[:80]!r}: the south lies above the north.", _BBOX_HINT)
    if _same(system.code, "OGC:CRS84"):
        return [(x0, y0, x1, y1)] if x0 <= x1 else [(x0, y0, 180.0, y1), (-180.0, y0, x1, y1)]
    if x0 > x1:
        raise BadParameter("bbox", f"bbox={text[:80]!r}: the west lies beyond the east.", _BBOX_HINT)
    box = _transformer(system.code, "OGC:CRS84").transform_bounds(x0, y0, x1, y1)
    if not np.isfinite(box).all():
        raise BadParameter("bbox", f"bbox={text[:80]!r} lies outside {system.code}.", _BBOX_HINT)
    west, south, east, north = (float(v) for v in box)
    return [(west, south, east, north)]


_BBOX_HINT: Final = (
    "4 numbers (west,south,east,north) or 6 with heights, in the order of the axes of bbox-crs"
)


def _numbers(text: str) -> Sequence[float]:
    parts = text.split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) not in {4, 6} or not np.isfinite(numbers).all():
        raise BadParameter("bbox", f"bbox={text[:80]!r} is not of 4 or 6 numbers.", _BBOX_HINT)
    return numbers

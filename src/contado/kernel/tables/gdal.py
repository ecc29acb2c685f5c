"""What GDAL and PROJ are asked for in two places: options for a while, equality of systems."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from contado.kernel.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["options", "same_crs"]


def same_crs(a: str, b: str) -> bool:
    """Whether two coordinate reference systems are the same but for the order of their axes.

    Raises
    ------
    GeometryError
        ``b`` is unknown (rule ``unknown_crs``).
    """
    import pyproj

    try:
        return bool(
            pyproj.CRS.from_user_input(a).equals(pyproj.CRS.from_user_input(b), ignore_axis_order=True)
        )
    except pyproj.exceptions.CRSError:
        raise GeometryError(
            f"Unknown coordinate reference system {b!r}.",
            rule="unknown_crs",
            hint="give one as EPSG:4326",
            field="crs",
        ) from None


@contextmanager
def options(wanted: dict[str, str]) -> Iterator[None]:
    """Set GDAL options for a while."""
    import pyogrio

    before = {key: pyogrio.get_gdal_config_option(key) for key in wanted}
    pyogrio.set_gdal_config_options(wanted)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)

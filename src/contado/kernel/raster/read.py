"""Opening a raster: GeoTIFF (.tif), Arc/Info ASCII grid (.asc, .asc.gz)."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from contado.kernel.declare import require
from contado.kernel.errors import DataError, Finding, GeometryError, TableNotFound
from contado.kernel.raster.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

__all__ = ["ENDINGS", "Raster", "grid", "read"]

ENDINGS: Final = (".tif", ".tiff", ".asc", ".asc.gz")
_SQUARE: Final = 1e-6
"""Relative difference of a cell's sides up to which it is square."""
_ASCII_NODATA: Final = -9999.0
"""What the ASCII grid's format takes where it has no line NODATA_value."""
_SENTINELS: Final = (-9999.0, -32768.0)


class Raster(NamedTuple):
    """Cells (bands, height, width) as stored, their grid, and what was met."""

    cells: np.ndarray
    grid: Grid
    findings: list[Finding]


def grid(path: Path | str, crs: str | None = None) -> Grid:
    """Return the grid of a raster without reading its cells (arguments and errors of `read`)."""
    file = Path(path)
    with _opened(file) as source:
        return _grid(source, file, crs)


def read(path: Path | str, crs: str | None = None) -> Raster:
    """Read a raster.

    Parameters
    ----------
    path
        A file with one of `ENDINGS`.
    crs
        Coordinate reference system where the file names none (``EPSG:32632``).

    Raises
    ------
    ExtraMissing
        rasterio is not installed.
    TableNotFound
        There is no such file.
    DataError
        It cannot be read (rule ``damaged_file``).
    GeometryError
        No CRS is known (``missing_crs``), another is named (``crs_conflict``), the cells are not square and
        north up (``bad_grid``), or a value that other programs use for "no data" is not declared
        (``undeclared_nodata``).
    """
    import rasterio.errors

    file = Path(path)
    with _opened(file) as source:
        found = _grid(source, file, crs)
        try:
            cells = source.read()
        except rasterio.errors.RasterioIOError as error:
            raise _damaged(file, error) from None
    _refuse_sentinels(cells, found, file)
    return Raster(cells, found, [])


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    require("import", "landscape", ("rasterio",))
    import rasterio
    import rasterio.errors

    if not file.is_file():
        known = [p.name for p in file.parent.iterdir()] if file.parent.is_dir() else []
        raise TableNotFound.from_name(file.name, known, kind="file")
    try:
        if file.suffix.lower() == ".gz":
            with rasterio.MemoryFile(_unpacked(file), ext=".asc") as memory, memory.open() as source:
                yield source
        else:
            with rasterio.open(file) as source:
                yield source
    except rasterio.errors.RasterioIOError as error:
        raise _damaged(file, error) from None


def _unpacked(file: Path) -> bytes:
    try:
        return gzip.decompress(file.read_bytes())
    except (gzip.BadGzipFile, EOFError) as error:
        raise _damaged(file, error) from None


def _damaged(file: Path, error: Exception) -> DataError:
    return DataError(
        f"{file.name} cannot be read as a raster: {error}.",
        rule="damaged_file",
        hint="write the file again",
        field=file.name,
    )


def _grid(source: Any, file: Path, crs: str | None) -> Grid:
    across, down = source.transform.a, -source.transform.e
    turned = source.transform.b or source.transform.d
    if turned or across <= 0 or down <= 0 or abs(across - down) > _SQUARE * across:
        raise GeometryError(
            f"{file.name}: its cells are not square and north up.",
            rule="bad_grid",
            hint="bring it onto a square grid first, with gdalwarp for example",
            field=file.name,
        )
    known = _crs(source.crs, file, crs)
    return Grid(
        width=source.width,
        height=source.height,
        cell=across,
        cell_m=across * known.linear_units_factor[1] if known.is_projected else None,
        crs=":".join(known.to_authority()) if known.to_authority() else known.to_wkt(),
        bbox=tuple(source.bounds),
        nodata=_nodata(source.nodata, file),
        bands=source.count,
    )


def _crs(found: Any, file: Path, wanted: str | None) -> Any:
    import rasterio.crs
    import rasterio.errors

    if found is None and wanted is None:
        raise GeometryError(
            f"{file.name} names no coordinate reference system.",
            rule="missing_crs",
            hint="give the one its coordinates are in, such as --crs EPSG:32632",
            field="crs",
        )
    try:
        given = rasterio.crs.CRS.from_user_input(wanted) if wanted is not None else found
    except rasterio.errors.CRSError:
        raise GeometryError(
            f"Unknown coordinate reference system {wanted!r}.",
            rule="unknown_crs",
            hint="give one as EPSG:4326 or EPSG:32632",
            field="crs",
        ) from None
    if found is not None and found != given:
        raise GeometryError(
            f"{file.name} is in {found.to_string()}, not in {wanted}.",
            rule="crs_conflict",
            hint="leave --crs out; rasters keep their own",
            field="crs",
        )
    return given


def _nodata(tag: float | None, file: Path) -> float | None:
    if tag is None and file.name.lower().endswith((".asc", ".asc.gz")):
        return _ASCII_NODATA
    return tag


def _refuse_sentinels(cells: np.ndarray, found: Grid, file: Path) -> None:
    """Refuse cells that hold what others mean by "no data" where the file does not say so."""
    import numpy as np

    if found.nodata is not None:
        return
    for sentinel in _SENTINELS:
        if count := int(np.count_nonzero(cells == sentinel)):
            raise GeometryError(
                f"{file.name}: {count} cells hold {sentinel:g}, and the file names no no-data value.",
                rule="undeclared_nodata",
                hint=f"set it, for example with gdal_edit -a_nodata {sentinel:g}",
                field=file.name,
            )

"""Writing a raster as cloud-optimised GeoTIFF: CRS and no-data set, the same cells give the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contado.kernel.raster.read import Raster

__all__ = ["cog"]


def cog(raster: Raster) -> bytes:
    """Return the cloud-optimised GeoTIFF of a raster: cells as they are, deflate, overviews of cells that exist."""
    import rasterio

    grid = raster.grid
    profile = {
        "driver": "COG",
        "width": grid.width,
        "height": grid.height,
        "count": grid.bands,
        "dtype": raster.cells.dtype,
        "crs": grid.crs,
        "transform": rasterio.Affine(grid.cell, 0.0, grid.bbox[0], 0.0, -grid.cell, grid.bbox[3]),
        "nodata": grid.nodata,
        "compress": "deflate",
        "overview_resampling": "nearest",
        "num_threads": 1,
    }
    with rasterio.MemoryFile() as memory:
        with memory.open(**profile) as out:
            out.write(raster.cells)
        content: bytes = memory.read()
    return content

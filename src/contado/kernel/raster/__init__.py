"""Rasters: opening, grid and no-data, writing as cloud-optimised GeoTIFF (rasterio, imported on use)."""

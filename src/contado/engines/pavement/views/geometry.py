"""The place of cells, carried from observations to states so that a file alone can be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from contado.kernel.tables import geoparquet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contado.engines.pavement.road.lines import Line

__all__ = ["carried", "with_cells"]

_CRS = "EPSG:4326"


def with_cells(cell_obs: pa.Table, line: Line) -> pa.Table:
    """Return observations of cells with the part of the line that each covers as ``geometry``."""
    import shapely

    keys = list(zip(cell_obs["cell"].to_pylist(), cell_obs["cell_m"].to_pylist(), strict=True))
    parts = {k: shapely.to_wkb(line.part(k[0] * k[1], (k[0] + 1) * k[1])) for k in dict.fromkeys(keys)}
    wkb = pa.array([parts[k] for k in keys], pa.binary())
    return geoparquet.with_geometry(cell_obs, wkb, _CRS)


def carried(sources: Iterable[pa.Table | None], cells: pa.Table) -> pa.Table:
    """Return states of cells with the geometry that one of the sources knows; without any, as they are."""
    known: dict[tuple[str, int], bytes] = {}
    for table in sources:
        if table is None or "geometry" not in table.column_names:
            continue
        columns = (table[name].to_pylist() for name in ("section_id", "cell", "geometry"))
        for section, cell, wkb in zip(*columns, strict=True):
            if wkb is not None:
                known.setdefault((str(section), int(cell)), wkb)
    if not known:
        return cells
    keys = zip(cells["section_id"].to_pylist(), cells["cell"].to_pylist(), strict=True)
    return geoparquet.with_geometry(cells, pa.array([known.get(k) for k in keys], pa.binary()), _CRS)

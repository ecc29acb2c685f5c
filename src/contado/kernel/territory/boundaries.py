"""Municipalities: borders, residents, and what their borders measure.

A set of units is a GeoDataFrame in longitude and latitude with its name, its measure CRS and the findings
of its checks. One territory ships with the package (`shipped`); any other set is read by `load`.

>>> units = shipped()
>>> measured = units.summary()
>>> measured.units, measured.residents, round(measured.area_km2, 2), measured.parts, measured.vertices
(133, 3219391, 1575.03, 2, 7131)
"""

from __future__ import annotations

import functools
import math
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from contado.kernel.errors import DataError, GeometryError, TableNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import pyarrow as pa

    from contado.kernel.errors import Finding
    from contado.kernel.workspace import WorkspaceView

__all__ = [
    "COLUMNS",
    "GAP_KM2",
    "Summary",
    "Units",
    "from_frame",
    "from_workspace",
    "load",
    "province",
    "shipped",
]

COLUMNS: Final = (
    "istat",
    "name",
    "belfiore",
    "province_code",
    "province_short",
    "region_code",
    "pop",
    "pop_f",
    "pop_m",
    "area_km2",
)
"""Columns of a set of units, before its geometry."""
GAP_KM2: Final = 1.0
"""A hole of the union up to this area is a gap of the borders; a larger one is land of somebody else."""

_DATA: Final = resources.files("contado.kernel.territory") / "data"


class Summary(NamedTuple):
    """What a set of units measures: counts, km2 in the measure CRS, box in degrees."""

    units: int
    residents: int | None
    area_km2: float
    parts: int
    vertices: int
    gaps_km2: float
    enclosed_km2: float
    overlaps_km2: float
    bbox: tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """A set of municipalities.

    Attributes
    ----------
    gdf
        One row a unit, sorted by ``istat``: `COLUMNS` and polygons in EPSG:4326.
    name
        Name of the territory.
    epsg
        CRS in which lengths and areas are measured: the UTM zone of the centre.
    findings
        What was met when the set was read, and what was done about it.
    residents
        Residents by age and sex, where they are known.
    source
        Row of table ``source`` that the set comes from.
    """

    gdf: gpd.GeoDataFrame
    name: str
    epsg: int
    findings: tuple[Finding, ...] = ()
    residents: pa.Table | None = None
    source: dict[str, Any] | None = None

    def __len__(self) -> int:
        return len(self.gdf)

    @functools.cached_property
    def codes(self) -> tuple[str, ...]:
        """ISTAT codes in order."""
        return tuple(self.gdf["istat"])

    def summary(self) -> Summary:
        """Return counts, areas, parts, vertices, gaps and overlaps."""
        return self._summary

    @functools.cached_property
    def _summary(self) -> Summary:
        from contado.kernel.territory import coverage_checks as checks

        shapes = self.gdf.geometry.to_numpy()
        union = checks.union(shapes)
        holes = checks.holes_km2(union, self.epsg)
        known = self.gdf["pop"].dropna()
        west, south, east, north = (float(v) for v in self.gdf.total_bounds)
        return Summary(
            units=len(self.gdf),
            residents=int(known.sum()) if len(known) else None,
            area_km2=float(self.gdf["area_km2"].sum()),
            parts=checks.parts(union),
            vertices=checks.vertices(shapes),
            gaps_km2=math.fsum(a for a in holes if a <= GAP_KM2),
            enclosed_km2=math.fsum(a for a in holes if a > GAP_KM2),
            overlaps_km2=math.fsum(o.area_km2 for o in checks.overlaps(shapes, self.epsg)),
            bbox=(west, south, east, north),
        )


@functools.cache
def _facts() -> dict[str, Any]:
    return tomllib.loads((_DATA / "shipped.toml").read_text(encoding="utf-8"))


@functools.cache
def shipped() -> Units:
    """Return the territory that ships with the package, with residents by age and sex."""
    import geopandas as gpd
    import pyarrow.parquet as pq

    facts = _facts()
    with resources.as_file(_DATA / facts["units"]) as path:
        frame = gpd.read_parquet(path)
    with resources.as_file(_DATA / facts["residents"]) as path:
        residents = pq.read_table(path)
    return from_frame(frame, name=facts["name"], residents=residents, source=facts["source"])


def __getattr__(name: str) -> Callable[[], Units]:
    """Offer the shipped territory under its own key, which stands in its metadata."""
    if name == _facts()["key"]:
        return shipped
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def province(text: str) -> Units:
    """Return any Italian province by code ("016"), plate or name.

    Raises
    ------
    ExtraMissing
        The extra ``italia`` is not installed and the province is not the shipped one.
    CodeError
        There is no such province.
    """
    from contado.kernel.territory import italia

    facts = _facts()
    if text.strip().zfill(3) == facts["province"]:
        return shipped()
    frame = italia.province(text)
    source = facts["source"]
    residents = italia.residents(list(frame["istat"]), source["source_id"])
    return from_frame(frame, name=italia.province_name(text), residents=residents, source=source)


def load(path: Path | str) -> Units:
    """Read a set of units from GeoParquet, GeoJSON, GeoPackage, FlatGeobuf or shapefile.

    Needed are ``istat``, ``name`` and polygons; ISTAT's own column names are understood (``data/columns.csv``).

    Raises
    ------
    TableNotFound
        There is no such file.
    ColumnNotFound
        It has no code or no name.
    DataError
        A code stands twice or is none.
    GeometryError
        No CRS, no polygons, a row without geometry, swapped or impossible coordinates.
    """
    path = Path(path)
    return from_frame(_read(path), name=path.stem, source=_file_source(path))


def _read(path: Path) -> gpd.GeoDataFrame:
    import geopandas as gpd
    from pyarrow import ArrowInvalid
    from pyogrio.errors import DataSourceError

    if not path.is_file():
        raise TableNotFound(f"There is no file {path}.", hint="check the path", field="units")
    try:
        return gpd.read_parquet(path) if path.suffix.lower() == ".parquet" else gpd.read_file(path)
    except (ArrowInvalid, DataSourceError, ValueError) as error:
        raise GeometryError(
            f"{path.name} cannot be read as a layer: {str(error).splitlines()[0]}.",
            rule="unreadable_layer",
            hint="give GeoParquet, GeoJSON, GeoPackage, FlatGeobuf or a shapefile with polygons",
            field="units",
        ) from None


def _file_source(path: Path) -> dict[str, Any]:
    from contado.kernel.provenance import sha256_of_file

    return {"source_id": f"units_{path.stem}", "title": path.name, "sha256": sha256_of_file(path)}


def from_frame(
    frame: gpd.GeoDataFrame,
    *,
    name: str,
    residents: pa.Table | None = None,
    source: dict[str, Any] | None = None,
) -> Units:
    """Check a GeoDataFrame and return it as units (errors of `load`)."""
    from contado.kernel.territory import unit_checks

    tidy, epsg, findings = unit_checks.tidy(frame)
    return Units(gdf=tidy, name=name, epsg=epsg, findings=tuple(findings), residents=residents, source=source)


def from_workspace(view: WorkspaceView) -> Units:
    """Return the municipalities of a workspace: table ``territory_unit`` with layer ``municipalities``.

    Raises
    ------
    DataError
        The workspace holds no municipalities.
    """
    import geopandas as gpd
    import pandas as pd
    import shapely

    table = view.read("territory_unit")
    rows = pd.DataFrame(table.to_pylist(), columns=table.column_names)
    rows = rows[(rows["kind"] == "municipality") & rows["valid_to"].isna()]
    if rows.empty:
        raise DataError(
            "The workspace holds no municipalities.",
            rule="no_units",
            hint="create it with `contado init`",
            field="territory_unit",
        )
    layer = view.layer("municipalities").select(["istat", "geometry"]).to_pandas().set_index("istat")
    rows = rows.rename(columns={"id": "istat", "name_it": "name"}).sort_values("istat", ignore_index=True)
    rows = rows.reindex(columns=list(COLUMNS))
    for name in ("pop", "pop_f", "pop_m"):
        rows[name] = rows[name].astype("Int64")
    gdf = gpd.GeoDataFrame(rows, geometry=shapely.from_wkb(layer.loc[rows["istat"], "geometry"]), crs=4326)
    settings = view.settings
    return Units(gdf=gdf, name=settings.territory.name, epsg=settings.territory.epsg)

"""Checks of a set of municipalities, each a small function: refuse, repair with a count, or report.

Refused are a missing column, CRS or geometry, a code that stands twice or is none, and swapped or
impossible coordinates. Repaired and counted are odd codes, invalid polygons, other CRS, third
coordinates. Reported are overlaps, gaps and enclosed land.
"""

from __future__ import annotations

import csv
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from contado.kernel.errors import CodeError, ColumnNotFound, DataError, Finding, GeometryError
from contado.kernel.territory import boundaries, coverage_checks, crs
from contado.kernel.territory.codes import six_digits

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["OVERLAP_KM2", "tidy"]

OVERLAP_KM2: Final = 0.001
"""A smaller shared area of two units is digitising noise and gets no finding of its own."""
_ITALY: Final = (6.0, 35.0, 19.0, 48.0)
"""Box around Italy [deg]: west, south, east, north. ISTAT codes name places of Italy."""
_TABLE: Final = "territory_unit"


def tidy(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int, list[Finding]]:
    """Return the checked units sorted by code, their measure CRS and the findings.

    Raises
    ------
    ColumnNotFound, DataError, GeometryError
        See the module.
    """
    import geopandas as gpd

    findings: list[Finding] = []
    frame = _named(frame)
    _has_crs(frame)
    codes = _codes(frame["istat"], findings)
    _unique(codes)
    _all_named(frame["name"])
    shapes = _polygons(frame, findings)
    west, south, east, north = (float(v) for v in shapely.total_bounds(shapes))
    epsg = crs.utm_epsg((west + east) / 2, (south + north) / 2)
    columns = {name: frame[name] for name in boundaries.COLUMNS if name in frame}
    tidied = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326, index=frame.index)
    tidied["istat"] = codes
    tidied["area_km2"] = coverage_checks.area_km2(shapes, epsg)
    for name in ("pop", "pop_f", "pop_m"):
        tidied[name] = _whole_numbers(frame, name)
    tidied = tidied.sort_values("istat", ignore_index=True)
    tidied = tidied.reindex(columns=[*boundaries.COLUMNS, "geometry"])
    findings += _whole(tidied, epsg)
    return tidied, epsg, findings


def _named(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Translate the column names of known publishers (``data/columns.csv``)."""
    import geopandas as gpd

    if not isinstance(frame, gpd.GeoDataFrame) or frame._geometry_column_name is None:  # noqa: SLF001 - the public property raises
        raise GeometryError(
            "The units have no geometry.", hint="give a layer with polygons", field="geometry"
        )
    text = (resources.files("contado.kernel.territory") / "data" / "columns.csv").read_text("utf-8")
    known = {row["column"]: row["meaning"] for row in csv.DictReader(text.splitlines())}
    present = set(frame.columns)
    renames: dict[str, str] = {}
    for column in frame.columns:
        meaning = known.get(str(column).casefold(), str(column).casefold())
        if meaning not in present and meaning in boundaries.COLUMNS and meaning not in renames.values():
            renames[column] = meaning
    frame = frame.rename(columns=renames)
    missing = [name for name in ("istat", "name") if name not in frame]
    if missing:
        raise ColumnNotFound.from_missing(missing, [str(c) for c in frame.columns], table="units")
    return frame.reset_index(drop=True)


def _has_crs(frame: gpd.GeoDataFrame) -> None:
    if frame.crs is None:
        raise GeometryError(
            "The units have no coordinate reference system.",
            rule="missing_crs",
            hint="write it into the file, for example `ogr2ogr -a_srs EPSG:4326 out.gpkg in.shp`",
            field="geometry",
        )


def _codes(column: pd.Series[Any], findings: list[Finding]) -> list[str]:
    codes: list[str] = []
    converted: list[int] = []
    bad: list[tuple[int, Any]] = []
    for row, value in enumerate(column, start=1):
        code = six_digits(value)
        if code is None:
            bad.append((row, value))
        elif code != value:
            converted.append(row)
        codes.append(code or "")
    if bad:
        raise CodeError(
            f"units: {len(bad)} ISTAT code(s) are no number of at most 6 digits, first {bad[0][1]!r} in row {bad[0][0]}.",
            rule="bad_code",
            hint="an ISTAT code of a municipality has 6 digits, such as 015002",
            rows=[row for row, _ in bad],
            field="istat",
        )
    if converted:
        findings.append(
            _finding("note", "converted", f"{len(converted)} codes were brought to 6 digits", "converted")
        )
    return codes


def _unique(codes: list[str]) -> None:
    rows: dict[str, list[int]] = {}
    for row, code in enumerate(codes, start=1):
        rows.setdefault(code, []).append(row)
    twice = {code: where for code, where in rows.items() if len(where) > 1}
    if twice:
        named = ", ".join(f"{code} in rows {', '.join(map(str, where))}" for code, where in twice.items())
        raise DataError(
            f"units: the same ISTAT code stands more than once: {named}.",
            rule="duplicate_istat",
            hint="keep one row a municipality; several parts are one MultiPolygon",
            rows=sorted(row for where in twice.values() for row in where),
            field="istat",
        )


def _all_named(column: pd.Series[Any]) -> None:
    blank = column.isna() | (column.astype("string").str.strip() == "")
    if blank.any():
        rows = [int(r) + 1 for r in np.flatnonzero(blank)]
        raise DataError(
            f"units: {len(rows)} row(s) without a name: {', '.join(map(str, rows[:20]))}.",
            rule="missing_value",
            hint="each municipality needs its name",
            rows=rows,
            field="name",
        )


def _whole_numbers(frame: gpd.GeoDataFrame, name: str) -> pd.Series[Any]:
    """Return residents as integers, unknown ones as missing."""
    import pandas as pd

    if name not in frame:
        return pd.Series(pd.NA, index=frame.index, dtype="Int64")
    values: pd.Series[Any] = pd.to_numeric(frame[name], errors="coerce")
    bad = (values.isna() & frame[name].notna()) | (values < 0) | (values % 1 > 0)
    if bad.any():
        rows = [int(r) + 1 for r in np.flatnonzero(bad)]
        raise DataError(
            f"units: {name} of {len(rows)} row(s) is no count of persons, first {frame[name][rows[0] - 1]!r} in row {rows[0]}.",
            rule="bad_number",
            hint="give whole numbers, and nothing where the number is unknown",
            rows=rows,
            field=name,
        )
    return values.astype("Int64")


def _polygons(frame: gpd.GeoDataFrame, findings: list[Finding]) -> Any:
    """Return valid two-dimensional MultiPolygons in longitude and latitude."""
    shapes = frame.geometry.to_numpy()
    _refuse_rows(shapely.is_missing(shapes) | shapely.is_empty(shapes), "missing_geometry", "no geometry")
    polygonal = np.isin(shapely.get_type_id(shapes), (3, 6))
    _refuse_rows(~polygonal, "not_polygon", "a geometry that is no polygon")
    shapes = _flat(shapes, findings)
    shapes = _lonlat(frame.set_geometry(shapes, crs=frame.crs), findings)
    _plausible(shapes, findings)
    return _valid(shapes, findings)


def _refuse_rows(bad: np.ndarray[Any, Any], rule: str, what: str) -> None:
    if bad.any():
        rows = [int(r) + 1 for r in np.flatnonzero(bad)]
        raise GeometryError(
            f"units: {len(rows)} row(s) with {what}: {', '.join(map(str, rows[:20]))}.",
            rule=rule,
            hint="each municipality needs a polygon or a MultiPolygon",
            rows=rows,
            field="geometry",
        )


def _flat(shapes: Any, findings: list[Finding]) -> Any:
    deep = shapely.has_z(shapes)
    if deep.any():
        text = f"the third coordinate of {int(deep.sum())} units was dropped"
        findings.append(_finding("note", "third_coordinate", text, "dropped"))
        return shapely.force_2d(shapes)
    return shapes


def _lonlat(frame: gpd.GeoDataFrame, findings: list[Finding]) -> Any:
    if frame.crs.to_epsg(min_confidence=25) == 4326 or frame.crs.to_authority() == ("OGC", "CRS84"):
        return frame.geometry.to_numpy()
    findings.append(
        _finding("note", "reprojected", f"units brought from {frame.crs.name} to EPSG:4326", "converted")
    )
    return frame.to_crs(4326).geometry.to_numpy()


def _plausible(shapes: Any, findings: list[Finding]) -> None:
    """Refuse coordinates outside the globe or with their axes swapped."""
    west, south, east, north = shapely.total_bounds(shapes)
    centre = ((west + east) / 2, (south + north) / 2)
    swapped = _in_italy(centre[1], centre[0]) and not _in_italy(*centre)
    off_globe = west < -180 or east > 180 or south < -90 or north > 90
    if swapped or off_globe:
        raise GeometryError(
            f"units: the coordinates run from {west:.6g}, {south:.6g} to {east:.6g}, {north:.6g}, "
            + ("as if longitude and latitude were swapped." if swapped else "outside the globe."),
            rule="axes_swapped" if swapped else "outside_globe",
            hint="longitude comes first; check the CRS that the file states",
            field="geometry",
        )
    if not _in_italy(*centre):
        text = f"the centre {centre[0]:.4f}, {centre[1]:.4f} lies outside Italy, whose codes these are"
        findings.append(_finding("warning", "outside_italy", text, "kept"))


def _in_italy(lon: float, lat: float) -> bool:
    west, south, east, north = _ITALY
    return bool(west <= lon <= east and south <= lat <= north)


def _valid(shapes: Any, findings: list[Finding]) -> Any:
    """Repair invalid polygons with `make_valid` and keep what has an area."""
    broken = np.flatnonzero(~shapely.is_valid(shapes))
    if broken.size:
        reasons = shapely.is_valid_reason(shapes[broken])
        shapes = shapes.copy()
        shapes[broken] = [_polygonal(g) for g in shapely.make_valid(shapes[broken])]
        rows = ", ".join(
            f"row {int(r) + 1} ({reason})" for r, reason in zip(broken[:20], reasons[:20], strict=True)
        )
        text = f"{broken.size} invalid geometries were repaired: {rows}"
        findings.append(_finding("warning", "invalid_geometry", text, "repaired"))
        _refuse_rows(shapely.is_empty(shapes), "missing_geometry", "no area after repair")
    return np.array(
        [shapely.MultiPolygon([g]) if g.geom_type == "Polygon" else g for g in shapes], dtype=object
    )


def _polygonal(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the polygons of ``shape`` as one MultiPolygon (lines and points have no area)."""
    flat = shapely.get_parts(shapely.get_parts(shape))
    return shapely.MultiPolygon([g for g in flat if g.geom_type == "Polygon"])


def _whole(units: gpd.GeoDataFrame, epsg: int) -> list[Finding]:
    """Report overlaps, gaps and enclosed land."""
    shapes = units.geometry.to_numpy()
    codes, names = list(units["istat"]), list(units["name"])
    found: list[Finding] = []
    for a, b, area in coverage_checks.overlaps(shapes, epsg):
        if area > OVERLAP_KM2:
            text = f"{names[a]} ({codes[a]}) and {names[b]} ({codes[b]}) overlap on {area:.4f} km2"
            hint = "a point there belongs to the lower code"
            found.append(_finding("warning", "overlap", text, "kept", row=codes[a], hint=hint))
    holes = coverage_checks.holes_km2(coverage_checks.union(shapes), epsg)
    gaps = [a for a in holes if a <= boundaries.GAP_KM2]
    if gaps:
        text = f"{len(gaps)} gaps of together {sum(gaps):.4f} km2 between the borders"
        found.append(_finding("warning", "gap", text, "kept", hint="points there lie in no municipality"))
    for area in holes[: len(holes) - len(gaps)]:
        text = f"an area of {area:.2f} km2 inside the territory belongs to no unit of the set"
        found.append(_finding("note", "enclosed_area", text, "kept"))
    return found


def _finding(severity: Any, rule: str, message: str, action: Any, **place: Any) -> Finding:
    return Finding(severity=severity, rule=rule, message=message + ".", table=_TABLE, action=action, **place)

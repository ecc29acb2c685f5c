"""From GeoJSON to a row of a layer: every value is checked before anything is written."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec
import numpy as np

from contado.kernel.errors import did_you_mean
from contado.web.ogc import crs
from contado.web.ogc.prepared import kind_of
from contado.web.ogc.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pyarrow as pa
    from numpy.typing import NDArray
    from starlette.requests import Request

    from contado.web.ogc.prepared import Prepared

__all__ = ["MAX_BYTES", "Draft", "changed", "original", "read_body", "restored"]

MAX_BYTES: Final = 5_000_000
"""Largest body that is read [byte]."""

_GEOMETRY: Final = "geometry"
_FAMILIES: Final = {"Point": 0, "LineString": 1, "Polygon": 2}


def read_body(request: Request, body: bytes, types: Collection[str]) -> dict[str, Any]:
    """Return the JSON object of a body.

    Raises
    ------
    Problem
        Another media type (415), too large (413), or no JSON object (400).
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in types:
        hint = f"valid: {', '.join(sorted(types))}"
        raise Problem(415, f"{media[:60]!r} cannot be read here.", rule="bad_media_type", hint=hint)
    if len(body) > MAX_BYTES:
        raise Problem(413, "The body is too large.", rule="too_large", hint=f"at most {MAX_BYTES} bytes")
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(
            400, f"The body is no JSON: {error}.", rule="bad_json", hint="send one object"
        ) from None
    if not isinstance(found, dict):
        raise Problem(400, "The body is no JSON object.", rule="bad_json", hint="send one feature")
    return found


def _bad(detail: str, hint: str, rule: str = "bad_feature") -> Problem:
    return Problem(422, detail, rule=rule, hint=hint)


class Draft:
    """What a feature is to become: attributes and geometry, in the layer's types and CRS.

    Parameters
    ----------
    features
        The layer; ``features.whole`` holds attributes that readers do not see, which are kept.
    attributes
        Value of every column but the geometry.
    shape
        Geometry in the layer's CRS.
    """

    def __init__(self, features: Prepared, attributes: dict[str, Any], shape: Any) -> None:
        self.features = features
        self.attributes = attributes
        self.shape = shape

    @classmethod
    def whole(
        cls,
        features: Prepared,
        given: Mapping[str, Any],
        request: Request,
        *,
        fid: str | None,
        row: int | None = None,
    ) -> Self:
        """Return the draft of a whole feature; what it does not name is unknown afterwards.

        Raises
        ------
        Problem
            It is no feature (400), or a value does not fit the layer (422).
        """
        if given.get("type") != "Feature":
            raise Problem(400, "The body is no GeoJSON feature.", rule="bad_json", hint='"type": "Feature"')
        _same_id(given, fid)
        properties = given.get("properties")
        if properties is not None and not isinstance(properties, dict):
            raise Problem(400, "properties is no object.", rule="bad_json", hint='"properties": {}')
        attributes: dict[str, Any] = dict.fromkeys(_columns(features))
        if row is not None:
            attributes |= _hidden(features, row)
        attributes |= _checked(features, properties or {}, fid)
        if row is not None and features.key is not None:
            attributes[features.key] = features.ids[row].item()
        return cls(features, attributes, _checked_shape(features, given.get(_GEOMETRY), request))

    @classmethod
    def patched(
        cls, features: Prepared, row: int, patch: Mapping[str, Any], request: Request, *, fid: str
    ) -> Self:
        """Return the draft of a feature changed by a merge patch (RFC 7396; errors of `whole`)."""
        unknown = sorted(set(patch) - {"type", "id", "properties", _GEOMETRY, "links", "bbox"})
        if unknown:
            raise _bad(f"{unknown[0][:60]!r} is no member of a feature.", "properties, geometry")
        _same_id(patch, fid)
        properties = patch.get("properties", {})
        if not isinstance(properties, dict):
            raise _bad("properties is no object.", '"properties": {}')
        attributes = features.whole.slice(row, 1).drop_columns([_GEOMETRY]).to_pylist()[0]
        attributes |= _checked(features, properties, fid)
        shape = features.shapes[row]
        if _GEOMETRY in patch:
            shape = _checked_shape(features, patch[_GEOMETRY], request)
        return cls(features, attributes, shape)

    @property
    def lonlat(self) -> Any:
        """The geometry in CRS84."""
        return crs.moved(np.array([self.shape], dtype=object), self.features.system, crs.LONLAT)[0]

    def checked_id(self, wanted: Any) -> Any:
        """Return the id that a client gives a new feature, None without one.

        Raises
        ------
        Problem
            It does not fit the ids of the layer (422).
        """
        whole = self.features.ids.dtype.kind in "iu"
        if wanted is None:
            return None
        if whole and isinstance(wanted, int) and not isinstance(wanted, bool) and 0 <= wanted < 2**53:
            return wanted
        fits = isinstance(wanted, str) and 0 < len(wanted) <= 200 and wanted.isprintable()
        if not whole and fits and wanted.strip() == wanted and not wanted.endswith("/undo"):
            return wanted
        raise _bad(f"{str(wanted)[:60]!r} cannot be an id here.", "leave it out to get one")

    def name(self, fid: str) -> None:
        """Give a new feature its id."""
        key = self.features.key
        assert key is not None
        self.attributes[key] = int(fid) if self.features.ids.dtype.kind in "iu" else fid

    def row(self) -> pa.Table:
        """Return the feature as a row of its layer."""
        import pyarrow as pa
        import shapely

        wkb = shapely.to_wkb(self.shape, flavor="iso", byte_order=1)
        row = {**self.attributes, _GEOMETRY: wkb}
        return pa.Table.from_pylist([row], schema=self.features.whole.schema)

    def body(self) -> bytes:
        """Return the version that is kept: all attributes, geometry in the layer's CRS."""
        return _kept(self.features, self.attributes, self.shape)


def _columns(features: Prepared) -> list[str]:
    return [name for name in features.whole.column_names if name != _GEOMETRY]


def _hidden(features: Prepared, row: int) -> dict[str, Any]:
    """Return the attributes of a row that readers do not see."""
    names = [name for name in _columns(features) if name not in features.kinds]
    found: dict[str, Any] = features.whole.select(names).slice(row, 1).to_pylist()[0] if names else {}
    return found


def _same_id(given: Mapping[str, Any], fid: str | None) -> None:
    if fid is not None and given.get("id") is not None and str(given["id"]) != fid:
        raise Problem(400, "The feature has another id than its address.", rule="bad_id", hint=f"id {fid}")


def _checked(features: Prepared, properties: Mapping[str, Any], fid: str | None) -> dict[str, Any]:
    """Return properties in the layer's types."""
    found = {}
    for name, value in properties.items():
        if name not in features.kinds:
            hint = f"{did_you_mean(name, features.kinds)} valid: {', '.join(features.kinds)}".strip()
            raise _bad(f"There is no attribute {name[:60]!r}.", hint, "unknown_property")
        if name == features.key:
            if fid is not None and str(value) != fid:
                raise _bad(f"{name} names the feature and cannot change.", f"leave it out, or give {fid}")
            continue
        found[name] = _converted(name, value, features.whole.schema.field(name).type)
    return found


def _converted(name: str, value: Any, kind: pa.DataType) -> Any:
    """Return a JSON value as the column's type takes it."""
    import pyarrow as pa

    if value is None:
        return None
    form = kind_of(kind)
    wrong = _bad(f"{name}: {str(value)[:60]!r} is no {form}.", f"give a value of type {form}", "bad_property")
    if not isinstance(value, _FITS.get(form, object)) or isinstance(value, bool) != (form == "boolean"):
        raise wrong
    try:
        if form in {"date", "date-time"}:
            value = _moment(value, form, kind)
        if form == "integer" and isinstance(value, float):
            value = int(value) if value.is_integer() else "no whole number"
        pa.scalar(value, kind)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        raise wrong from None
    return value


_FITS: Final[dict[str, Any]] = {
    "string": str,
    "integer": (int, float),
    "number": (int, float),
    "boolean": bool,
    "date": str,
    "date-time": str,
}


def _moment(text: str, form: str, kind: pa.DataType) -> Any:
    if form == "date":
        return dt.date.fromisoformat(text)
    found = dt.datetime.fromisoformat(text)
    found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    found = found.astimezone(dt.UTC)
    return found if kind.tz else found.replace(tzinfo=None)


def _checked_shape(features: Prepared, given: Any, request: Request) -> Any:
    """Return a GeoJSON geometry in the layer's CRS, once it is sure that it belongs there."""
    import shapely

    hint = f"a GeoJSON geometry of type {features.info.geometry_type}"
    if given is None:
        raise _bad("The geometry is missing.", hint, "bad_geometry")
    try:
        shape = shapely.from_geojson(msgspec.json.encode(given))
    except (shapely.errors.GEOSException, ValueError) as error:
        raise _bad(f"The geometry cannot be read: {str(error)[:200]}.", hint, "bad_geometry") from None
    if not isinstance(given, dict) or given.get("type") == "Feature" or shape.is_empty:
        raise _bad("The geometry is empty or no geometry.", hint, "bad_geometry")
    _refuse_other_type(features, shape, hint)
    system = crs.named("Content-Crs", request.headers.get("content-crs"), features.info)
    lonlat = crs.moved(np.array([shape], dtype=object), system, crs.LONLAT, reading=True)[0]
    x, y = shapely.get_coordinates(lonlat).T
    if not (np.isfinite(x).all() and np.isfinite(y).all() and (abs(x) <= 180).all() and (abs(y) <= 90).all()):
        hint = "degrees of longitude, then latitude; another CRS goes into the header Content-Crs"
        raise _bad("A position lies outside the world.", hint, "bad_geometry")
    if not shapely.is_valid(shape):
        raise _bad(f"The geometry is not valid: {shapely.is_valid_reason(shape)}.", hint, "bad_geometry")
    stored = np.array([shape], dtype=object)
    target = features.system._replace(flipped=False)
    return crs.moved(crs.moved(stored, system, crs.LONLAT, reading=True), crs.LONLAT, target)[0]


def _refuse_other_type(features: Prepared, shape: Any, hint: str) -> None:
    wanted = features.info.geometry_type.removesuffix(" Z").removeprefix("Multi")
    kind = shape.geom_type.removeprefix("Multi")
    if wanted in _FAMILIES and kind != wanted:
        raise _bad(f"The layer has no {shape.geom_type}.", hint, "bad_geometry")
    if kind not in _FAMILIES:
        raise _bad(f"{shape.geom_type} cannot be kept in a layer.", hint, "bad_geometry")


def changed(features: Prepared, row: int | None, draft: Draft | None) -> tuple[pa.Table, NDArray[np.object_]]:
    """Return a layer and its geometries with one feature changed.

    Parameters
    ----------
    row
        Where the feature stands; None where it is new and goes to the end.
    draft
        What it becomes; None where it goes.
    """
    import pyarrow as pa

    at = len(features) if row is None else row
    rows = [features.whole.slice(0, at), features.whole.slice(at + 1)]
    shapes = [features.shapes[:at], features.shapes[at + 1 :]]
    if draft is not None:
        rows.insert(1, draft.row())
        shapes.insert(1, np.array([draft.shape], dtype=object))
    return pa.concat_tables(rows).combine_chunks(), np.concatenate(shapes)


# ---------------------------------------------------------------- versions
def _kept(features: Prepared, attributes: Mapping[str, Any], shape: Any) -> bytes:
    import shapely

    wkb = None if shape is None else shapely.to_wkb(shape, hex=True, flavor="iso", byte_order=1)
    body = {"crs": features.info.crs, "properties": attributes, "wkb": wkb}
    return msgspec.json.encode(body, order="deterministic")


def original(features: Prepared, row: int) -> bytes:
    """Return a feature as it is, for its versions."""
    attributes = features.whole.slice(row, 1).drop_columns([_GEOMETRY]).to_pylist()[0]
    return _kept(features, attributes, features.shapes[row])


def restored(features: Prepared, kept: Mapping[str, Any], row: int | None) -> Draft:
    """Return the draft of a kept version.

    Raises
    ------
    Problem
        The layer's columns or CRS have changed since (409).
    """
    import shapely

    attributes: dict[str, Any] = dict.fromkeys(_columns(features))
    fits = kept["crs"] == features.info.crs and set(kept["properties"]) <= set(attributes)
    if not fits or kept["wkb"] is None:
        detail = "The layer was replaced since; the earlier version does not fit any more."
        raise Problem(409, detail, rule="version_does_not_fit", hint="write the feature anew")
    if row is not None:
        attributes |= _hidden(features, row)
    schema = features.whole.schema
    attributes |= {
        name: _converted(name, value, schema.field(name).type) for name, value in kept["properties"].items()
    }
    return Draft(features, attributes, shapely.from_wkb(kept["wkb"]))

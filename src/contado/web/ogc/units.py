"""The municipality that a feature belongs to, and numbers for features that have no id of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from contado.kernel.errors import DataError
from contado.web.ogc.prepared import Kept, Prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.territory.locate import Locator
    from contado.kernel.workspace import LayerInfo, WorkspaceView

__all__ = ["numbered", "unit_of"]

_CODES: Final = ("municipality", "istat")
"""Attributes that name a feature's municipality, in this order."""

_locators = Kept(2)


def unit_of(view: WorkspaceView, attributes: Mapping[str, Any], lonlat: Any) -> str:
    """Return the municipality of a feature: its attribute, else the one that holds its representative point.

    Parameters
    ----------
    view
        The workspace, whose layer ``municipalities`` has the borders.
    attributes
        Of the feature.
    lonlat
        Its geometry in EPSG:4326.

    Returns
    -------
    str
        The ISTAT code; ``*`` where it lies in none, so that only who has the whole territory may change it.
    """
    locator = _locator(view)
    known = set(locator.units.codes) if locator else set()
    for name in _CODES:
        if attributes.get(name) in known:
            return str(attributes[name])
    if locator is None or lonlat is None or lonlat.is_empty:
        return "*"
    point = lonlat.representative_point()
    return locator.istat([point.x], [point.y]).to_pylist()[0] or "*"


def _locator(view: WorkspaceView) -> Locator | None:
    """Return what finds the municipality of a point, None in a workspace without municipalities."""
    from contado.kernel.territory import boundaries, locate

    try:
        borders = view.layer_info("municipalities")
        found: Locator = _locators.made(
            (str(view.path), borders.sha256), lambda: locate.Locator(boundaries.from_workspace(view))
        )
    except DataError:
        return None
    return found


def numbered(info: LayerInfo, features: Prepared) -> Prepared:
    """Return features that carry their ids: those that only had the number of their row get a column ``fid``.

    A row's number would change with the first deletion before it; a column does not.
    """
    import pyarrow as pa

    if features.key is not None:
        return features
    name = "fid" if "fid" not in features.whole.column_names else "id"
    column = pa.array(features.ids, pa.int64())
    listed = (info.style or {}).get("columns")
    if name in features.whole.column_names or listed is not None:
        raise DataError(
            f"The features of {info.id} have no ids of their own.",
            rule="no_key",
            hint="import the layer with a column `id` of different values",
            field=info.id,
        )
    return Prepared(info, features.whole.add_column(0, name, column), features.shapes)

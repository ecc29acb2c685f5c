"""Layers as one scope may see them: what is not for it does not exist.

``public`` layers are for everybody. Of ``org`` and ``private`` layers an account of an office sees the rows of
its units, as with records; a row that belongs to no municipality is seen by every office where the layer
is ``org``, by whoever has the whole territory where it is ``private``. A layer without any row for the
scope is not there, and counts and boxes are those of the rows that are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from contado.kernel.errors import DataError, TableNotFound
from contado.kernel.workspace import WorkspaceView

if TYPE_CHECKING:
    import pyarrow as pa

    from contado.kernel.records import Scope
    from contado.kernel.territory.locate import Locator
    from contado.kernel.workspace import LayerInfo

__all__ = ["SeenView"]

_CODES = ("municipality", "istat")
"""Attributes that name a row's municipality, in this order."""


class SeenView(WorkspaceView):
    """A workspace through the eyes of one scope; rows that are not for it are left out.

    Parameters
    ----------
    view
        The whole workspace.
    scope
        Whose eyes.
    """

    def __init__(self, view: WorkspaceView, scope: Scope) -> None:
        self.path, self.settings, self.findings = view.path, view.settings, view.findings
        self.whole = view
        self.scope = scope
        self._layers: list[LayerInfo] | None = None
        self._locator: Locator | None = None

    def layers(self) -> list[LayerInfo]:
        """Return the registry's rows of the layers that are seen, with the counts of what is seen."""
        if self._layers is None:
            infos = (self._seen(info) for info in self.whole.layers())
            self._layers = [info for info in infos if info is not None]
        return list(self._layers)

    def _seen(self, info: LayerInfo) -> LayerInfo | None:
        if info.access == "public" or self.scope.everywhere:
            return info
        if not self.scope.units:
            return None
        rows = self._rows(info)
        return msgspec.structs.replace(info, n=len(rows), bbox=_bbox(rows)) if len(rows) else None

    def layer_info(self, name: str) -> LayerInfo:
        """Return the registry's row of a layer (`TableNotFound` when there is none for this scope)."""
        layers = {info.id: info for info in self.layers()}
        if name not in layers:
            raise TableNotFound.from_name(name, layers, kind="layer")
        return layers[name]

    def layer(self, name: str) -> pa.Table:
        """Return the rows of a layer that are seen (errors of `WorkspaceView.layer`)."""
        return self._rows(self.layer_info(name))

    def is_whole(self, name: str) -> bool:
        """Whether all rows of a layer are seen, so that its own file may be handed out."""
        return self.scope.everywhere or self.layer_info(name).access == "public"

    def _rows(self, info: LayerInfo) -> pa.Table:
        import pyarrow as pa
        import pyarrow.compute as pc

        table = self.whole.layer(info.id)
        if info.access == "public" or self.scope.everywhere:
            return table
        units = self.units(table)
        within = pc.is_in(units, value_set=pa.array(sorted(self.scope.units), pa.string()))
        if info.access == "org":
            within = pc.or_(within, pc.is_null(units))
        return table.filter(within)

    def units(self, table: pa.Table) -> pa.Array:
        """Return the municipality of each row of a table with places, null where it is not known."""
        return _units_of(self.whole, table, self._locate)

    def _locate(self) -> Locator | None:
        """Return what finds the municipality of a point; None in a workspace without municipalities."""
        from contado.kernel.territory import boundaries, locate

        if self._locator is None:
            try:
                self._locator = locate.Locator(boundaries.from_workspace(self.whole))
            except DataError:
                return None
        return self._locator


def _units_of(view: WorkspaceView, table: pa.Table, locator: Any) -> pa.Array:
    """Return each row's municipality: its attribute, else the one that holds its representative point.

    Parameters
    ----------
    view
        The whole workspace; a code of none of its municipalities counts as unknown.
    table
        A layer.
    locator
        Returns the `contado.kernel.territory.locate.Locator`, or None; called where a point is needed.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    known = [str(c) for c in view.read("territory_unit").column("id").to_pylist()]
    units = pa.nulls(len(table), pa.string())
    for name in _CODES:
        if name in table.column_names and pa.types.is_string(table[name].type):
            column = table[name].combine_chunks()
            valid = column if not known else pc.if_else(pc.is_in(column, pa.array(known)), column, None)
            units = pc.coalesce(units, valid)
    if not units.null_count or (found := locator()) is None:
        return units
    return pc.coalesce(units, _by_point(table, found))


def _by_point(table: pa.Table, locator: Locator) -> pa.Array:
    from contado.kernel.tables import geoparquet

    shapes = geoparquet.to_gdf(table.select(["geometry"])).geometry
    placed = (
        shapes.set_crs(4326) if shapes.crs is None else shapes.to_crs(4326)
    )  # a table has no CRS of its own
    points = placed.representative_point()
    return locator.istat(points.x.to_numpy(), points.y.to_numpy())


def _bbox(table: pa.Table) -> list[float] | None:
    from contado.kernel.tables import geoparquet

    if not len(table):
        return None
    return [float(v) for v in geoparquet.to_gdf(table.select(["geometry"])).total_bounds]

"""The live tiles of one layer of a workspace."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.kernel.errors import ColumnNotFound, UsageError
from contado.kernel.tiles import crowd, grid, index, levels, render
from contado.kernel.tiles.levels import Level, Limits
from contado.kernel.tiles.render import COUNT, SUM, Look, Tile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from contado.kernel.workspace import LayerInfo, WorkspaceView

__all__ = ["RESERVED", "TileLayer"]

RESERVED: Final = "_"
"""Attributes whose names begin so are never shown: these names belong to the cells."""


class TileLayer:
    """Tiles of a layer as its file is now; made once a layer and measure, asked for many tiles.

    Parameters
    ----------
    view
        The workspace.
    name
        Layer; the MVT layer has the same name.
    measure
        Numeric attribute whose sum the cells carry.
    rank
        Numeric attribute by which small features are drawn first where a tile has room; by default the
        style's key ``rank``.

    Raises
    ------
    TableNotFound
        There is no such layer.
    Damaged
        Its file does not have the hash of the registry.
    GeometryError
        It mixes points, lines and polygons.
    ColumnNotFound, UsageError
        ``measure`` or ``rank`` is no attribute that is shown, or no number (rule ``not_a_number``).
    """

    def __init__(
        self, view: WorkspaceView, name: str, *, measure: str | None = None, rank: str | None = None
    ) -> None:
        settings = view.settings.tiles
        self.limits = Limits(settings.max_features, settings.max_bytes)
        self.info, self.index = _indexed(view, name)
        shown = _shown(self.index, self.info.style or {})
        self.look = Look(name, tuple(shown.values()), _number(self.index, shown, measure, name))
        self._rank = _number(self.index, shown, rank or (self.info.style or {}).get("rank"), name)
        self._levels: dict[int, Level] = {}
        self._solving = threading.Lock()
        self._merged: dict[int, int] = {}

    @cached_property
    def etag(self) -> str:
        """What the bytes of every tile follow from: the layer's hash, what is shown, the limits."""
        facts = (self.info.sha256, index.FORMAT, levels.GZIP_LEVEL, self.look, self.limits, self._rank)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]

    def tile(self, z: int, x: int, y: int) -> Tile:
        """Return a tile (XYZ order): MVT bytes, not compressed; none where nothing is there.

        Raises
        ------
        UsageError
            The tile lies outside the matrix (rule ``no_such_tile``).
        """
        tile = grid.checked(z, x, y)
        return render.render(self.index, self.level(z), self.look, tile)

    def tiles(self, z: int, x: NDArray[np.int64], y: NDArray[np.int64]) -> list[Tile]:
        """Return tiles of one zoom inside the matrix, as `tile` gives each."""
        return render.render_all(self.index, self.level(z), self.look, x, y)

    def level(self, zoom: int) -> Level:
        """Return the thresholds of a zoom."""
        known = self._levels.get(zoom)
        return self.prepare([zoom])[zoom] if known is None else known

    def prepare(self, zooms: Iterable[int], ready: dict[int, Tile] | None = None) -> Mapping[int, Level]:
        """Return the thresholds of zooms, computed in one descent where they are not kept yet.

        ``ready`` gets the tiles that are made on the way; see `contado.kernel.tiles.levels.solve`.
        """
        with self._solving:
            missing = {z for z in zooms if z not in self._levels}
            for zoom in sorted(missing):
                kept = self._kept(zoom)
                if kept is not None:
                    self._levels[zoom] = kept
                    missing.discard(zoom)
            if missing:
                self._solve(missing, ready)
        return self._levels

    def _solve(self, zooms: set[int], ready: dict[int, Tile] | None) -> None:
        for crowded in crowd.crowds(self.index, self.look, self.limits, zooms):
            solved = levels.solve(self.index, self.look, self.limits, crowded, self._rank, ready)
            self._levels[crowded.zoom] = solved
        for zoom in sorted(zooms):
            level = self._levels.setdefault(zoom, Level.free(zoom))
            file = self._file(zoom)
            if file is not None:
                with contextlib.suppress(OSError):  # a newer layer's index may have taken the folder's place
                    level.save(file)

    def _file(self, zoom: int) -> Path | None:
        folder = self.index.folder
        return None if folder is None else folder / f"level-{self.etag}-{zoom}.npz"

    def _kept(self, zoom: int) -> Level | None:
        file = self._file(zoom)
        try:
            return Level.load(file, zoom) if file is not None and file.is_file() else None
        except FileNotFoundError:
            return None

    def merged(self, zoom: int) -> int:
        """Return how many features are counted in cells at a zoom instead of drawn."""
        if zoom not in self._merged:
            every = np.arange(self.index.facts.n)
            flat = levels.flat_features(self.index, zoom, every)
            self._merged[zoom] = int((flat | self.level(zoom).merges(self.index, every)).sum())
        return self._merged[zoom]

    def vector_layer(self, min_zoom: int, max_zoom: int) -> dict[str, Any]:
        """Return the entry of TileJSON's ``vector_layers``: attributes and their types."""
        fields = {self.index.facts.fields[c].name: self.index.facts.fields[c].kind for c in self.look.columns}
        fields[COUNT] = "Number"
        if self.look.measure is not None:
            fields[SUM + self.index.facts.fields[self.look.measure].name] = "Number"
        return {
            "id": self.look.name,
            "description": self.info.title_en,
            "minzoom": min_zoom,
            "maxzoom": max_zoom,
            "fields": fields,
        }

    def bounds(self) -> list[float]:
        """Return west, south, east, north of what is on the map [deg]."""
        if not self.index.facts.n:
            return [-180.0, -85.0511, 180.0, 85.0511]
        box = self.index.box
        west, north = grid.world_to_lonlat(float(box[0].min()), float(box[1].min()))
        east, south = grid.world_to_lonlat(float(box[2].max()), float(box[3].max()))
        return [west, south, east, north]

    def tilejson(self, addresses: list[str], *, min_zoom: int = 0, max_zoom: int = 14) -> dict[str, Any]:
        """Return the TileJSON 3.0.0 object of the layer.

        ``aggregated`` names the zooms at which features are counted in cells, and how many are.
        ``addresses`` are templates with ``{z}``, ``{x}`` and ``{y}``.
        """
        bounds = self.bounds()
        merged = {str(z): self.merged(z) for z in range(min_zoom, max_zoom + 1)}
        return {
            "tilejson": "3.0.0",
            "name": self.info.title_en,
            "version": "1.0.0",
            "scheme": "xyz",
            "tiles": addresses,
            "minzoom": min_zoom,
            "maxzoom": max_zoom,
            "bounds": bounds,
            "center": [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2, min_zoom],
            "attribution": self.info.licence or "",
            "vector_layers": [self.vector_layer(min_zoom, max_zoom)],
            "aggregated": {zoom: count for zoom, count in merged.items() if count},
        }


def _indexed(view: WorkspaceView, name: str) -> tuple[LayerInfo, index.Index]:
    """Return the registry's row of a layer and the index of just that version, which may be replaced meanwhile."""
    folder = view.path / "layers" / ".index" / name
    info = view.layer_info(name)
    known = index.found(folder, info.sha256)
    if known is None:
        info, table = view.layer_version(name)
        known = index.found(folder, info.sha256) or index.made(folder, info.sha256, table)
    return info, known


def _shown(found: index.Index, style: Mapping[str, Any]) -> dict[str, int]:
    """Return the attributes that leave the house: all, or those of the style's list ``columns``."""
    listed = style.get("columns")
    return {
        field.name: place
        for place, field in enumerate(found.facts.fields)
        if not field.name.startswith(RESERVED) and (listed is None or field.name in listed)
    }


def _number(found: index.Index, shown: Mapping[str, int], name: str | None, table: str) -> int | None:
    """Return the place of a numeric attribute that is shown."""
    if name is None:
        return None
    if name not in shown:
        raise ColumnNotFound.from_missing([name], shown, table=table)
    if found.facts.fields[shown[name]].kind != "Number":
        raise UsageError(
            f"{name} of {table} is no number.",
            rule="not_a_number",
            hint="name a numeric attribute",
            field=name,
        )
    return shown[name]

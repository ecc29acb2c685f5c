"""Municipalities of the workspace: names, residents, areas, borders."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contado.web.data.view import layer_rows, real, text

if TYPE_CHECKING:
    from shapely import Geometry

    from contado.kernel.workspace import WorkspaceView as View

__all__ = ["Territory", "Unit", "fold", "load"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A municipality: ISTAT code, name, residents, area in km2, borders in EPSG:4326."""

    code: str
    name: str
    residents: int | None
    area_km2: float | None
    geometry: Geometry | None = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """All municipalities, ordered by name."""

    units: tuple[Unit, ...]

    @property
    def by_code(self) -> dict[str, Unit]:
        """Units by ISTAT code."""
        return {u.code: u for u in self.units}

    @property
    def residents(self) -> int:
        """Residents of all units where known."""
        return sum(u.residents or 0 for u in self.units)

    @property
    def area_km2(self) -> float:
        """Area of all units where known."""
        return sum(u.area_km2 or 0.0 for u in self.units)

    def find(self, wanted: str) -> Unit | None:
        """Return the unit with this code (zeros in front may miss) or exactly this name."""
        key = fold(wanted)
        code = key.zfill(6) if key.isdigit() else ""
        return next((u for u in self.units if u.code == code or fold(u.name) == key), None)


def fold(name: str) -> str:
    """Return a name without case, accents, apostrophes and outer spaces, for comparison."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return plain.replace("'", " ").replace("-", " ").casefold().strip()


def load(view: View) -> Territory:
    """Read layer ``municipalities``; without it the territory is empty. Areas that it does not tell are measured."""
    import numpy as np
    from shapely import from_wkb

    from contado.kernel.territory.coverage_checks import area_km2

    kept = layer_rows(view, "municipalities")
    shapes = from_wkb(np.array([row["geometry"] for row in kept], dtype=object))
    measured = area_km2(shapes, view.settings.territory.epsg)
    found = [
        Unit(
            code=str(row["istat"]).zfill(6),
            name=str(row["name"]),
            residents=_whole(real(row, "pop")),
            area_km2=real(row, "area_km2") or float(area),
            geometry=shape,
        )
        for row, shape, area in zip(kept, shapes, measured, strict=True)
    ]
    return Territory(units=tuple(sorted(found, key=lambda u: fold(u.name))))


def name_of(row: dict[str, object], territory: Territory) -> str | None:
    """Return the name of the municipality that a row names by code."""
    code = text(row, "municipality", "istat")
    unit = territory.by_code.get(str(code))
    return unit.name if unit else code


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)

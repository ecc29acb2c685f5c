"""Layers to take away: the open ones, and for accounts of an office those of their units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.web.data.view import day
from contado.web.i18n import Words

if TYPE_CHECKING:
    import datetime as dt

    from contado.kernel.workspace import LayerInfo
    from contado.kernel.workspace import WorkspaceView as View

__all__ = ["FORMATS", "Dataset", "datasets", "of_practice"]

FORMATS: tuple[tuple[str, str, str], ...] = (
    ("csv", "CSV", "text/csv"),
    ("geojson", "GeoJSON", "application/geo+json"),
    ("gpkg", "GeoPackage", "application/geopackage+sqlite3"),
    ("parquet", "GeoParquet", "application/vnd.apache.parquet"),
)
"""Ending, name, media type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A layer; ``public`` is False where visitors do not see it."""

    id: str
    title: Words
    geometry_type: str
    n: int
    licence: str | None
    label: str | None
    updated: dt.date | None
    public: bool = True


def datasets(view: View) -> list[Dataset]:
    """Return the layers of a view, the latest first, those without a date last."""
    return sorted(
        (_dataset(info) for info in view.layers()),
        key=lambda d: (d.updated is None, -(d.updated.toordinal() if d.updated else 0), d.id),
    )


def of_practice(view: View, practice: str) -> list[Dataset]:
    """Return the layers of one practice."""
    return [d for d in datasets(view) if d.id.startswith(f"{practice}_")]


def _dataset(info: LayerInfo) -> Dataset:
    return Dataset(
        id=info.id,
        title=Words(info.title_it or info.id, info.title_en or info.id),
        geometry_type=info.geometry_type,
        n=info.n,
        licence=info.licence,
        label=info.label,
        updated=day({"at": info.updated_at}, "at"),
        public=info.access == "public",
    )

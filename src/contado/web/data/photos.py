"""Photographs of the defects of a road section, for whoever may see them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contado.kernel.dates import local
from contado.kernel.errors import DataError
from contado.kernel.records import documents

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from contado.kernel.records import Scope, Store
    from contado.kernel.workspace import WorkspaceView as View

__all__ = ["SHOWN", "Photo", "by_section", "seen"]

SHOWN: Final = ("image/jpeg", "image/png")
"""Types that every browser draws."""
_REFERENCE: Final = "document:"
_COLUMNS: Final = ("section_id", "chainage_m", "kind", "source", "t_utc", "photo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photograph: its document, where along the section [m], of what, by whom, on which legal day."""

    document_id: str
    chainage_m: float
    kind: str
    source: str
    on: dt.date


def by_section(view: View) -> Mapping[str, Sequence[Photo]]:
    """Return the photographs that the records keep, by section, the latest first.

    Names of files that a camera's maker gave are none: the records do not hold them.
    """
    import pyarrow.compute as pc

    try:
        told = view.read("pavement_anomaly_obs").select(_COLUMNS)
    except DataError:
        return {}
    kept = told.filter(pc.starts_with(told["photo"], _REFERENCE)).sort_by([("t_utc", "descending")])
    found: dict[str, list[Photo]] = defaultdict(list)
    for row in kept.to_pylist():
        photo = Photo(
            document_id=row["photo"].removeprefix(_REFERENCE),
            chainage_m=float(row["chainage_m"]),
            kind=row["kind"] or "unknown",
            source=row["source"] or "",
            on=local.legal_day(row["t_utc"], view.settings.territory.timezone),
        )
        found[row["section_id"]].append(photo)
    return found


def seen(store: Store, scope: Scope, photos: Sequence[Photo]) -> list[Photo]:
    """Return the photographs that are within a scope and that a browser draws."""
    if not photos:
        return []
    with store.reading(scope) as session:
        known = documents.among(session, [p.document_id for p in photos])
    return [p for p in photos if p.document_id in known and known[p.document_id].mime in SHOWN]

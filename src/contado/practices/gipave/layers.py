"""Layer of the practice: sections of the trials with their arm and growth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from contado.engines.pavement import trial
from contado.kernel.practice import LayerSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from contado.practices.gipave.evaluation import Row, Trial

__all__ = ["SECTIONS", "SPECS", "tables_of"]

SECTIONS = "gipave_sections"

SPECS = (
    LayerSpec(
        id=SECTIONS,
        title_it="Tratti dell’asfalto in prova",
        title_en="Sections of the trial asphalt",
        geometry_type="LineString",
        label="measured",
        description_it="Tratti trattati e di controllo delle pavimentazioni in prova, con la crescita annua dell’irregolarità.",
        description_en="Treated and control sections of trial pavements, with the yearly growth of their roughness.",
        theme="TRAN",
        frequency="ANNUAL",
        mobility="static-road-network-data",
    ),
)


def tables_of(found: Sequence[Trial]) -> Mapping[str, pa.Table]:
    """Return the rows of the layer, geometry as WKB in EPSG:4326; no layer where no section has a line."""
    import pyarrow as pa

    rows = [row for t in found for row in _sections(t)]
    return {SECTIONS: pa.Table.from_pylist(rows, schema=_schema())} if rows else {}


def _sections(t: Trial) -> list[Row]:
    measured = t.measured.get(trial.ROUGHNESS)
    growth = (
        {}
        if measured is None
        else dict(zip(measured.panel.sections, measured.panel.slopes.tolist(), strict=True))
    )
    return [
        {
            "trial_id": t.id,
            "section": s["section"],
            "arm": s["arm"],
            "road_code": s["road_code"],
            "road_name": s["road_name"],
            "municipality": s["municipality"],
            "length_m": s["length_m"],
            "growth_pct_y": _known(growth.get(s["section"])),
            "last_on": t.last_on,
            "label": t.label,
            "geometry": s["geometry"],
        }
        for s in t.sections
        if s["geometry"] is not None
    ]


def _known(growth: float | None) -> float | None:
    """Return a growth in per cent a year; NaN is not known."""
    return None if growth is None or math.isnan(growth) else 100 * growth


def _schema() -> pa.Schema:
    import pyarrow as pa

    text = ("trial_id", "section", "arm", "road_code", "road_name", "municipality")
    return pa.schema(
        [
            *((name, pa.string()) for name in text),
            ("length_m", pa.float64()),
            ("growth_pct_y", pa.float64()),
            ("last_on", pa.date32()),
            ("label", pa.string()),
            ("geometry", pa.binary()),
        ]
    )

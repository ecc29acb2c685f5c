"""Layers of the road practice: sections with their class, and open anomalies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.engines.pavement.maintenance import condition
from contado.engines.pavement.road import posts
from contado.kernel.practice import LayerSpec
from contado.practices.manto_stradale.indicators import section_figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from contado.practices.manto_stradale.state import Row, Snapshot

__all__ = ["ANOMALIES", "SECTIONS", "SPECS", "tables_of"]

SECTIONS = "manto_stradale_sections"
ANOMALIES = "manto_stradale_anomalies"

SPECS = (
    LayerSpec(
        id=SECTIONS,
        title_it="Stato delle strade",
        title_en="State of the roads",
        geometry_type="LineString",
        label="estimated",
        description_it="Irregolarità (IRI) e classe di ogni sezione di strada, con intervallo, data e passaggi, stimate dai sensori a bordo delle auto.",
        description_en="Roughness (IRI) and class of each road section, with interval, date and passes, estimated from sensors in cars.",
        theme="TRAN",
        frequency="MONTHLY",
        mobility="static-road-network-data",
        style={
            "kind": "classes",
            "column": "class",
            "classes": ["A", "B", "C", "D"],
            "uncertain": "uncertain",
        },
    ),
    LayerSpec(
        id=ANOMALIES,
        title_it="Anomalie del manto stradale",
        title_en="Anomalies of the road surface",
        geometry_type="Point",
        label="estimated",
        description_it="Buche, dossi, avvallamenti e chiusini trovati dai sensori a bordo delle auto, con probabilità e date.",
        description_en="Potholes, bumps, depressions and manholes found by sensors in cars, with probability and dates.",
        theme="TRAN",
        frequency="MONTHLY",
        mobility="static-road-network-data",
        style={"kind": "shapes", "column": "kind"},
    ),
)


def tables_of(found: Snapshot) -> Mapping[str, pa.Table]:
    """Return the rows of each layer, geometry as WKB in EPSG:4326."""
    return {SECTIONS: _sections(found), ANOMALIES: _anomalies(found)}


def _sections(found: Snapshot) -> pa.Table:
    import pyarrow as pa

    figures = section_figures(found)
    order = sorted(
        (f["first_segment"]["rank"], section)
        for section, f in figures.items()
        if f["first_segment"] is not None
    )
    place = {section: k for k, (_, section) in enumerate(order, start=1)}
    rows = [
        {**_section(s, figures[s["section_id"]], found), "rank": place.get(s["section_id"])}
        for s in found.sections
        if s["geometry"] is not None
    ]
    return pa.Table.from_pylist(rows, schema=_schema(_SECTION))


def _section(section: Row, figure: Row, found: Snapshot) -> Row:
    model = condition.model(found.on)
    index, low, high = figure["condition"] or (None, None, None)
    iri = figure["iri"] or (None, None, None)
    growth = figure["growth"] or (None, None, None)
    first = figure["first_segment"] or {}
    letters = {model.letter(v) for v in (low, high)}
    known = posts.of_section(section)
    return {
        "section_id": section["section_id"],
        "road_code": section["road_code"],
        "road_name": section["road_name"] or section["road_code"],
        "from_km": section["from_km"],
        "to_km": known.km(section["length_m"]) if known.official else section["to_km"],
        "municipality": section["municipality"],
        "class": model.letter(index),
        "criticality": model.criticality(index),
        "uncertain": None if index is None else len(letters) > 1,
        "condition_index": index,
        "condition_low": low,
        "condition_high": high,
        "iri_m_km": iri[0],
        "iri_low_m_km": iri[1],
        "iri_high_m_km": iri[2],
        "growth_m_km_y": growth[0],
        "growth_low_m_km_y": growth[1],
        "growth_high_m_km_y": growth[2],
        "anomalies": figure["anomalies"],
        "passes": figure["passes"],
        "vehicles": figure["vehicles"],
        "last_on": figure["last_on"],
        "not_driven_km": figure["not_driven_m"] / 1000,
        "not_measurable_km": figure["not_measurable_m"] / 1000,
        "length_km": figure["length_m"] / 1000,
        "priority": first.get("priority"),
        "why": first.get("why"),
        "label": figure["label"],
        "geometry": section["geometry"],
    }


def _anomalies(found: Snapshot) -> pa.Table:
    import pyarrow as pa

    roads = {s["section_id"]: s for s in found.sections}
    rows = [
        {
            **{name: anomaly[name] for name in _ANOMALY if name in anomaly},
            "road_name": roads[section]["road_name"] or roads[section]["road_code"],
            "municipality": roads[section]["municipality"],
            "geometry": anomaly["geometry"],
        }
        for section, anomalies in found.anomalies.items()
        for anomaly in anomalies
        if anomaly["geometry"] is not None
    ]
    return pa.Table.from_pylist(rows, schema=_schema(_ANOMALY))


_SECTION = {
    "section_id": "text",
    "road_code": "text",
    "road_name": "text",
    "from_km": "float",
    "to_km": "float",
    "municipality": "text",
    "class": "text",
    "criticality": "text",
    "uncertain": "bool",
    "condition_index": "float",
    "condition_low": "float",
    "condition_high": "float",
    "iri_m_km": "float",
    "iri_low_m_km": "float",
    "iri_high_m_km": "float",
    "growth_m_km_y": "float",
    "growth_low_m_km_y": "float",
    "growth_high_m_km_y": "float",
    "anomalies": "int",
    "passes": "int",
    "vehicles": "int",
    "last_on": "date",
    "not_driven_km": "float",
    "not_measurable_km": "float",
    "length_km": "float",
    "priority": "float",
    "rank": "int",
    "why": "text",
    "label": "text",
    "geometry": "geometry",
}
_ANOMALY = {
    "anomaly_id": "text",
    "section_id": "text",
    "road_name": "text",
    "municipality": "text",
    "chainage_m": "float",
    "kind": "text",
    "side": "text",
    "height_mm": "float",
    "severity": "float",
    "criticality": "text",
    "p_exists": "float",
    "state": "text",
    "passes": "int",
    "passes_possible": "int",
    "first_seen": "date",
    "last_seen": "date",
    "last_not_seen": "date",
    "label": "text",
    "geometry": "geometry",
}


def _schema(columns: Mapping[str, str]) -> pa.Schema:
    import pyarrow as pa

    kinds: dict[str, Any] = {
        "text": pa.string(),
        "float": pa.float64(),
        "int": pa.int64(),
        "bool": pa.bool_(),
        "date": pa.date32(),
        "geometry": pa.binary(),
    }
    fields: Sequence[pa.Field] = [pa.field(name, kinds[kind]) for name, kind in columns.items()]
    return pa.schema(fields)

"""The roads in the terms of the road cadastre: elements, surface, works, each placed by its abscissas.

References
----------
[1] D.M. lavori pubblici 1/6/2001 (G.U. 5 of 7/1/2002), under art. 13 c. 6 of the Codice della strada (to be
confirmed against the text of the norm).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.publish import Column
from contado.kernel.publish.report import LABELS
from contado.web.data.view import rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from contado.web.data.roads import Section
    from contado.web.data.view import Row
    from contado.web.site import Site

__all__ = ["NORM", "Register", "registers"]

NORM: Final = "D.M. 1/6/2001 (G.U. 5 del 7/1/2002)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One table of the cadastre: name in addresses, title, columns in the norm's words, rows."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]


_ELEMENTS = (
    "elemento codice_strada denominazione ente comune_istat comune carreggiata senso progressiva_iniziale_km "
    "progressiva_finale_km lunghezza_m larghezza_carreggiata_m pavimentazione data_posa "
    "traffico_giornaliero_medio quota_mezzi_pesanti giunzione_iniziale giunzione_finale come_nasce"
)
_SURFACE = (
    "elemento ascissa_iniziale_m ascissa_finale_m iri_m_km iri_da_m_km iri_a_m_km indice_condizione "
    "indice_da indice_a classe passaggi posto_in_elenco come_nasce"
)
_WORKS = "elemento ascissa_iniziale_m ascissa_finale_m data_fine lavorazione costo_eur intervento"
_UNKNOWN = (None, None, None)
_WORDS: Final = {
    "carreggiata": {"single": "unica", "left": "sinistra", "right": "destra"},
    "senso": {"forward": "crescente", "backward": "decrescente"},
    "pavimentazione": {
        "asphalt": "asfalto",
        "concrete": "calcestruzzo",
        "paving_stones": "masselli",
        "sett": "cubetti di pietra",
        "cobblestone": "acciottolato",
        "gravel": "ghiaia",
        "unpaved": "non pavimentata",
    },
    "come_nasce": {label: words.it for label, words in LABELS.items()},
}
"""Column -> the table's words in Italian; another word stays as the body wrote it."""
_MONEY = frozenset({"costo_eur"})


def registers(site: Site) -> list[Register]:
    """Return the tables of the cadastre, with the sections that the reader sees."""
    visible = {s.id: s for s in site.roads.sections}
    return [
        _register("elementi", "Elementi stradali", _ELEMENTS, _elements(site, visible)),
        _register("pavimentazione", "Pavimentazione", _SURFACE, _surface(site, visible)),
        _register("lavori", "Lavori", _WORKS, _works(site, visible)),
    ]


def _register(name: str, title: str, header: str, found: Iterator[tuple[Any, ...]]) -> Register:
    columns = tuple(Column(c, "money" if c in _MONEY else "plain") for c in header.split())
    told = [_WORDS.get(c.heading, {}) for c in columns]
    rows = tuple(tuple(w.get(v, v) for w, v in zip(told, row, strict=True)) for row in found)
    return Register(name=name, title=title, columns=columns, rows=rows)


def _elements(site: Site, visible: dict[str, Section]) -> Iterator[tuple[Any, ...]]:
    sections = [r for r in rows(site.view, "pavement_lrs_section") if r["section_id"] in visible]
    ends = _junctions(site, sections)
    for row in sorted(sections, key=lambda r: str(r["section_id"])):
        seen = visible[row["section_id"]]
        links = row["links"] or [None]
        yield (
            *(row[name] for name in ("section_id", "road_code", "road_name")),
            ends.get(links[0], _UNKNOWN)[2],
            seen.code,
            seen.municipality,
            *(row[name] for name in ("carriageway", "direction", "from_km", "to_km", "length_m", "width_m")),
            *(row[name] for name in ("surface", "built_on", "aadt", "heavy_share")),
            ends.get(links[0], _UNKNOWN)[0],
            ends.get(links[-1], _UNKNOWN)[1],
            row["label"],
        )


def _junctions(site: Site, sections: Sequence[Row]) -> dict[str, tuple[Any, ...]]:
    """Return first node, last node and owner of the links that begin and end the sections."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = sorted({link for s in sections if s["links"] for link in (s["links"][0], s["links"][-1])})
    if not wanted:
        return {}
    links = site.view.read("road_link").select(["link_id", "from_node", "to_node", "owner"])
    near = links.filter(pc.is_in(links["link_id"], pa.array(wanted, links.schema.field("link_id").type)))
    return {r["link_id"]: (r["from_node"], r["to_node"], r["owner"]) for r in near.to_pylist()}


def _surface(site: Site, visible: dict[str, Section]) -> Iterator[tuple[Any, ...]]:
    for s in site.segments:
        if s.section_id in visible:
            values = (s.iri.value, s.iri.low, s.iri.high, s.index.value, s.index.low, s.index.high)
            yield s.section_id, s.from_m, s.to_m, *values, s.class_id, s.passes, s.rank, s.label


def _works(site: Site, visible: dict[str, Section]) -> Iterator[tuple[Any, ...]]:
    names = site.type_names
    for w in site.works:
        if w.section_id in visible:
            known = names.get(w.treatment or "")
            what = known.it if known else w.treatment
            yield w.section_id, w.from_m, w.to_m, w.on, what, w.cost, w.intervention

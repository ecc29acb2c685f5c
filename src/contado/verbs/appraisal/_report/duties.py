"""Risks, DNSH, parameters and sources: the last sections."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from contado.kernel.publish import Heading, Items, Note, Paragraph, Section, Table
from contado.kernel.publish.words import Words
from contado.verbs.appraisal._flows import used
from contado.verbs.appraisal._report.project import OBJECTIVES, Dnsh

if TYPE_CHECKING:
    from contado.kernel.publish.report import Block
    from contado.verbs.appraisal._report.facts import Facts

__all__ = ["dnsh", "origins", "risks"]

_OBJECTIVES: Final = {
    "mitigation": Words("Mitigazione dei cambiamenti climatici", "Climate change mitigation"),
    "adaptation": Words("Adattamento ai cambiamenti climatici", "Climate change adaptation"),
    "water": Words(
        "Uso sostenibile e protezione delle acque e delle risorse marine",
        "Sustainable use and protection of water and marine resources",
    ),
    "circular_economy": Words("Transizione verso un'economia circolare", "Transition to a circular economy"),
    "pollution": Words("Prevenzione e riduzione dell'inquinamento", "Pollution prevention and control"),
    "biodiversity": Words(
        "Protezione e ripristino della biodiversità e degli ecosistemi",
        "Protection and restoration of biodiversity and ecosystems",
    ),
}
_ANSWERS: Final = {
    "no_significant_harm": Words("nessun danno significativo", "no significant harm"),
    "significant_harm": Words("danno significativo", "significant harm"),
    "not_known": Words("non noto", "not known"),
}


def risks(f: Facts) -> Section:
    """List the risks as the offices rate them; no probability is invented."""
    title = f.say("Rischi", "Risks")
    if not f.project.risks:
        lead = f.unsaid("nessun rischio è stato indicato.", "no risk was stated.")
        text = f.say(
            "La sensitività qui sopra dice quanto possono cambiare le voci; non dice quanto è probabile.",
            "The sensitivity above says how far items may change; it does not say how likely that is.",
        )
        return Section(title, (Note(lead=lead, text=text, kind="warning"),))
    table = Table(
        caption=f.say("Rischi e misure", "Risks and measures"),
        columns=(
            f.column("Rischio", "Risk"),
            f.column("Probabilità", "Probability"),
            f.column("Gravità", "Severity"),
            f.column("Misura", "Measure"),
            f.column("Chi", "Who"),
        ),
        rows=tuple(
            (r.name, r.probability or None, r.severity or None, r.measure or None, r.owner or None)
            for r in f.project.risks
        ),
        missing=f.unknown,
    )
    return Section(title, (table,))


def dnsh(f: Facts) -> Section:
    """Tell for each environmental objective what the inputs say, and no more."""
    intro = f.say(
        "«Non arrecare un danno significativo» ai sei obiettivi ambientali del Reg. (UE) 2020/852, art. 9 (danno: art. 17). "
        "Qui sta scritto ciò che dicono i dati del progetto; il resto è non noto.",
        "Do no significant harm to the six environmental objectives of Reg. (EU) 2020/852, art. 9 (harm: art. 17). "
        "What the project's data say stands here; the rest is not known.",
    )
    said = {name: f.project.dnsh.get(name, Dnsh()) for name in OBJECTIVES}  # type: ignore[call-overload]
    table = Table(
        caption=f.say("I sei obiettivi", "The six objectives"),
        columns=(
            f.column("Obiettivo", "Objective"),
            f.column("Esito", "Outcome"),
            f.column("Perché", "Why"),
            f.column("Evidenza", "Evidence"),
            f.column("Scheda", "Sheet"),
        ),
        rows=tuple(
            (
                _OBJECTIVES[name].of(f.lang),
                _ANSWERS[d.answer].of(f.lang),
                d.reason or None,
                d.evidence or None,
                d.sheet or None,
            )
            for name, d in said.items()
        ),
        missing=f.unknown,
    )
    blocks: list[Block] = [Paragraph(intro), table, *_open(f, said), *_carbon(f)]
    return Section(
        f.say("DNSH: sei obiettivi ambientali", "DNSH: six environmental objectives"), tuple(blocks)
    )


def _open(f: Facts, said: dict[str, Dnsh]) -> tuple[Block, ...]:
    """Say which objectives are harmed, and which nobody has assessed."""
    names = {
        kind: ", ".join(_OBJECTIVES[n].of(f.lang) for n, d in said.items() if d.answer == kind)
        for kind in _ANSWERS
    }
    out: list[Block] = []
    if names["significant_harm"]:
        lead = f.say("Il progetto arreca un danno significativo.", "The project does significant harm.")
        out.append(Note(lead=lead, text=names["significant_harm"], kind="error"))
    if names["not_known"]:
        lead = f.say("Non valutati:", "Not assessed:")
        out.append(Note(lead=lead, text=names["not_known"], kind="warning"))
    return tuple(out)


def _carbon(f: Facts) -> tuple[Block, ...]:
    """State the avoided emissions of the flows: a fact, no verdict."""
    found = [flow for flow in f.main.flows if flow.item == "carbon_avoided"]
    if not found:
        return ()
    total, years = math.fsum(flow.quantity for flow in found), sorted({flow.year for flow in found})
    text = f.say(
        f"Nei flussi: {f.num(total, 1)} tCO₂e evitate fra {years[0]} e {years[-1]}. È un dato, non un esito.",
        f"In the flows: {f.num(total, 1)} tCO₂e avoided between {years[0]} and {years[-1]}. It is a figure, not an outcome.",
    )
    return (Paragraph(text),)


def origins(f: Facts) -> Section:
    """List the parameters with their status, what was left out, and the sources."""
    rate = used(f.main.rate)
    status = {
        "given": ("dato", "given"),
        "confirmed": ("confermato", "confirmed"),
        "to_confirm": ("da confermare", "to be confirmed"),
    }
    table = Table(
        caption=f.say("Parametri", "Parameters"),
        columns=(
            f.column("Parametro", "Parameter"),
            f.column("Valore", "Value"),
            f.column("Stato", "Status"),
            f.column("Fonte", "Source"),
        ),
        rows=(
            (
                f.say("Tasso di sconto sociale", "Social discount rate"),
                f"{f.num(100 * rate.value, 2)} %",
                f.say(*status[rate.status]),
                rate.source,
            ),
        ),
        missing=f.unknown,
    )
    blocks: list[Block] = [table]
    if f.main.findings:
        blocks.append(
            Heading(f.say("Che cosa ha segnalato il programma (in inglese)", "What the program reported"))
        )
        blocks.append(Items(tuple(finding.message for finding in f.main.findings)))
    blocks.append(_sources(f))
    return Section(f.say("Parametri e fonti", "Parameters and sources"), tuple(blocks))


def _sources(f: Facts) -> Block:
    if not f.project.sources:
        lead = f.unsaid(
            "il progetto non indica le fonti dei suoi dati.", "the project names no sources of its data."
        )
        return Note(lead=lead, kind="warning")
    return Table(
        caption=f.say("Fonti del progetto", "Sources of the project"),
        columns=(
            f.column("Titolo", "Title"),
            f.column("Chi pubblica", "Publisher"),
            f.column("Data", "Date", "date"),
            f.column("Licenza", "Licence"),
            f.column("Indirizzo", "Address"),
        ),
        rows=tuple(
            (s.title, s.publisher or None, s.date, s.licence or None, s.url or None)
            for s in f.project.sources
        ),
        missing=f.unknown,
    )

"""Needs and demand, alternatives: the first sections of the guidelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.publish import Heading, Items, Note, Paragraph, Section, Table

if TYPE_CHECKING:
    from contado.kernel.publish.report import Block
    from contado.verbs.appraisal._report.facts import Facts

__all__ = ["alternatives", "needs"]


def needs(f: Facts) -> Section:
    """Tell what is needed, the objectives and the demand."""
    p = f.project
    blocks: list[Block] = [
        Paragraph(p.needs or f.unsaid("il fabbisogno non è stato descritto.", "the need was not described.")),
        Heading(f.say("Obiettivi", "Objectives")),
        Items(tuple(p.objectives))
        if p.objectives
        else Paragraph(f.unsaid("nessun obiettivo è stato indicato.", "no objective was stated.")),
        Heading(f.say("Domanda", "Demand")),
        _demand(f) if p.demand else _no_demand(f),
    ]
    return Section(f.say("Fabbisogno e domanda", "Need and demand"), tuple(blocks))


def _no_demand(f: Facts) -> Note:
    lead = f.unsaid("la domanda non è stata data.", "the demand was not given.")
    text = f.say(
        "Senza domanda attuale e prevista la necessità dell'opera non è dimostrata.",
        "Without present and expected demand the need for the work is not shown.",
    )
    return Note(lead=lead, text=text, kind="warning")


def _demand(f: Facts) -> Table:
    return Table(
        caption=f.say("Domanda attuale e prevista", "Present and expected demand"),
        columns=(
            f.column("Grandezza", "Quantity"),
            f.column("Anno", "Year", "year"),
            f.column("Valore", "Value", "number", 1),
            f.column("Da", "From", "number", 1),
            f.column("A", "To", "number", 1),
            f.column("Unità", "Unit"),
            f.column("Come è nato", "How it was born", "label"),
            f.column("Fonte", "Source"),
        ),
        rows=tuple(
            (d.name, d.year, d.value, d.low, d.high, d.unit or None, d.label, d.source or None)
            for d in f.project.demand
        ),
        missing=f.unknown,
    )


def alternatives(f: Facts) -> Section:
    """Compare the alternatives, the one without the project among them."""
    title = f.say("Alternative", "Alternatives")
    if not f.alternatives:
        lead = f.unsaid("nessuna alternativa è stata data.", "no alternative was given.")
        text = f.say(
            "Le linee guida chiedono il confronto con l'assenza di intervento e con altre soluzioni.",
            "The guidelines ask to compare with doing nothing and with other solutions.",
        )
        return Section(title, (Note(lead=lead, text=text, kind="warning"),))
    yes, no = f.say("sì", "yes"), f.say("no", "no")
    rows = [
        (
            f.project.name,
            yes,
            f.done.npv_eur,
            f.done.benefit_cost_ratio,
            f.say("questo progetto", "this project"),
        )
    ]
    for said, found in f.alternatives:
        figures = (found.appraisal.npv_eur, found.appraisal.benefit_cost_ratio) if found else (None, None)
        rows.append(
            (said.name, yes if said.chosen else no, *figures, said.reason or said.description or f.unknown)
        )
    table = Table(
        caption=f.say("Confronto fra le alternative", "Comparison of the alternatives"),
        columns=(
            f.column("Alternativa", "Alternative"),
            f.column("Scelta", "Chosen"),
            f.column("VAN economico, €", "Economic NPV, €", "number"),
            f.column("Benefici/costi", "Benefits/costs", "number", 2),
            f.column("Perché", "Why"),
        ),
        rows=tuple(rows),
        label=f.project.label,
        missing=f.unknown,
    )
    return Section(title, (table,))

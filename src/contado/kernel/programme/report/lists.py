"""Budgets and sources, chosen and not chosen works, shared worksites, equity."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from contado.kernel.publish import Note, Paragraph, Section, Table
from contado.kernel.publish.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.kernel.programme.digest import Work
    from contado.kernel.programme.report.pen import Pen
    from contado.kernel.publish.report import Block

__all__ = ["MOST_ROWS", "chosen", "equity", "money", "rejected", "worksites"]

MOST_ROWS: Final = 400
"""Works told in one list; how many more there are is said, and all stand in the table beside the report."""
_BANDS: Final = (
    (Words("nessun intervento", "no intervention"), 0.0),
    (Words("meno di 10 €", "less than €10"), 10.0),
    (Words("10–30 €", "€10–30"), 30.0),
    (Words("30–60 €", "€30–60"), 60.0),
    (Words("60 € e oltre", "€60 and more"), float("inf")),
)
"""Spend for each resident, the upper end left out."""


def money(pen: Pen) -> Section:
    """Tell budgets, what is spent of them, what one more euro would bring, and who pays."""
    d = pen.digest
    rows = tuple(
        (b.source, b.year, b.budget_eur, b.spent_eur, b.budget_eur - b.spent_eur, b.price) for b in d.budgets
    )
    budgets = Table(
        caption=pen.say("Bilanci per fonte e anno", "Budgets by source and year"),
        columns=(
            pen.column("Fonte", "Source"),
            pen.column("Anno", "Year", "year"),
            pen.money("Bilancio, €", "Budget, €"),
            pen.money("Speso, €", "Spent, €"),
            pen.money("Avanza, €", "Left, €"),
            pen.column("Prezzo", "Price", "number", 2),
        ),
        rows=rows,
        missing=pen.unknown,
    )
    price = pen.say(
        "Il prezzo dice quanti euro di beneficio porterebbe un euro in più di quel bilancio; zero dove i soldi avanzano.",
        "The price says how many euros of benefit one more euro of that budget would bring; zero where money is left.",
    )
    return Section(
        pen.say("Bilanci e fonti", "Budgets and sources"), (budgets, Paragraph(price), _sources(pen))
    )


def _sources(pen: Pen) -> Table:
    spent: dict[str, float] = defaultdict(float)
    for row in pen.digest.budgets:
        spent[row.source] += row.spent_eur
    total = sum(spent.values())
    return Table(
        caption=pen.say("Chi paga", "Who pays"),
        columns=(
            pen.column("Fonte", "Source"),
            pen.column("Tipologia di risorsa", "Type of resource"),
            pen.column("Atto", "Act"),
            pen.money("Speso, €", "Spent, €"),
            pen.column("Quota", "Share", "share"),
        ),
        rows=tuple(
            (
                s["name"],
                s["resource_type"],
                s["law"],
                spent[s["name"]],
                spent[s["name"]] / total if total else None,
            )
            for s in pen.digest.sources
        ),
        missing=pen.unknown,
    )


def chosen(pen: Pen) -> Section:
    """List the works of the programme by year, with who pays and how sturdy each is."""
    works = sorted(pen.digest.chosen, key=lambda w: (w.start_year or 0, w.id))
    table = Table(
        caption=pen.say("Interventi scelti, per anno", "Chosen interventions, by year"),
        columns=(
            pen.column("Intervento", "Intervention"),
            pen.column("Comune", "Municipality"),
            pen.column("Anno", "Year", "year"),
            pen.money("Spesa, €", "Spent, €"),
            pen.column("Costo da–a, migliaia di €", "Cost from–to, thousand €"),
            pen.column("Fonti", "Sources"),
            pen.column("Resa", "Yield", "number", 2),
            pen.column("Scelto nelle prove", "Chosen in the draws", "share"),
            pen.column("Come è nato", "How it was born", "label"),
        ),
        rows=tuple(
            (
                pen.title(w),
                w.municipality,
                w.start_year,
                w.spent_eur,
                _interval(pen, w),
                ", ".join(sorted(w.paid)) or None,
                w.yield_ratio,
                w.selection_frequency,
                w.label,
            )
            for w in works[:MOST_ROWS]
        ),
        missing=pen.unknown,
    )
    return Section(pen.say("Interventi scelti", "Chosen interventions"), (*_more(pen, works), table))


def rejected(pen: Pen) -> Section:
    """List what is left out, the best yield first, each with its reason."""
    works = [w for w in pen.digest.works if not w.chosen]
    table = Table(
        caption=pen.say(
            "Interventi non scelti, in ordine di resa", "Interventions not chosen, in order of yield"
        ),
        columns=(
            pen.column("Intervento", "Intervention"),
            pen.column("Comune", "Municipality"),
            pen.money("Costo, €", "Cost, €"),
            pen.column("Resa", "Yield", "number", 2),
            pen.column("Motivo", "Reason"),
            pen.column("Scelto nelle prove", "Chosen in the draws", "share"),
            pen.column("Come è nato", "How it was born", "label"),
        ),
        rows=tuple(
            (
                pen.title(w),
                w.municipality,
                w.cost_eur,
                w.yield_ratio,
                pen.say(w.reason_it, w.reason_en) or None,
                w.selection_frequency,
                w.label,
            )
            for w in works[:MOST_ROWS]
        ),
        missing=pen.unknown,
    )
    return Section(pen.say("Interventi non scelti", "Interventions not chosen"), (*_more(pen, works), table))


def _interval(pen: Pen, work: Work) -> str | None:
    if work.cost_low_eur is None or work.cost_high_eur is None:
        return None
    return f"{pen.num(work.cost_low_eur / 1e3)}–{pen.num(work.cost_high_eur / 1e3)}"


def _more(pen: Pen, works: Sequence[Work]) -> tuple[Block, ...]:
    """Say how many works the list leaves out."""
    if (more := len(works) - MOST_ROWS) <= 0:
        return ()
    lead = pen.say(
        f"Altri {pen.num(more)} non stanno in questo elenco.", f"{pen.num(more)} more are not in this list."
    )
    text = pen.say("Tutti sono nel file candidates.csv.", "All of them are in the file candidates.csv.")
    return (Note(lead=lead, text=text),)


def worksites(pen: Pen) -> Section:
    """List the pairs that start together on one worksite and what that saves."""
    title = pen.say("Cantieri in comune", "Shared worksites")
    joints = pen.digest.joints
    if joints is None:
        lead = pen.say(
            "Non noto: manca la registrazione del calcolo.", "Not known: the record of the run is missing."
        )
        return Section(title, (Note(lead=lead, kind="warning"),))
    if not joints:
        return Section(
            title, (Paragraph(pen.say("Nessuno in questo programma.", "None in this programme.")),)
        )
    saved = pen.num(sum(j.saving_eur for j in joints))
    told = pen.say(
        f"{len(joints)} coppie di interventi cominciano insieme sulla stessa strada o area: {saved} € in meno.",
        f"{len(joints)} pairs of interventions start together on one street or area: € {saved} less.",
    )
    table = Table(
        caption=pen.say("Coppie di interventi", "Pairs of interventions"),
        columns=(
            pen.column("Anno", "Year", "year"),
            pen.column("Intervento", "Intervention"),
            pen.column("Con", "With"),
            pen.money("Risparmio, €", "Saving, €"),
        ),
        rows=tuple(
            (j.year, j.a.of(pen.lang), j.b.of(pen.lang), j.saving_eur)
            for j in sorted(joints, key=lambda j: (j.year, j.a, j.b))
        ),
        label=pen.digest.label(),
    )
    return Section(title, (Paragraph(told), table))


def equity(pen: Pen) -> Section:
    """Tell spend by municipality and resident, and what the floors cost."""
    spend: dict[str, float] = defaultdict(float)
    works: dict[str, int] = defaultdict(int)
    for work in pen.digest.chosen:
        spend[work.municipality or pen.unknown] += work.spent_eur
        works[work.municipality or pen.unknown] += 1
    residents = {unit.name: unit.residents for unit in pen.digest.units.values()}
    rows = [
        (name, works[name], amount, amount / people if (people := residents.get(name)) else None)
        for name, amount in sorted(spend.items(), key=lambda item: (-item[1], item[0]))
    ]
    by_unit = Table(
        caption=pen.say("Spesa per comune", "Spend by municipality"),
        columns=(
            pen.column("Comune", "Municipality"),
            pen.column("Interventi", "Interventions", "number"),
            pen.money("Spesa, €", "Spent, €"),
            pen.column("€ per residente", "€ for each resident", "number", 2),
        ),
        rows=tuple(rows),
        missing=pen.unknown,
    )
    return Section(
        pen.say("Equità fra i comuni", "Equity between municipalities"),
        (_bands(pen, spend), by_unit, *_floors(pen)),
    )


def _bands(pen: Pen, spend: dict[str, float]) -> Table:
    members: list[list[int]] = [[] for _ in _BANDS]
    for unit in pen.digest.units.values():
        if unit.residents:
            head = spend.get(unit.name, 0.0) / unit.residents
            place = 0 if head == 0 else next(i for i, (_, top) in enumerate(_BANDS) if i and head < top)
            members[place].append(unit.residents)
    return Table(
        caption=pen.say("Comuni per spesa a residente", "Municipalities by spend for each resident"),
        columns=(
            pen.column("Spesa per residente", "Spend for each resident"),
            pen.column("Comuni", "Municipalities", "number"),
            pen.column("Residenti", "Residents", "number"),
        ),
        rows=tuple((name.of(pen.lang), len(m), sum(m)) for (name, _), m in zip(_BANDS, members, strict=True)),
    )


def _floors(pen: Pen) -> tuple[Block, ...]:
    if not pen.digest.floors:
        return (
            Paragraph(
                pen.say("Nessuna quota minima per comune è chiesta.", "No floor for a municipality is asked.")
            ),
        )
    table = Table(
        caption=pen.say("Quote minime", "Floors"),
        columns=(
            pen.column("Comune", "Municipality"),
            pen.money("Almeno, €", "At least, €"),
            pen.column("Prezzo per euro riservato", "Price of a reserved euro", "number", 2),
        ),
        rows=tuple(sorted(pen.digest.floors)),
        missing=pen.unknown,
    )
    return (table,)

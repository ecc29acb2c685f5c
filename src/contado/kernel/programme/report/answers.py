"""What the programme buys, how near it is to the best possible, how sturdy it is, and its cut line."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from contado.kernel.portfolio.told import counted, never_chosen
from contado.kernel.publish import Chart, Figure, Figures, Note, Paragraph, Section, Table, charts
from contado.kernel.publish.words import Words, interval_text
from contado.kernel.tables.schema import indicators

if TYPE_CHECKING:
    from contado.kernel.programme.digest import Work
    from contado.kernel.programme.report.pen import Pen
    from contado.kernel.publish.report import Block

__all__ = ["buys", "cut", "near", "sturdy"]

_PROOFS: Final = {
    "prices": Words("limite dimostrato dai prezzi dei bilanci", "bound proven by the budgets' prices"),
    "enumeration": Words(
        "tutti i programmi possibili sono stati provati", "every possible programme was tried"
    ),
    "two_solvers": Words("due solutori concordano", "two solvers agree"),
    "solver": Words(
        "limite dichiarato dal solutore, non dimostrato", "bound as the solver claims it, not proven"
    ),
}
_AROUND: Final = 8
"""Works told on each side of the cut line."""
_MOST_BARS: Final = 600
_SUM_OF_ENDS: Final = Words(
    "Gli estremi degli intervalli sono sommati come se tutti gli errori andassero insieme.",
    "The ends of the intervals are added as if all errors went together.",
)


def buys(pen: Pen) -> Section:
    """Tell what the programme buys: money, value, effects, by practice."""
    d = pen.digest
    spent = sum(w.spent_eur for w in d.chosen)
    no_interval = pen.say(
        "intervallo non noto: il calcolo registra il solo valore",
        "interval not known: the run records the value alone",
    )
    figures = (
        Figure(
            value=pen.num(len(d.chosen)),
            unit=pen.say("interventi", "interventions"),
            meaning=pen.say(
                f"scelti fra {len(d.works)} candidati", f"chosen among {len(d.works)} candidates"
            ),
        ),
        Figure(
            value=pen.millions(spent),
            unit=pen.say("milioni di €", "million €"),
            interval=_cost_interval(pen),
            meaning=pen.say(
                "di spesa, al netto dei cantieri in comune", "spent, less what shared worksites save"
            ),
            label=pen.born(),
        ),
        Figure(
            value=pen.millions(d.run["value_eur"]),
            unit=pen.say("milioni di €", "million €"),
            interval=no_interval,
            meaning=pen.say("di benefici attualizzati", "of discounted benefits"),
            label=pen.born(),
        ),
    )
    blocks = (Figures(figures), _born(pen), _by_practice(pen), *_effects(pen))
    return Section(pen.say("Che cosa compra", "What it buys"), tuple(b for b in blocks if b is not None))


def _born(pen: Pen) -> Paragraph | None:
    """Say which share of the value rests on simulated or estimated inputs, and which on inputs that do not say."""
    chosen = pen.digest.chosen
    total = sum(w.value_eur or 0.0 for w in chosen)
    if not total:
        return None
    weak = sum(w.value_eur or 0.0 for w in chosen if w.label in {"simulated", "estimated"}) / total
    unsaid = sum(w.value_eur or 0.0 for w in chosen if w.label is None) / total
    told = [
        pen.say(
            f"Il {pen.num(100 * weak)} % del valore poggia su dati simulati o stimati.",
            f"{pen.num(100 * weak)} % of the value rests on simulated or estimated data.",
        )
    ]
    if unsaid:
        told.append(
            pen.say(
                f"Per il {pen.num(100 * unsaid)} % non è detto come sono nati i dati.",
                f"For {pen.num(100 * unsaid)} % it is not stated how the data were born.",
            )
        )
    return Paragraph(" ".join(told[1:] if unsaid == 1 else told))


def _cost_interval(pen: Pen) -> str:
    chosen = pen.digest.chosen
    low = [w.cost_low_eur for w in chosen if w.cost_low_eur is not None]
    high = [w.cost_high_eur for w in chosen if w.cost_high_eur is not None]
    if not chosen or len(low) < len(chosen) or len(high) < len(chosen):
        return pen.say(
            "intervallo non noto: alcuni costi non ne hanno", "interval not known: some costs have none"
        )
    text = interval_text(sum(low) / 1e6, sum(high) / 1e6, pen.lang, 2)
    return pen.say("costi da ", "costs ") + text


def _by_practice(pen: Pen) -> Table:
    groups: dict[str, list[Work]] = defaultdict(list)
    for work in pen.digest.works:
        groups[work.practice].append(work)
    rows = [
        (
            pen.practice(name),
            len(works),
            sum(w.chosen for w in works),
            sum(w.spent_eur for w in works),
            sum(w.value_eur or 0.0 for w in works if w.chosen),
        )
        for name, works in sorted(groups.items())
    ]
    return Table(
        caption=pen.say("Per buona pratica", "By good practice"),
        columns=(
            pen.column("Buona pratica", "Good practice"),
            pen.column("Candidati", "Candidates", "number"),
            pen.column("Scelti", "Chosen", "number"),
            pen.money("Spesa, €", "Spent, €"),
            pen.money("Valore, €", "Value, €"),
        ),
        rows=tuple(rows),
        label=pen.digest.label(),
    )


def _effects(pen: Pen) -> tuple[Block, ...]:
    if not pen.digest.effects:
        return ()
    registry = indicators()
    rows = [
        (
            pen.say(registry[e.indicator].name_it, registry[e.indicator].name_en),
            e.value,
            e.low,
            e.high,
            pen.unit(e.unit),
            e.works,
            e.label,
        )
        for e in pen.digest.effects
    ]
    table = Table(
        caption=pen.say("Effetti degli interventi scelti", "Effects of the chosen interventions"),
        columns=(
            pen.column("Effetto", "Effect"),
            pen.column("Valore", "Value", "number", 1),
            pen.column("Da", "From", "number", 1),
            pen.column("A", "To", "number", 1),
            pen.column("Unità", "Unit"),
            pen.column("Interventi", "Interventions", "number"),
            pen.column("Come è nato", "How it was born", "label"),
        ),
        rows=tuple(rows),
        missing=pen.unknown,
    )
    return table, Paragraph(_SUM_OF_ENDS.of(pen.lang))


def near(pen: Pen) -> Section:
    """Tell how far the programme may be from the best, and how that is known."""
    run = pen.digest.run
    title = pen.say("Quanto è vicino al meglio possibile", "How near it is to the best possible")
    if run["gap"] is None:
        lead = pen.say("Non noto: il calcolo non ha lasciato un limite.", "Not known: the run left no bound.")
        return Section(title, (Note(lead=lead, kind="warning"),))
    proof = _PROOFS.get(run["proof"] or "")
    told = proof.of(pen.lang) if proof else pen.say("limite senza prova", "bound without proof")
    verified = (
        pen.say(
            "Il verificatore ha rifatto i conti al centesimo.", "The verifier repeated the sums to the cent."
        )
        if run["verified"]
        else pen.say("Il programma non è verificato.", "The programme is not verified.")
    )
    figure = Figure(
        value=f"{pen.num(100 * run['gap'], 2)} %",
        unit=pen.say("al massimo", "at most"),
        interval=told,
        meaning=pen.say(
            f"sotto il migliore possibile, che vale al più {pen.num(run['bound_eur'] / 1e6, 3)} milioni di €",
            f"below the best possible, which is worth at most {pen.num(run['bound_eur'] / 1e6, 3)} million €",
        ),
    )
    only = pen.say(
        "Vale solo se costi e benefici sono quelli scritti.",
        "Holds only if costs and benefits are as written.",
    )
    return Section(title, (Figures((figure,)), Note(lead=only, text=verified)))


def sturdy(pen: Pen) -> Section:
    """Tell what stays when the numbers change."""
    title = pen.say("Quanto regge se i numeri cambiano", "How sturdy it is if numbers change")
    found = pen.digest.robust()
    if not found:
        lead = pen.say(
            "Non noto: le prove con costi e benefici estratti dai loro intervalli non sono state fatte.",
            "Not known: no draws of costs and benefits from their intervals were made.",
        )
        return Section(title, (Note(lead=lead, kind="warning"),))
    sentence = ", ".join(counted(kind, n, pen.lang) for kind, n in found.items())
    limits = (
        pen.say("scelto in almeno 9 prove su 10", "chosen in at least 9 of 10 draws"),
        pen.say("scelto in alcune prove", "chosen in some draws"),
        pen.say("scelto in non più di 1 prova su 10", "chosen in at most 1 of 10 draws"),
    )
    rows = tuple((pen.robustness(k), n, text) for (k, n), text in zip(found.items(), limits, strict=True))
    table = Table(
        columns=(
            pen.column("Tenuta", "Sturdiness"),
            pen.column("Interventi", "Interventions", "number"),
            pen.column("Significato", "Meaning"),
        ),
        rows=rows,
        caption=pen.say("Interventi per tenuta", "Interventions by sturdiness"),
        label=pen.digest.label(),
    )
    draws = pen.digest.settings.get("draws")
    told = pen.say(
        f"{pen.num(draws)} prove: a ogni prova costi e benefici sono estratti dai loro intervalli e il programma è rifatto.",
        f"{pen.num(draws)} draws: in each, costs and benefits are drawn from their intervals and the programme is made again.",
    )
    svg = charts.robustness(found["core"], found["borderline"], found["exterior"], sentence)
    chart = Chart(
        title=pen.say("Che cosa resta", "What stays") + f": {sentence}",
        sentence=sentence,
        svg=svg,
        table=table,
    )
    rest = never_chosen(pen.digest.never_chosen(), pen.lang)
    return Section(title, (Paragraph(told), chart, *((Paragraph(rest),) if rest else ())))


def cut(pen: Pen) -> Section | None:
    """Draw the cut line with the works around it; nothing where no yield is known."""
    known = [w for w in pen.digest.works if w.yield_ratio is not None]
    if not known:
        return None
    step = -(-len(known) // _MOST_BARS)
    bars = [charts.Bar(w.cost_eur, w.yield_ratio or 0.0, w.chosen, w.mark) for w in known[::step]]
    big = sum(w.cost_eur for w in known) >= 4e6
    unit = pen.say("milioni di €", "million €") if big else pen.say("migliaia di €", "thousand €")
    sentence = pen.say(
        f"{len(pen.digest.chosen)} interventi in programma e {len(known) - sum(w.chosen for w in known)} fuori, in ordine di resa",
        f"{len(pen.digest.chosen)} interventions in the programme and {len(known) - sum(w.chosen for w in known)} out, in order of yield",
    )
    svg = charts.cut_line(
        bars,
        label=sentence,
        words=(
            f"{pen.say('costo cumulato', 'cumulated cost')}, {unit}",
            pen.say("linea di taglio = 1", "cut line = 1"),
            pen.say("in programma", "in the programme"),
            pen.say("fuori", "out"),
        ),
        axis=lambda v: pen.num(v / (1e6 if big else 1e3)),
        width=640,
    )
    inside = [w for w in known if w.chosen][-_AROUND:]
    outside = sorted((w for w in known if not w.chosen), key=lambda w: w.mark is not None)[:_AROUND]
    chart = Chart(
        title=pen.say("Interventi in ordine di resa", "Interventions in order of yield"),
        sentence=sentence,
        svg=svg,
        table=_around(pen, [*inside, *outside]),
    )
    told = pen.say(
        "Ogni barra è un intervento: larga quanto costa, alta quanto rende per ogni euro ai prezzi dei bilanci. Piena se è in programma.",
        "Each bar is an intervention: as wide as it costs, as high as it yields for each euro at the budgets' prices. Full if it is in the programme.",
    )
    signs = pen.say(
        " ▲: dentro benché renda meno di uno, perché riempie il resto di un bilancio o per una quota minima. "
        "×: fuori benché renda di più, perché un altro lo esclude o nessuna fonte può pagarlo.",
        " ▲: in although it yields less than one, to fill what is left of a budget or for a floor. "
        "×: out although it yields more, because another excludes it or no source can pay it.",
    )
    drawn = (
        pen.say(f" È disegnata una barra ogni {step}.", f" One bar in {step} is drawn.") if step > 1 else ""
    )
    return Section(pen.say("La linea di taglio", "The cut line"), (Paragraph(told + signs + drawn), chart))


def _around(pen: Pen, works: list[Work]) -> Table:
    yes, no = pen.say("sì", "yes"), pen.say("no", "no")
    return Table(
        caption=pen.say("Intorno alla linea di taglio", "Around the cut line"),
        columns=(
            pen.column("Intervento", "Intervention"),
            pen.column("Comune", "Municipality"),
            pen.money("Costo, €", "Cost, €"),
            pen.column("Resa", "Yield", "number", 2),
            pen.column("In programma", "In the programme"),
            pen.column("Come è nato", "How it was born", "label"),
        ),
        rows=tuple(
            (pen.title(w), w.municipality, w.cost_eur, w.yield_ratio, yes if w.chosen else no, w.label)
            for w in works
        ),
        missing=pen.unknown,
    )

"""Costs, benefits, results and sensitivity: the figures of the analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from contado.kernel.appraisal import sensitivity
from contado.kernel.publish import Chart, Figure, Figures, Items, Note, Paragraph, Section, Table, charts
from contado.kernel.publish.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.appraisal.cba import ItemTotal
    from contado.kernel.publish.report import Block
    from contado.verbs.appraisal._report.facts import Facts

__all__ = ["benefits", "costs", "name_of", "results", "sensitive"]

_ITEMS: Final = {
    "cost": Words("Costi", "Costs"),
    "benefit": Words("Benefici in euro", "Benefits in euros"),
    "residual_value": Words("Valore residuo", "Residual value"),
    "carbon_avoided": Words("Emissioni evitate", "Emissions avoided"),
    "deaths_avoided": Words("Morti evitati", "Deaths avoided"),
    "injuries_avoided": Words("Feriti evitati", "Injuries avoided"),
    "crashes_avoided": Words("Incidenti evitati", "Crashes avoided"),
}
_STATUS: Final = {
    "given": Words("dato dal progetto", "given by the project"),
    "confirmed": Words("confermato", "confirmed"),
    "to_confirm": Words("da confermare", "to be confirmed"),
    "no_parameter": Words("senza valore: fuori dai totali", "no value: in no total"),
}
_STEPS: Final = (-0.2, -0.1, 0.0, 0.1, 0.2)
"""Changes of all costs and all benefits that are tried together."""


def name_of(f: Facts, item: str) -> str:
    """Return an item as readers call it."""
    return _ITEMS[item].of(f.lang) if item in _ITEMS else item


def costs(f: Facts) -> Section:
    """Tell the costs year by year and in all."""
    return _side(f, "cost", f.say("Costi", "Costs"), f.project.costs)


def benefits(f: Facts) -> Section:
    """Tell the benefits, valued and not valued."""
    made = _side(f, "benefit", f.say("Benefici", "Benefits"), f.project.benefits)
    if not f.project.not_valued:
        return made
    lead = Paragraph(f.say("Effetti senza valore in euro:", "Effects without a value in euros:"))
    return Section(made.title, (*made.blocks, lead, Items(tuple(f.project.not_valued))))


def _side(f: Facts, sense: str, title: str, said: str) -> Section:
    items = {n: t for n, t in f.done.by_item.items() if t.sense == sense}
    blocks: list[Block] = [Paragraph(said)] if said else []
    if not items:
        blocks.append(Note(lead=f.unsaid("i flussi non ne hanno.", "the flows hold none."), kind="warning"))
        return Section(title, tuple(blocks))
    own = f.say("dati del progetto", "data of the project")
    rows = [
        (
            name_of(f, n),
            t.undiscounted_eur,
            t.pv_eur,
            t.price_year,
            _STATUS[t.status].of(f.lang),
            own if t.status == "given" else t.source,
        )
        for n, t in items.items()
    ]
    blocks.append(
        Table(
            caption=title,
            columns=(
                f.column("Voce", "Item"),
                f.column("Somma degli anni, €", "Sum of the years, €", "number"),
                f.column("Valore attuale, €", "Present value, €", "number"),
                f.column("Prezzi dell'anno", "Prices of year", "year"),
                f.column("Valore unitario", "Unit value"),
                f.column("Fonte", "Source"),
            ),
            rows=tuple(rows),
            label=f.project.label,
            missing=f.unknown,
        )
    )
    blocks.append(_by_year(f, items))
    return Section(title, tuple(blocks))


def _by_year(f: Facts, items: Mapping[str, ItemTotal]) -> Table:
    """Tell the amounts of each year; a dash where an item has none, or none that a parameter values."""
    valued = {name: total.by_year for name, total in items.items() if total.by_year}
    years = sorted({year for amounts in valued.values() for year in amounts})
    return Table(
        caption=f.say("Anno per anno, non attualizzati", "Year by year, not discounted"),
        columns=(
            f.column("Anno", "Year", "year"),
            *(f.column(f"{name_of(f, n)}, €", f"{name_of(f, n)}, €", "number") for n in valued),
        ),
        rows=tuple((year, *(amounts.get(year) for amounts in valued.values())) for year in years),
        label=f.project.label,
        missing="–",
    )


def results(f: Facts) -> Section:
    """Tell net present value, rate of return, ratio, and what makes them."""
    d = f.done
    no_interval = f.say(
        "intervallo non noto: si veda la sensitività", "interval not known: see the sensitivity"
    )
    figures = (
        Figure(
            value=f.num(d.npv_eur / 1e3),
            unit=f.say("migliaia di €", "thousand €"),
            interval=no_interval,
            meaning=f.say("valore attuale netto economico", "economic net present value"),
            label=f.born(),
        ),
        Figure(
            value=f.unknown if d.err is None else f"{f.num(100 * d.err, 1)} %",
            unit=f.say("all'anno", "a year") if d.err is not None else "",
            interval=no_interval if d.err is not None else f.say("nessun tasso unico", "no single rate"),
            meaning=f.say("tasso interno di rendimento economico", "economic rate of return"),
            label=f.born(),
        ),
        Figure(
            value=f.num(d.benefit_cost_ratio, 2),
            unit=f.say("€ di benefici per € di costi", "€ of benefits for each € of costs"),
            interval=no_interval,
            meaning=f.say("rapporto benefici/costi", "benefit-cost ratio"),
            label=f.born(),
        ),
    )
    base = f.say(
        f"Anno base {d.base_year}, non attualizzato; tasso di sconto {f.num(100 * d.rate, 2)} % reale all'anno.",
        f"Base year {d.base_year}, not discounted; discount rate {f.num(100 * d.rate, 2)} % real a year.",
    )
    payback = (
        f.say("Il progetto si ripaga nel ", "The project pays back in ")
        + str(d.payback_year or f.unknown)
        + "."
    )
    sign = f.say("positivo", "positive") if d.npv_eur > 0 else f.say("non positivo", "not positive")
    only = f.say(
        f"Il valore attuale netto è {sign} se costi e benefici sono quelli scritti.",
        f"The net present value is {sign} if costs and benefits are as written.",
    )
    blocks = (Figures(figures), Paragraph(f"{base} {payback}"), Note(lead=only), *_items_chart(f))
    return Section(
        f.say("Risultati dell'analisi costi-benefici", "Results of the cost-benefit analysis"), blocks
    )


def _items_chart(f: Facts) -> tuple[Block, ...]:
    signed = [
        (name_of(f, n), t.pv_eur if t.sense == "benefit" else -t.pv_eur)
        for n, t in f.done.by_item.items()
        if t.pv_eur is not None
    ]
    if not signed:
        return ()
    sentence = f.say(
        "Valori attuali per voce: i benefici a destra dello zero, i costi a sinistra",
        "Present values by item: benefits right of zero, costs left of it",
    )
    svg = charts.item_bars(signed, label=sentence, text=lambda v: f"{f.num(v / 1e3)} {f.say('mila €', 'k€')}")
    table = Table(
        caption=f.say("Valori attuali per voce", "Present values by item"),
        columns=(f.column("Voce", "Item"), f.column("Valore attuale, €", "Present value, €", "number")),
        rows=tuple(signed),
        label=f.project.label,
    )
    title = f.say("Che cosa fa il risultato", "What makes the result")
    return (Chart(title=title, sentence=sentence, svg=svg, table=table),)


def sensitive(f: Facts) -> Section:
    """Tell critical items, switching values, other rates, costs and benefits that change together."""
    found = sensitivity.switching_values(f.done)
    critical = [name_of(f, s.item) for s in found if s.critical]
    lead = (
        f.say("Voci critiche: ", "Critical items: ") + ", ".join(critical) + "."
        if critical
        else f.say("Nessuna voce è critica.", "No item is critical.")
    )
    meaning = f.say(
        "È critica la voce che, cambiando dell'1 %, cambia il valore attuale netto di più dell'1 %. Il valore soglia è il "
        "cambiamento della voce che porta a zero il valore attuale netto.",
        "An item is critical when 1 % of it changes the net present value by more than 1 %. The switching value is the "
        "change of the item that brings the net present value to zero.",
    )
    items = Table(
        caption=f.say("Voci e valori soglia", "Items and switching values"),
        columns=(
            f.column("Voce", "Item"),
            f.column("Valore attuale, €", "Present value, €", "number"),
            f.column("VAN per l'1 % della voce, %", "NPV for 1 % of the item, %", "number", 2),
            f.column("Valore soglia", "Switching value", "share", 1),
        ),
        rows=tuple((name_of(f, s.item), s.pv_eur, s.elasticity, s.switching_share) for s in found),
        missing=f.unknown,
    )
    blocks = (Note(lead=lead, text=meaning), items, _rates(f), _together(f))
    return Section(f.say("Sensitività", "Sensitivity"), blocks)


def _rates(f: Facts) -> Table:
    return Table(
        caption=f.say("Ad altri tassi di sconto", "At other discount rates"),
        columns=(
            f.column("Tasso", "Rate"),
            f.column("VAN, €", "NPV, €", "number"),
            f.column("Benefici/costi", "Benefits/costs", "number", 2),
        ),
        rows=tuple(
            (f"{f.num(100 * rate, 1)} %", d.npv_eur, d.benefit_cost_ratio)
            for rate, d in sorted(f.by_rate.items())
        ),
        missing=f.unknown,
    )


def _together(f: Facts) -> Table:
    heads = [f"{f.say('Benefici', 'Benefits')} {_signed(f, step)}" for step in _STEPS]
    return Table(
        caption=f.say(
            "VAN se costi e benefici cambiano insieme, €", "NPV if costs and benefits change together, €"
        ),
        columns=(f.column("Costi", "Costs"), *(f.column(h, h, "number") for h in heads)),
        rows=tuple(
            (_signed(f, c), *(sensitivity.changed_npv(f.done, costs=c, benefits=b) for b in _STEPS))
            for c in _STEPS
        ),
    )


def _signed(f: Facts, share: float) -> str:
    return f"{'+' if share > 0 else ''}{f.num(100 * share)} %"

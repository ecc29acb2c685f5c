"""The sheet of one municipality as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.publish import Column, Figure, Figures, Note, Paragraph, Report, Section, Table
from contado.web import i18n

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contado.web.data.indicators import Line
    from contado.web.data.programme import Candidate
    from contado.web.data.territory import Unit
    from contado.web.page import Page
    from contado.web.pages.territory import Theme

__all__ = ["unit_report"]


def unit_report(
    page: Page, unit: Unit, themes: Sequence[Theme], works: Sequence[Candidate], without: Sequence[str]
) -> Report:
    """Return the sheet: facts, indicators by theme, works to come, what is not known.

    Parameters
    ----------
    without
        Plain names of the good practices that have no data here.
    """
    say = page.say
    labels = {line.label for t in themes for line in t.lines} | {c.label for c in works}
    simulated = say("Misure e importi sono simulati.", "Measures and amounts are simulated.")
    return Report(
        title=unit.name,
        lang=page.lang,
        date=page.site.today(),
        subtitle=f"{page.site.view.settings.territory.name or page.site.view.settings.workspace.name}, ISTAT {unit.code}",
        simulated=simulated if "simulated" in labels else "",
        sections=(
            Section(say("In breve", "In brief"), (_facts(page, unit, works),)),
            Section(
                say("Com’è messo, tema per tema", "How it is doing, theme by theme"),
                tuple(_theme(page, t) for t in themes)
                or (Paragraph(say("Nessun indicatore.", "No indicator.")),),
            ),
            Section(say("Che cosa si farà", "What will be done"), (_works(page, works),)),
            Section(say("Che cosa non si sa", "What is not known"), (_unknown(page, without),)),
        ),
    )


def _facts(page: Page, unit: Unit, works: Sequence[Candidate]) -> Figures:
    label, none = page.borders_label, page.say("non noto", "not known")
    cost = sum(c.spent for c in works)
    millions = i18n.number(cost / 1e6, page.lang, i18n.million_digits(cost))
    facts = [
        (
            i18n.number(unit.residents, page.lang) if unit.residents is not None else none,
            page.say("residenti", "residents"),
            label,
        ),
        (i18n.number(unit.area_km2, page.lang, 2) if unit.area_km2 else none, "km²", label),
    ]
    figures = [
        Figure(value=value, unit=name, meaning="", label=kind, interval="") for value, name, kind in facts
    ]
    if page.site.programme.exists:
        kind = "simulated" if page.site.programme.simulated else "estimated"
        meaning = page.say(
            f"in programma, {millions} milioni di €", f"in the programme, EUR {millions} million"
        )
        figures.append(
            Figure(
                value=i18n.number(len(works), page.lang),
                unit=page.say("interventi", "interventions"),
                meaning=meaning,
                label=kind,
            )
        )
    return Figures(tuple(figures))


def _theme(page: Page, theme: Theme) -> Table:
    say = page.say
    return Table(
        caption=f"{theme.title} ({theme.official})" if theme.official else theme.title,
        columns=(
            Column(say("Indicatore", "Indicator")),
            Column(say("Unità", "Unit")),
            Column(say("Qui", "Here"), "number", 2),
            Column(say("Da", "From"), "number", 2),
            Column(say("A", "To"), "number", 2),
            Column(say("Territorio", "Territory"), "number", 2),
            Column(say("Posto (1° = meglio)", "Rank (1st = best)")),
            Column(say("Al", "As of"), "plain"),
            Column(say("Come nasce", "Origin"), "label"),
        ),
        rows=tuple(_row(page, line) for line in theme.lines),
        missing=say("non noto", "not known"),
    )


def _row(page: Page, line: Line) -> tuple[object, ...]:
    rank = str(line.rank) if line.rank else line.why_no_rank.of(page.lang) if line.why_no_rank else None
    name, sign = line.indicator.name.of(page.lang), i18n.unit_sign(line.indicator.unit, page.lang)
    when = i18n.date_text(line.period, page.lang)
    return (name, sign, line.value, line.low, line.high, line.metropolitan, rank, when, line.label)


def _works(page: Page, works: Sequence[Candidate]) -> Table | Paragraph:
    say = page.say
    if not works:
        return Paragraph(
            say("Nessun intervento in programma qui.", "No intervention of the programme falls here.")
        )
    return Table(
        caption=say("Interventi in programma", "Interventions planned"),
        columns=(
            Column(say("Intervento", "Intervention")),
            Column(say("Anno", "Year"), "year"),
            Column(say("Spesa, €", "Spend, EUR"), "number"),
            Column(say("Come nasce", "Origin"), "label"),
        ),
        rows=tuple((c.name.of(page.lang), c.year, c.spent, c.label or "estimated") for c in works),
        missing=say("non noto", "not known"),
    )


def _unknown(page: Page, without: Sequence[str]) -> Note | Paragraph:
    if not without:
        return Paragraph(page.say("Ogni buona pratica ha dati qui.", "Every good practice has data here."))
    lead = page.say(
        f"{len(without)} buone pratiche non hanno ancora dati qui.",
        f"{len(without)} good practices have no data here yet.",
    )
    return Note(lead=lead, text=", ".join(without) + ".")

"""The programme as a document: what it buys, how near to the best, how sturdy, budgets, works, sources.

The three answers of the first sections stand together: a gap is never told without its sturdiness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.programme.report import answers, lists, method
from contado.kernel.programme.report.pen import Pen
from contado.kernel.publish import Report

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from contado.kernel.programme.digest import Digest
    from contado.kernel.publish.words import Lang, Words

__all__ = ["MOST_ROWS", "build"]

MOST_ROWS = lists.MOST_ROWS


def build(
    digest: Digest, *, lang: Lang, date: dt.date | None, plain: Mapping[str, Words] | None = None
) -> Report:
    """Return the report of a programme.

    Parameters
    ----------
    digest
        As `contado.kernel.programme.digest.read` gives it.
    lang
        Language of the report.
    date
        Date of the document.
    plain
        Plain names of the practices; their ids where they have none.
    """
    pen = Pen(lang, digest, plain or {})
    years = "–".join(dict.fromkeys(map(str, (*digest.years[:1], *digest.years[-1:]))))
    sections = (
        answers.buys(pen),
        answers.near(pen),
        answers.sturdy(pen),
        answers.cut(pen),
        lists.money(pen),
        lists.chosen(pen),
        lists.rejected(pen),
        lists.worksites(pen),
        lists.equity(pen),
        method.calculated(pen),
        method.origins(pen),
    )
    return Report(
        title=pen.say(f"Programma {years}: relazione", f"Programme {years}: report"),
        subtitle=" · ".join(dict.fromkeys(filter(None, (digest.body, digest.territory)))),
        lead=_lead(pen),
        simulated=_simulated(pen),
        lang=lang,
        date=date,
        sections=tuple(section for section in sections if section is not None),
    )


def _lead(pen: Pen) -> str:
    d = pen.digest
    spent = pen.num(sum(b.spent_eur for b in d.budgets))
    budget = pen.num(sum(b.budget_eur for b in d.budgets))
    chosen, all_of_them = pen.num(len(d.chosen)), pen.num(len(d.works))
    return pen.say(
        f"In programma {chosen} interventi su {all_of_them} candidati, per {spent} euro dei {budget} disponibili.",
        f"In the programme: {chosen} interventions of {all_of_them} candidates, for {spent} of the {budget} euros available.",
    )


def _simulated(pen: Pen) -> str:
    n = sum(w.label == "simulated" for w in pen.digest.works)
    if not n:
        return ""
    count = f"{pen.num(n)} {pen.say('su', 'of')} {pen.num(len(pen.digest.works))}"
    return pen.say(
        f"Candidati che poggiano su dati simulati: {count}. I loro costi, benefici ed effetti non descrivono opere vere.",
        f"Candidates that rest on simulated data: {count}. Their costs, benefits and effects describe no real works.",
    )

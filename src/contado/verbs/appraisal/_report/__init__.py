"""The report of an appraisal, in the order of the ministry's guidelines, with the DNSH section.

The order follows the guidelines for the evaluation of investments in public works of the Italian ministry of
infrastructure and transport (2017, sector guidelines 2022; to be confirmed against their text): need and
demand, alternatives, costs, benefits, results, sensitivity, risks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.publish import Report
from contado.verbs.appraisal._report import context, duties, money

if TYPE_CHECKING:
    import datetime as dt

    from contado.verbs.appraisal._report.facts import Facts

__all__ = ["build"]


def build(f: Facts, *, date: dt.date) -> Report:
    """Return the report of an appraisal."""
    p, d = f.project, f.done
    where = (p.body, p.municipality, f"CUP {p.cup}" if p.cup else "")
    result = (
        f.say("Valore attuale netto economico: ", "Economic net present value: ") + f"{f.num(d.npv_eur)} €"
    )
    simulated = f.say(
        "Costi e benefici di questa relazione sono simulati: non descrivono un'opera vera.",
        "Costs and benefits of this report are simulated: they describe no real work.",
    )
    return Report(
        title=f"{p.name}: " + f.say("analisi costi-benefici", "cost-benefit analysis"),
        subtitle=" · ".join(filter(None, where)),
        lead=" ".join(filter(None, (p.description, f"{result}."))),
        simulated=simulated if p.label == "simulated" else "",
        lang=f.lang,
        date=date,
        sections=(
            context.needs(f),
            context.alternatives(f),
            money.costs(f),
            money.benefits(f),
            money.results(f),
            money.sensitive(f),
            duties.risks(f),
            duties.dnsh(f),
            duties.origins(f),
        ),
    )

"""The summary of the demonstration, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from contado.verbs.demo import DemoAnswer, Explained

__all__ = ["summary"]

_WORDS = {
    "A": ("buono", "good"),
    "B": ("discreto", "fair"),
    "C": ("scadente", "poor"),
    "D": ("critico", "critical"),
    None: ("non percorso", "not driven"),
}
_PROOF = {
    "prices": ("dimostrato dai prezzi", "proven by prices"),
    "enumeration": ("dimostrato contando tutti i casi", "proven by counting all cases"),
    "solver": ("parola del solutore", "the solver's claim"),
}
_STURDY = {
    "core": ("sicuro", "safe"),
    "borderline": ("in bilico", "borderline"),
    "exterior": ("fragile", "fragile"),
}
_TEXT = {
    "en": {
        "head": "SIMULATED: an invented town, its roads and drives. Borders and residents are real.",
        "roads": "Roads          {drives} passes over {n} streets, {anomalies} anomalies",
        "class": "  {letter} {word:<11} {sections:>3} streets in the mean {km:>6.1f} km",
        "truth": "  median error {error:.1f} %, {inside:.0f} % of the 90 % intervals hold the truth (an upper bound: the simulated cars are of the kind the estimator assumes)",
        "money": "Programme      {chosen} of {candidates} candidates, EUR {spent:,.0f} of {budget:,.0f}; value EUR {value:,.0f}",
        "gap": "  at most {gap:.2%} below the best ({proof}), {verified}; prices and user costs are illustrative",
        "joint": "  {pairs} pairs of works share a worksite: EUR {saving:,.0f} saved, EUR {across_saving:,.0f} of it by {across} pairs of different domains (cycle lanes and tree rows are invented)",
        "checked": "verified to the cent",
        "unchecked": "NOT verified",
        "yes": "Why yes",
        "no": "Why not",
        "yields": "yields {ratio:.2f} for each euro at the budgets' prices",
        "drawn": "chosen in {share:.0%} of the draws from the intervals of costs and benefits ({word})",
        "where": "Results        {workspace}\n  contado serve -w {workspace}          pages and map\n  contado why ID -w {workspace}         where a number comes from\n  contado export layer manto_stradale_sections --to roads.gpkg -w {workspace}",
        "seconds": "{seconds:.0f} s",
    },
    "it": {
        "head": "SIMULATO: una cittadina inventata, le sue strade e i suoi passaggi. Confini e residenti sono reali.",
        "roads": "Strade         {drives} passaggi su {n} vie, {anomalies} anomalie",
        "class": "  {letter} {word:<12} {sections:>3} vie in media {km:>6.1f} km",
        "truth": "  errore mediano {error:.1f} %, il {inside:.0f} % degli intervalli al 90 % contiene il vero (un limite superiore: le auto simulate sono del tipo che lo stimatore suppone)",
        "money": "Programma      {chosen} di {candidates} candidati, {spent:,.0f} di {budget:,.0f} EUR; valore {value:,.0f} EUR",
        "gap": "  al massimo {gap:.2%} sotto il meglio ({proof}), {verified}; prezzi e costi degli utenti sono illustrativi",
        "joint": "  {pairs} coppie di lavori in un solo cantiere: {saving:,.0f} EUR risparmiati, {across_saving:,.0f} EUR da {across} coppie di settori diversi (corsie ciclabili e filari sono inventati)",
        "checked": "verificato al centesimo",
        "unchecked": "NON verificato",
        "yes": "Perché sì",
        "no": "Perché no",
        "yields": "rende {ratio:.2f} per ogni euro ai prezzi dei bilanci",
        "drawn": "scelto nel {share:.0%} delle prove con costi e benefici estratti dai loro intervalli ({word})",
        "where": "Risultati      {workspace}\n  contado serve -w {workspace}          pagine e mappa\n  contado why ID -w {workspace}         da dove viene un numero\n  contado export layer manto_stradale_sections --to strade.gpkg -w {workspace}",
        "seconds": "{seconds:.0f} s",
    },
}


def summary(answer: DemoAnswer, lang: Literal["it", "en"]) -> str:
    """Return the summary of a demonstration."""
    words, column = _TEXT[lang], int(lang == "en")
    money = answer.programme
    lines = [words["head"], ""]
    lines.append(
        words["roads"].format(
            drives=answer.drives, n=sum(c.sections for c in answer.classes), anomalies=answer.anomalies
        )
    )
    lines += [
        words["class"].format(
            letter=c.road_class or "-", word=_WORDS[c.road_class][column], sections=c.sections, km=c.length_km
        )
        for c in answer.classes
    ]
    lines.append(
        words["truth"].format(
            error=answer.accuracy.median_error_pct, inside=100 * answer.accuracy.within_interval_share
        )
    )
    lines.append(
        words["money"].format(
            chosen=money.chosen,
            candidates=money.candidates,
            spent=money.spent_eur,
            budget=money.budget_eur,
            value=money.value_eur,
        )
    )
    lines.append(
        words["gap"].format(
            gap=money.gap_share,
            proof=_PROOF.get(money.proof, ("senza prova", "without proof"))[column],
            verified=words["checked" if money.verified else "unchecked"],
        )
    )
    joint = answer.joint
    lines.append(
        words["joint"].format(
            pairs=joint.pairs,
            saving=joint.saving_eur,
            across=joint.across_pairs,
            across_saving=joint.across_saving_eur,
        )
    )
    lines += _explained(words, words["yes"], answer.accepted, lang)
    if answer.rejected is not None:
        lines += _explained(words, words["no"], answer.rejected, lang)
    lines += [
        "",
        words["where"].format(workspace=answer.workspace),
        words["seconds"].format(seconds=answer.seconds),
    ]
    return "\n".join(lines)


def _explained(words: dict[str, str], head: str, one: Explained, lang: str) -> list[str]:
    reason = one.reason_it if lang == "it" else one.reason_en
    lines = [f"{head:<14} {one.name}, EUR {one.cost_eur:,.0f}", f"  {reason}"]
    if one.yield_ratio is not None:
        lines.append("  " + words["yields"].format(ratio=one.yield_ratio))
    if one.selection_frequency is not None and one.robustness is not None:
        word = _STURDY[one.robustness][int(lang == "en")]
        lines.append("  " + words["drawn"].format(share=one.selection_frequency, word=word))
    return [*lines, f"  {one.id}"]

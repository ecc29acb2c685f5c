"""What `pavement programme` says in words: why a segment gets what it gets, and the plan as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from contado.kernel.publish.words import LANGS, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from contado.engines.pavement.maintenance.offers import Offers
    from contado.kernel.publish.words import Lang
    from contado.verbs.pavement._programme import Limits
    from contado.verbs.pavement.programme import ProgrammeAnswer, Weighed, Why

__all__ = ["reason", "text"]

_MOST = 60
"""Works that are listed; a longer plan is read with ``--json``."""


def reason(
    offers: Offers, limits: Limits, rows: NDArray[np.int64], row: int, best: int | None, margin: float | None
) -> dict[str, str]:
    """Return in both languages why a segment gets what it gets.

    Parameters
    ----------
    rows
        Strategies of the segment.
    row, best
        The strategy of the plan (-1 = nothing) and the best other one at the shadow prices.
    margin
        Value of the first less that of the second.
    """
    works = rows[offers.works[rows]]
    treated = row >= 0 and bool(offers.works[row])
    most = max(limits.budget_eur.values(), default=0.0)
    if not treated and works.size and float(offers.cost_eur[works].min()) > most:
        return {lang: _all_dear(lang, float(offers.cost_eur[works].min()), most) for lang in LANGS}
    if best is not None and margin is not None and margin < 0:
        return {lang: _better(lang, offers, limits, best) for lang in LANGS}
    if treated:
        return {
            "it": "vale più di ogni altra strategia del tratto, ai prezzi ombra dei bilanci",
            "en": "worth more than any other strategy of the segment, at the shadow prices of the budgets",
        }
    return {
        "it": "ai prezzi ombra gli euro rendono di più altrove",
        "en": "at the shadow prices the euros bring more elsewhere",
    }


def _all_dear(lang: Lang, cost: float, most: float) -> str:
    """Say that the cheapest work of a segment costs more than any year has."""
    least, largest = number(cost, lang), number(most, lang)
    if lang == "it":
        return f"ogni lavoro del tratto costa più del bilancio di qualunque anno: il meno caro {least} EUR, il bilancio più grande {largest} EUR"
    return f"every work of the segment costs more than the budget of any year: the cheapest {least} EUR, the largest budget {largest} EUR"


def _better(lang: Lang, offers: Offers, limits: Limits, best: int) -> str:
    """Say that a better strategy finds no room, and by which figures where it costs more than a year has."""
    head = {
        "it": "un'altra strategia renderebbe di più ai prezzi ombra, ma ",
        "en": "another strategy is worth more at the shadow prices, but ",
    }[lang]
    year, cost = int(offers.year[best]), float(offers.cost_eur[best])
    own, most = limits.budget_eur.get(year, 0.0), max(limits.budget_eur.values(), default=0.0)
    if cost <= own:
        rest = {"it": "i bilanci non le lasciano posto", "en": "the budgets leave no room for it"}[lang]
    elif cost > most:
        rest = {
            "it": f"costa {number(cost, lang)} EUR, più del bilancio di qualunque anno (al massimo {number(most, lang)} EUR)",
            "en": f"costs {number(cost, lang)} EUR, more than the budget of any year ({number(most, lang)} EUR at most)",
        }[lang]
    else:
        rest = {
            "it": f"costa {number(cost, lang)} EUR, più del bilancio del {year} ({number(own, lang)} EUR)",
            "en": f"costs {number(cost, lang)} EUR, more than the budget of {year} ({number(own, lang)} EUR)",
        }[lang]
    return head + rest


def text(answer: ProgrammeAnswer, lang: Literal["it", "en"]) -> str:
    """Write the answer for a person: how good, what each year spends, the works, the segments asked for."""
    it = lang == "it"
    works = sorted((c for c in answer.chosen if c.year >= 0), key=lambda c: (c.year, c.segment))
    noun = ("intervento" if it else "work") if len(works) == 1 else ("interventi" if it else "works")
    head = f"{len(works)} {noun}, {'valore' if it else 'worth'} {answer.objective:,.1f}"
    lines = [head + ("" if answer.gap is None else f", gap {answer.gap:.4%}")]
    lines += [
        f"{y.year}: {y.spent_eur:,.0f} {'di' if it else 'of'} {y.budget_eur:,.0f} EUR"
        + (
            ""
            if y.shadow_price is None
            else f", {y.shadow_price:.6f} {'per EUR in più' if it else 'for one EUR more'}"
        )
        for y in answer.years
    ]
    if works:
        titles = ("anno", "tratto", "trattamento", "costo, EUR", "beneficio") if it else (
            "year", "segment", "treatment", "cost, EUR", "benefit",
        )  # fmt: skip
        rows = [
            (
                str(c.year),
                c.segment,
                c.treatment or f"# {c.strategy}",
                f"{c.cost_eur:,.0f}",
                f"{c.benefit:,.1f}",
            )
            for c in works[:_MOST]
        ]
        lines += ["", *_columns(titles, rows, right=(3, 4))]
    if len(works) > _MOST:
        more = len(works) - _MOST
        lines.append(
            f"... e altri {more} (--json li dà tutti)" if it else f"... and {more} more (--json gives all)"
        )
    for why in answer.why:
        if why.strategies:
            lines += ["", *_explained(why, lang)]
    short = "sotto la soglia di" if it else "below the floor by"
    return "\n".join([*lines, *(f"{s.segment}: {short} {s.shortfall:.1f}" for s in answer.shortfalls)])


def _explained(why: Why, lang: Lang) -> list[str]:
    """Return the reason of a segment and all its strategies, the chosen one marked."""
    it = lang == "it"
    titles = ("", "anno", "trattamento", "costo, EUR", "beneficio", "valore ai prezzi ombra") if it else (
        "", "year", "treatment", "cost, EUR", "benefit", "value at the shadow prices",
    )  # fmt: skip
    rows = [_weighed(s, why.strategy, "niente" if it else "nothing") for s in why.strategies]
    lines = [f"{why.segment}: {why.reason[lang]}", *_columns(titles, rows, right=(3, 4, 5))]
    if why.break_even_cost_eur is not None:
        even = f"{why.break_even_cost_eur:,.0f} EUR"
        lines.append(
            f"vale quanto la migliore alternativa a {even}"
            if it
            else f"worth as much as the best other one at {even}"
        )
    return lines


def _weighed(s: Weighed, chosen: int | None, nothing: str) -> tuple[str, ...]:
    idle = s.year < 0
    done = nothing if idle else s.treatment or f"# {s.strategy}"
    mark = "*" if s.strategy == chosen else ""
    return (
        mark,
        "-" if idle else str(s.year),
        done,
        f"{s.cost_eur:,.0f}",
        f"{s.benefit:,.1f}",
        f"{s.value:,.1f}",
    )


def _columns(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> list[str]:
    """Return titles and rows in columns, those in ``right`` flush right."""
    widths = [max(len(r[k]) for r in (titles, *rows)) for k in range(len(titles))]
    return [
        "  ".join(
            cell.rjust(width) if k in right else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (titles, *rows)
    ]

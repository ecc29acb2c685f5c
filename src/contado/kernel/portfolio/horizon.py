"""For which years a practice proposes: those whose budgets may pay for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.kernel.errors import Finding
from contado.kernel.portfolio.offers import rules_on

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.workspace import WorkspaceView

__all__ = ["LONGEST", "USUAL", "paid_years", "proposal_years", "years_without_proposals"]

USUAL = 3
"""Years of a public works programme (D.Lgs. 36/2023 art. 37): what is proposed for where no budget tells more."""
LONGEST = 10
"""Years after the day of the proposal beyond which no treatment is foreseen."""


def proposal_years(
    workspace: WorkspaceView, practice: str, municipalities: Collection[str | None], on: dt.date
) -> tuple[range, list[Finding]]:
    """Return the years for which a practice proposes on a day, and what of the budgets lies beyond.

    From the year after ``on``: the span of the budget years that may pay for the practice in any of the
    municipalities, at most `LONGEST` years ahead; `USUAL` years where no budget ahead may.
    """
    budgets, rules = (workspace.read(name).to_pylist() for name in ("budget", "funding_rule"))
    ahead = [y for y in paid_years(budgets, rules, practice, municipalities, on) if y > on.year]
    last = on.year + LONGEST
    kept = [y for y in ahead if y <= last]
    if not kept:
        kept = [on.year + 1, on.year + USUAL]
    beyond = [y for y in ahead if y > last]
    return range(kept[0], kept[-1] + 1), [_beyond(beyond, last)] if beyond else []


def paid_years(
    budgets: Iterable[Mapping[str, Any]],
    rules: Sequence[Mapping[str, Any]],
    practice: str,
    municipalities: Collection[str | None],
    on: dt.date,
) -> list[int]:
    """Return the years in which a source has money that the rules of the day let it give to the practice.

    Without any funding rule every source may pay, as in the plan. ``when`` of a rule is a question of each
    intervention and is not asked here.
    """
    paying = {
        rule.source
        for rule, _ in rules_on([{**r, "when": None} for r in rules], (), on)
        if rule.domains is None or practice in rule.domains
    }
    mine = {"", practice, *municipalities}
    years = {
        int(b["year"])
        for b in budgets
        if (b["budget_eur"] or 0) > 0
        and (not rules or b["source"] in paying)
        and (b["earmark"] or "") in mine
    }
    return sorted(years)


def _beyond(years: Sequence[int], last: int) -> Finding:
    return Finding(
        severity="note",
        rule="budget_beyond_proposals",
        table="budget",
        message=f"Nothing is proposed for the budgets of {', '.join(map(str, years))}: {last} is the last year foreseen.",
        hint=f"propose again later; a proposal reaches {LONGEST} years ahead",
        action="kept",
    )


def years_without_proposals(problem: Problem) -> list[Finding]:
    """Say which years have money, but no intervention that could spend it."""
    last = [int(y) + len(problem.profile(i)) - 1 for i, y in enumerate(problem.latest)]
    idle = [
        year
        for year in problem.years
        if any(cents > 0 for (_, y), cents in problem.budget_cents.items() if y == year)
        and not any(first <= year <= end for first, end in zip(problem.earliest, last, strict=True))
    ]
    if not idle or not problem.ids:
        return []
    return [
        Finding(
            severity="note",
            rule="budget_without_proposals",
            table="budget",
            message=f"No intervention can spend the budgets of {', '.join(map(str, idle))}.",
            hint="propose again: proposals reach as far as the budgets that may pay",
            action="kept",
        )
    ]

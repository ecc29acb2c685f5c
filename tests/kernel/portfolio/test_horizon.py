"""The years for which a practice proposes: where a budget that may pay for it has money."""

from __future__ import annotations

from datetime import date

import pytest

from contado.kernel import tables
from contado.kernel.portfolio.horizon import paid_years, proposal_years
from contado.kernel.workspace import Workspace

ON = date(2026, 6, 1)


def budget(source, year, eur=1e5, earmark=None):
    return {"source": source, "year": year, "budget_eur": eur, "earmark": earmark}


def rule(source, domains, **more):
    return {"source": source, "domains": domains, "max_rate": 1.0, "cumulable": True, **more}


@pytest.mark.parametrize(
    ("budgets", "rules", "years"),
    [
        ([budget("own", 2027), budget("own", 2029)], [], [2027, 2029]),
        ([budget("own", 2027), budget("own", 2028, 0.0)], [], [2027]),
        ([budget("own", 2027), budget("region", 2028)], [rule("own", ["*"])], [2027]),
        (
            [budget("own", 2027), budget("region", 2028)],
            [rule(s, ["roads"]) for s in ("own", "region")],
            [2027, 2028],
        ),
        ([budget("own", 2027)], [rule("own", ["trees"])], []),
        ([budget("own", 2027)], [rule("own", ["roads"], valid_to=date(2025, 12, 31))], []),
        ([budget("own", 2027)], [rule("own", ["roads"], when="cost_eur > 100000")], [2027]),
        ([budget("own", 2027, earmark="015146"), budget("own", 2028, earmark="015999")], [], [2027]),
        ([budget("own", 2027, earmark="trees"), budget("own", 2028, earmark="roads")], [], [2028]),
    ],
)
def test_a_year_counts_where_money_may_go_to_the_practice(budgets, rules, years):
    assert paid_years(budgets, rules, "roads", ["015146", None], ON) == years


@pytest.mark.parametrize(
    ("years", "span", "told"),
    [
        ((), range(2027, 2030), []),
        ((2024, 2025, 2026), range(2027, 2030), []),
        ((2026, 2027), range(2027, 2028), []),
        ((2028, 2031), range(2028, 2032), []),
        ((2027, 2036, 2040), range(2027, 2037), ["budget_beyond_proposals"]),
        ((2040,), range(2027, 2030), ["budget_beyond_proposals"]),
    ],
)
def test_proposals_span_the_budgets_ahead_ten_years_at_most(tmp_path, years, span, told):
    workspace = Workspace.create(tmp_path / "city")
    with workspace.commit() as c:
        c.table("budget", tables.from_rows("budget", [budget("own", y) for y in years]))
    found, findings = proposal_years(workspace, "roads", [], ON)
    assert (found, [f.rule for f in findings]) == (span, told)
    assert all("2040" in f.message for f in findings)

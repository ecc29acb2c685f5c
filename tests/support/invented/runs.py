"""What the runs of the invented programme keep for readers: records, inputs, draws, explanations."""

from __future__ import annotations

import json

from contado.kernel import tables
from invented.programme import YEARS


def make_details(rows: list[dict], value: float):
    """What the run of make_programme keeps for readers: draws, worksites, value curve, one exact yes and no."""
    from contado.kernel.portfolio.breakeven import Explanation
    from contado.kernel.portfolio.details import Details, SitePair, Sturdiness
    from contado.kernel.portfolio.explain import Reason
    from contado.kernel.portfolio.increments import Increments, Step

    chosen = [r for r in rows if r["start_year"]]
    first, second = (r["intervention_id"] for r in chosen[:2])
    later = next(r["intervention_id"] for r in chosen if r["start_year"] == YEARS[1])
    out = next(r["intervention_id"] for r in rows if not r["start_year"] and r["reason_code"] == "budget")
    ids = [r["intervention_id"] for r in chosen]
    steps = [
        Step(scale=s, value=value * v, bound=value * v * 1.001, gap=0.001, chosen=ids[: round(len(ids) * v)])
        for s, v in ((0.5, 0.7), (0.75, 0.88), (1.0, 1.0))
    ]
    more = Step(scale=1.5, value=value * 1.1, bound=value * 1.11, gap=0.01, chosen=[*ids[1:], out])
    reason = Reason(code="outranked", it="no", en="no", value_eur=1.0, priced_cost_eur=1.0)
    exact = [
        Explanation(
            intervention_id=key,
            chosen=key == first,
            start_year=None,
            loss_if_forced_eur=None if key == first else 17_889.0,
            loss_if_removed_eur=11_020.0 if key == first else None,
            break_even_cost_eur=163_050.0,
            break_even_benefit_eur=None,
            because=[],
            reason=reason,
        )
        for key in (first, out)
    ]
    return Details(
        sturdiness=Sturdiness(
            draws=200,
            replan_method="lp_rounding",
            value_low_eur=value * 0.9,
            value_high_eur=value * 1.1,
            soft_value_share=1.0,
        ),
        worksites=[
            SitePair(a=first, b=second, site_id="site:1", saving_eur=1_500.0),
            SitePair(a=first, b=later, site_id="site:1", saving_eur=700.0),
            SitePair(a=second, b=out, off=True),
        ],
        increments=Increments(steps=[*steps, more], enters=[], nested=False),
        explanations=exact,
    )


def add_runs(commit, found: dict[str, list[dict]]) -> None:
    """Record the run of make_programme and an earlier one with other decisions."""
    import msgspec

    run, rows = found["run"][0], found["programme"]
    before = [dict(r) for r in rows]
    chosen = [r for r in before if r["start_year"]]
    for r in chosen[:3]:
        r.update(start_year=None, year=None, source=None, amount_eur=None)
    chosen[4].update(start_year=2030, year=2030)
    chosen[5].update(source="Fondi europei" if chosen[5]["source"] != "Fondi europei" else "Fondi propri")
    late = next(r for r in before if not r["start_year"] and r["reason_code"] == "budget")
    late.update(start_year=2028, year=2028, source="Fondi propri", amount_eur=1_000.0)
    for run_id, decided, share in ((run["run_id"], rows, 1.0), ("run-0", before, 0.9)):
        folder = f"runs/{run_id}"
        record = {
            "run_id": run_id,
            "inputs": {"intervention": "a" * 64, "budget": "b" * 64},
            "settings": {"gap_share": 0.002, "time_limit_s": 60.0, "discount_rate_share": 0.03},
            "versions": {"contado": "0.1.0"},
            "value_eur": run["value_eur"] * share,
            "bound_eur": run["bound_eur"] * share,
        }
        commit.file(f"{folder}/run.json", json.dumps(record).encode())
        commit.file(
            f"{folder}/programme.parquet", tables.parquet_bytes(tables.from_rows("programme", decided))
        )
        budgets = [b | {"budget_eur": b["budget_eur"] * share} for b in found["budget"]]
        for name, some in (("intervention", found["intervention"]), ("budget", budgets)):
            table = tables.from_rows(name, some)
            commit.file(f"{folder}/inputs/{name}.parquet", tables.parquet_bytes(table))
    details = make_details(rows, run["value_eur"])
    commit.file(f"runs/{run['run_id']}/details.json", msgspec.json.encode(details))

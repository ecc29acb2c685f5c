"""Decision, item 11: robust portfolios, risk, regret, draws, two stages, increments, soft floors."""

import itertools
import json

import numpy as np
import pytest

from contado.cli.app import run
from contado.kernel.portfolio import Problem, robust
from contado.kernel.portfolio.alternatives import alternatives, difference_share, least_difference_share
from contado.kernel.portfolio.increments import increments
from contado.kernel.portfolio.scenarios import cvar, solve_cvar, solve_regret, two_stage
from contado.kernel.portfolio.soft import solve_soft


@pytest.fixture
def tiny7(shared):
    return Problem.from_folder(shared("planning/programme/tiny7"), floors=False)


@pytest.fixture
def three(tiny7):
    rng = np.random.default_rng(7)
    return {f"s{k}": tiny7.benefit_eur * rng.uniform(0.2, 1.8, len(tiny7.ids)) for k in range(3)}


@pytest.fixture(scope="module")
def plans(shared):
    """Every programme of tiny7 that keeps its rules, by full enumeration."""
    problem = Problem.from_folder(shared("planning/programme/tiny7"), floors=False)
    options = [[None, *problem.starts(i)] for i in range(len(problem.ids))]
    every = ({i: y for i, y in enumerate(s) if y is not None} for s in itertools.product(*options))
    return [s for s in every if keeps(problem, s) and payable(problem, s)]


def keeps(problem, starts):
    for r in problem.relations:
        if r.kind == "excludes" and r.a in starts and r.b in starts:
            return False
        if r.kind == "requires" and r.a in starts and starts.get(r.b, 9999) > starts[r.a]:
            return False
    return True


def net(problem, starts):
    cost = {i: int(problem.cost_cents[i]) for i in starts}
    for r in problem.relations:
        if r.kind == "joint_worksite" and r.a in starts and starts.get(r.b) == starts[r.a]:
            cost[r.a] -= r.saving_cents
    return cost


def payable(problem, starts):
    cost, alone = net(problem, starts), {f for o in problem.offers for f, x in o.items() if not x.cumulable}
    names = [s.name for s in problem.sources]
    for year in set(starts.values()):
        mine = [i for i in starts if starts[i] == year]
        mixes = []
        for i in mine:
            caps = problem.caps_cents(i)
            one = [{f: c for f, c in caps.items() if f in (a, "own")} for a in alone if a in caps]
            mixes.append([{f: c for f, c in caps.items() if f not in alone}, *one])
        if not any(flow(problem, year, mine, cost, mix, names) for mix in itertools.product(*mixes)):
            return False
    return True


def flow(problem, year, mine, cost, mix, names):
    """Hall's condition: what must be paid outside a set of sources cannot be more than those hold."""
    for size in range(len(names) + 1):
        for group in itertools.combinations(names, size):
            room = sum(problem.budget_cents.get((f, year), 0) for f in group)
            outside = (sum(c for f, c in mix[k].items() if f not in group) for k in range(len(mine)))
            if sum(max(0, cost[i] - o) for i, o in zip(mine, outside, strict=True)) > room:
                return False
    return True


@pytest.mark.item("decision", 11, "rpm12: counts, core and exterior of six cases", "10 28 3 7 1 4; equal")
def test_rpm12(shared, capsys, figure):
    file = shared("planning/rpm/rpm12.json")
    assert run(["portfolio", "robust", str(file), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)["cases"]
    figure(" ".join(str(c["n_nondominated"]) for c in answer))
    for ours, known in zip(answer, json.loads(file.read_text())["cases"], strict=True):
        assert ours["n_nondominated"] == known["n_nondominated"]
        assert ours["core_index"] == pytest.approx(known["core_index"], abs=1e-6)
        assert (ours["core"], ours["exterior"]) == (known["core"], known["exterior"])


@pytest.mark.item(
    "decision", 11, "CVaR at alpha 0, 1/2, near 1, against enumeration", "mean, tail, worst case"
)
def test_cvar(tiny7, three, plans, figure):
    drawn = [tiny7.with_figures(benefit_eur=b) for b in three.values()]
    for alpha, weight in ((0.0, 1.0), (0.0, 0.4), (0.5, 1.0), (0.5, 0.6), (0.99, 1.0)):
        best = max(
            (1 - weight) * np.mean(v) + weight * cvar(v, alpha)
            for v in ([p.plan_value_eur(s) for p in drawn] for s in plans)
        )
        found = solve_cvar(tiny7, three, alpha=alpha, weight=weight)
        assert found.objective == pytest.approx(best, abs=0.5)
        if alpha == 0.0:
            assert found.cvar_value == pytest.approx(found.mean_value)
        if alpha == 0.99:
            assert found.cvar_value == pytest.approx(min(found.scenario_values.values()))
    figure(f"equal; worst case {best:,.0f} EUR")


@pytest.mark.parametrize("risk", [(0.0, 1.0), (0.5, 0.6), (0.99, 1.0)])
@pytest.mark.item("decision", 11, "CVaR on the command line, against enumeration", "equal; verified")
def test_cvar_on_the_command_line(shared, tiny7, three, plans, tmp_path, capsys, figure, risk):
    alpha, weight = risk
    file = tmp_path / "scenarios.csv"
    rows = [f"{s},{k},{b}" for s, mine in three.items() for k, b in zip(tiny7.ids, mine, strict=True)]
    file.write_text("\n".join(["scenario,intervention_id,benefit_eur", *rows]) + "\n")
    words = [
        "portfolio",
        "solve",
        str(shared("planning/programme/tiny7")),
        "--no-floors",
        "--json",
        "--quiet",
    ]
    words += ["--scenarios", str(file), "--cvar-alpha", str(alpha), "--cvar-weight", str(weight)]
    assert run(words) == 0
    answer = json.loads(capsys.readouterr().out)
    drawn = [tiny7.with_figures(benefit_eur=b) for b in three.values()]
    every = [[p.plan_value_eur(s) for p in drawn] for s in plans]
    best = max((1 - weight) * np.mean(v) + weight * cvar(v, alpha) for v in every)
    starts = {tiny7.ids.index(c["intervention_id"]): c["start_year"] for c in answer["programme"]}
    values = list(answer["scenario_values"].values())
    figure(f"{answer['value']:,.2f}; verified {answer['verified']}")
    assert answer["verified"]
    assert answer["value"] == pytest.approx(best, abs=0.5)
    assert values == pytest.approx([p.plan_value_eur(starts) for p in drawn], abs=0.01)
    assert answer["mean_value"] == pytest.approx(np.mean(values), abs=0.01)
    assert answer["cvar_value"] == pytest.approx(cvar(values, alpha), abs=0.01)


@pytest.mark.item("decision", 11, "minimax regret: one scenario; three, by enumeration", "0; equal")
def test_regret(tiny7, three, plans, figure):
    drawn = [tiny7.with_figures(benefit_eur=b) for b in three.values()]
    values = np.array([[p.plan_value_eur(s) for p in drawn] for s in plans])
    least = (values.max(axis=0) - values).max(axis=1).min()
    assert solve_regret(tiny7, three)[1] == pytest.approx(least, abs=0.5)
    assert solve_regret(tiny7, {"s0": three["s0"]})[1] == 0.0
    figure(f"0; {least:,.2f} EUR")


@pytest.mark.parametrize("now", [2026, 2027, 2028, 2029])
@pytest.mark.item(
    "decision", 11, "two stages on tiny7, 3 scenarios; recourse value", "enumeration; >= 0, 0 with one"
)
def test_two_stage(tiny7, three, plans, figure, now):
    drawn = [tiny7.with_figures(benefit_eur=b) for b in three.values()]
    best = {}
    for starts in plans:
        fixed = frozenset((i, y) for i, y in starts.items() if y <= now)
        values = [p.plan_value_eur(starts) for p in drawn]
        best[fixed] = np.maximum(best.get(fixed, -np.inf), values)
    expected = max(v.mean() for v in best.values())
    one_plan = max(np.mean([p.plan_value_eur(s) for p in drawn]) for s in plans)
    found = two_stage(tiny7, three, now_years=now)
    figure(f"{now}: {found.value:,.2f} EUR, recourse {found.recourse_value:,.2f}")
    assert found.value == pytest.approx(expected, abs=0.5)
    assert found.recourse_value == pytest.approx(max(0.0, expected - one_plan), abs=1.0)
    for _, choice in found.by_scenario.values():
        assert {i: y for i, y in choice.starts.items() if y <= now} == found.now
    assert two_stage(tiny7, {"s0": three["s0"]}, now_years=now).recourse_value == pytest.approx(0.0, abs=1e-6)


def with_intervals(problem, share):
    rows = [
        r
        | {
            f"{what}_{end}_eur": float(r[f"{what}_eur"]) * (1 + sign * share)
            for what in ("cost", "benefit")
            for end, sign in (("low", -1), ("high", 1))
        }
        for r in problem.rows["interventions"]
    ]
    return Problem.from_rows(
        interventions=rows,
        budgets=problem.rows["budgets"],
        rules=problem.rows["funding_rules"],
        relations=problem.rows["relations"],
    )


@pytest.mark.item("decision", 11, "selection frequency: by seed; widths zero", "same; 1 or 0 for everything")
def test_draws(tiny7, figure):
    wide = with_intervals(tiny7, 0.2)
    plan = wide.solve(gap_share=0.0)
    one, two, other = (robust.assess(wide, plan.choice, draws=40, seed=s) for s in (3, 3, 4))
    assert one == two != other
    assert one.replan_method == "milp"
    assert one.value_low < plan.value_eur < one.value_high
    figure(f"{sum(0 < f < 1 for f in one.selection_frequency.values())} of 7 between")
    for still in (tiny7, with_intervals(tiny7, 0.0)):
        flat = robust.assess(still, plan.choice, draws=40, seed=3)
        assert set(flat.selection_frequency.values()) == {0.0, 1.0}
        assert flat.value_low == flat.value_high == pytest.approx(plan.value_eur)


@pytest.mark.item(
    "decision", 11, "`plan` by default: draws, words, interval, soft share", "printed; --no-robust says so"
)
def test_plan_prints_robustness(shared, tmp_path, capsys, figure):
    city = str(tmp_path / "city")
    assert run(["init", city, "--json"]) == 0
    assert run(["tables", "import", str(shared("planning/programme/tiny7")), "-w", city, "--json"]) == 0
    capsys.readouterr()
    assert run(["plan", "-w", city, "--no-floors", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["draws"] == 200
    assert set(answer["robustness"].values()) == {"core", "exterior"}
    assert answer["soft_value_share"] is None
    assert run(["plan", "-w", city, "--no-floors"]) == 0
    assert "in 200 draws" in capsys.readouterr().out
    assert run(["plan", "-w", city, "--no-floors", "--no-robust"]) == 0
    assert "robustness left out" in capsys.readouterr().out
    figure("200 draws")


@pytest.mark.item("decision", 11, "increments: value by scale; step 1", "never falls; equals solve")
def test_increments(tiny7, figure):
    found = increments(tiny7, (0.25, 0.5, 0.75, 1.0, 1.25, 1.5), gap_share=0.0)
    values = [s.value for s in found.steps]
    figure(" ".join(f"{v:,.0f}" for v in values))
    assert values == sorted(values)
    one = tiny7.solve(gap_share=0.0)
    step = next(s for s in found.steps if s.scale == 1.0)
    assert step.value == pytest.approx(one.value_eur)
    assert step.chosen == [tiny7.ids[i] for i in sorted(one.choice.starts)]
    for entry in found.enters:
        first = next((s.scale for s in found.steps if entry.id in s.chosen), None)
        assert entry.scale == first


@pytest.mark.item("decision", 11, "alternatives within 10 %: furthest by enumeration", "equal")
def test_alternatives(tiny7, plans, figure):
    found = alternatives(tiny7, within_share=0.1, count=3)
    best = found[0]
    assert all(p.value_eur >= 0.9 * best.value_eur - 0.01 for p in found)

    def moved(starts):
        changed = set(starts.items()) ^ set(best.starts.items())
        return sum(int(tiny7.cost_cents[i]) for i, _ in changed)

    furthest = max(moved(s) for s in plans if tiny7.plan_value_eur(s) >= 0.9 * best.value_eur)
    assert moved(found[1].starts) == furthest
    shares = [difference_share(tiny7, a.starts, b.starts) for a, b in itertools.combinations(found, 2)]
    assert least_difference_share(tiny7, found) == min(shares) > 0
    figure(f"{furthest / 100:,.0f} EUR moved")


@pytest.mark.item("decision", 8, "tiny7 with soft floors: the largest shortfall", "full enumeration")
def test_soft_floors(shared, tiny7, plans, figure):
    rows = tiny7.rows
    for floors in (
        shared_floors(shared),
        [{"municipality": m, "min_spend_eur": 250_000} for m in ("M1", "M2", "M3")],
    ):
        problem = Problem.from_rows(
            interventions=rows["interventions"],
            budgets=rows["budgets"],
            rules=rows["funding_rules"],
            relations=rows["relations"],
            floors=floors,
        )

        def short(starts, problem=problem):
            cost = net(problem, starts)
            spent = dict.fromkeys(problem.floors_cents, 0)
            for i, cents in cost.items():
                spent["municipality", problem.municipalities[i]] = (
                    spent.get(("municipality", problem.municipalities[i]), 0) + cents
                )
            missed = (max(0.0, 1 - spent[k] / f) for k, f in problem.floors_cents.items())
            return tuple(round(m, 6) for m in sorted(missed, reverse=True)[:3])

        least = min(short(s) for s in plans)
        value = max(problem.plan_value_eur(s) for s in plans if short(s) == least)
        found = solve_soft(problem, depth=3)
        figure(f"{found.largest_shortfall_share:.4f}, {found.value_eur:,.2f} EUR")
        assert tuple(round(v, 6) for v in sorted(found.shortfall_share.values(), reverse=True)[:3]) == least
        assert found.value_eur == pytest.approx(value, abs=0.5)


def shared_floors(shared):
    return Problem.from_folder(shared("planning/programme/tiny7")).rows["equity_floors"]

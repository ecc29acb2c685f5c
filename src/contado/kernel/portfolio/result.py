"""What a solve gives: the choice, its payments, value, bound, proof, prices, reasons and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from contado.kernel.errors import CertificateFailed
from contado.kernel.portfolio.explain import Reason, explain_all
from contado.kernel.portfolio.payments import split_cents
from contado.kernel.portfolio.verify import Start, Verdict, verify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.portfolio.payments import Payments
    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.solver import Solution

__all__ = ["Choice", "Proof", "Result", "Status", "assemble"]

Status = Literal["optimal", "claimed", "feasible", "empty"]
Proof = Literal["prices", "enumeration", "solver", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Start year and payments [cents by source] of each chosen intervention (by position)."""

    starts: Mapping[int, int]
    payments: Payments


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A verified programme.

    ``status`` is ``optimal`` only when the gap asked for is proven by printed prices or enumeration, ``claimed`` when it
    rests on the solver's word, ``feasible`` when the gap was not reached.
    """

    problem: Problem
    choice: Choice
    status: Status
    value_eur: float
    bound_eur: float
    proof: Proof
    prices: Mapping[tuple[str, int], float]
    floor_prices: Mapping[tuple[str, str], float]
    reasons: Mapping[int, Reason]
    verdict: Verdict
    solver: str
    seconds: float
    nodes: int
    method: Literal["milp", "price"] = "milp"
    improvements: int = 0
    """Improving plans found when the search ended (0: not watched); the step at which the price method was ended."""

    @property
    def gap_share(self) -> float:
        """Relative gap (bound - value) / bound."""
        return max(0.0, self.bound_eur - self.value_eur) / self.bound_eur if self.bound_eur > 0 else 0.0

    def paid_by_year(self, i: int) -> list[tuple[str, int, int]]:
        """Return (source, year, cents) of every payment of a chosen intervention."""
        start = self.choice.starts[i]
        return [
            (source, start + k, part)
            for source, cents in self.choice.payments[i].items()
            for k, part in enumerate(split_cents(cents, self.problem.profile(i)))
            if part
        ]

    def spent_cents(self) -> dict[tuple[str, int], int]:
        """Money spent by source and year."""
        spent = dict.fromkeys(self.problem.budget_cents, 0)
        for i in self.choice.payments:
            for source, year, cents in self.paid_by_year(i):
                spent[source, year] += cents
        return spent


def assemble(
    problem: Problem,
    choice: Choice,
    claim: Solution,
    prices: Mapping[tuple[str, int], float],
    *,
    floor_prices: Mapping[tuple[str, str], float] | None = None,
    price_bound_eur: float | None = None,
    gap_share: float = 1e-4,
    method: Literal["milp", "price"] = "milp",
) -> Result:
    """Let the auditor recompute the plan, then state what is proven.

    Raises
    ------
    CertificateFailed
        The verifier refuses the plan, or the claimed bound lies below the plan's value.
    """
    plan = [
        Start(intervention_id=problem.ids[i], start_year=year, payments_cents=dict(choice.payments[i]))
        for i, year in sorted(choice.starts.items())
    ]
    verdict = verify(problem.rows, plan, discount_rate_share=problem.discount_rate_share)
    if not verdict.ok:
        first = verdict.violations[0]
        raise CertificateFailed(
            f"The verifier refuses the solver's plan: {first.rule} {first.key}: {first.message}.",
            hint="report the programme folder; nothing was written",
        )
    bound, proof, status = _judge(verdict.value_eur, claim, price_bound_eur, gap_share)
    if not problem.ids:
        status = "empty"
    return Result(
        problem=problem,
        choice=choice,
        status=status,
        value_eur=verdict.value_eur,
        bound_eur=bound,
        proof=proof,
        prices=prices,
        floor_prices=floor_prices or {},
        reasons=explain_all(problem, choice, prices),
        verdict=verdict,
        solver=claim.solver,
        seconds=claim.seconds,
        nodes=claim.nodes,
        method=method,
        improvements=claim.improvements,
    )


def _judge(
    value: float, claim: Solution, price_bound: float | None, gap_share: float
) -> tuple[float, Proof, Status]:
    """Return the bound to print, what proves it, and the status that this allows."""
    slack = 1e-9 * max(1.0, abs(value))
    if (
        price_bound is not None
        and price_bound >= value - slack
        and price_bound - value <= gap_share * price_bound
    ):
        return max(price_bound, value), "prices", "optimal"
    claimed = claim.bound * 1000 if claim.bound is not None else None
    if claimed is not None and claimed < value - max(1.0, 1e-6 * abs(value)):
        raise CertificateFailed(
            f"The solver claims that nothing is worth more than {claimed:.2f} EUR, yet its plan is worth "
            f"{value:.2f} EUR.",
            hint="report the programme folder; nothing was written",
        )
    bounds = [b for b in (claimed, price_bound) if b is not None]
    if not bounds:
        return value, "none", "feasible"
    bound = max(min(bounds), value)
    proof: Proof = "prices" if price_bound is not None and bound >= price_bound else "solver"
    reached = bound - value <= gap_share * max(abs(bound), 1e-9)
    return bound, proof, ("claimed" if reached else "feasible")

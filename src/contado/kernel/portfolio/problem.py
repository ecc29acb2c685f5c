"""The canonical problem: interventions, years, sources, caps, relations, budgets, in whole cents.

Rows are sorted by id before anything else, so the order of the input never matters. Value of a start in
year t = benefit_eur (1 + r)^-(t - base), base = first budget year. Cost is spent whole in the start year, or
by spend_profile: then every payment is spread over the years in these shares. A source pays what its rules
offer; with a non-cumulable source only ``own`` money may be added.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from contado.kernel.errors import DataError, Finding
from contado.kernel.portfolio.offers import OWN, Offer, offers_of, rules_on
from contado.kernel.portfolio.rows import (
    counts_on,
    floor_key,
    spend_profile,
    to_cents,
    to_cents_or_none,
    usable_rows,
    value_or,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.kernel.funding.rules import Rule
    from contado.kernel.portfolio.price_loops import Path as Path_
    from contado.kernel.portfolio.result import Result
    from contado.kernel.progress import Cancel, Progress

__all__ = ["OWN", "Method", "Problem", "Relation", "Source"]

Method = Literal["auto", "milp", "price"]
_MANY = 5_000
"""Possible starts (intervention x year) from which ``auto`` takes the price method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source of money, in the order of the rules."""

    name: str
    spend_by: int | None = None
    """The nearest last year in which any of its rules pays; None = open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation between interventions a and b (their positions)."""

    kind: str
    a: int
    b: int
    saving_cents: int = 0
    effect_factor: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """n interventions, S sources, T years; money in whole cents."""

    ids: tuple[str, ...]
    domains: tuple[str, ...]
    municipalities: tuple[str, ...]
    cost_cents: NDArray[np.int64]
    eligible_cents: NDArray[np.int64]
    benefit_eur: NDArray[np.float64]
    earliest: NDArray[np.int64]
    latest: NDArray[np.int64]
    groups: tuple[str | None, ...]
    years: tuple[int, ...]
    sources: tuple[Source, ...]
    offers: tuple[Mapping[str, Offer], ...]
    """What each source offers each intervention."""
    budget_cents: Mapping[tuple[str, int], int]
    earmarks: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """The domain or municipality to which the money of a source and year is reserved."""
    profiles: tuple[tuple[float, ...], ...] = ()
    """Shares of the cost by year from the start; () = all in the first year."""
    relations: tuple[Relation, ...] = ()
    floors_cents: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Least spending by (kind, key): kind is municipality, domain or source."""
    discount_rate_share: float = 0.03
    findings: tuple[Finding, ...] = ()
    rows: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    """The plain rows the problem was stated from; the verifier reads these, not the fields above."""

    @property
    def base_year(self) -> int:
        """The first budget year: to which values are discounted."""
        return self.years[0]

    def value_eur(self, i: int, year: int) -> float:
        """Value of starting intervention ``i`` in ``year``, in EUR of the base year."""
        return float(self.benefit_eur[i]) * (1 + self.discount_rate_share) ** -(year - self.base_year)

    def caps_cents(self, i: int) -> dict[str, int]:
        """What each source may pay for intervention ``i``; sources that pay nothing are left out."""
        cost, eligible = int(self.cost_cents[i]), int(self.eligible_cents[i])
        caps = {f: min(cost, offer.amount_max_cents(eligible)) for f, offer in self.offers[i].items()}
        return {name: cents for name, cents in caps.items() if cents > 0}

    def open_caps_cents(self, i: int) -> dict[str, int]:
        """What each source may pay at most for ``i`` whatever it costs: its cap, and all its money."""
        money: dict[str, int] = {}
        for (source, _), cents in self.budget_cents.items():
            money[source] = cents + money.get(source, 0)
        caps = {}
        for f, offer in self.offers[i].items():
            fixed = self.fixed_cap_cents(i, f)
            limits = [money.get(f, 0)] + ([] if fixed is None else [fixed])
            caps[f] = 0 if offer.rate == 0 else min(limits)
        return {name: cents for name, cents in caps.items() if cents > 0}

    def fixed_cap_cents(self, i: int, source: str) -> int | None:
        """What ``source`` may pay at most for ``i`` whatever it costs, all its money left aside; None = no limit."""
        offer = self.offers[i][source]
        if offer.rate is not None and not self.eligible_follows(i):
            return offer.amount_max_cents(int(self.eligible_cents[i]))
        return offer.cap_cents

    def rates(self, i: int) -> dict[str, float]:
        """Share of the cost of ``i`` that each source may pay, where it follows the cost."""
        follows = self.eligible_follows(i)
        return {
            f: offer.rate if follows and offer.rate is not None else 1.0
            for f, offer in self.offers[i].items()
        }

    def eligible_follows(self, i: int) -> bool:
        """Whether the eligible cost of ``i`` is its cost."""
        return bool(self.eligible_cents[i] == self.cost_cents[i])

    def paying_order(self) -> list[str]:
        """Return the sources in the order in which they are used up: nearest ``spend_by``, file order, own."""
        public = [s for s in self.sources if s.name != OWN]
        public.sort(key=lambda s: math.inf if s.spend_by is None else s.spend_by)
        return [*(s.name for s in public), OWN]

    def profile(self, i: int) -> tuple[float, ...]:
        """Shares of the cost of ``i`` by year from its start."""
        return self.profiles[i] if self.profiles else (1.0,)

    def charges(self, i: int, year: int, source: str) -> list[tuple[int, float]]:
        """Return (budget year, share) of a payment of ``source`` for ``i`` started in ``year``; [] = it cannot pay."""
        shares = [(year + k, share) for k, share in enumerate(self.profile(i)) if share > 0]
        offer = self.offers[i].get(source)
        if offer is None or not offer.pays(year, shares[-1][0]):
            return []
        mine = {"", self.domains[i], self.municipalities[i]}
        usable = all(
            self.budget_cents.get((source, y), 0) > 0 and self.earmarks.get((source, y), "") in mine
            for y, _ in shares
        )
        return shares if usable else []

    def flagged(self, i: int, caps: Iterable[str]) -> list[str]:
        """Return the sources of ``caps`` that need a flag of use for ``i``: what they allow beside them is limited."""
        names, offers = list(caps), self.offers[i]
        return [
            f
            for f in names
            if (not offers[f].cumulable and any(g not in (f, OWN) for g in names))
            or offers[f].public_share < 1
            or offers[f].all_or_nothing
            or any(self.apart(i, f, g) for g in names)
        ]

    def together(self, i: int, f: str, g: str) -> bool:
        """Whether sources ``f`` and ``g`` may both pay for ``i``: beside a non-cumulable one only ``own``."""
        offers = self.offers[i]
        beside = OWN in (f, g) or (offers[f].cumulable and offers[g].cumulable)
        return beside and not self.apart(i, f, g)

    def apart(self, i: int, f: str, g: str) -> bool:
        """Whether sources ``f`` and ``g`` are declared incompatible."""
        offers = self.offers[i]
        return g in offers[f].incompatible_with or f in offers[g].incompatible_with

    def plan_value_eur(self, starts: Mapping[int, int]) -> float:
        """Value of a choice of starts, synergies included, in EUR of the base year."""
        total = [self.value_eur(i, year) for i, year in starts.items()]
        for r in self.relations:
            if r.kind == "enhances" and r.a in starts and r.b in starts:
                later = max(starts[r.a], starts[r.b])
                total.append(r.effect_factor * self.value_eur(r.a, later))
        return math.fsum(total)

    def with_figures(
        self, *, cost_cents: NDArray[np.int64] | None = None, benefit_eur: NDArray[np.float64] | None = None
    ) -> Problem:
        """Return the problem at other costs and benefits (n); an eligible cost that was the cost follows it.

        Its ``rows`` stay those that were stated.
        """
        cost = self.cost_cents if cost_cents is None else cost_cents
        follows = self.eligible_cents == self.cost_cents
        return dataclasses.replace(
            self,
            cost_cents=cost,
            eligible_cents=np.where(follows, cost, self.eligible_cents),
            benefit_eur=self.benefit_eur if benefit_eur is None else benefit_eur,
        )

    def joint_worksites(self, starts: Mapping[int, int]) -> list[tuple[str, str, int, int]]:
        """Return (a, b, year, saving in cents) of every joint worksite of these starts."""
        return [
            (self.ids[r.a], self.ids[r.b], starts[r.a], r.saving_cents)
            for r in self.relations
            if r.kind == "joint_worksite" and r.a in starts and starts.get(r.b) == starts[r.a]
        ]

    def starts(self, i: int) -> list[int]:
        """Budget years in which intervention ``i`` may start."""
        return [y for y in self.years if self.earliest[i] <= y <= self.latest[i]]

    @classmethod
    def from_folder(
        cls,
        path: Path,
        *,
        floors: bool = True,
        discount_rate_share: float = 0.03,
        on: dt.date | None = None,
    ) -> Problem:
        """Read a programme folder (interventions, budgets, funding_rules, relations, equity_floors .csv).

        Raises
        ------
        DataError
            A row that the problem cannot be stated with.
        """
        import csv

        def rows(name: str, *, required: bool = True) -> list[dict[str, str]]:
            file = path / f"{name}.csv"
            if not file.exists() and not required:
                return []
            with file.open(encoding="utf-8-sig", newline="") as handle:
                return list(csv.DictReader(handle))

        return cls.from_rows(
            interventions=rows("interventions"),
            budgets=rows("budgets"),
            rules=rows("funding_rules"),
            amounts=rows("funding_amounts", required=False),
            on=on,
            relations=rows("relations", required=False),
            floors=rows("equity_floors", required=False) if floors else [],
            discount_rate_share=discount_rate_share,
        )

    @classmethod
    def from_tables(
        cls,
        tables: Mapping[str, pa.Table],
        *,
        floors: bool = True,
        discount_rate_share: float = 0.03,
        on: dt.date | None = None,
    ) -> Problem:
        """State the problem of a workspace's tables (intervention, budget, funding_rule, relation, floor).

        Without any funding rule, every source of the budget pays whatever it is asked for.
        """

        def rows(name: str) -> list[dict[str, Any]]:
            return tables[name].to_pylist() if name in tables else []

        budgets = rows("budget")
        names = sorted({str(b["source"]) for b in budgets})
        open_rules = [{"source": n, "domains": "*", "max_rate": 1.0, "cumulable": True} for n in names]
        return cls.from_rows(
            interventions=[{**r, "domain": r["practice"]} for r in rows("intervention")],
            budgets=budgets,
            rules=rows("funding_rule") or open_rules,
            amounts=rows("funding_amount"),
            on=on,
            relations=rows("relation"),
            floors=rows("floor") if floors else [],
            discount_rate_share=discount_rate_share,
        )

    @classmethod
    def from_rows(
        cls,
        *,
        interventions: Iterable[Mapping[str, Any]],
        budgets: Iterable[Mapping[str, Any]],
        rules: Iterable[Mapping[str, Any]],
        relations: Iterable[Mapping[str, Any]] = (),
        floors: Iterable[Mapping[str, Any]] = (),
        amounts: Iterable[Mapping[str, Any]] = (),
        discount_rate_share: float = 0.03,
        on: dt.date | None = None,
    ) -> Problem:
        """State the problem of plain rows, as they come out of a CSV file or an Arrow table.

        ``amounts`` are rows of ``funding_amount``; ``on`` is the day whose rules count (None: all rules).
        """
        budgets, rules, relations, floors = tuple(budgets), tuple(rules), tuple(relations), tuple(floors)
        amounts = tuple(amounts)
        kept, findings = usable_rows(sorted(interventions, key=lambda r: str(r["id"])))
        position = {str(r["id"]): k for k, r in enumerate(kept)}
        money = _budgets(budgets)
        known, unknown = _relations(relations, position)
        valid = rules_on(rules, {c for r in kept for c in r}, on)
        given = {(str(a["intervention_id"]), str(a["source"])): to_cents(a["amount_eur"]) for a in amounts}
        costs = [to_cents(r["cost_eur"]) for r in kept]
        eligible = [
            value_or(to_cents_or_none(r.get("eligible_cost_eur")), c)
            for r, c in zip(kept, costs, strict=True)
        ]
        offers = tuple(offers_of(r, e, valid, given, findings) for r, e in zip(kept, eligible, strict=True))
        return cls(
            ids=tuple(position),
            domains=tuple(str(r["domain"]) for r in kept),
            municipalities=tuple(str(r["municipality"]) for r in kept),
            cost_cents=np.array(costs, dtype=np.int64),
            eligible_cents=np.array(eligible, dtype=np.int64),
            benefit_eur=np.array([float(r["benefit_eur"]) for r in kept], dtype=np.float64),
            earliest=np.array([int(r["earliest_year"]) for r in kept], dtype=np.int64),
            latest=np.array([int(r["latest_year"]) for r in kept], dtype=np.int64),
            groups=tuple(str(r["choice_group"]) if r.get("choice_group") else None for r in kept),
            years=tuple(sorted({year for _, year in money})),
            sources=_sources(valid),
            offers=offers,
            budget_cents=money,
            earmarks={
                (str(b["source"]), int(b["year"])): str(b["earmark"]) for b in budgets if b.get("earmark")
            },
            profiles=tuple(spend_profile(r) for r in kept),
            relations=known,
            floors_cents={floor_key(f): to_cents(f["min_spend_eur"]) for f in floors},
            discount_rate_share=discount_rate_share,
            findings=(*findings, *unknown),
            rows={
                "interventions": tuple(kept),
                "budgets": budgets,
                "funding_rules": tuple(r for r in rules if counts_on(r, on)),
                "funding_amounts": amounts,
                "relations": relations,
                "equity_floors": floors,
            },
        )

    def solve(
        self,
        *,
        gap_share: float = 1e-4,
        time_limit_s: float = 60.0,
        seed: int = 0,
        method: Method = "auto",
        path: Path_ | None = None,
        improvements: int | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Result:
        """Choose, pay to the cent and verify.

        Parameters
        ----------
        method
            The exact programme (`contado.kernel.portfolio.exact`) or the price method (`price_programme`);
            ``auto`` takes the price method from some thousands of possible starts on.
        path
            Compiled or numpy loops of the price method; None = the fastest at hand.

        With ``improvements`` the search stops at that many improving plans, the price method at that step.

        Raises
        ------
        InfeasibleProgramme
            The floors cannot be met under the budgets.
        """
        if method == "price" or (method == "auto" and self._many()):
            from contado.kernel.portfolio.price_programme import solve_by_prices

            return solve_by_prices(
                self,
                gap_share=gap_share,
                time_limit_s=time_limit_s,
                seed=seed,
                path=path,
                stop_after=improvements,
                progress=progress,
                cancel=cancel,
            )
        from contado.kernel.portfolio.exact import solve

        return solve(
            self,
            gap_share=gap_share,
            time_limit_s=time_limit_s,
            seed=seed,
            improvements=improvements,
            progress=progress,
            cancel=cancel,
        )

    def _many(self) -> bool:
        return sum(len(self.starts(i)) for i in range(len(self.ids))) > _MANY


def _budgets(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], int]:
    """Return source and year -> cents.

    Raises
    ------
    DataError
        There is none.
    """
    if not rows:
        raise DataError(
            "There is no budget.",
            rule="no_budget",
            hint="bring a table budget with source, year, budget_eur",
            field="budget",
        )
    return {(str(b["source"]), int(b["year"])): to_cents(b["budget_eur"]) for b in rows}


def _sources(valid: Iterable[tuple[Rule, int | None]]) -> tuple[Source, ...]:
    """Return the sources in the order of their rules, each with the first of its last days for spending."""
    last: dict[str, list[int]] = {}
    for rule, spend_by in valid:
        last.setdefault(rule.source, []).extend([] if spend_by is None else [spend_by])
    return tuple(Source(name=f, spend_by=min(ends, default=None)) for f, ends in last.items())


def _relations(
    rows: Iterable[Mapping[str, Any]], position: Mapping[str, int]
) -> tuple[tuple[Relation, ...], list[Finding]]:
    known: list[Relation] = []
    findings: list[Finding] = []
    for row in sorted(rows, key=lambda r: (str(r["kind"]), str(r["a"]), str(r["b"]))):
        a, b = str(row["a"]), str(row["b"])
        missing = [x for x in (a, b) if x not in position]
        if missing:
            text = f"relation {row['kind']} {a} - {b}: no intervention {missing[0]}"
            findings.append(
                Finding(
                    severity="warning",
                    table="relation",
                    row=f"{a}-{b}",
                    rule="unknown_reference",
                    message=text,
                    action="row_set_aside",
                )
            )
            continue
        known.append(
            Relation(
                kind=str(row["kind"]),
                a=position[a],
                b=position[b],
                saving_cents=value_or(to_cents_or_none(row.get("saving_eur")), 0),
                effect_factor=float(row.get("effect_factor") or 0.0),
            )
        )
    return tuple(known), findings

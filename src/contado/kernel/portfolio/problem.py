"""The canonical problem: interventions, years, sources, caps, relations, budgets, in whole cents.

Rows are sorted by id before anything else, so the order of the input never matters. Value of a start in
year t = benefit_eur (1 + r)^-(t - base), base = first budget year. Cost is spent whole in the start year.
A source pays only its domains, at most max_rate x eligible cost and max_eur_per_intervention; with a
non-cumulable source only ``own`` money may be added.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.kernel.portfolio.result import Result
    from contado.kernel.progress import Cancel, Progress

__all__ = ["OWN", "Problem", "Relation", "Source", "to_cents"]

OWN = "own"
"""The body's own money: the one source that may be added to a non-cumulable one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source of money: its domains (None = all), rate, cap per intervention, cumulability."""

    name: str
    domains: frozenset[str] | None
    max_rate: float
    cap_cents: int | None
    cumulable: bool

    def amount_max_cents(self, domain: str, eligible_cents: int) -> int:
        """Return the most that this source pays for one intervention, rounded down to the cent."""
        if self.domains is not None and domain not in self.domains:
            return 0
        by_rate = math.floor(round(self.max_rate * eligible_cents, 6))
        return by_rate if self.cap_cents is None else min(by_rate, self.cap_cents)


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
    budget_cents: Mapping[tuple[str, int], int]
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
        caps = {
            s.name: min(
                int(self.cost_cents[i]), s.amount_max_cents(self.domains[i], int(self.eligible_cents[i]))
            )
            for s in self.sources
        }
        return {name: cents for name, cents in caps.items() if cents > 0}

    def open_caps_cents(self, i: int) -> dict[str, int]:
        """What each source may pay at most for ``i`` whatever it costs: its cap and its richest year."""
        richest: dict[str, int] = {}
        for (source, _), cents in self.budget_cents.items():
            richest[source] = max(cents, richest.get(source, 0))
        allowed = [s for s in self.sources if s.domains is None or self.domains[i] in s.domains]
        caps = {
            s.name: min(c for c in (s.cap_cents, richest.get(s.name, 0)) if c is not None)
            for s in allowed
            if s.max_rate > 0
        }
        return {name: cents for name, cents in caps.items() if cents > 0}

    def rates(self, i: int) -> dict[str, float]:
        """Share of the cost of ``i`` that each source may pay."""
        return {s.name: s.max_rate for s in self.sources if s.domains is None or self.domains[i] in s.domains}

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

    def starts(self, i: int) -> list[int]:
        """Budget years in which intervention ``i`` may start."""
        return [y for y in self.years if self.earliest[i] <= y <= self.latest[i]]

    @classmethod
    def from_folder(cls, path: Path, *, floors: bool = True, discount_rate_share: float = 0.03) -> Problem:
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
            relations=rows("relations", required=False),
            floors=rows("equity_floors", required=False) if floors else [],
            discount_rate_share=discount_rate_share,
        )

    @classmethod
    def from_tables(
        cls, tables: Mapping[str, pa.Table], *, floors: bool = True, discount_rate_share: float = 0.03
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
        discount_rate_share: float = 0.03,
    ) -> Problem:
        """State the problem of plain rows, as they come out of a CSV file or an Arrow table."""
        budgets, rules, relations, floors = tuple(budgets), tuple(rules), tuple(relations), tuple(floors)
        kept, findings = _usable(sorted(interventions, key=lambda r: str(r["id"])))
        position = {str(r["id"]): k for k, r in enumerate(kept)}
        money = {(str(b["source"]), int(b["year"])): to_cents(b["budget_eur"]) for b in budgets}
        years = tuple(sorted({year for _, year in money}))
        if not years:
            raise DataError(
                "There is no budget.",
                rule="no_budget",
                hint="bring a table budget with source, year, budget_eur",
                field="budget",
            )
        known, unknown = _relations(relations, position)
        costs = [to_cents(r["cost_eur"]) for r in kept]
        eligible = [
            _or(to_cents_or_none(r.get("eligible_cost_eur")), c) for r, c in zip(kept, costs, strict=True)
        ]
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
            years=years,
            sources=tuple(_source(r) for r in rules),
            budget_cents=money,
            relations=known,
            floors_cents={_floor_key(f): to_cents(f["min_spend_eur"]) for f in floors},
            discount_rate_share=discount_rate_share,
            findings=(*findings, *unknown),
            rows={
                "interventions": tuple(kept),
                "budgets": budgets,
                "funding_rules": rules,
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
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Result:
        """Choose, pay to the cent and verify; see `contado.kernel.portfolio.milp`.

        Raises
        ------
        InfeasibleProgramme
            The floors cannot be met under the budgets.
        """
        from contado.kernel.portfolio.milp import solve

        return solve(
            self, gap_share=gap_share, time_limit_s=time_limit_s, seed=seed, progress=progress, cancel=cancel
        )


def to_cents(amount: Any) -> int:
    """Return EUR as whole cents (half a cent goes to the even one)."""
    return round(float(amount) * 100)


def to_cents_or_none(amount: Any) -> int | None:
    """Return EUR as whole cents, or None for an empty cell."""
    return None if amount is None or amount == "" else to_cents(amount)


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _usable(rows: list[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[Finding]]:
    """Set aside rows without cost or with a window upside down; a missing benefit is refused."""
    kept: list[Mapping[str, Any]] = []
    findings: list[Finding] = []
    seen: set[str] = set()
    for row in rows:
        key = str(row["id"])
        if key in seen:
            raise DataError(
                f"intervention {key} stands twice.", rule="duplicate_id", hint="keep one row an id"
            )
        seen.add(key)
        if problem := _why_unusable(row):
            rule, message = problem
            findings.append(
                Finding(
                    severity="error",
                    table="intervention",
                    row=key,
                    rule=rule,
                    message=f"{key}: {message}",
                    hint="correct the row; it was set aside",
                    action="row_set_aside",
                )
            )
        else:
            kept.append(row)
    return kept, findings


def _why_unusable(row: Mapping[str, Any]) -> tuple[str, str] | None:
    key, cost, benefit = row["id"], row.get("cost_eur"), row.get("benefit_eur")
    profile = row.get("spend_profile")
    if cost is None or cost == "" or not math.isfinite(float(cost)):
        return "missing_cost", "the cost is empty"
    if float(cost) < 0:
        return "negative_cost", f"the cost is {cost}"
    if int(row["latest_year"]) < int(row["earliest_year"]):
        return (
            "year_order",
            f"latest_year {row['latest_year']} is before earliest_year {row['earliest_year']}",
        )
    if benefit is None or benefit == "" or not math.isfinite(float(benefit)):
        raise DataError(
            f"intervention {key}: the benefit is {benefit!r}.",
            rule="missing_benefit",
            hint="give benefit_eur, or effects with unit values",
            field="benefit_eur",
        )
    if profile not in (None, "", "1", "1.0"):
        raise DataError(
            f"intervention {key}: spend_profile {profile!r} spreads the cost over years.",
            rule="spend_profile",
            hint="give the lots of each year as interventions joined by `requires`",
            field="spend_profile",
        )
    return None


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
                saving_cents=_or(to_cents_or_none(row.get("saving_eur")), 0),
                effect_factor=float(row.get("effect_factor") or 0.0),
            )
        )
    return tuple(known), findings


def _floor_key(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return (kind, key) of a floor; the folder format knows floors of municipalities only."""
    if "municipality" in row:
        return "municipality", str(row["municipality"])
    return str(row["kind"]), str(row["key"])


def _source(row: Mapping[str, Any]) -> Source:
    if row.get("when"):
        raise DataError(
            f"funding rule of {row['source']}: the condition {row['when']!r} cannot be judged yet.",
            rule="bad_predicate",
            hint="state eligibility by `domains`, or leave `when` empty",
            field="when",
        )
    domains = row["domains"]
    words = domains if isinstance(domains, list) else str(domains).split(";")
    return Source(
        name=str(row["source"]),
        domains=None if "*" in words else frozenset(w.strip() for w in words),
        max_rate=float(row["max_rate"]),
        cap_cents=to_cents_or_none(row.get("max_eur_per_intervention")),
        cumulable=str(row["cumulable"]).strip().casefold() in {"true", "1", "yes"},
    )

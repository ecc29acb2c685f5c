"""What each source may pay for each intervention on a day, and the best mix; unknown stays unknown."""

from __future__ import annotations

from itertools import pairwise, product
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from contado.kernel.errors import Finding
from contado.kernel.funding.mix import Offer, best_mix, public_cents
from contado.kernel.funding.predicate import is_unknown
from contado.kernel.funding.rules import OWN, Amount, Rule, read_rules

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Evaluation", "Funded", "Part", "SourceAmount", "evaluate"]

_CLASSES_MAX = 4096
"""Combinations of possible answers looked at; beyond it the columns asked about are too many to be of use."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one source pays."""

    source: str
    amount_eur: float


class SourceAmount(msgspec.Struct, frozen=True, kw_only=True):
    """One source for one intervention: eligible, the most it pays, article and formula."""

    source: str
    eligible: Literal["yes", "no", "unknown"]
    amount_max_eur: float | None
    article: str
    formula: str


class Funded(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one intervention."""

    id: str
    status: Literal["known", "unknown"]
    missing: list[str]
    sources: list[SourceAmount]
    best_mix: list[Part] | None
    own_eur: float | None
    unfunded_eur: float | None
    at_least_public_eur: float
    at_most_public_eur: float
    ask_next: str | None


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """All answers and what was noticed."""

    interventions: list[Funded]
    findings: list[Finding]


def evaluate(
    interventions: Iterable[Mapping[str, Any]],
    rules: Iterable[Mapping[str, Any]],
    *,
    on: dt.date,
    amounts: Iterable[Mapping[str, Any]] = (),
) -> Evaluation:
    """Evaluate the rules that count on the day ``on``.

    Parameters
    ----------
    interventions
        Rows with ``id, domain, cost_eur`` and whatever the rules ask for.
    rules
        Rows of ``funding_rule`` in the order of the file.
    amounts
        Rows of ``funding_amount``: an engine's amount stands for what the rule would reckon.

    Raises
    ------
    DataError
        A rule that cannot be read, or a cell that is not the number a rule compares.
    """
    rows = list(interventions)
    columns = {c for row in rows for c in row}
    valid = [rule for rule in read_rules(rules, columns) if rule.counts_on(on)]
    given = _amounts(amounts, on)
    findings: list[Finding] = []
    answers = [_Case(row, valid, given).answer(findings) for row in rows if not _aside(row, findings)]
    return Evaluation(interventions=answers, findings=findings)


def _aside(row: Mapping[str, Any], findings: list[Finding]) -> bool:
    if not is_unknown(row.get("cost_eur")) and float(row["cost_eur"]) >= 0:
        return False
    rule = "missing_cost" if is_unknown(row.get("cost_eur")) else "negative_cost"
    findings.append(
        Finding(
            severity="error",
            table="intervention",
            row=str(row["id"]),
            rule=rule,
            message=f"{row['id']}: the cost is {row.get('cost_eur')!r}",
            hint="give cost_eur; the row was set aside",
            action="row_set_aside",
        )
    )
    return True


def _amounts(rows: Iterable[Mapping[str, Any]], on: dt.date) -> dict[tuple[str, str], Amount]:
    """Return engines' amounts by (intervention, source): the latest that is not later than the day."""
    found: dict[tuple[str, str], tuple[str, Amount]] = {}
    for row in rows:
        day = str(row.get("on") or "")
        key = str(row["intervention_id"]), str(row["source"])
        if day <= on.isoformat() and (key not in found or found[key][0] <= day):
            cents = round(float(row["amount_eur"]) * 100)
            amount = Amount(
                cents=cents, article=str(row.get("article") or ""), formula=str(row.get("formula") or "")
            )
            found[key] = day, amount
    return {key: amount for key, (_, amount) in found.items()}


class _Case:
    """One intervention under the rules of a day."""

    def __init__(
        self, row: Mapping[str, Any], rules: Sequence[Rule], given: Mapping[tuple[str, str], Amount]
    ) -> None:
        self.row = dict(row)
        self.rules = rules
        self.given = given
        self.cost = round(float(row["cost_eur"]) * 100)
        base = row.get("eligible_cost_eur")
        self.eligible = self.cost if is_unknown(base) else round(float(str(base)) * 100)

    def answer(self, findings: list[Finding]) -> Funded:
        """Return the whole answer; overlaps are noted in ``findings``."""
        missing = sorted(
            {c for r in self.rules for c in r.missing(self.row) if r.eligible(self.row) is not False}
        )
        sources = self._sources(self.row, findings)
        if not missing:
            mix = self._mix(self.row)
            public = public_cents(mix)
            own = sum(c for s, c in mix if s == OWN)
            return self._funded([], sources, public, public, mix=mix, own=own)
        worlds = list(self._worlds(missing))
        totals = [public_cents(self._mix({**self.row, **world})) for world in worlds]
        ask = min(missing, key=lambda c: (_width_after(c, worlds, totals), c))
        return self._funded(missing, sources, min(totals), max(totals), ask=ask)

    def _funded(
        self,
        missing: list[str],
        sources: list[SourceAmount],
        least: int,
        most: int,
        *,
        mix: Sequence[tuple[str, int]] | None = None,
        own: int = 0,
        ask: str | None = None,
    ) -> Funded:
        known = mix is not None
        return Funded(
            id=str(self.row["id"]),
            status="known" if known else "unknown",
            missing=missing,
            sources=sources,
            best_mix=[Part(source=s, amount_eur=c / 100) for s, c in mix] if mix is not None else None,
            own_eur=own / 100 if known else None,
            unfunded_eur=(self.cost - least - own) / 100 if known else None,
            at_least_public_eur=least / 100,
            at_most_public_eur=most / 100,
            ask_next=ask,
        )

    def _sources(self, row: Mapping[str, Any], findings: list[Finding]) -> list[SourceAmount]:
        by_source: dict[str, list[Rule]] = {}
        for rule in self.rules:
            by_source.setdefault(rule.source, []).append(rule)
        return [self._source(source, rules, row, findings) for source, rules in by_source.items()]

    def _source(
        self, source: str, rules: Sequence[Rule], row: Mapping[str, Any], findings: list[Finding]
    ) -> SourceAmount:
        holding = [r for r in rules if r.eligible(row) is True and not r.missing(row)]
        open_ = [r for r in rules if r.eligible(row) is None or (r.eligible(row) is True and r.missing(row))]
        if open_:
            articles = "; ".join(dict.fromkeys(r.article for r in open_ if r.article))
            wanted = ", ".join(sorted({c for r in open_ for c in r.missing(row)}))
            text = f"unknown: {wanted} missing"
            return SourceAmount(
                source=source, eligible="unknown", amount_max_eur=None, article=articles, formula=text
            )
        if not holding:
            return SourceAmount(
                source=source, eligible="no", amount_max_eur=0.0, article="", formula="not eligible"
            )
        if len(holding) > 1:
            findings.append(_overlap(str(row["id"]), source, holding))
        amount = max((self._amount(r, row) for r in holding), key=lambda a: a.cents)
        return SourceAmount(
            source=source,
            eligible="yes",
            amount_max_eur=amount.cents / 100,
            article=amount.article,
            formula=amount.formula,
        )

    def _amount(self, rule: Rule, row: Mapping[str, Any]) -> Amount:
        """What a rule pays: an engine's amount where there is one, still within the rule's cap and the cost."""
        engine = self.given.get((str(row["id"]), rule.source))
        amount = engine if engine is not None else rule.amount(row, self.eligible)
        limits = [self.cost] + ([rule.cap_cents] if rule.cap_cents is not None else [])
        if amount.cents <= min(limits):
            return amount
        cents = min(limits)
        article = amount.article or rule.article
        return Amount(
            cents=cents, article=article, formula=f"min({amount.formula}, {cents / 100:g}) = {cents / 100:g}"
        )

    def _mix(self, row: Mapping[str, Any]) -> list[tuple[str, int]]:
        offers: dict[str, Offer] = {}
        for rule in self.rules:
            if rule.eligible(row) is not True:
                continue
            offer = Offer(rule, self._amount(rule, row).cents)
            if rule.source not in offers or offers[rule.source].cents < offer.cents:
                offers[rule.source] = offer
        return best_mix(list(offers.values()), self.cost)

    def _worlds(self, missing: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield every combination of possible answers that the rules can tell apart."""
        classes = [self._classes(column) for column in missing]
        for number, values in enumerate(product(*classes)):
            if number >= _CLASSES_MAX:
                return
            yield dict(zip(missing, values, strict=True))

    def _classes(self, column: str) -> list[Any]:
        """Return one value for each class of answers: both sides of a threshold, a named value, any other."""
        used = [
            c for r in self.rules if r.when is not None for c in r.when.comparisons() if c.column == column
        ]
        words = [v for c in used for v in c.values]
        numbers = sorted({float(w) for w in words if _is_number(w)})
        if any(r.unit_column == column for r in self.rules):
            return [0.0, 1e12]
        if numbers and len(numbers) == len(set(words)):
            return _sides(numbers, used)
        return [*dict.fromkeys(words), "any other"]


def _sides(numbers: Sequence[float], used: Sequence[Any]) -> list[float]:
    """Return values on both sides of each threshold, and the named values where equality is asked."""
    middles = [(a + b) / 2 for a, b in pairwise(numbers)]
    values = [numbers[0] - 1, *middles, numbers[-1] + 1]
    named = [float(v) for c in used if c.operator in ("==", "!=", "in") for v in c.values]
    edges = [float(v) for c in used if c.operator in ("<=", ">=", "<", ">") for v in c.values]
    both = {e for e in edges if {c.operator for c in used if float(c.values[0]) == e} & {"<=", ">="}}
    mixed = {e for e in both if {c.operator for c in used if float(c.values[0]) == e} >= {"<=", ">="}}
    return sorted({*values, *named, *mixed})


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _width_after(column: str, worlds: Sequence[Mapping[str, Any]], totals: Sequence[int]) -> float:
    """Return the mean width of the public interval once ``column`` is answered, each answer alike."""
    groups: dict[Any, list[int]] = {}
    for world, total in zip(worlds, totals, strict=True):
        groups.setdefault(world[column], []).append(total)
    return sum(max(g) - min(g) for g in groups.values()) / len(groups)


def _overlap(key: str, source: str, rules: Sequence[Rule]) -> Finding:
    names = ", ".join(r.rule_id for r in rules)
    return Finding(
        severity="warning",
        table="funding_rule",
        row=key,
        rule="overlapping_rules",
        message=f"{key}: several rules of {source} hold together ({names}); the larger amount counts",
        hint="make the conditions exclude each other",
        action="kept",
    )

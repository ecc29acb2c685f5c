"""Checks that look at several columns or rows of one table: years, relations, codes, intervals, units."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import pyarrow.compute as pc

from contado.kernel.errors import Finding, did_you_mean
from contado.kernel.identifiers import check_cui, check_cup
from contado.kernel.tables.schema import indicators
from contado.kernel.tables.validate import Check, indices
from contado.kernel.units import is_known, unit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["BY_TABLE"]

_LEAST_MEDIAN_EUR: Final = 100.0
"""A median cost below this is taken for money in thousands."""


def year_order(check: Check) -> Iterator[Finding]:
    """Windows that end before they begin."""
    if not check.has("earliest_year", "latest_year"):
        return
    first, last = check.table["earliest_year"], check.table["latest_year"]
    for i in indices(pc.fill_null(pc.less(last, first), False)):
        text = f"latest_year {last[i]} is before earliest_year {first[i]}"
        yield check.finding(
            i, "error", "year_order", text, hint="exchange the two years", action="row_set_aside"
        )


def money_in_thousands(check: Check) -> Iterator[Finding]:
    """Costs so small that they seem to be thousands of euros."""
    if not check.has("cost_eur"):
        return
    costs = [c for c in check.table["cost_eur"].to_pylist() if c is not None and c > 0]
    if not costs or (median := statistics.median(costs)) >= _LEAST_MEDIAN_EUR:
        return
    ratio = _LEAST_MEDIAN_EUR / median
    text = f"the median cost is {median:g} EUR, {ratio:.1f} times below {_LEAST_MEDIAN_EUR:g} EUR"
    yield check.whole("warning", "money_in_thousands", text, hint="are the amounts in thousands of euros?")


def all_benefits_zero(check: Check) -> Iterator[Finding]:
    """Benefits that are all zero, or that span more than nine powers of ten."""
    if not check.has("benefit_eur"):
        return
    values = [abs(b) for b in check.table["benefit_eur"].to_pylist() if b is not None]
    sizes = [v for v in values if v > 0]
    if values and not sizes:
        yield check.whole(
            "warning", "all_benefits_zero", "all benefits are zero", hint="nothing to choose by"
        )
    if sizes and max(sizes) > 1e9 * min(sizes):
        text = f"benefits span {min(sizes):g} to {max(sizes):g} EUR; values are rescaled for the solver"
        yield check.whole("warning", "wide_range", text, hint="check the smallest and the largest")


def cup_codes(check: Check) -> Iterator[Finding]:
    """CUP of wrong length or characters, and CUP that several works share."""
    if not check.has("cup"):
        return
    works: dict[str, list[int]] = defaultdict(list)
    for i, cell in enumerate(check.table["cup"].to_pylist()):
        for code in [cell] if isinstance(cell, str) else cell or []:
            works[code].append(i)
            if problem := check_cup(code):
                yield check.finding(i, "warning", "bad_cup", f"cup = {code!r}: {problem}", hint="ask the RUP")
    for code, rows in works.items():
        if len(set(rows)) > 1:
            ids = ", ".join(check.key(i) for i in rows)
            text = f"cup = {code!r} stands on {len(rows)} works: {ids}"
            hint = "lots of one project share a CUP; else correct it"
            yield check.finding(rows[1], "warning", "duplicate_cup", text, hint=hint)


def cui_codes(check: Check) -> Iterator[Finding]:
    """CUI of wrong length, characters or check digit."""
    if not check.has("cui"):
        return
    for i, code in enumerate(check.table["cui"].to_pylist()):
        if code and (problem := check_cui(code)):
            yield check.finding(i, "warning", "bad_cui", f"cui = {code!r}: {problem}", hint="ask the RUP")


def cost_interval(check: Check) -> Iterator[Finding]:
    """Intervals of cost and benefit that do not hold the value."""
    for stem in ("cost", "benefit"):
        names = (f"{stem}_low_eur", f"{stem}_eur", f"{stem}_high_eur")
        if check.has(*names):
            yield from _interval(check, *names)


def value_interval(check: Check) -> Iterator[Finding]:
    """Intervals that do not hold the value, or are half open."""
    if check.has("low", "value", "high"):
        yield from _interval(check, "low", "value", "high")


def _interval(check: Check, low: str, value: str, high: str) -> Iterator[Finding]:
    columns = [check.table[c].to_pylist() for c in (low, value, high)]
    for i, (lo, mid, hi) in enumerate(zip(*columns, strict=True)):
        known = [v for v in (lo, mid, hi) if v is not None]
        if known != sorted(known) or (lo is None) != (hi is None):
            text = f"{low}, {value}, {high} = {lo}, {mid}, {hi} is no interval around the value"
            yield check.finding(
                i, "warning", "bad_interval", text, hint="low <= value <= high, or both empty"
            )


def indicator_units(check: Check) -> Iterator[Finding]:
    """Units that do not fit the indicator: the registered one, else the one its name ends in."""
    if not check.has("indicator", "unit"):
        return
    pairs = zip(check.table["indicator"].to_pylist(), check.table["unit"].to_pylist(), strict=True)
    told: set[tuple[Any, Any]] = set()
    for i, pair in enumerate(pairs):
        if pair not in told and None not in pair:
            told.add(pair)
            yield from _indicator_unit(check, i, *pair)


def _indicator_unit(check: Check, index: int, indicator: str, unit: str) -> Iterator[Finding]:
    registered = indicators().get(indicator)
    if registered is not None:
        if unit != registered.unit:
            text = f"{indicator} is registered in {registered.unit!r}, not in {unit!r}"
            yield check.finding(index, "error", "wrong_unit", text, hint="convert", action="refused")
    elif not is_known(unit):
        text = f"the unit {unit!r} of {indicator} is unknown"
        yield check.finding(index, "error", "unknown_unit", text, hint="see kernel/units", action="refused")
    elif unit not in {"1", unit_of(indicator)}:
        text = f"{indicator} does not end in its unit {unit!r}"
        yield check.finding(index, "error", "wrong_unit", text, hint=f"name it ..._{unit}", action="refused")
    else:
        hint = did_you_mean(indicator, indicators()) or "register it"
        text = f"{indicator} is not in the registry of indicators"
        yield check.finding(index, "note", "unregistered_indicator", text, hint=hint)


def self_relations(check: Check) -> Iterator[Finding]:
    """Relations of an intervention to itself."""
    if not check.has("a", "b"):
        return
    for i in indices(pc.fill_null(pc.equal(check.table["a"], check.table["b"]), False)):
        text = f"{check.table['a'][i]} is related to itself"
        yield check.finding(
            i, "warning", "self_relation", text, hint="name two works", action="row_set_aside"
        )


def relation_conflicts(check: Check) -> Iterator[Finding]:
    """Pairs that both require and exclude each other."""
    required: dict[frozenset[str], int] = {}
    pairs = _pairs(check)
    for i, kind, a, b in pairs:
        if kind == "requires":
            required[frozenset((a, b))] = i
    for i, kind, a, b in pairs:
        if kind == "excludes" and frozenset((a, b)) in required:
            text = f"{a} and {b} exclude each other, row {check.line(required[frozenset((a, b))])} requires"
            hint = "keep one of the two rows"
            yield check.finding(i, "error", "requires_and_excludes", text, hint=hint, action="refused")


def _pairs(check: Check) -> list[tuple[int, str, str, str]]:
    if not check.has("kind", "a", "b"):
        return []
    columns = [check.table[c].to_pylist() for c in ("kind", "a", "b")]
    rows = enumerate(zip(*columns, strict=True))
    return [(i, kind, a, b) for i, (kind, a, b) in rows if a is not None and b is not None and a != b]


def requires_cycles(check: Check) -> Iterator[Finding]:
    """Chains of requirements that come back to where they began."""
    needs: dict[str, list[str]] = defaultdict(list)
    first: dict[str, int] = {}
    for i, kind, a, b in _pairs(check):
        if kind == "requires":
            needs[a].append(b)
            first.setdefault(a, i)
    for cycle in _cycles(needs):
        text = "the requirements go round: " + " -> ".join([*cycle, cycle[0]])
        yield check.finding(
            first[cycle[0]], "error", "requires_cycle", text, hint="take one of them out", action="refused"
        )


def _cycles(needs: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """Yield one cycle for each strongly tied group, found by depth-first search without recursion."""
    done: set[str] = set()
    for start in sorted(needs):
        path: list[str] = []
        stack = [(start, iter(needs[start]))] if start not in done else []
        while stack:
            node, following = stack[-1]
            if not path or path[-1] != node:
                path.append(node)
            target = next(following, None)
            if target is None:
                done.add(node)
                path.pop()
                stack.pop()
            elif target in path:
                yield path[path.index(target) :]
            elif target not in done:
                stack.append((target, iter(needs.get(target, ()))))


def savings(check: Check) -> Iterator[Finding]:
    """Savings that eat up the whole cost of a."""
    name = "intervention" if check.schema.name == "relation" else "interventions"
    if name not in check.known or not check.has("a", "saving_eur"):
        return
    known = check.known[name]
    if not {"id", "cost_eur"} <= set(known.column_names):
        return
    cost = dict(zip(known["id"].to_pylist(), known["cost_eur"].to_pylist(), strict=True))
    pairs = zip(check.table["a"].to_pylist(), check.table["saving_eur"].to_pylist(), strict=True)
    for i, (a, saving) in enumerate(pairs):
        limit = cost.get(a)
        if saving is not None and limit is not None and saving >= limit:
            text = f"saving_eur = {saving:g} is not below the cost of {a}, {limit:g}"
            yield check.finding(
                i, "error", "saving_out_of_range", text, hint="check both", action="row_set_aside"
            )


def unknown_savings(check: Check) -> Iterator[Finding]:
    """Joint worksites that do not say what they save: they tie two starts together and save nothing."""
    if not check.has("kind", "a", "b", "saving_eur"):
        return
    rows = (check.table[c].to_pylist() for c in ("kind", "a", "b", "saving_eur"))
    for i, (kind, a, b, saving) in enumerate(zip(*rows, strict=True)):
        if kind == "joint_worksite" and saving is None:
            text = f"the joint worksite of {a} and {b} has no saving_eur: it counts as 0"
            yield check.finding(i, "note", "missing_saving", text, hint="state what is saved once")


_WORKS: Final = (year_order, money_in_thousands, all_benefits_zero, cup_codes, cui_codes, cost_interval)
_RELATIONS: Final = (self_relations, relation_conflicts, requires_cycles, savings, unknown_savings)
_VALUES: Final = (value_interval, indicator_units)

BY_TABLE: Final[Mapping[str, tuple[Callable[[Check], Iterator[Finding]], ...]]] = {
    "intervention": _WORKS,
    "interventions": _WORKS,
    "relation": _RELATIONS,
    "relations": _RELATIONS,
    "effect": _VALUES,
    "indicator_value": _VALUES,
    "observation": _VALUES,
    "options": (all_benefits_zero,),
}
"""Table (or folder file) -> its checks."""

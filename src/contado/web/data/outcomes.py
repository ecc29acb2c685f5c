"""What works did: the same measure before and after them, for each work and together by good practice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.kernel.programme.naming import intervention_name
from contado.practices.names import type_names
from contado.web.data.roads import Interval
from contado.web.data.view import day, real, rows, text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.indicators import Indicator, Table
    from contado.web.data.view import Row
    from contado.web.i18n import Words

__all__ = ["Outcome", "Together", "load", "together"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One indicator of one work before and after it."""

    intervention: str
    name: Words
    practice: str
    code: str | None
    indicator: Indicator
    before: Interval
    before_on: dt.date | None
    after: Interval
    after_on: dt.date | None
    label: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The works of a good practice together: means before and after; the interval adds all errors."""

    practice: str
    indicator: Indicator
    works: Sequence[Outcome]
    before: Interval
    after: Interval
    first: dt.date | None
    last: dt.date | None
    label: str | None

    @property
    def shown(self) -> bool:
        """Whether the change is demonstrated: the two intervals do not touch."""
        ends = (self.before.low, self.before.high, self.after.low, self.after.high)
        if any(v is None for v in ends):
            return False
        low, high, after_low, after_high = (v or 0.0 for v in ends)
        return after_high < low or after_low > high

    @property
    def better(self) -> bool:
        """Whether the mean moved the good way."""
        step = (self.after.value or 0.0) - (self.before.value or 0.0)
        return step > 0 if self.indicator.higher_is_better else step < 0


def load(view: View, registry: Table) -> list[Outcome]:
    """Return what was observed of each work, of each indicator its first and its last value."""
    known, types = {str(r["id"]): r for r in rows(view, "intervention")}, type_names(view)
    series: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows(view, "observation"):
        work = text(row, "intervention_id")
        if work in known and real(row, "value") is not None:
            series[work or "", str(row["indicator"])].append(row)
    found = []
    for (work, indicator), values in series.items():
        ordered = sorted(values, key=lambda row: str(row["period"]))
        if len(ordered) > 1 and indicator in registry.indicators:
            name = intervention_name(known[work], types)
            found.append(_outcome(known[work], name, registry.indicators[indicator], ordered[0], ordered[-1]))
    place = {name: i for i, name in enumerate(registry.indicators)}
    return sorted(found, key=lambda o: (o.practice, place[o.indicator.id], o.intervention))


def _outcome(work: Row, name: Words, indicator: Indicator, first: Row, last: Row) -> Outcome:
    return Outcome(
        intervention=str(work["id"]),
        name=name,
        practice=str(work["practice"]),
        code=text(work, "municipality"),
        indicator=indicator,
        before=_interval(first),
        before_on=day(first, "period"),
        after=_interval(last),
        after_on=day(last, "period"),
        label=text(last, "label") or text(first, "label"),
    )


def _interval(row: Row) -> Interval:
    return Interval(value=real(row, "value"), low=real(row, "low"), high=real(row, "high"))


def together(found: Iterable[Outcome]) -> list[Together]:
    """Return one measure for each good practice: that of most works, the first registered of equals."""
    groups: dict[str, dict[str, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
    for outcome in found:
        groups[outcome.practice][outcome.indicator.id].append(outcome)
    return [_together(max(measures.values(), key=len)) for measures in groups.values()]


def _together(works: Sequence[Outcome]) -> Together:
    labels = {o.label for o in works}
    return Together(
        practice=works[0].practice,
        indicator=works[0].indicator,
        works=works,
        before=_mean([o.before for o in works]),
        after=_mean([o.after for o in works]),
        first=min((o.before_on for o in works if o.before_on), default=None),
        last=max((o.after_on for o in works if o.after_on), default=None),
        label=next((n for n in ("simulated", "estimated", "measured") if n in labels), None),
    )


def _mean(intervals: Sequence[Interval]) -> Interval:
    means = (_of([getattr(i, end) for i in intervals]) for end in ("value", "low", "high"))
    return Interval(**dict(zip(("value", "low", "high"), means, strict=True)))


def _of(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if len(known) == len(values) and known else None

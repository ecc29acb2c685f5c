"""What the offices report, taken into ``payment``, ``milestone`` and ``observation``.

An event is kept once: a second event with the same key and the same content changes nothing, one with
another content is rejected, since a silent overwrite of a payment would hide a mistake.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from contado.kernel import tables
from contado.kernel.errors import Rejected, did_you_mean
from contado.kernel.programme.milestones import REPORTED, reached
from contado.kernel.tables.codes import split_cup

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

__all__ = ["KINDS", "Recorded", "record"]

_PAID: Final = ("committed", "paid")
KINDS: Final = (*_PAID, *REPORTED, "observation")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The three tables after the events, and what became of each event."""

    tables: Mapping[str, pa.Table]
    recorded: int
    unchanged: int
    rejected: tuple[Rejected, ...]


class _Reject(Exception):
    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


@dataclass(slots=True)
class _Ledger:
    """The tables by key, while events come in."""

    payments: dict[tuple[Any, ...], dict[str, Any]]
    milestones: dict[tuple[Any, ...], dict[str, Any]]
    observations: dict[tuple[Any, ...], dict[str, Any]]
    by_cup: Mapping[str, set[str]]
    sources: Mapping[str, set[str]]
    """Intervention -> sources that pay it in the programme."""
    known: frozenset[str]
    source_id: str
    rejected: list[Rejected] = field(default_factory=list)


def record(
    events: Sequence[Mapping[str, Any]],
    *,
    lines: Sequence[int],
    interventions: Iterable[Mapping[str, Any]],
    programme: Iterable[Mapping[str, Any]] = (),
    payment: pa.Table,
    milestone: pa.Table,
    observation: pa.Table,
    source_id: str,
) -> Recorded:
    """Take in events.

    Parameters
    ----------
    events
        Rows ``intervention_id`` or ``cup``, ``kind`` (see `KINDS`), ``date``, ``amount_eur``, ``indicator``,
        ``value``, ``unit``, optionally ``source``.
    lines
        Line of each event in its file.
    interventions, programme
        Rows of the workspace: ids and codes; which source pays what.
    payment, milestone, observation
        The tables so far.
    source_id
        Where the events come from.
    """
    works = list(interventions)
    ledger = _Ledger(
        payments=_by_key(payment, ("intervention_id", "source", "kind", "date")),
        milestones=_by_key(milestone, ("intervention_id", "kind")),
        observations=_by_key(observation, ("subject_id", "indicator", "period")),
        by_cup=_owners(works),
        sources=_payers(programme),
        known=frozenset(str(w["id"]) for w in works),
        source_id=source_id,
    )
    news = [_take(ledger, event, line) for event, line in zip(events, lines, strict=True)]
    return Recorded(
        tables={
            "payment": tables.from_rows("payment", ledger.payments.values()),
            "milestone": tables.from_rows("milestone", ledger.milestones.values()),
            "observation": tables.from_rows("observation", ledger.observations.values()),
        },
        recorded=news.count(True),
        unchanged=news.count(False),
        rejected=tuple(ledger.rejected),
    )


def _by_key(table: pa.Table, key: Sequence[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(row[k] for k in key): row for row in table.to_pylist()}


def _owners(works: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    owners: dict[str, set[str]] = {}
    for work in works:
        for code in work.get("cup") or ():
            owners.setdefault(code, set()).add(str(work["id"]))
    return owners


def _payers(programme: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    payers: dict[str, set[str]] = {}
    for row in programme:
        if row["source"] is not None:
            payers.setdefault(row["intervention_id"], set()).add(row["source"])
    return payers


def _take(ledger: _Ledger, event: Mapping[str, Any], line: int) -> bool | None:
    """Take one event in: True new, False known already, None rejected."""
    try:
        kind = _kind(event)
        key, day = _work(ledger, event), _day(event.get("date"))
        if kind in _PAID:
            return _payment(ledger, event, key, kind, day)
        if kind in REPORTED:
            return _milestone(ledger, key, kind, day)
        return _observation(ledger, event, key, day)
    except _Reject as reason:
        ledger.rejected.append(Rejected(row=line, rule=reason.rule, message=str(reason)))
        return None


def _kind(event: Mapping[str, Any]) -> str:
    kind = str(event.get("kind") or "").strip()
    if kind not in KINDS:
        raise _Reject("unknown_kind", f"kind {kind!r} is no event; {did_you_mean(kind, KINDS)}")
    return kind


def _work(ledger: _Ledger, event: Mapping[str, Any]) -> str:
    key = str(event.get("intervention_id") or "").strip()
    if key:
        if key not in ledger.known:
            raise _Reject("unknown_reference", f"no intervention {key!r}; {did_you_mean(key, ledger.known)}")
        return key
    codes = split_cup(str(event.get("cup") or ""))
    owners = {key for code in codes for key in ledger.by_cup.get(code, ())}
    if len(owners) == 1:
        return owners.pop()
    if not codes:
        raise _Reject("missing_value", "neither intervention_id nor cup is given")
    if owners:
        names = ", ".join(sorted(owners))
        raise _Reject("ambiguous_cup", f"CUP {codes[0]} belongs to {names}; give intervention_id")
    raise _Reject("unknown_reference", f"no intervention has the CUP {codes[0]}")


def _day(value: Any) -> dt.date:
    if isinstance(value, dt.date):
        return value
    text = str(value or "").strip()
    try:
        if _DAY.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise _Reject("bad_date", f"date {text!r} is no day; write YYYY-MM-DD")


def _number(event: Mapping[str, Any], name: str) -> float:
    value = event.get(name)
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _Reject("bad_number", f"{name} {value!r} is no number")
    return number


def _payment(ledger: _Ledger, event: Mapping[str, Any], key: str, kind: str, day: dt.date) -> bool:
    amount = round(_number(event, "amount_eur"), 2)
    if amount < 0:
        raise _Reject("negative_amount", f"amount_eur {amount} is negative")
    source = str(event.get("source") or "").strip() or _only_source(ledger, key)
    place = (key, source, kind, day)
    old = ledger.payments.get(place)
    if old is not None:
        if round(old["amount_eur"] * 100) == round(amount * 100):
            return False
        text = f"{key}: {kind} of {day} by {source} is recorded with {old['amount_eur']:.2f}, not {amount:.2f} EUR"
        raise _Reject("conflicting_event", text)
    ledger.payments[place] = {
        "intervention_id": key,
        "source": source,
        "kind": kind,
        "date": day,
        "amount_eur": amount,
        "source_id": ledger.source_id,
    }
    return True


def _only_source(ledger: _Ledger, key: str) -> str:
    """Return the one source that pays a work in the programme; ``unknown`` where there are none or several."""
    payers = ledger.sources.get(key, set())
    return next(iter(payers)) if len(payers) == 1 else "unknown"


def _milestone(ledger: _Ledger, key: str, kind: str, day: dt.date) -> bool:
    old = ledger.milestones.get((key, kind))
    state, done = reached(old, day=day)
    if state == "conflict":
        raise _Reject("conflicting_event", f"{key}: {kind} is recorded on {done}, not {day}")
    if state == "same":
        return False
    row = old or {"intervention_id": key, "kind": kind, "due": None, "note": None}
    ledger.milestones[key, kind] = {**row, "done": day, "source_id": ledger.source_id}
    return True


def _observation(ledger: _Ledger, event: Mapping[str, Any], key: str, day: dt.date) -> bool:
    indicator = str(event.get("indicator") or "").strip()
    unit, value = str(event.get("unit") or "").strip(), _number(event, "value")
    registered = tables.indicators().get(indicator)
    if not indicator or not unit:
        raise _Reject("missing_value", "an observation needs indicator, value and unit")
    if registered is not None and registered.unit != unit:
        raise _Reject("unknown_unit", f"{indicator} is measured in {registered.unit}, not {unit}")
    place = (key, indicator, day.isoformat())
    old = ledger.observations.get(place)
    if old is not None:
        if old["value"] == value and old["unit"] == unit:
            return False
        raise _Reject("conflicting_event", f"{key}: {indicator} of {day} is recorded with {old['value']}")
    ledger.observations[place] = {
        "subject_id": key,
        "intervention_id": key,
        "indicator": indicator,
        "period": day.isoformat(),
        "value": value,
        "unit": unit,
        "method": "reported by the office",
        "label": "measured",
        "source_id": ledger.source_id,
    }
    return True

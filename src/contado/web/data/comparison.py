"""Two recorded programmes side by side: what came in, went out, moved, is paid otherwise, and where money went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from contado.kernel.portfolio.compare import compare
from contado.web.data import runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.runs import Stored
    from contado.web.data.view import Row

__all__ = ["Change", "Comparison", "Difference", "between"]

Kind = Literal["added", "removed", "moved", "refunded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one intervention from programme a to programme b."""

    id: str
    kind: Kind
    from_year: int | None
    to_year: int | None
    from_sources: tuple[str, ...]
    to_sources: tuple[str, ...]
    from_eur: float
    to_eur: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Payments of both programmes [EUR] to one municipality, good practice or source."""

    key: str
    a: float
    b: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """From programme a to programme b; ``nested``: everything of the poorer one is in the richer one."""

    a: Stored
    b: Stored
    changes: tuple[Change, ...]
    value_difference: float | None
    by_municipality: tuple[Difference, ...]
    by_practice: tuple[Difference, ...]
    by_source: tuple[Difference, ...]
    nested: bool

    def count(self, kind: Kind) -> int:
        """Return how many interventions change in this way."""
        return sum(c.kind == kind for c in self.changes)


def between(view: View, a: Stored, b: Stored) -> Comparison:
    """Compare two recorded runs."""
    before, after = _paid(runs.programme_of(view, a.id)), _paid(runs.programme_of(view, b.id))
    found = compare(_plan(before, a.value), _plan(after, b.value))
    facts = {str(r["id"]): r for run in (a, b) for r in runs.inputs_of(view, run.id, "intervention")}
    kinds: dict[Kind, Sequence[str]] = {
        "added": found.added,
        "removed": found.removed,
        "moved": [m.id for m in found.moved],
        "refunded": found.refunded,
    }
    poorer = found.removed if (a.budget or 0.0) <= (b.budget or 0.0) else found.added
    return Comparison(
        a=a,
        b=b,
        changes=tuple(_change(k, kind, before, after) for kind, keys in kinds.items() for k in keys),
        value_difference=found.value_difference,
        by_municipality=_by(before, after, lambda r: str(facts.get(r["id"], {}).get("municipality") or "")),
        by_practice=_by(before, after, lambda r: str(facts.get(r["id"], {}).get("practice") or "")),
        by_source=_by(before, after, lambda r: str(r["source"] or "")),
        nested=not poorer,
    )


def _paid(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the payments of the chosen interventions, by id."""
    out: dict[str, list[Row]] = {}
    for row in rows:
        if row.get("start_year") is not None:
            out.setdefault(str(row["intervention_id"]), []).append(row | {"id": str(row["intervention_id"])})
    return out


def _plan(paid: Mapping[str, list[Row]], value: float | None) -> Row:
    lines = [
        {
            "intervention_id": key,
            "start_year": rows[0]["start_year"],
            "payments": [
                {"source": r["source"], "amount_eur": r["amount_eur"]} for r in rows if r.get("source")
            ],
            "value_eur": rows[0].get("value_eur"),
        }
        for key, rows in paid.items()
    ]
    return {"programme": lines, "value": value}


def _change(key: str, kind: Kind, before: Mapping[str, list[Row]], after: Mapping[str, list[Row]]) -> Change:
    one, two = before.get(key, []), after.get(key, [])
    return Change(
        id=key,
        kind=kind,
        from_year=one[0]["start_year"] if one else None,
        to_year=two[0]["start_year"] if two else None,
        from_sources=_sources(one),
        to_sources=_sources(two),
        from_eur=sum(r.get("amount_eur") or 0.0 for r in one),
        to_eur=sum(r.get("amount_eur") or 0.0 for r in two),
    )


def _sources(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(sorted({str(r["source"]) for r in rows if r.get("source")}))


def _by(
    before: Mapping[str, list[Row]], after: Mapping[str, list[Row]], key: Callable[[Row], str]
) -> tuple[Difference, ...]:
    """Sum the payments of both programmes by a key, the greatest differences first."""
    sums: dict[str, list[float]] = {}
    for place, paid in enumerate((before, after)):
        for row in (r for rows in paid.values() for r in rows):
            sums.setdefault(key(row), [0.0, 0.0])[place] += row.get("amount_eur") or 0.0
    found = [Difference(key=k, a=a, b=b) for k, (a, b) in sums.items()]
    return tuple(sorted(found, key=lambda d: (-abs(d.b - d.a), d.key)))

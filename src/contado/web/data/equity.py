"""Who gets how much: spend for each resident by municipality and by band, floors and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.web.data.view import real, rows, text
from contado.web.i18n import Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.workspace import WorkspaceView as View
    from contado.web.data.programme import Candidate
    from contado.web.data.territory import Territory, Unit

__all__ = ["BANDS", "BREAKS", "Band", "Floor", "Spend", "bands", "floors", "spends"]

BREAKS = (0.0, 1e-9, 10.0, 30.0, 60.0)
"""Lower bounds of the bands [EUR a resident], zero apart."""
BANDS = (
    Words("nessun intervento", "no intervention"),
    Words("meno di 10 €", "less than €10"),
    Words("10–30 €", "€10–30"),
    Words("30–60 €", "€30–60"),
    Words("60 € e oltre", "€60 and more"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Municipalities by spend for each resident."""

    name: Words
    units: int
    residents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What the programme spends in one municipality [EUR], in all and for each resident."""

    unit: Unit
    works: int
    spend: float
    head: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A least spend [EUR], what the programme spends there, and the value given up for each euro reserved."""

    kind: str
    key: str
    name: str
    least: float | None
    spent: float | None
    price: float | None


def spends(candidates: Sequence[Candidate], territory: Territory) -> list[Spend]:
    """Return the spend of every municipality, the most for each resident first."""
    money: dict[str, float] = {}
    works: dict[str, int] = {}
    for c in candidates:
        if c.chosen and c.code:
            money[c.code] = money.get(c.code, 0.0) + c.spent
            works[c.code] = works.get(c.code, 0) + 1
    out = [
        Spend(
            unit=u,
            works=works.get(u.code, 0),
            spend=money.get(u.code, 0.0),
            head=money.get(u.code, 0.0) / u.residents if u.residents else None,
        )
        for u in territory.units
    ]
    return sorted(out, key=lambda s: (-(s.head or 0.0), s.unit.name))


def bands(found: Sequence[Spend]) -> tuple[Band, ...]:
    """Return how many municipalities and residents lie in each band."""
    members: list[list[int]] = [[] for _ in BANDS]
    for s in found:
        if s.head is not None:
            members[sum(s.head >= b for b in BREAKS) - 1].append(s.unit.residents or 0)
    return tuple(
        Band(name=name, units=len(m), residents=sum(m)) for name, m in zip(BANDS, members, strict=True)
    )


def floors(
    view: View, prices: Mapping[str, float], candidates: Sequence[Candidate], territory: Territory
) -> tuple[Floor, ...]:
    """Return the floors that are asked for or priced; a floor of a source says no spend of its own here."""
    named = {u.code: u.name for u in territory.units}
    asked = {_floor_key(str(r["kind"]), str(r["key"])): r for r in rows(view, "floor")}
    out = []
    for key in sorted(asked.keys() | prices.keys()):
        row = asked.get(key, {})
        kind, name = text(row, "kind") or "municipality", text(row, "key") or key
        out.append(
            Floor(
                kind=kind,
                key=name,
                name=named.get(name, name),
                least=real(row, "min_spend_eur"),
                spent=_spent(kind, name, candidates),
                price=prices.get(key, 0.0 if prices else None),
            )
        )
    return tuple(out)


def _floor_key(kind: str, key: str) -> str:
    return key if kind == "municipality" else f"{kind} {key}"


def _spent(kind: str, key: str, candidates: Sequence[Candidate]) -> float | None:
    mine = {"municipality": lambda c: c.code, "domain": lambda c: c.practice}.get(kind)
    if mine is None:
        return None
    return sum(c.spent for c in candidates if c.chosen and mine(c) == key)

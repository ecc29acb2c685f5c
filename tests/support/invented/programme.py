"""An invented programme: interventions by benefit over cost, chosen until the budgets are spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random

TREATMENTS = {
    "wearing_4cm": ("Nuovo strato di usura, 4 cm", 18.0),
    "binder_wearing_10cm": ("Usura e binder, 10 cm", 43.0),
    "micro_surfacing": ("Microtappeto", 8.0),
    "crack_sealing": ("Sigillatura fessure", 2.0),
}
SOURCES = {"Fondi propri": 9.8e6, "Regione Lombardia": 6.0e6, "Fondi europei": 5.0e6}
YEARS = (2027, 2028, 2029)


def make_programme(sections, rng: random.Random) -> dict[str, list[dict]]:
    """Interventions by benefit over cost; the best are chosen until the budgets are spent."""
    options = _options(sections, rng)
    decided, line = _decided(options)
    final = line or 1.0
    rows = [_programme_row(option, pot, final, i) for i, (option, pot) in enumerate(decided)]
    value = sum(r["value_eur"] for r in rows if r["start_year"])
    return {
        "intervention": [_intervention_row(option) for option in options],
        "effect": [_effect_row(option) for option in options],
        "programme": rows,
        "price": [{"kind": "budget", "key": s, "year": y, "price": final} for s in SOURCES for y in YEARS],
        "budget": [{"source": s, "year": y, "budget_eur": b / 2} for s, b in SOURCES.items() for y in YEARS],
        "run": [_run_row(value)],
    }


class Option(NamedTuple):
    """A treatment of a section: what it costs, and its benefit over its cost."""

    section: object
    kind: str
    name: str
    cost: float
    ratio: float

    @property
    def key(self) -> str:
        return f"manto_stradale:{self.section['section_id']}:{self.kind}"


def _options(sections, rng: random.Random) -> list[Option]:
    options = []
    for _, section in sections[sections["class"].isin(["B", "C", "D"])].iterrows():
        kind = rng.choice(list(TREATMENTS))
        name, price = TREATMENTS[kind]
        options.append(
            Option(section, kind, name, price * section["length_km"] * 7000, rng.lognormvariate(0.45, 0.6))
        )
    return sorted(options, key=lambda o: -o.ratio)


def _excluded(i: int) -> bool:
    return i % 29 == 7


def _decided(options: list[Option]) -> tuple[list[tuple[Option, tuple[str, int] | None]], float | None]:
    """Return each option with the budget that pays it, and the ratio of the first that none could pay."""
    left = {(s, y): b / 2 for s, b in SOURCES.items() for y in YEARS}
    decided, line = [], None
    for i, option in enumerate(options):
        pot = None if _excluded(i) else next((k for k, v in left.items() if v >= option.cost), None)
        if pot:
            left[pot] -= option.cost
        elif line is None and not _excluded(i):
            line = option.ratio
        decided.append((option, pot))
    return decided, line


def _intervention_row(o: Option) -> dict:
    return {
        "id": o.key,
        "practice": "manto_stradale",
        "type": o.kind,
        "asset_id": f"manto_stradale:{o.section['section_id']}",
        "site_id": o.section["section_id"],
        "municipality": o.section["municipality"],
        "cost_eur": o.cost,
        "cost_low_eur": o.cost * 0.86,
        "cost_high_eur": o.cost * 1.17,
        "benefit_eur": o.cost * o.ratio,
        "earliest_year": 2027,
        "latest_year": 2029,
        "name": f"{o.name}, {o.section['section_id']}",
        "label": "simulated",
        "source_id": "test",
    }


def _effect_row(o: Option) -> dict:
    return {
        "intervention_id": o.key,
        "indicator": "condition_index_km_y",
        "value": o.cost * o.ratio / 5e4,
        "unit": "km_y",
        "method": "a made-up effect",
        "label": "simulated",
        "source_id": "test",
    }


REASONS = {
    "worth": ("rende abbastanza", "yields enough"),
    "excluded": ("escluso: scelta un'altra strategia", "excluded by another strategy"),
    "budget": ("fondi propri 2028 finiti", "own funds of 2028 are spent"),
}


def _programme_row(o: Option, pot: tuple[str, int] | None, final: float, i: int) -> dict:
    code = "worth" if pot else "excluded" if _excluded(i) else "budget"
    it, en = REASONS[code]
    robustness = "core" if o.ratio > 1.4 * final else "borderline" if o.ratio > 0.6 * final else "exterior"
    return {
        "intervention_id": o.key,
        "source": pot[0] if pot else None,
        "year": pot[1] if pot else None,
        "start_year": pot[1] if pot else None,
        "amount_eur": o.cost if pot else None,
        "value_eur": o.cost * o.ratio,
        "margin_eur": o.cost * o.ratio - o.cost * final,
        "reason_code": code,
        "reason_it": it,
        "reason_en": en,
        "site_id": o.key,
        "selection_frequency": max(0.0, min(1.0, 0.5 + (o.ratio - final) / final)),
        "robustness": robustness,
    }


def _run_row(value: float) -> dict:
    return {
        "run_id": "run-1",
        "verb": "plan",
        "status": "optimal",
        "value_eur": value,
        "bound_eur": value * 1.0012,
        "gap": 0.0012,
        "proof": "prices",
        "verified": True,
        "method": "milp",
        "solver": "HiGHS 1.15",
        "seed": 0,
    }

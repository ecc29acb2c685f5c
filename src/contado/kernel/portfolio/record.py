"""A result as tables (programme, price, run) and as the run record from which it can be repeated."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
from typing import TYPE_CHECKING, Any

import msgspec

from contado.kernel import tables
from contado.kernel.portfolio.problem import Method
from contado.kernel.provenance import sha256_of_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from contado.kernel.portfolio.explain import Reason
    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.portfolio.result import Result
    from contado.kernel.portfolio.robust import Robustness

__all__ = [
    "DRAFT_FILE",
    "INPUTS",
    "RunRecord",
    "RunSettings",
    "as_done",
    "input_hashes",
    "is_draft",
    "price_table",
    "programme_table",
    "recorded",
    "run_id_of",
    "run_table",
]

INPUTS = ("intervention", "budget", "funding_rule", "funding_amount", "relation", "floor")
"""Tables that a plan reads; their hashes stand in its record."""

DRAFT_FILE = "draft.json"
"""In a run's folder: ``{"draft": true}`` until the run becomes the programme; a run without it is no draft."""

_PACKAGES = ("contado", "highspy", "numpy", "pyarrow", "scipy")


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan was asked for, beside its tables."""

    gap_share: float
    time_limit_s: float
    discount_rate_share: float
    seed: int
    floors: bool
    draws: int = 0
    """Seeded draws under which the plan was planned again; 0 = none."""
    soft_floors: bool = False
    on: str | None = None
    """Day whose funding rules count (ISO 8601); None = all rules, whatever their dates."""
    method: Method = "auto"
    """How it was asked to be solved."""

    @property
    def day(self) -> dt.date | None:
        """``on`` as a date."""
        return None if self.on is None else dt.date.fromisoformat(self.on)


def as_done(settings: RunSettings, robustness: Robustness | None) -> RunSettings:
    """Return the settings with the draws really made: fewer than asked for where somebody stopped them."""
    return settings if robustness is None else msgspec.structs.replace(settings, draws=robustness.draws)


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """run.json: everything needed to repeat a plan and to see that nothing changed."""

    run_id: str
    verb: str
    inputs: dict[str, str]
    """Table -> sha256 of its content."""
    settings: RunSettings
    versions: dict[str, str]
    method: str
    solver: str
    stop: str
    """``gap`` when the search ended by itself, ``time`` when the clock or a person stopped it."""
    stop_after: int | None = None
    """Improving plans (price method: steps) until then: `rerun` stops there, for a clock cannot be repeated."""
    status: str
    value_eur: float
    bound_eur: float
    gap_share: float
    proof: str
    verified: bool
    programme_sha256: str


def is_draft(folder: Path) -> bool:
    """Whether the run of a folder is a draft, which only planners see."""
    try:
        found = msgspec.json.decode((folder / DRAFT_FILE).read_bytes())
    except (OSError, msgspec.DecodeError):
        return False
    return isinstance(found, dict) and found.get("draft") is True


def input_hashes(inputs: Mapping[str, pa.Table]) -> dict[str, str]:
    """Return the content hash of each input table, by name."""
    return {name: tables.content_hash(inputs[name]) for name in sorted(inputs)}


def run_id_of(hashes: Mapping[str, str], settings: RunSettings) -> str:
    """Return the id of a run: the same inputs and settings have the same id."""
    text = msgspec.json.encode([sorted(hashes.items()), settings], order="deterministic")
    return "plan-" + sha256_of_bytes(text)[:12]


def versions() -> dict[str, str]:
    """Return the versions of the packages that a plan's bytes depend on."""
    return {name: importlib.metadata.version(name) for name in _PACKAGES}


def recorded(
    verb: str, inputs: Mapping[str, pa.Table], result: Result, settings: RunSettings, programme: pa.Table
) -> RunRecord:
    """Return the record of a run of ``verb``, without any time of day: equal inputs give equal bytes."""
    hashes = input_hashes(inputs)
    return RunRecord(
        run_id=run_id_of(hashes, settings),
        verb=verb,
        inputs=hashes,
        settings=settings,
        versions=versions(),
        method=result.method,
        solver=result.solver,
        stop="time" if result.status == "feasible" else "gap",
        stop_after=(result.improvements or None) if result.status == "feasible" else None,
        status=result.status,
        value_eur=result.value_eur,
        bound_eur=result.bound_eur,
        gap_share=result.gap_share,
        proof=result.proof,
        verified=result.verdict.ok,
        programme_sha256=sha256_of_bytes(tables.parquet_bytes(programme)),
    )


def programme_table(result: Result, robustness: Robustness | None = None) -> pa.Table:
    """Return table ``programme``: a row for each payment of what is chosen, one for each that is not."""
    problem = result.problem
    rows = [
        row | _sturdiness(robustness, problem.ids[i])
        for i in range(len(problem.ids))
        for row in _rows(problem, result, i)
    ]
    return tables.from_rows("programme", rows)


def _sturdiness(robustness: Robustness | None, key: str) -> dict[str, Any]:
    if robustness is None:
        return {}
    return {
        "selection_frequency": robustness.selection_frequency[key],
        "robustness": robustness.robustness[key],
    }


def _rows(problem: Problem, result: Result, i: int) -> list[dict[str, Any]]:
    reason = result.reasons[i]
    common = {
        "intervention_id": problem.ids[i],
        "value_eur": reason.value_eur,
        "margin_eur": reason.margin_eur,
        "yield_ratio": reason.yield_ratio,
        "site_id": problem.rows["interventions"][i].get("site_id"),
        **_sentences(reason),
    }
    if i not in result.choice.starts:
        return [common]
    year = result.choice.starts[i]
    paid: list[tuple[str | None, int, int]] = [*result.paid_by_year(i)] or [(None, year, 0)]
    return [
        common | {"source": source, "year": when, "start_year": year, "amount_eur": cents / 100}
        for source, when, cents in paid
    ]


def _sentences(reason: Reason) -> dict[str, str]:
    return {"reason_code": reason.code, "reason_it": reason.it, "reason_en": reason.en}


def price_table(result: Result) -> pa.Table:
    """Return table ``price``: value of one more euro in each budget, given up for one reserved by a floor."""
    rows: list[dict[str, Any]] = [
        {"kind": "budget", "key": source, "year": year, "price": price}
        for (source, year), price in sorted(result.prices.items())
    ]
    rows += [
        {"kind": "floor", "key": key if kind == "municipality" else f"{kind} {key}", "price": price}
        for (kind, key), price in sorted(result.floor_prices.items())
    ]
    return tables.from_rows("price", rows)


def run_table(record: RunRecord) -> pa.Table:
    """Return table ``run`` with the one row of ``record``."""
    row = {
        "run_id": record.run_id,
        "verb": record.verb,
        "status": record.status,
        "value_eur": record.value_eur,
        "bound_eur": record.bound_eur,
        "gap": record.gap_share,
        "proof": record.proof,
        "verified": record.verified,
        "method": record.method,
        "solver": record.solver,
        "seed": record.settings.seed,
        "stop": record.stop,
        "inputs_json": _json(record.inputs),
        "settings_json": _json(record.settings),
        "versions_json": _json(record.versions),
        "programme_sha256": record.programme_sha256,
    }
    return tables.from_rows("run", [row])


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()

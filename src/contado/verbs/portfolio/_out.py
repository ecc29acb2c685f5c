"""What `portfolio solve --out` writes: programme.parquet, price.parquet, run.json and the inputs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa

from contado.kernel import tables
from contado.kernel.portfolio import record
from contado.kernel.provenance import sha256_of_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.portfolio import Result
    from contado.kernel.portfolio.price import OptionsResult
    from contado.kernel.portfolio.robust import Robustness
    from contado.kernel.tables.exchange import Folder
    from contado.verbs.portfolio.solve import SolveRequest

__all__ = ["programme_of", "recorded_options", "settings_of", "write_options", "write_programme"]

_RECORD = "run.json"


def write_programme(
    out: Path,
    shared: Mapping[str, pa.Table],
    result: Result,
    request: SolveRequest,
    sturdy: Robustness | None,
) -> None:
    """Write a programme so that `contado rerun` can repeat it."""
    inputs = {n: shared[n] if n in shared else tables.empty(n) for n in record.INPUTS}
    programme = record.programme_table(result, sturdy)
    made = record.recorded("portfolio solve", inputs, result, settings_of(request), programme)
    _write(out, {"programme": programme, "price": record.price_table(result)}, inputs, made)


def write_options(out: Path, folder: Folder, result: OptionsResult, request: SolveRequest) -> None:
    """Write the chosen options (a row an option, ``intervention_id`` = site), prices and the record."""
    programme = programme_of(folder.tables, result)
    made = recorded_options(folder.tables, result, settings_of(request), programme)
    _write(out, {"programme": programme, "price": _price_of(result)}, folder.tables, made)


def recorded_options(
    inputs: Mapping[str, pa.Table], result: OptionsResult, settings: record.RunSettings, programme: pa.Table
) -> record.RunRecord:
    """Return the record of a run on an options folder."""
    hashes = record.input_hashes(inputs)
    return record.RunRecord(
        run_id=record.run_id_of(hashes, settings),
        verb="portfolio solve",
        inputs=hashes,
        settings=settings,
        versions=record.versions(),
        method=result.method,
        solver=result.solver,
        stop="time" if result.stop_after else "gap",
        stop_after=result.stop_after or None,
        status=result.status,
        value_eur=result.value_eur,
        bound_eur=result.bound_eur,
        gap_share=result.gap_share,
        proof="prices",
        verified=True,
        programme_sha256=sha256_of_bytes(tables.parquet_bytes(programme)),
    )


def programme_of(inputs: Mapping[str, pa.Table], result: OptionsResult) -> pa.Table:
    """Return table ``programme`` of the chosen options: a row a payment."""
    options, budgets = inputs["options"], inputs["budgets"]
    paid = {str(b["budget"]): (b.get("source"), b.get("year")) for b in budgets.to_pylist()}
    rows = []
    for option in options.take(pa.array(result.chosen, pa.int64())).to_pylist():
        for name in (n for n in option if n.startswith("budget_")):
            amount = option[f"cost_{name.removeprefix('budget_')}_eur"]
            if option[name] is not None and amount:
                source, year = paid[str(option[name])]
                rows.append(
                    {
                        "intervention_id": str(option["site"]),
                        "source": source,
                        "year": year,
                        "start_year": year,
                        "amount_eur": amount,
                        "value_eur": option["benefit_eur"],
                        "reason_code": "chosen",
                    }
                )
    return tables.from_rows("programme", rows)


def _price_of(result: OptionsResult) -> pa.Table:
    rows = [{"kind": "budget", "key": b, "price": p} for b, p in result.prices.items()]
    rows += [{"kind": "floor", "key": q, "price": p} for q, p in result.floor_prices.items()]
    return tables.from_rows("price", rows)


def settings_of(request: SolveRequest) -> record.RunSettings:
    """Return what a solve was asked for, as its record keeps it."""
    return record.RunSettings(
        gap_share=request.gap,
        time_limit_s=request.time_limit_s,
        discount_rate_share=request.discount_rate,
        seed=request.seed,
        floors=request.floors != "none",
        draws=request.draws,
        method=request.method,
        soft_floors=request.floors == "soft",
    )


def _write(
    out: Path, results: Mapping[str, pa.Table], inputs: Mapping[str, pa.Table], made: record.RunRecord
) -> None:
    """Write the folder: everything under a temporary name, then moved in, the record last.

    So an interrupted run leaves either no record or one whose tables are all there.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        staged = Path(scratch)
        files = {f"{name}.parquet": table for name, table in results.items()}
        files |= {f"inputs/{name}.parquet": table for name, table in inputs.items()}
        (staged / "inputs").mkdir()
        for name, table in files.items():
            tables.write_parquet(table, staged / name)
        (staged / _RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=1))
        (out / "inputs").mkdir(parents=True, exist_ok=True)
        (out / _RECORD).unlink(missing_ok=True)
        for name in (*files, _RECORD):
            (staged / name).replace(out / name)

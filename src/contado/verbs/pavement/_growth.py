"""Growth of the segments of `pavement strategies`: given, from the body's history, or from HDM-4."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from contado.engines.pavement import columns
from contado.engines.pavement.deterioration import GrowthModel, fit, history_of
from contado.engines.pavement.deterioration.hdm4 import growth_per_y
from contado.kernel import tables
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from contado.kernel.tables import ReadResult
    from contado.verbs.pavement.strategies import StrategiesRequest

__all__ = ["with_growth"]


def with_growth(read: ReadResult, request: StrategiesRequest, on: date) -> tuple[pa.Table, list[Finding]]:
    """Return the segments with column growth_per_y filled where it was empty and can be known, and what was done."""
    table = read.table
    growth = columns.numbers(table, "growth_per_y", request.segments.name, lines=read.lines)
    findings: list[Finding] = []
    if request.history is not None:
        growth = _from_history(table, growth, request.history, findings)
    if request.hdm4:
        growth = _from_hdm4(read, request.segments.name, growth, on, findings)
    if not findings:
        return table, []
    filled = pa.array(growth, pa.float64(), from_pandas=True)
    if "growth_per_y" in table.column_names:
        return table.set_column(table.column_names.index("growth_per_y"), "growth_per_y", filled), findings
    return table.append_column("growth_per_y", filled), findings


def _from_history(
    table: pa.Table, growth: NDArray[np.float64], path: Path, findings: list[Finding]
) -> NDArray[np.float64]:
    read = tables.read(path)
    model = fit(history_of(read.table, name=path.name, lines=read.lines))
    names = columns.texts(table, "segment") if "segment" in table.column_names else [""] * growth.size
    family = columns.texts(table, "family") if "family" in table.column_names else [""] * growth.size
    found = np.array([model.of(n, f).mean for n, f in zip(names, family, strict=True)])
    findings += [*read.findings, _told(model, int(np.isnan(growth).sum()))]
    return np.where(np.isnan(growth), found, growth)


def _told(model: GrowthModel, count: int) -> Finding:
    overall = model.overall
    return Finding(
        severity="note",
        rule="growth_fitted",
        table="segments",
        message=f"Growth of {count} segments from the history: {overall.mean:.4f} a year in the mean (standard deviation "
        f"{overall.sd:.4f}, {overall.sections} sections), sections differ by {model.between_sections:.4f}.",
        hint="give growth_per_y where it is known better",
    )


def _from_hdm4(
    read: ReadResult, name: str, growth: NDArray[np.float64], on: date, findings: list[Finding]
) -> NDArray[np.float64]:
    needed = ("iri_m_km", "surface_age_y", "snpk", "ye4")
    columns.require(read.table, list(needed), name)
    iri, age, snpk, ye4 = (columns.numbers(read.table, n, name, lines=read.lines) for n in needed)
    found = growth_per_y(np.where(iri > 0, iri, np.nan), age_y=age, snpk=snpk, ye4=ye4, on=on)
    count = int((np.isnan(growth) & ~np.isnan(found)).sum())
    findings.append(
        Finding(
            severity="note",
            rule="growth_hdm4",
            table="segments",
            message=f"Growth of {count} segments by HDM-4, whose coefficients are to be confirmed against the manual.",
            hint="give growth_per_y or a history where there is one",
        )
    )
    return np.where(np.isnan(growth), found, growth)

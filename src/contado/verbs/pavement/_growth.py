"""Growth of the segments of `pavement strategies`: given, or from the body's history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from contado.engines.pavement import columns
from contado.engines.pavement.deterioration import GrowthModel, fit, history_of
from contado.kernel import tables
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from contado.kernel.tables import ReadResult
    from contado.verbs.pavement.strategies import StrategiesRequest

__all__ = ["with_growth"]


def with_growth(read: ReadResult, request: StrategiesRequest) -> tuple[pa.Table, list[Finding]]:
    """Return the segments with column growth_per_y filled where it was empty and can be known, and what was done."""
    table = read.table
    growth = columns.numbers(table, "growth_per_y", request.segments.name, lines=read.lines)
    findings: list[Finding] = []
    if request.history is not None:
        growth = _from_history(table, growth, request.history, findings)
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

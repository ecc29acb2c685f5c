"""Trials as they are kept in a workspace: tables of trials, sections and measures, turned into a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from contado.engines.pavement.trial.metrics import ROUGHNESS
from contado.engines.pavement.trial.panel import COVARIATES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

__all__ = ["panel_table"]

_YEAR_D: Final = 365.25
Row = dict[str, Any]


def panel_table(
    trial: Mapping[str, Any],
    sections: Iterable[Row],
    measures: Iterable[Row],
    *,
    on: date,
    metric: str = ROUGHNESS,
) -> pa.Table:
    """Return the panel of one trial as `contado.engines.pavement.trial.of_table` reads it.

    Parameters
    ----------
    trial
        Row of ``pavement_trial``.
    sections, measures
        Rows of ``pavement_trial_section`` and ``pavement_trial_obs`` of any trials.
    on
        Measures of later days are not known yet.
    metric
        Name of one of `contado.engines.pavement.trial.METRICS`.
    """
    own = {s["section"]: s for s in sections if s["trial_id"] == trial["trial_id"]}
    rows = [
        _row(own[m["section"]], m, own[m["section"]]["laid_on"] or trial["laid_on"])
        for m in measures
        if m["trial_id"] == trial["trial_id"]
        and m["section"] in own
        and m["metric"] == metric
        and m["date"] <= on
        and m["value"] is not None
    ]
    kept = [c for c in COVARIATES if all(own[r["section"]][c] is not None for r in rows)]
    for row in rows:
        row |= {c: own[row["section"]][c] for c in kept}
    return pa.Table.from_pylist(rows, schema=_schema(metric, kept))


def _row(section: Row, measure: Row, laid_on: date) -> Row:
    return {
        "section": section["section"],
        "group": section["arm"],
        "campaign": measure["campaign"],
        "from_m": measure["from_m"],
        "age_years": (measure["date"] - laid_on).days / _YEAR_D,
        measure["metric"]: measure["value"],
        "label": measure["label"],
    }


def _schema(metric: str, covariates: Iterable[str]) -> pa.Schema:
    words = {"section", "group", "campaign", "label", "base"}
    names = ["section", "group", "campaign", "from_m", "age_years", metric, "label", *covariates]
    return pa.schema([(n, pa.string() if n in words else pa.float64()) for n in names])

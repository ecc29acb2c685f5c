"""Environmental declarations of mixes (EPD): indicators by module of the life cycle, and what an assessment must hold.

A declaration gives each indicator of EN 15804 [1]_ by module: A1-A3 production, A4 transport, A5 laying, B2-B5
upkeep, C end of life; D (beyond the boundary) is told apart and never in the sum. The minimum criteria for roads
(CAM strade) want several indicators, global warming one of them; the duties are dated rows (`data/lca_duty.csv`).

References
----------
.. [1] EN 15804:2012+A2:2019, modules and indicators (to be confirmed against the text of the norm).

Examples
--------
>>> import pyarrow as pa
>>> table = pa.table({"name": ["plain"], "module": ["A1-A3"], "gwp_kg_t": [60.0], "adpf_mj_m2": [90.0], "t_m2": [0.1]})
>>> {kind: inside_boundary(modules) for kind, modules in declared(table)["plain"].items()}
{'gwp': 6.0, 'adpf': 90.0}
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from contado.engines.pavement import columns, data
from contado.kernel.dates import holding
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["MODULES", "Declared", "Indicator", "declared", "inside_boundary", "known_indicators", "lacking"]

MODULES: Final = ("A1-A3", "A4", "A5", "B2-B5", "C", "D")
"""Modules of EN 15804; all but D are summed."""
_BEYOND: Final = "D"

Declared = dict[str, dict[str, dict[str, float]]]
"""Value a square metre by alternative, indicator and module."""


class Indicator(NamedTuple):
    """An indicator of EN 15804: its key, the beginning of its column, unit and names."""

    indicator: str
    stem: str
    unit: str
    name_it: str
    name_en: str


def known_indicators() -> tuple[Indicator, ...]:
    """Return the indicators that a declaration may give, global warming first."""
    return tuple(Indicator(*(row[f] for f in Indicator._fields)) for row in data.rows("lca_indicator"))


def declared(table: pa.Table, *, name: str = "modules", lines: Sequence[int] | None = None) -> Declared:
    """Return the value a square metre of each alternative, indicator and module.

    Parameters
    ----------
    table
        One row an alternative and module: name, module (A1-A3, A4, A5, B2-B5, C, D), and for each indicator a
        column of its stem and unit a square metre (gwp_kg_m2, adpf_mj_m2 ...) or a tonne of mix (gwp_kg_t) with
        t_m2, the tonnes a square metre. Rows of one module are summed.

    Raises
    ------
    DataError
        ``missing_column``, ``not_a_number``; ``missing_value``: a row without any value, or tonnes without t_m2.
    UsageError
        ``unknown_choice``: another module.
    """
    columns.require(table, ["name", "module"], name)
    modules = columns.choices(table, "module", name, MODULES, lines=lines)
    values = {i.indicator: _per_square_metre(table, i.stem, name, lines) for i in known_indicators()}
    told = ~np.isnan(np.stack(list(values.values()))).all(axis=0)
    hint = "give gwp_kg_m2, or gwp_kg_t and t_m2; further indicators alike (adpf_mj_m2, ap_mol_m2 ...)"
    columns.refuse(np.flatnonzero(~told), table, "module", name, "missing_value", hint, lines)
    found: Declared = {}
    for row, (alternative, module) in enumerate(zip(columns.texts(table, "name"), modules, strict=True)):
        for indicator, column in values.items():
            if not np.isnan(column[row]):
                own = found.setdefault(alternative, {}).setdefault(indicator, {})
                own[module] = own.get(module, 0.0) + float(column[row])
    return found


def _per_square_metre(
    table: pa.Table, stem: str, name: str, lines: Sequence[int] | None
) -> NDArray[np.float64]:
    direct = columns.numbers(table, f"{stem}_m2", name, lines=lines)
    by_tonne = columns.numbers(table, f"{stem}_t", name, lines=lines)
    mass = columns.numbers(table, "t_m2", name, lines=lines)
    unweighed = np.flatnonzero(np.isnan(direct) & ~np.isnan(by_tonne) & np.isnan(mass))
    hint = "t_m2: tonnes of mix a square metre"
    columns.refuse(unweighed, table, f"{stem}_t", name, "missing_value", hint, lines)
    return np.where(np.isnan(direct), by_tonne * mass, direct)


def inside_boundary(modules: Mapping[str, float] | None) -> float:
    """Return the sum of the modules but D, which EN 15804 tells apart; NaN where nothing is declared.

    Examples
    --------
    >>> inside_boundary({"A1-A3": 6.0, "A4": 0.5, "D": -1.0})
    6.5
    """
    return math.nan if modules is None else sum(v for module, v in modules.items() if module != _BEYOND)


def lacking(found: Declared, on: date, *, name: str = "modules") -> list[Finding]:
    """Return what the declarations lack of the assessment that the minimum criteria want on the day ``on``.

    An indicator counts when every alternative gives it over the same modules: else they cannot be compared.
    """
    duties = holding(data.rows("lca_duty"), on)
    return [f for duty in duties for f in (*_too_few(found, duty, name), _review(duty, name))]


def _too_few(found: Declared, duty: Mapping[str, str], name: str) -> list[Finding]:
    shared = [i.indicator for i in known_indicators() if _comparable(found, i.indicator)]
    if len(shared) >= int(duty["min_indicators"]) and "gwp" in shared:
        return []
    message = (
        f"{len(shared)} indicators are declared for every alternative over the same modules"
        f" ({', '.join(shared) or 'none'}); {duty['norm']} wants {duty['min_indicators']}, global warming one of them."
    )
    hint = "add columns such as adpf_mj_m2, ap_mol_m2 for each alternative and module"
    return [Finding(severity="warning", rule="few_indicators", message=message, hint=hint, table=name)]


def _comparable(found: Declared, indicator: str) -> bool:
    given = {frozenset(kinds.get(indicator, ())) for kinds in found.values()}
    return len(given) == 1 and bool(*given)


def _review(duty: Mapping[str, str], name: str) -> Finding:
    asked = "wants" if duty["review"] == "required" else "no longer wants"
    message = f"{duty['norm']} {asked} a critical review of the assessment by ISO 14071 ({duty['status']})."
    return Finding(severity="note", rule="lca_review", message=message, table=name, hint=duty["source"])

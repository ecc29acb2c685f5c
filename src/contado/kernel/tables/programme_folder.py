"""A programme folder -> the shared tables of a workspace.

In a folder ``domain`` is the workspace's ``practice`` and ``site`` its ``site_id``; facts that only a
funding rule names are kept as further columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from contado.kernel.tables.conform import conform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["NAMES", "as_folder_tables", "as_shared_tables"]

NAMES: Final = {
    "interventions": "intervention",
    "funding_rules": "funding_rule",
    "budgets": "budget",
    "relations": "relation",
    "equity_floors": "floor",
    "funding_sources": "funding_source",
    "funding_amounts": "funding_amount",
    "sources": "source",
}
"""File stem -> shared table."""


def as_shared_tables(folder: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the tables of a programme folder under their shared names and columns.

    Parameters
    ----------
    folder
        File stem -> table, as `contado.kernel.tables.exchange.read_folder` gives them.
    """
    change: dict[str, Callable[[pa.Table], pa.Table]] = {
        "interventions": _interventions,
        "equity_floors": _floors,
    }
    out = {}
    for stem, table in folder.items():
        name = NAMES[stem]
        out[name] = conform(name, change.get(stem, lambda same: same)(table))
    return out


def as_folder_tables(shared: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return shared tables under the stems and columns of a programme folder; floors of municipalities only."""
    out = {}
    for stem, name in NAMES.items():
        if name in shared:
            table = shared[name]
            if stem == "equity_floors":
                table = table.filter(pc.equal(table["kind"], "municipality"))
            out[stem] = table.rename_columns([_BACK[stem].get(n, n) for n in table.column_names])
    return out


_BACK: Final[dict[str, dict[str, str]]] = {
    **{stem: {} for stem in NAMES},
    "interventions": {"practice": "domain", "site_id": "site"},
    "equity_floors": {"key": "municipality"},
}
"""File stem -> column of the shared table -> column of the file."""


def _interventions(table: pa.Table) -> pa.Table:
    renamed = table.rename_columns(
        [{"domain": "practice", "site": "site_id"}.get(n, n) for n in table.column_names]
    )
    for column in ("site_id", "asset_id", "type"):
        if column not in renamed.column_names:
            renamed = renamed.append_column(column, pa.nulls(table.num_rows, pa.string()))
    kind = pc.coalesce(renamed["type"], renamed["practice"])
    return renamed.set_column(renamed.column_names.index("type"), "type", kind)


def _floors(table: pa.Table) -> pa.Table:
    renamed = table.rename_columns(["key" if n == "municipality" else n for n in table.column_names])
    return renamed.append_column("kind", pa.array(["municipality"] * table.num_rows, pa.string()))

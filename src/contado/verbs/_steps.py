"""What `diagnose`, `propose` and `monitor` share: run a practice's step, check and keep its tables.

A practice is a pure function of the workspace; this is the place that writes. Tables that practices share
are kept as the practice's share, an engine's own tables whole; each carries how it was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from contado.kernel import labels
from contado.kernel.declare import LabelledAnswer
from contado.kernel.errors import PracticeError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pyarrow as pa

    from contado.kernel.labels import Label
    from contado.kernel.practice import Diagnosis, Outcome, Proposal
    from contado.kernel.provenance import Provenance
    from contado.kernel.workspace import Commit, Workspace, WorkspaceView

__all__ = ["SHARED", "StepAnswer", "keep", "label_of", "open_workspace", "provenance_of"]

SHARED = (
    "asset",
    "indicator_value",
    "intervention",
    "effect",
    "relation",
    "observation",
    "milestone",
    "funding_amount",
    "source",
)
"""Tables kept in shares: a new run of a practice replaces only its own."""


class StepAnswer(LabelledAnswer, kw_only=True):
    """Rows of each table that the practice gave, and the layers that were made of them."""

    practice: str
    tables: dict[str, int]
    layers: dict[str, int] = msgspec.field(default_factory=dict)


def open_workspace(path: Any) -> Workspace:
    """Open the workspace of a verb's context."""
    from contado.kernel.workspace import Workspace

    return Workspace.open(path)


def provenance_of(step: str, practice: Any, workspace: WorkspaceView, on: date, seed: int) -> Provenance:
    """Return how a step's tables were made: function, version, hashes of the input tables, day, seed."""
    from contado import __version__
    from contado.kernel.provenance import Provenance

    hashes = workspace.file_hashes()
    inputs = {name: digest for name, digest in hashes.items() if name.startswith(("tables/", "layers/"))}
    kind = type(practice)
    function = f"{kind.__module__}.{kind.__qualname__}.{step}"
    return Provenance(function=function, version=__version__, inputs=inputs, seed=seed, on=on.isoformat())


def keep(
    commit: Commit,
    practice: str,
    result: Diagnosis | Proposal | Outcome,
    provenance: Provenance,
) -> dict[str, int]:
    """Write the tables of a result; return their numbers of rows.

    Raises
    ------
    PracticeError
        A table does not fit its schema; nothing is written.
    """
    from contado.kernel import tables

    for name, table in sorted(result.tables.items()):
        _refuse_faults(practice, name, table)
        if name in SHARED or name not in tables.names():
            commit.table(name, table, practice=practice, provenance=provenance)
        else:
            commit.table(name, table, provenance=provenance)
    return {name: table.num_rows for name, table in sorted(result.tables.items())}


def _refuse_faults(practice: str, name: str, table: pa.Table) -> None:
    from contado.kernel import tables

    if name not in tables.names():
        return
    faults = [f for f in tables.validate(name, tables.conform(name, table)) if f.severity == "error"]
    if faults:
        raise PracticeError(
            f"{practice}: table {name}: {faults[0].message}",
            rule="bad_practice_table",
            hint=faults[0].hint or f"contado practice check {practice}",
            field=name,
        )


def label_of(given: Mapping[str, pa.Table]) -> Label:
    """Return how the numbers were born, the least sure word first: simulated, estimated, measured."""
    words = {w for t in given.values() if "label" in t.column_names for w in t["label"].unique().to_pylist()}
    return labels.weakest(words) or "estimated"

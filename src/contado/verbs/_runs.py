"""Recorded runs: write a run's folder, read it back, make its plan the programme of the workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from contado.kernel import labels
from contado.kernel.errors import Damaged, TableNotFound
from contado.verbs._details import details_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from contado.kernel.labels import Label
    from contado.kernel.portfolio.details import Details
    from contado.kernel.portfolio.record import RunRecord
    from contado.kernel.workspace import Commit, Workspace

__all__ = ["Run", "keep", "label_of", "make_current", "mark", "read_inputs", "read_record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run with its tables."""

    record: RunRecord
    programme: pa.Table
    price: pa.Table
    inputs: Mapping[str, pa.Table]


def keep(commit: Commit, workspace: Workspace, run: Run, details: Details, *, draft: bool) -> None:
    """Write the folder of a run; a run that was published before does not become a draft again."""
    from contado.kernel import tables
    from contado.kernel.portfolio import record

    folder = f"runs/{run.record.run_id}"
    known = (workspace.path / folder / "run.json").is_file()
    was_draft = record.is_draft(workspace.path / folder)
    commit.file(f"{folder}/run.json", msgspec.json.format(msgspec.json.encode(run.record), indent=1))
    commit.file(f"{folder}/programme.parquet", tables.parquet_bytes(run.programme))
    commit.file(f"{folder}/price.parquet", tables.parquet_bytes(run.price))
    commit.file(f"{folder}/details.json", details_bytes(workspace.path / folder, details))
    for name, table in run.inputs.items():
        commit.file(f"{folder}/inputs/{name}.parquet", tables.parquet_bytes(table))
    if (draft and not known) or (was_draft and not draft):
        mark(commit, run.record.run_id, draft=draft)


def mark(commit: Commit, run_id: str, *, draft: bool) -> None:
    """Say whether a run is a draft."""
    from contado.kernel.portfolio import record

    commit.file(f"runs/{run_id}/{record.DRAFT_FILE}", msgspec.json.encode({"draft": draft}))


def make_current(commit: Commit, workspace: Workspace, run: Run) -> None:
    """Write the tables and the layer that make a run's plan the programme of the workspace."""
    from contado.kernel.portfolio import record

    commit.table("programme", run.programme)
    commit.table("price", run.price)
    commit.table("run", record.run_table(run.record))
    if (layer := _layer(run.inputs["intervention"], run.programme)).num_rows:
        commit.layer(
            "programme",
            layer,
            crs="EPSG:4326",
            title_it="Interventi in programma",
            title_en="Interventions of the programme",
            label=label_of(layer),
            updated_at=_unchanged_since(workspace, layer),
        )


def _unchanged_since(workspace: Workspace, layer: pa.Table) -> str | None:
    """Return when the layer of the programme was written, if it would be written again as it is."""
    from contado.kernel import tables

    old = next((info for info in workspace.layers() if info.id == "programme"), None)
    if old is None:
        return None
    before = workspace.layer("programme")
    before = before.select([c for c in before.column_names if c in layer.column_names])
    same = before.column_names == layer.column_names and tables.content_hash(before) == tables.content_hash(
        layer
    )
    return old.updated_at if same else None


def _layer(interventions: pa.Table, programme: pa.Table) -> pa.Table:
    """Return the chosen interventions that have a geometry, with their start year, as a layer."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = programme.select(["intervention_id", "start_year"]).to_pylist()
    starts = {r["intervention_id"]: r["start_year"] for r in rows if r["start_year"] is not None}
    mask = pc.and_(
        pc.is_in(interventions["id"], pa.array(list(starts), pa.string())),
        pc.is_valid(interventions["geometry"]),
    )
    kept = interventions.filter(mask)
    kept = kept.select(
        ["id", "practice", "type", "name", "municipality", "cost_eur", "benefit_eur", "label", "geometry"]
    )
    return kept.append_column("start_year", pa.array([starts[k] for k in kept["id"].to_pylist()], pa.int64()))


def label_of(interventions: pa.Table) -> Label | None:
    """Return the weakest label among interventions, None when none states one."""
    return (
        labels.weakest(interventions["label"].to_pylist()) if "label" in interventions.column_names else None
    )


def read_record(path: Path) -> RunRecord:
    """Read run.json.

    Raises
    ------
    TableNotFound
        There is no such file.
    Damaged
        It is no run record.
    """
    from contado.kernel.portfolio import record

    if not path.is_file():
        raise TableNotFound(f"There is no run record {path}.", hint="give runs/ID/run.json of a workspace")
    try:
        return msgspec.json.decode(path.read_bytes(), type=record.RunRecord)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise Damaged(f"{path.name} is no run record: {error}.", hint="run `contado plan` again") from None


def read_inputs(folder: Path, names: Sequence[str]) -> dict[str, pa.Table]:
    """Read the tables that a run kept.

    Raises
    ------
    Damaged
        One is missing.
    """
    from contado.kernel import tables

    missing = [name for name in names if not (folder / f"{name}.parquet").is_file()]
    if missing:
        raise Damaged(
            f"The run's tables are incomplete: {', '.join(missing)} missing.", hint="run `contado plan` again"
        )
    return {name: tables.read(folder / f"{name}.parquet").table for name in names}

"""contado export schede: the sheets of the programme that stands in the workspace."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from contado.kernel.declare import Context, Request, Verb, option
from contado.kernel.errors import TableNotFound
from contado.verbs.programme._filing import (
    FORMATS,
    FilingAnswer,
    checked_formats,
    file_programme,
    read_tables,
    text,
)

if TYPE_CHECKING:
    from contado.kernel.workspace import WorkspaceView


class SchedeRequest(Request, frozen=True, kw_only=True):
    """Where the sheets go."""

    out: Annotated[Path, option("folder that the sheets are written into")]
    formats: Annotated[
        list[str], option("formats: csv, xlsx, pdf, ods, odt, docx, html; ics for the milestones")
    ] = msgspec.field(default_factory=lambda: list(FORMATS))


def _run(request: SchedeRequest, context: Context) -> FilingAnswer:
    from contado.kernel.workspace import WorkspaceView

    assert context.workspace is not None
    formats = checked_formats(request.formats)
    view = WorkspaceView(context.workspace)
    programme = _programme(view)
    return file_programme(
        programme,
        read_tables(context.workspace),
        out=request.out,
        formats=formats,
        fiscal_code=None,
        threshold_eur=None,
        context=context,
        worksites=_worksites(view, {p["intervention_id"]: p["start_year"] for p in programme}),
    )


def _programme(view: WorkspaceView) -> list[dict[str, Any]]:
    """Return the workspace's programme as rows of a plan."""
    rows = [r for r in view.read("programme").to_pylist() if r["start_year"] is not None]
    if not rows:
        raise TableNotFound("The workspace has no programme yet.", hint="run `contado plan` first")
    starts: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        payment = {"source": row["source"], "year": row["year"], "amount_eur": row["amount_eur"] or 0.0}
        starts[row["intervention_id"], row["start_year"]] += [payment] if row["source"] else []
    return [
        {"intervention_id": key, "start_year": year, "payments": paid} for (key, year), paid in starts.items()
    ]


def _worksites(view: WorkspaceView, starts: dict[str, int]) -> list[list[str]]:
    """Return what starts together on one worksite, as the plan's run and the practices' relations say."""
    import pyarrow.parquet as pq

    from contado.kernel.portfolio.details import Details, decode
    from contado.kernel.portfolio.joint import joined, pairs_of

    runs = [r["run_id"] for r in view.read("run").to_pylist() if r["verb"] == "plan"]
    folder = view.path / "runs" / str(runs[-1] if runs else None)
    details, relation = folder / "details.json", folder / "inputs" / "relation.parquet"
    found = decode(details.read_bytes()) if details.is_file() else Details()
    related = pq.read_table(relation) if relation.is_file() else view.read("relation")
    interventions = view.read("intervention").select(["id", "site_id"]).to_pylist()
    sites = {r["id"]: r["site_id"] for r in interventions}
    return joined(starts, sites, pairs_of(found.worksites, related.to_pylist()))


VERB = Verb(
    name="export schede",
    help="Write the sheets of the workspace's three-year programme",
    request=SchedeRequest,
    answer=FilingAnswer,
    run=_run,
    workspace=True,
    text=text,
    examples=("contado export schede -w city --out schede",),
)

"""contado export schede: the sheets of the programme that stands in the workspace."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

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


class SchedeRequest(Request, frozen=True, kw_only=True):
    """Where the sheets go."""

    out: Annotated[Path, option("folder that the sheets are written into")]
    formats: Annotated[
        list[str], option("formats: csv, xlsx, pdf, ods, odt, docx, html; ics for the milestones")
    ] = msgspec.field(default_factory=lambda: list(FORMATS))


def _run(request: SchedeRequest, context: Context) -> FilingAnswer:
    assert context.workspace is not None
    formats = checked_formats(request.formats)
    return file_programme(
        _programme(context.workspace),
        read_tables(context.workspace),
        out=request.out,
        formats=formats,
        fiscal_code=None,
        threshold_eur=None,
        context=context,
    )


def _programme(path: Path) -> list[dict[str, Any]]:
    """Return the workspace's programme as rows of a plan."""
    from contado.kernel.workspace import WorkspaceView

    rows = [r for r in WorkspaceView(path).read("programme").to_pylist() if r["start_year"] is not None]
    if not rows:
        raise TableNotFound("The workspace has no programme yet.", hint="run `contado plan` first")
    starts: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        payment = {"source": row["source"], "year": row["year"], "amount_eur": row["amount_eur"] or 0.0}
        starts[row["intervention_id"], row["start_year"]] += [payment] if row["source"] else []
    return [
        {"intervention_id": key, "start_year": year, "payments": paid} for (key, year), paid in starts.items()
    ]


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

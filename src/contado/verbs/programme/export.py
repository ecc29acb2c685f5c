"""contado programme export: the sheets of a plan, ready to file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from contado.kernel.declare import Context, Request, Verb, argument, option
from contado.verbs.programme._filing import (
    FORMATS,
    FilingAnswer,
    checked_formats,
    file_programme,
    read_tables,
    text,
)


class ExportRequest(Request, frozen=True, kw_only=True):
    """The tables, the plan, and where the sheets go."""

    path: Annotated[Path, argument("programme folder, or workspace, that the plan was made from")]
    plan: Annotated[Path, argument("plan as JSON: programme: [{intervention_id, start_year, payments}]")]
    out: Annotated[Path, option("folder that the sheets are written into")]
    formats: Annotated[
        list[str], option("formats: csv, xlsx, pdf, ods, odt, docx, html; ics for the milestones")
    ] = msgspec.field(default_factory=lambda: list(FORMATS))
    fiscal_code: (
        Annotated[str, option("fiscal code of the body, 11 digits; default: [body] of contado.toml")] | None
    ) = None
    threshold_eur: (
        Annotated[
            float,
            option("payments from which a work is listed; default: legal_parameter", unit="eur", ge=0),
        ]
        | None
    ) = None


def _run(request: ExportRequest, context: Context) -> FilingAnswer:
    from contado.verbs.programme._plan import read_plan

    formats = checked_formats(request.formats)
    programme = read_plan(request.plan)
    return file_programme(
        programme,
        read_tables(request.path),
        out=request.out,
        formats=formats,
        fiscal_code=request.fiscal_code,
        threshold_eur=request.threshold_eur,
        context=context,
    )


VERB = Verb(
    name="programme export",
    help="Write the sheets of a plan, ready to file",
    request=ExportRequest,
    answer=FilingAnswer,
    run=_run,
    text=text,
    examples=("contado programme export small40 plan.json --out schede --fiscal-code 08911820960",),
)

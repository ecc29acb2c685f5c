"""contado pavement report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.verbs.pavement._dialect import accepted
from contado.verbs.pavement.map import checked_out

__all__ = ["VERB", "ReportAnswer", "ReportRequest"]

_ENDINGS = (".html", ".pdf", ".docx", ".odt")


class ReportRequest(Request, frozen=True, kw_only=True):
    """Results of a survey in, a document out."""

    folder: Annotated[
        Path,
        argument(
            "folder with cell_state.parquet or cell_obs.parquet, anomaly_obs.parquet, works.csv, process.json, or a workspace"
        ),
    ]
    road: Annotated[list[str], option("only these roads; default all")] = msgspec.field(default_factory=list)
    out: Annotated[Path, option("file to write (.html, .pdf, .docx, .odt)")]


class ReportAnswer(LabelledAnswer, kw_only=True):
    """The document and its hash."""

    file: str
    sha256: str
    title: str
    sections: list[str]
    compute_s: float


def _run(request: ReportRequest, context: Context) -> ReportAnswer:
    import time

    from contado.engines.pavement.reports.report import report
    from contado.engines.pavement.views.reading import only, read_state
    from contado.kernel import publish
    from contado.kernel.provenance import sha256_of_file
    from contado.verbs._published import page_fonts

    checked_out(request.out, _ENDINGS)
    publish.checked_formats([request.out.suffix.lower().removeprefix(".")], verb="pavement report")
    state = only(read_state(request.folder), request.road)
    findings = accepted(context, state.findings)
    began = time.perf_counter()
    made = report(state, lang=context.published_lang)
    publish.write(made, request.out, fonts=page_fonts())
    seconds = time.perf_counter() - began
    return ReportAnswer(
        label=state.label,
        findings=findings,
        file=str(request.out),
        sha256=sha256_of_file(request.out),
        title=made.title,
        sections=[section.title for section in made.sections],
        compute_s=seconds,
    )


VERB = Verb(
    name="pavement report",
    help="Write the report of a state of roads",
    request=ReportRequest,
    answer=ReportAnswer,
    run=_run,
    examples=(
        "contado pavement report state --out report.pdf",
        "contado pavement report state --out report.html",
    ),
)

"""contado export report: the programme that stands in the workspace, as a document."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, option
from contado.kernel.labels import Label
from contado.verbs._published import WrittenFile, page_fonts

if TYPE_CHECKING:
    import pyarrow as pa

    from contado.kernel.programme.digest import Digest
    from contado.kernel.publish.words import Words

_STEM = "report"
_CANDIDATES = "candidates.csv"
_COLUMNS = {
    **dict.fromkeys(("id", "name", "name_en", "practice", "municipality"), "string"),
    "chosen": "bool",
    "start_year": "int64",
    **dict.fromkeys(("cost_eur", "cost_low_eur", "cost_high_eur", "spent_eur", "value_eur"), "float64"),
    **dict.fromkeys(("yield_ratio", "selection_frequency"), "float64"),
    **dict.fromkeys(("robustness", "reason_it", "reason_en", "label"), "string"),
}
"""Fields of a work that the table beside the report holds, with their types."""


class ReportRequest(Request, frozen=True, kw_only=True):
    """Where the report goes, in which formats, and its date."""

    out: Annotated[Path, option("folder that the report is written into")]
    formats: Annotated[list[str], option("formats: html, pdf, docx, odt, ods, xlsx")] = msgspec.field(
        default_factory=lambda: ["html", "pdf", "docx", "odt"]
    )
    date: Annotated[dt.date | None, option("date of the document; default today")] = None


class ReportAnswer(Answer, kw_only=True):
    """The files; ``candidates.csv`` holds all candidates, also those that a list leaves out."""

    title: str
    files: list[WrittenFile]
    sections: list[str]
    candidates: int
    chosen: int
    label: Label | None


def _run(request: ReportRequest, context: Context) -> ReportAnswer:
    from contado.kernel import publish
    from contado.kernel.programme import digest, report
    from contado.kernel.tables import write_csv
    from contado.kernel.workspace import WorkspaceView
    from contado.practices.names import type_names

    assert context.workspace is not None
    formats = publish.checked_formats(request.formats, verb="export report")
    view = WorkspaceView(context.workspace)
    found = digest.read(view, type_names(view))
    lang = context.published_lang
    made = report.build(found, lang=lang, date=request.date or dt.date.today(), plain=_plain())  # noqa: DTZ011 - the writer's own day
    request.out.mkdir(parents=True, exist_ok=True)
    paths = [request.out / f"{_STEM}.{kind}" for kind in formats]
    for path in paths:
        publish.write(made, path, fonts=page_fonts())
    write_csv(_candidates(found), request.out / _CANDIDATES)
    return ReportAnswer(
        title=made.title,
        files=[WrittenFile.of(path) for path in (*paths, request.out / _CANDIDATES)],
        sections=[section.title for section in made.sections],
        candidates=len(found.works),
        chosen=len(found.chosen),
        label=found.label(),
    )


def _plain() -> dict[str, Words]:
    """Return the plain names of the practices of the catalogue."""
    from contado.kernel.publish.words import Words
    from contado.practices import catalogue

    return {e.practice: Words(e.page.plain_it, e.page.plain_en) for e in catalogue.entries()}


def _candidates(found: Digest) -> pa.Table:
    """Return all candidates with what was decided about each, in the order of their yield."""
    import pyarrow as pa

    return pa.table(
        {
            name: pa.array([getattr(work, name) for work in found.works], pa.type_for_alias(kind))
            for name, kind in _COLUMNS.items()
        }
    )


def _text(answer: ReportAnswer, lang: Literal["it", "en"]) -> str:
    """Write the answer for a person."""
    head = {
        "it": f"{answer.title}: {answer.chosen} interventi scelti su {answer.candidates} candidati",
        "en": f"{answer.title}: {answer.chosen} interventions chosen of {answer.candidates} candidates",
    }
    return "\n".join([head[lang], *(f"  {file.path}" for file in answer.files)])


VERB = Verb(
    name="export report",
    help="Write the report of the workspace's programme",
    request=ReportRequest,
    answer=ReportAnswer,
    run=_run,
    extra="publish",
    workspace=True,
    text=_text,
    examples=("contado export report -w city --out report --formats html,pdf --lang it",),
)

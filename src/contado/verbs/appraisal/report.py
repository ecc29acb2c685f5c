"""contado appraisal report: a cost-benefit analysis as a document, in the order of the ministry's guidelines."""

from __future__ import annotations

import datetime as dt
from pathlib import Path  # noqa: TC003 - msgspec reads annotations at run time
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Verb, option
from contado.kernel.errors import Finding
from contado.kernel.labels import Label
from contado.verbs._published import WrittenFile, page_fonts
from contado.verbs.appraisal.cba import CbaRequest

if TYPE_CHECKING:
    from contado.verbs.appraisal._report.facts import Facts
    from contado.verbs.appraisal._report.project import Project

_STEM = "appraisal"
_RATES = (-0.02, -0.01, 0.0, 0.01, 0.02)
"""Discount rates that are tried, as differences from the one in use."""


class ReportRequest(CbaRequest, frozen=True, kw_only=True):
    """The flows and what people say about the project, and where the report goes."""

    project: Annotated[
        Path,
        option(
            "TOML: name, and needs, objectives, demand, alternatives, costs, benefits, risks, dnsh, sources ..."
        ),
    ]
    out: Annotated[Path, option("folder that the report is written into")]
    formats: Annotated[list[str], option("formats: html, pdf, docx, odt, ods, xlsx")] = msgspec.field(
        default_factory=lambda: ["html", "pdf", "docx", "odt"]
    )
    date: Annotated[dt.date | None, option("date of the document; default today")] = None


class ReportAnswer(Answer, kw_only=True):
    """The files, the figures they tell, and the DNSH objectives that nobody has assessed."""

    title: str
    files: list[WrittenFile]
    sections: list[str]
    npv_eur: float
    benefit_cost_ratio: float | None
    err: float | None
    dnsh_not_known: list[str]
    label: Label | None


def _run(request: ReportRequest, context: Context) -> ReportAnswer:
    from contado.kernel import publish
    from contado.verbs.appraisal import _report
    from contado.verbs.appraisal._report import project

    formats = publish.checked_formats(request.formats, verb="appraisal report")
    said = project.read(request.project)
    facts = _facts(request, said, context)
    made = _report.build(facts, date=request.date or dt.date.today())  # noqa: DTZ011 - the writer's own day
    unknown = [
        name for name in project.OBJECTIVES if name not in said.dnsh or said.dnsh[name].answer == "not_known"
    ]
    findings = context.accept([*facts.main.findings, *([_not_assessed(unknown)] if unknown else [])])
    request.out.mkdir(parents=True, exist_ok=True)
    paths = [request.out / f"{_STEM}.{kind}" for kind in formats]
    for path in paths:
        publish.write(made, path, fonts=page_fonts())
    return ReportAnswer(
        title=made.title,
        files=[WrittenFile.of(path) for path in paths],
        sections=[section.title for section in made.sections],
        npv_eur=facts.done.npv_eur,
        benefit_cost_ratio=facts.done.benefit_cost_ratio,
        err=facts.done.err,
        dnsh_not_known=unknown,
        label=said.label,
        findings=findings,
    )


def _facts(request: ReportRequest, said: Project, context: Context) -> Facts:
    """Appraise the project, its alternatives and other rates."""
    from contado.verbs.appraisal._flows import appraise_flows, appraised
    from contado.verbs.appraisal._report.facts import Facts

    main = appraised(request, request.flows, context)
    beside = request.project.parent
    rate = main.appraisal.rate
    tried = sorted({round(rate + step, 6) for step in _RATES if rate + step >= 0} | {rate})
    return Facts(
        lang=context.published_lang,
        project=said,
        main=main,
        alternatives=[
            (a, appraised(request, beside / a.flows, context) if a.flows else None) for a in said.alternatives
        ],
        by_rate={r: appraise_flows(request, main.flows, r) for r in tried},
    )


def _not_assessed(names: list[str]) -> Finding:
    return Finding(
        severity="warning",
        table="project",
        rule="dnsh_not_known",
        message=f"DNSH: {', '.join(names)} not assessed; the report says not known.",
        hint="add [dnsh.NAME] answer = ..., reason = ..., evidence = ... to the project file",
    )


def _text(answer: ReportAnswer, lang: Literal["it", "en"]) -> str:
    """Write the answer for a person."""
    words = {"it": "valore attuale netto", "en": "net present value"}
    return "\n".join(
        [f"{answer.title}: {words[lang]} {answer.npv_eur:,.2f} EUR", *(f"  {f.path}" for f in answer.files)]
    )


VERB = Verb(
    name="appraisal report",
    help="Write the report of a cost-benefit analysis, with the DNSH section",
    request=ReportRequest,
    answer=ReportAnswer,
    run=_run,
    extra="publish",
    text=_text,
    examples=("contado appraisal report flows.csv --project project.toml --out report",),
)

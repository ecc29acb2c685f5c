"""contado pavement trial-published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.verbs.pavement._dialect import accepted

__all__ = ["VERB", "TrialPublishedAnswer", "TrialPublishedRequest"]


class TrialPublishedRequest(Request, frozen=True, kw_only=True):
    """A published table of sections in, yearly losses out."""

    file: Annotated[Path, argument("table: section, pci_after_Ny (N = --years)[, mix]")]
    years: Annotated[float, option("age of the surfaces in the table", gt=0)]


class PublishedRow(msgspec.Struct, kw_only=True):
    """One section: yearly loss of PCI from 100, and that loss over the least of all."""

    section: str
    mix: str | None
    pci: float
    loss_per_year: float
    ratio_to_best: float | None


class TrialPublishedAnswer(LabelledAnswer, kw_only=True):
    """What each section lost a year, and what that cannot tell."""

    sections: list[PublishedRow]
    warnings: list[str]
    compute_s: float


def _run(request: TrialPublishedRequest, context: Context) -> TrialPublishedAnswer:
    import time

    from contado.engines.pavement import trial
    from contado.kernel import tables

    read = tables.read(request.file)
    began = time.perf_counter()
    found, cautions = trial.published(read.table, request.years, name=request.file.name, lines=read.lines)
    seconds = time.perf_counter() - began
    return TrialPublishedAnswer(
        compute_s=seconds,
        label="measured",
        findings=accepted(context, [*read.findings, *cautions]),
        sections=[msgspec.convert(row, PublishedRow, from_attributes=True) for row in found],
        warnings=[f.message for f in cautions],
    )


VERB = Verb(
    name="pavement trial-published",
    help="Read a published trial: yearly losses and what they cannot tell",
    request=TrialPublishedRequest,
    answer=TrialPublishedAnswer,
    run=_run,
    examples=("contado pavement trial-published ardeatina_published_5y.csv --years 5",),
)

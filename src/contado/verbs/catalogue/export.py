"""contado catalogue export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, option


class ExportRequest(Request, frozen=True, kw_only=True):
    """Where the catalogue goes, and as what."""

    out: Annotated[Path, option("file to write")]
    format: Annotated[Literal["ttl", "jsonld"], option("Turtle or JSON-LD")] = "ttl"


class Lacking(msgspec.Struct, kw_only=True):
    """A mandatory property that nobody stated."""

    dataset: str
    property: str


class ExportAnswer(Answer, kw_only=True):
    """What the catalogue holds, and what it lacks."""

    datasets: int
    distributions: int
    missing: list[Lacking]


def _run(request: ExportRequest, context: Context) -> ExportAnswer:
    from contado.kernel.catalogue import dcat_ap_it
    from contado.kernel.tables.write import atomic
    from contado.kernel.workspace import WorkspaceView
    from contado.verbs.catalogue.made import catalogue_of

    assert context.workspace is not None
    made = catalogue_of(WorkspaceView(context.workspace))
    with atomic(request.out) as path:
        path.write_bytes(dcat_ap_it.serialise(made, request.format))
    return ExportAnswer(
        datasets=len(made.datasets),
        distributions=sum(len(d.distributions) for d in made.datasets),
        missing=[Lacking(dataset=m.dataset, property=m.property) for m in made.missing()],
    )


VERB = Verb(
    name="catalogue export",
    help="Write the catalogue of open data (DCAT-AP_IT)",
    request=ExportRequest,
    answer=ExportAnswer,
    run=_run,
    workspace=True,
    extra="web",
    needs=("rdflib",),
    examples=("contado catalogue export --format ttl --out catalogo.ttl -w milano",),
)

"""contado catalogue read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument


class ReadRequest(Request, frozen=True, kw_only=True):
    """A catalogue of somebody's."""

    file: Annotated[Path, argument("DCAT catalogue: .rdf, .ttl or .jsonld")]


class ReadDataset(msgspec.Struct, kw_only=True):
    """One dataset of it."""

    id: str
    title: str
    licence: str | None
    themes: list[str]
    modified: str | None
    distributions: int


class ReadAnswer(Answer, kw_only=True):
    """Its datasets, in order of identifier."""

    datasets: list[ReadDataset]


def _run(request: ReadRequest, context: Context) -> ReadAnswer:  # noqa: ARG001 - every verb has a context
    from contado.kernel.catalogue import dcat_ap_it

    rows = [row._asdict() | {"themes": list(row.themes)} for row in dcat_ap_it.read(request.file)]
    return ReadAnswer(datasets=[ReadDataset(**row) for row in rows])


VERB = Verb(
    name="catalogue read",
    help="List the datasets of a DCAT catalogue",
    request=ReadRequest,
    answer=ReadAnswer,
    run=_run,
    extra="web",
    needs=("rdflib",),
    examples=("contado catalogue read catalog.rdf",),
)

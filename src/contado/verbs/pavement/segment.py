"""contado pavement segment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.verbs.pavement._dialect import named

if TYPE_CHECKING:
    from contado.engines.pavement.cuts import Cut

__all__ = ["VERB", "SegmentAnswer", "SegmentRequest"]


class SegmentRequest(Request, frozen=True, kw_only=True):
    """Cells in, homogeneous segments out."""

    cells: Annotated[Path, argument("cells: from_m, to_m, iri_m_km (.csv, .csv.gz, .parquet)")]
    min_length_m: Annotated[float, option("least length of a segment", unit="m", gt=0)] = 100.0
    method: Annotated[
        Literal["pelt", "cda"], option("pelt, or cda (cumulative differences) for comparison")
    ] = "pelt"
    cuts: Annotated[
        Path | None,
        option(
            "where a segment must end: table chainage_m, or from_m, to_m (a bridge: both ends), and reason",
            question_it="Dove cambiano età del manto, comune, proprietario, o c'è un ponte?",
            question_en="Where do age of surface, municipality or owner change, or is there a bridge?",
        ),
    ] = None


class SegmentRow(msgspec.Struct, kw_only=True):
    """One segment: its ends, the mean IRI of its cells, their coefficient of variation and number.

    ``cut_by`` are the reasons of the forced cuts at its end; none where the roughness changes.
    """

    from_m: float
    to_m: float
    iri_m_km: float
    cv: float | None
    cells: int
    cut_by: list[str] = msgspec.field(default_factory=list)


class SegmentAnswer(LabelledAnswer, kw_only=True):
    """Segments that tile the cells."""

    segments: list[SegmentRow]
    homogeneous_share: float
    compute_s: float


def _run(request: SegmentRequest, context: Context) -> SegmentAnswer:  # noqa: ARG001 - the shape of every verb
    import time

    import numpy as np

    from contado.engines.pavement import columns, segments
    from contado.engines.pavement.cuts import at_cell_ends
    from contado.engines.pavement.labels import label_of_file
    from contado.kernel import tables

    read = tables.read(request.cells)
    columns.require(read.table, ["from_m", "to_m", "iri_m_km"], request.cells.name)
    start, end, iri = (
        columns.numbers(read.table, name, request.cells.name, lines=read.lines)
        for name in ("from_m", "to_m", "iri_m_km")
    )
    for column, bad, rule, hint in segments.faults(start, end, iri):
        columns.refuse(bad, read.table, column, request.cells.name, rule, hint, read.lines)
    cuts = _cuts(request.cuts)
    segments.warm_up()
    began = time.perf_counter()
    found = segments.segment(
        start,
        end,
        iri,
        min_length_m=request.min_length_m,
        cuts_m=[cut.chainage_m for cut in cuts],
        method=request.method,
    )
    seconds = time.perf_counter() - began
    reasons = at_cell_ends(cuts, start, end)
    rows = zip(found.from_m, found.to_m, found.iri_m_km, found.cv, found.cells, strict=True)
    return SegmentAnswer(
        label=label_of_file(read.table, request.cells),
        findings=named([*read.findings, *found.findings]),
        segments=[
            SegmentRow(
                from_m=float(a),
                to_m=float(b),
                iri_m_km=float(m),
                cv=None if np.isnan(c) else float(c),
                cells=int(n),
                cut_by=sorted(reasons.get(float(b), ())),
            )
            for a, b, m, c, n in rows
        ],
        homogeneous_share=found.homogeneous_share,
        compute_s=seconds,
    )


def _cuts(path: Path | None) -> list[Cut]:
    """Return the forced cuts of a table."""
    import numpy as np

    from contado.engines.pavement import columns
    from contado.engines.pavement.cuts import Cut
    from contado.kernel import tables

    if path is None:
        return []
    read = tables.read(path)
    names = ["chainage_m"]
    if {"from_m", "to_m"} & set(read.table.column_names):
        names = ["from_m", "to_m"]
    columns.require(read.table, names, path.name)
    told = ["cut"] * read.table.num_rows
    if "reason" in read.table.column_names:
        told = [str(cell or "cut") for cell in read.table["reason"].to_pylist()]
    found: list[Cut] = []
    for name in names:
        places = columns.numbers(read.table, name, path.name, lines=read.lines)
        nowhere = np.flatnonzero(np.isnan(places))
        hint = "say where the segment must end"
        columns.refuse(nowhere, read.table, name, path.name, "missing_value", hint, read.lines)
        found += [Cut(chainage_m=p, reason=r) for p, r in zip(places.tolist(), told, strict=True)]
    return found


VERB = Verb(
    name="pavement segment",
    help="Cut cells into homogeneous segments",
    request=SegmentRequest,
    answer=SegmentAnswer,
    run=_run,
    extra="roads",
    needs=("numba",),
    examples=("contado pavement segment cells.csv --min-length-m 200",),
)

"""contado pavement segment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.verbs.pavement._dialect import named
from contado.verbs.pavement._label import label_of

__all__ = ["VERB", "SegmentAnswer", "SegmentRequest"]


class SegmentRequest(Request, frozen=True, kw_only=True):
    """Cells in, homogeneous segments out."""

    cells: Annotated[Path, argument("cells: from_m, to_m, iri_m_km (.csv, .csv.gz, .parquet)")]
    min_length_m: Annotated[float, option("least length of a segment", unit="m", gt=0)] = 100.0
    method: Annotated[
        Literal["pelt", "cda"], option("pelt, or cda (cumulative differences) for comparison")
    ] = "pelt"
    cuts: Annotated[
        Path | None, option("places where a segment must end: a table with the column chainage_m")
    ] = None


class SegmentRow(msgspec.Struct, kw_only=True):
    """One segment: its ends, the mean IRI of its cells, their coefficient of variation and number."""

    from_m: float
    to_m: float
    iri_m_km: float
    cv: float | None
    cells: int


class SegmentAnswer(LabelledAnswer, kw_only=True):
    """Segments that tile the cells."""

    segments: list[SegmentRow]
    homogeneous_share: float
    compute_s: float


def _run(request: SegmentRequest, context: Context) -> SegmentAnswer:  # noqa: ARG001 - the shape of every verb
    import time

    import numpy as np

    from contado.engines.pavement import columns, segments
    from contado.kernel import tables

    read = tables.read(request.cells)
    columns.require(read.table, ["from_m", "to_m", "iri_m_km"], request.cells.name)
    start, end, iri = (
        columns.numbers(read.table, name, request.cells.name, lines=read.lines)
        for name in ("from_m", "to_m", "iri_m_km")
    )
    where = (read.table, "iri_m_km", request.cells.name)
    hint = "leave out cells that were not measured; they are unknown, not zero"
    columns.refuse(np.flatnonzero(~(iri > 0)), *where, "iri_not_positive", hint, read.lines)
    cuts = _cuts(request.cuts)
    segments.warm_up()
    began = time.perf_counter()
    found = segments.segment(
        start, end, iri, min_length_m=request.min_length_m, cuts_m=cuts, method=request.method
    )
    seconds = time.perf_counter() - began
    rows = zip(found.from_m, found.to_m, found.iri_m_km, found.cv, found.cells, strict=True)
    return SegmentAnswer(
        label=label_of(read.table),
        findings=named([*read.findings, *found.findings]),
        segments=[
            SegmentRow(
                from_m=float(a),
                to_m=float(b),
                iri_m_km=float(m),
                cv=None if np.isnan(c) else float(c),
                cells=int(n),
            )
            for a, b, m, c, n in rows
        ],
        homogeneous_share=found.homogeneous_share,
        compute_s=seconds,
    )


def _cuts(path: Path | None) -> list[float]:
    from contado.engines.pavement import columns
    from contado.kernel import tables

    if path is None:
        return []
    read = tables.read(path)
    columns.require(read.table, ["chainage_m"], path.name)
    return [float(x) for x in columns.numbers(read.table, "chainage_m", path.name, lines=read.lines)]


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

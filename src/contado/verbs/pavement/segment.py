"""contado pavement segment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import Finding
from contado.verbs.pavement._dialect import accepted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from contado.engines.pavement.segmentation.segments import Segments
    from contado.kernel.tables import ReadResult

    Floats = NDArray[np.float64]

__all__ = ["VERB", "SegmentAnswer", "SegmentRequest"]


class SegmentRequest(Request, frozen=True, kw_only=True):
    """Cells in, homogeneous segments out."""

    cells: Annotated[Path, argument("cells: [section_id,] from_m, to_m, iri_m_km (.csv, .csv.gz, .parquet)")]
    min_length_m: Annotated[float, option("least length of a segment", unit="m", gt=0)] = 100.0
    method: Annotated[
        Literal["pelt", "cda"], option("pelt, or cda (cumulative differences) for comparison")
    ] = "pelt"
    cuts: Annotated[
        Path | None,
        option(
            "where a segment must end: table chainage_m, or from_m, to_m (a bridge: both ends), reason, section_id",
            question_it="Dove cambiano età del manto, comune, proprietario, o c'è un ponte?",
            question_en="Where do age of surface, municipality or owner change, or is there a bridge?",
        ),
    ] = None


class SegmentRow(msgspec.Struct, kw_only=True):
    """One segment: its ends, the mean IRI of its cells, their coefficient of variation and number.

    ``cut_by`` are the reasons of the forced cuts at its end; none where the roughness changes. ``section_id`` is that of
    the cells; null where these name no section.
    """

    section_id: str | None = None
    from_m: float
    to_m: float
    iri_m_km: float
    cv: float | None
    cells: int
    cut_by: list[str] = msgspec.field(default_factory=list)


class SegmentAnswer(LabelledAnswer, kw_only=True):
    """Segments that tile the cells, each section by itself."""

    segments: list[SegmentRow]
    homogeneous_share: float
    compute_s: float


def _run(request: SegmentRequest, context: Context) -> SegmentAnswer:
    from contado.engines.pavement import columns
    from contado.engines.pavement.labels import label_of_file
    from contado.engines.pavement.segmentation import segments
    from contado.kernel import tables

    read = tables.read(request.cells)
    columns.require(read.table, ["from_m", "to_m", "iri_m_km"], request.cells.name)
    sections = _sections(read, request.cells.name)
    cuts, told = _cuts(request.cuts)
    segments.warm_up()
    answer = SegmentAnswer(
        label=label_of_file(read.table, request.cells), segments=[], homogeneous_share=1.0, compute_s=0.0
    )
    answer.findings = [*read.findings, *told, *_off_road(cuts, sections, request.cuts)]
    homogeneous = whole = 0.0
    for section in sections:
        found = _segmented(section, [cut for cut in cuts if cut.of(section)], request, answer)
        length = float((found.to_m - found.from_m).sum())
        homogeneous, whole = homogeneous + length * found.homogeneous_share, whole + length
    answer.homogeneous_share = homogeneous / whole
    answer.findings = accepted(context, answer.findings)
    return answer


class _Section(NamedTuple):
    """The cells of one section: its name, None where the table names none, and the columns that are read."""

    name: str | None
    from_m: Floats
    to_m: Floats
    iri_m_km: Floats


class _Place(NamedTuple):
    """A row of the table of cuts: the places [m] where a segment must end, why, and on which section (None: any)."""

    places_m: tuple[float, ...]
    reason: str
    section: str | None
    line: int

    def of(self, section: _Section) -> bool:
        """Whether the row speaks of ``section``."""
        return self.section is None or self.section == section.name


def _sections(read: ReadResult, name: str) -> list[_Section]:
    """Return the cells of each section in the order in which these first appear, and refuse what no cells can have."""
    import numpy as np

    from contado.engines.pavement import columns
    from contado.engines.pavement.segmentation import segments

    values = [columns.numbers(read.table, c, name, lines=read.lines) for c in ("from_m", "to_m", "iri_m_km")]
    ids: list[str | None] = [None] * read.table.num_rows
    if "section_id" in read.table.column_names:
        ids = [one or None for one in columns.texts(read.table, "section_id")]
    rows: dict[str | None, list[int]] = {} if ids else {None: []}
    for row, one in enumerate(ids):
        rows.setdefault(one, []).append(row)
    found = []
    for one, mine in rows.items():
        at = np.array(mine, np.intp)
        section = _Section(one, *(v[at] for v in values))
        for column, bad, rule, hint in segments.faults(*section[1:]):
            columns.refuse(at[bad], read.table, column, name, rule, hint, read.lines)
        found.append(section)
    return found


def _segmented(
    section: _Section, places: list[_Place], request: SegmentRequest, answer: SegmentAnswer
) -> Segments:
    """Cut one section and add its segments, findings and seconds to the answer."""
    import time

    import numpy as np

    from contado.engines.pavement.segmentation import segments
    from contado.engines.pavement.segmentation.cuts import Cut, at_cell_ends

    cuts = [Cut(chainage_m=m, reason=place.reason) for place in places for m in place.places_m]
    began = time.perf_counter()
    found = segments.segment(
        section.from_m,
        section.to_m,
        section.iri_m_km,
        min_length_m=request.min_length_m,
        cuts_m=[cut.chainage_m for cut in cuts],
        method=request.method,
    )
    answer.compute_s += time.perf_counter() - began
    answer.findings += [_of_section(f, section.name) for f in found.findings]
    reasons = at_cell_ends(cuts, section.from_m, section.to_m)
    rows = zip(found.from_m, found.to_m, found.iri_m_km, found.cv, found.cells, strict=True)
    answer.segments += [
        SegmentRow(
            section_id=section.name,
            from_m=float(a),
            to_m=float(b),
            iri_m_km=float(m),
            cv=None if np.isnan(c) else float(c),
            cells=int(n),
            cut_by=sorted(reasons.get(float(b), ())),
        )
        for a, b, m, c, n in rows
    ]
    return found


def _of_section(finding: Finding, section: str | None) -> Finding:
    if section is None:
        return finding
    return msgspec.structs.replace(finding, message=f"{section}: {finding.message}", row=section)


def _cuts(path: Path | None) -> tuple[list[_Place], list[Finding]]:
    """Return the rows of the table of cuts, and what was found while reading it."""
    import numpy as np

    from contado.engines.pavement import columns
    from contado.kernel import tables
    from contado.kernel.territory.columns import line_of

    if path is None:
        return [], []
    read = tables.read(path)
    present = read.table.column_names
    names = ["from_m", "to_m"] if {"from_m", "to_m"} & set(present) else ["chainage_m"]
    columns.require(read.table, names, path.name)
    places = []
    for name in names:
        places.append(columns.numbers(read.table, name, path.name, lines=read.lines))
        nowhere = np.flatnonzero(np.isnan(places[-1]))
        hint = "say where the segment must end"
        columns.refuse(nowhere, read.table, name, path.name, "missing_value", hint, read.lines)
    blank = [""] * read.table.num_rows
    why, where = (columns.texts(read.table, c) if c in present else blank for c in ("reason", "section_id"))
    found = [
        _Place(tuple(float(v[i]) for v in places), why[i] or "cut", where[i] or None, line_of(i, read.lines))
        for i in range(read.table.num_rows)
    ]
    return found, list(read.findings)


def _off_road(places: list[_Place], sections: list[_Section], path: Path | None) -> list[Finding]:
    """Name the cuts that lie beyond the cells of every section they speak of."""
    ends = [(s, float(s.from_m[0]), float(s.to_m[-1])) for s in sections if s.from_m.size]
    return [
        Finding(
            severity="note",
            rule="cut_off_road",
            table=path.name if path else None,
            row=place.line,
            message=f"{path.name if path else 'cuts'}, line {place.line}: no cell lies at "
            f"{' to '.join(f'{m:g}' for m in place.places_m)} m.",
            hint="give places along the cells, and the section_id that these have",
            action="kept",
        )
        for place in places
        if not any(place.of(s) and max(place.places_m) >= a and min(place.places_m) <= b for s, a, b in ends)
    ]


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

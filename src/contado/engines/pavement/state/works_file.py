"""A file of works on the road: read, typed, its treatments coded; and which of its rows renew nothing.

Works are told apart by section, start, end, day and treatment, by whoever reads them (`once`): two treatments of one
stretch on one day are two works, and both belong to its history. Where one of them has to stand for a cell it is the
one that lasts longest (`in_order`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.engines.pavement import columns
from contado.engines.pavement.maintenance import treatments
from contado.engines.pavement.segmentation.cuts import renewed
from contado.engines.pavement.state import fusion_files
from contado.kernel import tables
from contado.kernel.dates import local
from contado.kernel.errors import Finding, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

    from contado.engines.pavement.maintenance.treatments import Treatment

__all__ = ["Cells", "Works", "grid", "in_order", "measured", "not_used", "once", "read", "told"]

_KEY: Final = ("section_id", "from_m", "to_m", "date", "treatment")
"""What tells works apart."""

_NAMED, _SECTIONS = 10, 3
"""So many lines and sections are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """Works as a file tells them.

    ``rows`` are typed as table ``pavement_works`` has them, ``lines`` where they stand in file ``name``.
    """

    name: str
    rows: pa.Table
    lines: Sequence[int]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Cells of one section: their ends [m], shape (n,), and how long the section is [m], None where nobody says."""

    from_m: NDArray[np.float64]
    to_m: NDArray[np.float64]
    length_m: float | None = None


def read(file: Path, known: Sequence[Treatment], *, otherwise: str, timezone: str = local.ROME) -> Works:
    """Read works: section_id, from_m, to_m, date[, treatment, cost_eur, intervention_id].

    Parameters
    ----------
    known
        Treatments that they may name.
    otherwise
        What to do where none fits.
    timezone
        Where the day of an instant is told.

    Raises
    ------
    DataError
        As `contado.engines.pavement.state.fusion_files.works_of`.
    UsageError
        A treatment that is not known (`unknown_choice`), with its line.
    """
    found = tables.read(file)
    coded = treatments.coded(found.table, known, name=file.name, lines=found.lines, otherwise=otherwise)
    names = list(tables.schema("pavement_works").by_name)
    return once(
        Works(
            name=file.name,
            rows=fusion_files.works_of(coded, name=file.name, lines=found.lines, timezone=timezone),
            lines=found.lines or range(1, coded.num_rows + 1),
            findings=(*found.findings, *columns.unknown(found.table, names, file.name)),
        )
    )


def once(works: Works) -> Works:
    """Return works, each once as the last of its rows tells it; several treatments of one stretch and day are told.

    Examples
    --------
    >>> from datetime import date
    >>> import pyarrow as pa
    >>> columns = {"section_id": ["a"] * 3, "from_m": [0.0] * 3, "to_m": [9.0] * 3, "date": [date(2026, 5, 1)] * 3}
    >>> rows = pa.table(columns | {"treatment": ["wearing", "binder", "wearing"], "cost_eur": [1.0, 2.0, 3.0]})
    >>> found = once(Works(name="w.csv", rows=rows, lines=[2, 3, 4], findings=()))
    >>> found.rows["cost_eur"].to_pylist(), found.lines, [f.rule for f in found.findings]
    ([2.0, 3.0], [3, 4], ['works_repeated', 'works_of_one_day'])
    """
    import pyarrow as pa

    rows = works.rows.to_pylist()
    last = {tuple(row.get(name) for name in _KEY): place for place, row in enumerate(rows)}
    kept = sorted(last.values())
    findings = list(works.findings)
    if repeated := sorted({*range(len(rows))} - {*kept}):
        what, hint = "works that a later line tells again; the last line counts", "give each works once"
        findings.append(_note("works_repeated", works, repeated, what, hint))
    if parallel := _parallel([(place, rows[place]) for place in kept]):
        what = "other treatments of a stretch that has one on the same day; all belong to its history"
        hint = "nothing to do where it is so; the one that lasts longest stands for a cell"
        findings.append(_note("works_of_one_day", works, parallel, what, hint))
    return Works(
        name=works.name,
        rows=works.rows.take(pa.array(kept, pa.int64())),
        lines=[works.lines[place] for place in kept],
        findings=tuple(findings),
    )


def _parallel(rows: Sequence[tuple[int, Mapping[str, Any]]]) -> list[int]:
    """Return the places of works that overlap others of the same section and day with another treatment."""
    by_day: dict[tuple[str, date], list[tuple[float, int, Mapping[str, Any]]]] = defaultdict(list)
    for place, row in rows:
        by_day[row["section_id"], row["date"]].append((row["from_m"], place, row))
    found = []
    for works in by_day.values():
        ends: dict[str | None, float] = {}
        for start, place, row in sorted(works, key=lambda w: w[:2]):
            own = row.get("treatment")
            if any(start < end for treatment, end in ends.items() if treatment != own):
                found.append(place)
            ends[own] = max(row["to_m"], ends.get(own, 0.0))
    return sorted(found)


def in_order(rows: Sequence[dict[str, Any]], known: Sequence[Treatment]) -> list[dict[str, Any]]:
    """Return works by day; of one day those that last longest come last, works of no known treatment first."""
    life_y = {t.code: t.life_y for t in known}

    def rank(row: Mapping[str, Any]) -> tuple[date, float, str]:
        treatment = row["treatment"] or ""
        return row["date"], life_y.get(treatment, 0.0), treatment

    return sorted(rows, key=rank)


def measured(cells: pa.Table) -> dict[str, Cells]:
    """Return the cells of a table with section_id, from_m and to_m, by section."""
    ends: dict[str, list[tuple[float, float]]] = defaultdict(list)
    rows = zip(*(cells[name].to_pylist() for name in ("section_id", "from_m", "to_m")), strict=True)
    for section, start, end in rows:
        ends[str(section)].append((start, end))
    return {
        section: Cells(from_m=np.array([a for a, _ in found]), to_m=np.array([b for _, b in found]))
        for section, found in ends.items()
    }


def grid(sections: pa.Table, cell_m: float) -> dict[str, Cells]:
    """Return the whole cells of each section of table ``pavement_lrs_section``."""
    found = {}
    for section, length in zip(*(sections[c].to_pylist() for c in ("section_id", "length_m")), strict=True):
        start: NDArray[np.float64] = np.arange(int((length + 1e-6) // cell_m), dtype=np.float64) * cell_m
        found[section] = Cells(from_m=start, to_m=start + cell_m, length_m=length)
    return found


def not_used(works: Works, cells: Mapping[str, Cells], on: date) -> list[Finding]:
    """Tell of works that renew no cell, each reason once with its lines.

    They lie on no section of ``cells``, come after the day ``on``, begin beyond the end of their section, or cover
    half of no cell, as the fusion wants it. Works that go on beyond the end are told too.

    Examples
    --------
    >>> from datetime import date
    >>> import pyarrow as pa
    >>> day = pa.array([date(2026, 5, 1)] * 2)
    >>> rows = pa.table({"section_id": ["a", "b"], "from_m": [0.0, 0.0], "to_m": [9.0, 90.0], "date": day})
    >>> works = Works(name="w.csv", rows=rows, lines=[2, 3], findings=())
    >>> cells = {"a": Cells(from_m=np.array([0.0]), to_m=np.array([20.0]))}
    >>> [f.row for f in not_used(works, cells, date(2026, 6, 1))]
    [3, 2]
    """
    places: dict[str, list[int]] = {reason: [] for reason in _REASONS}
    rows = works.rows.to_pylist()
    for place, row in enumerate(rows):
        if (reason := _reason(row, cells.get(row["section_id"]), on)) is not None:
            places[reason].append(place)
    return [
        told(
            works.name,
            [works.lines[place] for place in found],
            [rows[place]["section_id"] for place in found],
            f"works that {_REASONS[reason][0]}",
            _REASONS[reason][1].format(on=on),
            known=list(cells) if reason == "unknown" else (),
        )
        for reason, found in places.items()
        if found
    ]


def _reason(row: Mapping[str, Any], cells: Cells | None, on: date) -> str | None:
    """Return why works renew nothing, or not all that they name; None where they do."""
    if cells is None:
        return "unknown"
    if row["date"] > on:
        return "later"
    if cells.length_m is not None and row["from_m"] >= cells.length_m:
        return "outside"
    if not renewed(cells.from_m, cells.to_m, row["from_m"], row["to_m"]).any():
        return "little"
    step = cells.to_m[0] - cells.from_m[0]
    return "partly" if cells.length_m is not None and row["to_m"] > cells.length_m + step else None


_REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "unknown": ("lie on no section that is known", "look at section_id"),
    "later": ("come after the day of the state", "they count from their day on; the state is of {on}"),
    "outside": ("begin beyond the end of their section", "from_m and to_m are metres along the section"),
    "little": ("cover half of no cell", "from_m and to_m are metres along the section"),
    "partly": ("go on beyond the end of their section; the part on it counts", "look at to_m"),
}
"""What is told of each reason, and the hint for a day of the state."""


def told(
    name: str, lines: Sequence[int], sections: Sequence[str], what: str, hint: str, known: Sequence[str] = ()
) -> Finding:
    """Return the finding `not_used` of lines of file ``name`` that tell of ``sections``, a misspelt one corrected."""
    named = list(dict.fromkeys(map(str, sections)))
    rest = " ..." if len(named) > _SECTIONS else ""
    close = nearest(named[0], known, 1)
    return Finding(
        severity="warning",
        rule="not_used",
        table=name,
        row=lines[0],
        message=(f"{_lines(name, lines)}: {what} ({', '.join(named[:_SECTIONS])}{rest})."),
        hint=f"{hint}; did you mean {close[0]}?" if close else hint,
    )


def _lines(name: str, lines: Sequence[int]) -> str:
    """Return the words for some lines of a file, the first ones named."""
    more = f" and {len(lines) - _NAMED} more" if len(lines) > _NAMED else ""
    return f"{name}, line {', '.join(map(str, lines[:_NAMED]))}{more}"


def _note(rule: str, works: Works, places: Sequence[int], what: str, hint: str) -> Finding:
    lines = [works.lines[place] for place in places]
    message = f"{_lines(works.name, lines)}: {what}."
    return Finding(severity="note", rule=rule, table=works.name, row=lines[0], message=message, hint=hint)

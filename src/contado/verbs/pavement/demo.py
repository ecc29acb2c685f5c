"""contado pavement demo: from simulated drives to a map and a programme, with no file at hand."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from contado import verbs
from contado.kernel.declare import (
    Answer,
    Context,
    LabelledAnswer,
    Request,
    Verb,
    answer_json,
    argument,
    option,
)
from contado.verbs._published import WrittenFile

if TYPE_CHECKING:
    from contado.verbs.pavement.condition import ConditionAnswer
    from contado.verbs.pavement.process import ProcessAnswer
    from contado.verbs.pavement.segment import SegmentAnswer

__all__ = ["VERB", "DemoAnswer", "DemoRequest"]

_ROAD = "demo"
_CELL_M = 20.0
_YEARS = 3
_STEPS = ("simulate", "match", "process", "fuse", "segment", "condition", "strategies", "programme", "map")
Row = dict[str, Any]


class DemoRequest(Request, frozen=True, kw_only=True):
    """Where, and which invented road."""

    folder: Annotated[Path, argument("new or empty folder")]
    seed: Annotated[int, option("seed of the invented road and its drives", ge=0)] = 7
    length_m: Annotated[float, option("length of the road", unit="m", ge=500, le=100_000)] = 4000.0
    budget_per_year_eur: Annotated[float, option("invented budget of each year", unit="eur", gt=0)] = (
        100_000.0
    )


class DemoAnswer(LabelledAnswer, kw_only=True):
    """Every file with its hash, and how long it took."""

    files: list[WrittenFile]
    seconds: float
    segments: int
    chosen: int
    spent_eur: float
    compute_s: float
    """Computation of the steps that state theirs, without reading and compiling."""


def _run(request: DemoRequest, context: Context) -> DemoAnswer:
    from contado.engines.pavement.simulate.files import hashes, staged

    began = time.perf_counter()
    with staged(request.folder) as stage:
        step = _Steps(context)
        chosen, segments = _steps(stage, request, step)
        written = hashes(stage)
    files = [WrittenFile(path=path, sha256=sha256) for path, sha256 in written]
    return DemoAnswer(
        label="simulated",
        files=files,
        seconds=time.perf_counter() - began,
        segments=segments,
        chosen=len(chosen),
        spent_eur=sum(row["cost_eur"] for row in chosen),
        compute_s=step.compute_s,
    )


def _steps(stage: Path, request: DemoRequest, step: _Steps) -> tuple[list[Row], int]:
    """Run the steps one after the other; each reads what the one before wrote."""
    drives, network = stage / "drives", stage / "drives" / "network.geojson"
    step("pavement simulate", out=drives, seed=request.seed, length_m=request.length_m)
    route = (drives / "truth_route.csv").rename(stage / f"{_ROAD}.csv")
    step("pavement match", network=network, traces=_traces(stage), out=stage / "matched")
    processed: ProcessAnswer = step(
        "pavement process", drives=drives, network=network, route=route, cell_m=_CELL_M, out=stage / "obs"
    )
    processed.files = [path.relative_to(stage) for path in processed.files]
    (stage / "process.json").write_bytes(answer_json(processed))
    on = processed.last_on
    assert on is not None  # simulated drives are dated
    step("pavement fuse", observations=[str(stage / "obs/cell_obs.parquet")], out=stage / "state", on=on)
    cut: SegmentAnswer = step("pavement segment", cells=_cells(stage, processed))
    segments = _segments(stage, cut, processed)
    graded: ConditionAnswer = step("pavement condition", segments=segments, on=on)
    (stage / "condition.json").write_bytes(answer_json(graded))
    step(
        "pavement strategies",
        segments=segments,
        years=f"{on.year + 1}:{on.year + _YEARS}",
        out=stage / "options",
        budget_per_year_eur=request.budget_per_year_eur,
        on=on,
    )
    chosen = _programme(stage, step)
    _planned(stage, cut, chosen)
    step("pavement map", state=stage, out=stage / "map.html")
    step("pavement report", folder=stage, out=stage / "report.html")
    return chosen, len(cut.segments)


class _Steps:
    """Runs a verb by its name; says which step of how many it is."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.done = 0
        self.compute_s = 0.0

    def __call__(self, name: str, **values: Any) -> Any:
        if self.context.progress:
            self.context.progress(name.rpartition(" ")[2], min(self.done, len(_STEPS)), len(_STEPS))
        self.done += 1
        verb = verbs.load(name)
        quiet = Context(published_lang=self.context.published_lang, cancel=self.context.cancel)
        answer: Answer = verb(verb.request(**values), quiet)
        self.compute_s += getattr(answer, "compute_s", 0.0)
        return answer


def _traces(stage: Path) -> Path:
    """Write the fixes of all drives as one table of traces, without the simulator's own columns."""
    import pyarrow as pa
    from pyarrow import csv

    from contado.kernel import tables

    parts = []
    for file in sorted((stage / "drives").glob("*_gnss.csv")):
        fixes = csv.read_csv(file).select(["t_s", "lon", "lat"])
        trip = pa.array([file.name.removesuffix("_gnss.csv")] * fixes.num_rows)
        parts.append(fixes.add_column(0, "trip", trip))
    path = stage / "traces.parquet"
    tables.write_parquet(pa.concat_tables(parts), path)
    return path


def _cells(stage: Path, processed: ProcessAnswer) -> Path:
    known = [c for c in processed.cells if c.iri_m_km is not None]
    rows = [{"from_m": c.from_m, "to_m": c.to_m, "iri_m_km": c.iri_m_km, "label": "simulated"} for c in known]
    return _csv(stage / "cells.csv", rows)


def _segments(stage: Path, cut: SegmentAnswer, processed: ProcessAnswer) -> Path:
    """Write the segments with the severity of the defects on them."""
    from contado.engines.pavement.anomalies.sources import DEFECTS

    defects = [a for a in processed.anomalies if a.kind in DEFECTS]
    rows = []
    for s in cut.segments:
        severity = sum(a.severity for a in defects if s.from_m <= a.chainage_m < s.to_m)
        rows.append(
            {
                "segment": _segment_id(s.from_m),
                "iri_m_km": s.iri_m_km,
                "length_m": s.to_m - s.from_m,
                "severity_per_100m": 100 * severity / (s.to_m - s.from_m),
                "label": "simulated",
            }
        )
    return _csv(stage / "segments.csv", rows)


def _segment_id(from_m: float) -> str:
    return f"{_ROAD}:{from_m:05.0f}"


def _programme(stage: Path, step: _Steps) -> list[Row]:
    """Choose among the strategies under the budgets; return segment, year, treatment, cost of what is chosen."""
    from contado.kernel import tables

    step("portfolio solve", folder=stage / "options", out=stage / "programme", gap=1e-3, time_limit_s=20.0)
    strategies = {
        (row["segment"], row["year"], round(row["cost_eur"], 2)): row["treatment"]
        for row in tables.read(stage / "options/strategies.csv").table.to_pylist()
    }
    paid = tables.read(stage / "programme/programme.parquet").table.to_pylist()
    return [
        {
            "segment": row["intervention_id"],
            "year": row["start_year"],
            "treatment": strategies[row["intervention_id"], row["start_year"], round(row["amount_eur"], 2)],
            "cost_eur": row["amount_eur"],
        }
        for row in paid
    ]


def _planned(stage: Path, cut: SegmentAnswer, chosen: list[Row]) -> None:
    """Write where what was chosen lies, for the diagrams."""
    ends = {_segment_id(s.from_m): (s.from_m, s.to_m) for s in cut.segments}
    rows = [
        {
            "section_id": _ROAD,
            "from_m": ends[row["segment"]][0],
            "to_m": ends[row["segment"]][1],
            "year": row["year"],
            "treatment": row["treatment"],
        }
        for row in chosen
    ]
    if rows:
        _csv(stage / "planned.csv", sorted(rows, key=lambda r: r["from_m"]))


def _csv(path: Path, rows: list[Row]) -> Path:
    import pyarrow as pa

    from contado.kernel import tables

    tables.write_csv(pa.Table.from_pylist(rows), path)
    return path


VERB = Verb(
    name="pavement demo",
    help="Go from simulated drives to a map and a programme, with nothing at hand",
    request=DemoRequest,
    answer=DemoAnswer,
    run=_run,
    extra="roads",
    needs=("numba",),
    examples=("contado pavement demo roads-demo",),
)

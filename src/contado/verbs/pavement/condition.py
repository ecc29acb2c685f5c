"""contado pavement condition."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.dates import today
from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import Finding
from contado.verbs.pavement._dialect import accepted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from contado.engines.pavement.maintenance.priority import Ranking, Term
    from contado.kernel.tables import ReadResult

__all__ = ["VERB", "ConditionAnswer", "ConditionRequest"]


class ConditionRequest(Request, frozen=True, kw_only=True):
    """Segments in, condition, class and priority out."""

    segments: Annotated[
        Path,
        argument("segments: segment, iri_m_km, length_m, severity_per_100m, aadt, accident_rate, hydro_risk"),
    ]
    weights: Annotated[Path | None, option("weights of the priority: term, weight")] = None
    on: Annotated[date | None, option("day whose coefficients and weights count; default today")] = None


class Contribution(msgspec.Struct, kw_only=True):
    """Part of one term in a priority; null where its value is unknown."""

    term: str
    value: float | None
    contribution: float | None


class GradedSegment(msgspec.Struct, kw_only=True):
    """A segment with its condition, class, priority and the reasons."""

    segment: str
    condition_index: float | None
    criticality: str | None
    letter: str | None
    priority: float | None
    rank: int
    why: list[Contribution]
    overtakes_at_condition_index: float | None
    """Condition index at which it would reach the segment ranked above it, all else equal."""


class ConditionAnswer(LabelledAnswer, kw_only=True):
    """Graded segments, in the order of the file."""

    segments: list[GradedSegment]
    breaks: list[float]
    status: str
    compute_s: float


_COLUMNS = (
    "iri_m_km",
    "length_m",
    "severity_per_100m",
    "aadt",
    "accident_rate",
    "hydro_risk",
    "network_role",
)
_SHARES = ("hydro_risk", "network_role")


def _run(request: ConditionRequest, context: Context) -> ConditionAnswer:
    import time

    import numpy as np

    from contado.engines.pavement import columns
    from contado.engines.pavement.labels import label_of_file
    from contado.engines.pavement.maintenance import condition, priority
    from contado.kernel import tables

    on = request.on or today()
    read = tables.read(request.segments)
    columns.require(read.table, ["segment", "iri_m_km"], request.segments.name)
    names = columns.names(read.table, "segment", request.segments.name, lines=read.lines)
    values = _values(read, request.segments.name)
    ignored = columns.unknown(read.table, ("segment", *_COLUMNS, "label"), request.segments.name)
    terms = priority.terms(on, _weights(request.weights))
    model = condition.model(on)
    began = time.perf_counter()
    index = model.index(values["iri_m_km"], np.nan_to_num(values["severity_per_100m"]))
    values["condition_index"] = index
    ranking = priority.rank(values, terms)
    seconds = time.perf_counter() - began
    rows = [
        GradedSegment(
            segment=name,
            condition_index=_known(index[i]),
            criticality=model.criticality(float(index[i])),
            letter=model.letter(float(index[i])),
            priority=_known(ranking.priority[i]),
            rank=int(ranking.rank[i]),
            why=_why(ranking, values, i),
            overtakes_at_condition_index=_known(ranking.overtakes_at[i]),
        )
        for i, name in enumerate(names)
    ]
    return ConditionAnswer(
        label=label_of_file(read.table, request.segments),
        findings=accepted(context, [*read.findings, *ignored, *_unknowns(values, terms)]),
        segments=rows,
        breaks=list(model.breaks),
        status=model.status,
        compute_s=seconds,
    )


def _values(read: ReadResult, name: str) -> dict[str, NDArray[np.float64]]:
    import numpy as np

    from contado.engines.pavement import columns

    values = {c: columns.numbers(read.table, c, name, lines=read.lines) for c in _COLUMNS}
    for column in _SHARES:
        more = np.flatnonzero(values[column] > 1)
        share = "a share lies between 0 and 1: 45 % is 0.45"
        columns.refuse(more, read.table, column, name, "share_range", share, read.lines)
    for column, found in values.items():
        wrong = found <= 0 if column in {"iri_m_km", "length_m"} else found < 0
        rule = {"iri_m_km": "iri_not_positive", "length_m": "length_not_positive"}.get(
            column, "negative_value"
        )
        hint = "leave the cell empty where the value is unknown"
        columns.refuse(np.flatnonzero(wrong), read.table, column, name, rule, hint, read.lines)
    return values


def _weights(path: Path | None) -> dict[str, float] | None:
    import numpy as np

    from contado.engines.pavement import columns
    from contado.kernel import tables

    if path is None:
        return None
    read = tables.read(path)
    columns.require(read.table, ["term", "weight"], path.name)
    weight = columns.numbers(read.table, "weight", path.name, lines=read.lines)
    names = columns.names(read.table, "term", path.name, lines=read.lines)
    hint = "weights are 0 or more; they are brought to the sum 1"
    bad = np.flatnonzero(~(weight >= 0))
    columns.refuse(bad, read.table, "weight", path.name, "negative_weight", hint, read.lines)
    return dict(zip(names, weight.tolist(), strict=True))


def _known(value: float) -> float | None:
    return None if value != value else float(value)  # noqa: PLR0124 - NaN is the one value that differs from itself


def _why(ranking: Ranking, values: Mapping[str, NDArray[np.float64]], row: int) -> list[Contribution]:
    return [
        Contribution(
            term=term.name,
            value=_known(values[term.column][row]),
            contribution=_known(ranking.contribution[row, k]),
        )
        for k, term in enumerate(ranking.terms)
        if term.weight > 0
    ]


def _unknowns(values: Mapping[str, NDArray[np.float64]], terms: tuple[Term, ...]) -> list[Finding]:
    """Say for how many segments an input is unknown, and what that means."""
    import numpy as np

    effects = {t.column: f"{t.name} is left out of their priority" for t in terms if t.weight > 0}
    effects["severity_per_100m"] = "their condition rests on IRI alone"
    effects["condition_index"] = "their condition is unknown"
    counts = {c: int(np.isnan(values[c]).sum()) for c in effects}
    return [
        Finding(
            severity="note",
            rule="unknown_input",
            table="segments",
            message=f"{column} is unknown for {counts[column]} segments: {effect}.",
            hint=f"give the column {column}",
        )
        for column, effect in effects.items()
        if counts[column]
    ]


_WORDS = {
    "it": {
        "verde": "buono",
        "giallo": "discreto",
        "arancione": "scadente",
        "rosso": "critico",
        None: "non noto",
    },
    "en": {"verde": "good", "giallo": "fair", "arancione": "poor", "rosso": "critical", None: "not known"},
}


def _text(answer: ConditionAnswer, lang: Literal["it", "en"]) -> str:
    """Write the segments by priority, each with class, index and what its priority is made of."""
    from contado.engines.pavement import data

    names = {row["term"]: row[f"name_{lang}"] for row in data.rows("priority")}
    title = {
        "it": "Tratti per priorità ({n}), dati {label}",
        "en": "Segments by priority ({n}), {label} data",
    }
    label = {"it": {"simulated": "simulati", "estimated": "stimati"}, "en": {}}[lang].get(
        answer.label, answer.label
    )
    lines = [title[lang].format(n=len(answer.segments), label=label)]
    for s in sorted(answer.segments, key=lambda s: s.rank):
        word = _WORDS[lang][s.criticality]
        letter = s.letter or "-"
        parts = sorted((w for w in s.why if w.contribution), key=lambda w: -(w.contribution or 0.0))
        why = ", ".join(f"{names[w.term]} {_number(w.contribution, 2, lang)}" for w in parts)
        index, priority = _number(s.condition_index, 0, lang), _number(s.priority, 2, lang)
        kind = {"it": ("indice", "priorità"), "en": ("index", "priority")}[lang]
        lines.append(
            f"{s.rank:>4}  {s.segment}  {letter} {word}  {kind[0]} {index}  {kind[1]} {priority}  ({why})"
        )
    return "\n".join(lines)


def _number(value: float | None, digits: int, lang: Literal["it", "en"]) -> str:
    if value is None:
        return "non noto" if lang == "it" else "not known"
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if lang == "it" else text


VERB = Verb(
    name="pavement condition",
    help="Grade segments and rank them",
    request=ConditionRequest,
    answer=ConditionAnswer,
    run=_run,
    text=_text,
    examples=("contado pavement condition segments.csv --weights weights.csv",),
)

"""contado appraisal mcda: alternatives on many criteria, by one or several methods."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb, argument
from contado.kernel.errors import DataError, Finding, TableNotFound, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class McdaRequest(Request, frozen=True, kw_only=True):
    """Cases, each with its method."""

    file: Annotated[
        Path,
        argument("JSON list of {method, matrix, sense, weights, normalisation, parameters of the method}"),
    ]


class _Result(msgspec.Struct, kw_only=True, tag_field="method"):
    """What a method answers; indices count from 0, ranks from 1."""


class Wsm(_Result, kw_only=True, tag="WSM"):
    """Weighted sum."""

    score: list[float]
    rank: list[int]


class Topsis(_Result, kw_only=True, tag="TOPSIS"):
    """Similarity to the ideal; null where all alternatives are the same."""

    similarity: list[float | None]
    rank: list[int]


class Vikor(_Result, kw_only=True, tag="VIKOR"):
    """Utility S, regret R, mix Q."""

    S: list[float]
    R: list[float]
    Q: list[float]
    rank: list[int]
    compromise_set: list[int]


class Promethee1(_Result, kw_only=True, tag="PROMETHEE I"):
    """Partial order: pairs (preferred, other)."""

    phi_plus: list[float]
    phi_minus: list[float]
    preferred: list[tuple[int, int]] | None
    incomparable: list[tuple[int, int]] | None


class Promethee2(_Result, kw_only=True, tag="PROMETHEE II"):
    """Net flow and rank."""

    phi: list[float]
    phi_plus: list[float]
    phi_minus: list[float]
    rank: list[int]


class Electre1(_Result, kw_only=True, tag="ELECTRE I"):
    """Row against column; the diagonal is null."""

    concordance: list[list[float | None]]
    discordance: list[list[float | None]]
    kernel: list[int]


class Electre2(_Result, kw_only=True, tag="ELECTRE II"):
    """Score = mean of the two rankings."""

    score: list[float]
    rank: list[int]
    rank_direct: list[int]
    rank_inverse: list[int]


class Electre3(_Result, kw_only=True, tag="ELECTRE III"):
    """Two distillations and their common part."""

    credibility: list[list[float | None]]
    descending: list[int]
    ascending: list[int]
    relation: list[list[Literal["P", "N", "I", "R"]]]
    rank: list[int]


class ElectreTri(_Result, kw_only=True, tag="ELECTRE TRI"):
    """Category of each alternative, 0 = the worst."""

    pessimistic: list[int]
    optimistic: list[int]
    credibility: list[list[float]]
    credibility_of_profiles: list[list[float]]


class Ahp(_Result, kw_only=True, tag="AHP"):
    """Weights of what was compared."""

    weights: list[float]
    lambda_max: float
    consistency_ratio: float | None


class Smaa(_Result, kw_only=True, tag="SMAA"):
    """Rank acceptability, central weights, confidence."""

    acceptability: list[list[float]]
    central_weights: list[list[float] | None]
    confidence: list[float | None]
    draws: int
    seed: int


class Problem(msgspec.Struct, kw_only=True):
    """Why a case was refused."""

    rule: str
    message: str
    hint: str


class Refused(_Result, kw_only=True, tag="refused"):
    """A case that no method can work on, in its place."""

    asked: str
    error: Problem


Result = (
    Wsm
    | Topsis
    | Vikor
    | Promethee1
    | Promethee2
    | Electre1
    | Electre2
    | Electre3
    | ElectreTri
    | Ahp
    | Smaa
    | Refused
)


class McdaAnswer(Answer, kw_only=True):
    """One result a case, in order."""

    results: list[Result]

    def exit_code(self) -> int:
        """2 when a case was refused."""
        return 2 if any(isinstance(r, Refused) for r in self.results) else 0


_COMMON = ("matrix", "sense", "weights", "normalisation")
_METHODS: Mapping[str, tuple[type[_Result], str, tuple[str, ...]]] = {
    "WSM": (Wsm, "wsm", _COMMON),
    "TOPSIS": (Topsis, "topsis", _COMMON),
    "VIKOR": (Vikor, "vikor", (*_COMMON, "v")),
    "PROMETHEE I": (Promethee1, "promethee", (*_COMMON, "preference", "q", "p", "s")),
    "PROMETHEE II": (Promethee2, "promethee", (*_COMMON, "preference", "q", "p", "s")),
    "ELECTRE I": (Electre1, "electre_1", (*_COMMON, "p", "q")),
    "ELECTRE II": (Electre2, "electre_2", (*_COMMON, "p0", "p1", "p2", "q0", "q1")),
    "ELECTRE III": (Electre3, "electre_3", (*_COMMON, "q", "p", "v", "discrimination")),
    "ELECTRE TRI": (
        ElectreTri,
        "electre_tri",
        ("matrix", "sense", "weights", "profiles", "q", "p", "v", "cut"),
    ),
    "AHP": (Ahp, "ahp", ("comparisons",)),
    "SMAA": (Smaa, "smaa", ("matrix", "sense", "normalisation", "draws", "seed", "spread", "order", "depth")),
}
"""Name -> answer, function of the kernel, keys of a case."""

_REQUIRED = ("matrix", "sense", "comparisons", "profiles")
_REMARKS = {"method", "source", "expected", "atol", "rtol", "name"}
"""Keys of a case that no method reads."""

_SPELLINGS = {"lambda": "cut", "preference_function": "preference", "preference_functions": "preference"}
"""Other names of a key, as papers write them."""

_LEVELS: Mapping[str, tuple[str, tuple[tuple[str, float], ...]]] = {
    "p0": ("p", (("p0", 0.65), ("p1", 0.5), ("p2", 0.35))),
    "q0": ("q", (("q0", 0.65), ("q1", 0.35))),
}


def _run(request: McdaRequest, context: Context) -> McdaAnswer:
    cases = _cases(request.file)
    results: list[Any] = []
    findings: list[Finding] = []
    refusals: list[UsageError] = []
    for number, case in enumerate(cases):
        if context.progress is not None:
            context.progress("cases", number, len(cases))
        try:
            result, more = _solve(case)
        except UsageError as error:
            refusals.append(error)
            result, more = _refused(case, error)
        results.append(result)
        findings += [_of_case(f, number, case) for f in more]
    if refusals and len(refusals) == len(cases):
        raise refusals[0]
    return McdaAnswer(results=results, findings=context.accept(findings))


def _cases(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        known = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, known) or "check the path"
        raise TableNotFound(f"There is no file {path.name!r}.", hint=hint, field=path.name)
    try:
        cases = msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path.name} is no JSON: {error}.",
            rule="bad_json",
            hint="a list of cases, without NaN",
            field="file",
        ) from None
    listed = [cases] if isinstance(cases, dict) else cases
    if not isinstance(listed, list) or not all(isinstance(c, dict) for c in listed):
        raise UsageError(
            f"{path.name} holds no list of cases.",
            rule="bad_mcda_input",
            hint="[{method, matrix, sense, weights}]",
        )
    return listed


def _solve(asked: dict[str, Any]) -> tuple[_Result, list[Finding]]:
    from contado.kernel.appraisal import mcda

    case = {_SPELLINGS.get(key, key): value for key, value in asked.items()}

    name = _name(case)
    answer, function, keys = _METHODS[name]
    missing = [k for k in keys if k in _REQUIRED and k not in case]
    if missing:
        raise UsageError(
            f"{name} needs {missing[0]}.", rule="bad_mcda_input", hint=f"keys: {', '.join(keys)}"
        )
    given = {k: case[k] for k in keys if k in case and (case[k] is not None or k == "v")}
    call: Callable[..., Any] = getattr(mcda, function)
    found = call(**_levels(given) if name == "ELECTRE II" else given)
    return msgspec.convert(_plain(found, answer), answer), [*found.findings, *_notes(case, keys)]


def _plain(found: Any, answer: type[_Result]) -> dict[str, Any]:
    """The attributes of a result that the answer shows, with its tag."""
    shown: dict[str, Any] = {f.name: getattr(found, f.name) for f in msgspec.structs.fields(answer)}
    return shown | {"method": answer.__struct_config__.tag}


def _name(case: Mapping[str, Any]) -> str:
    asked = str(case.get("method", ""))
    name = " ".join(asked.upper().replace("_", " ").replace("-", " ").split())
    name = {"PROMETHEE": "PROMETHEE II", "SMAA 2": "SMAA", "ELECTRE": "ELECTRE I"}.get(name, name)
    if name not in _METHODS:
        hint = did_you_mean(asked, _METHODS) or f"valid: {', '.join(_METHODS)}"
        raise UsageError(f"There is no method {asked!r}.", rule="bad_mcda_input", hint=hint, field="method")
    return name


def _levels(given: dict[str, Any]) -> dict[str, Any]:
    """ELECTRE II: p0, p1, p2 and q0, q1 as two lists."""
    names = {n for _, pairs in _LEVELS.values() for n, _ in pairs}
    kept = {k: v for k, v in given.items() if k not in names}
    for name, pairs in _LEVELS.values():
        kept[name] = [given.get(n, default) for n, default in pairs]
    return kept


def _notes(case: Mapping[str, Any], keys: tuple[str, ...]) -> list[Finding]:
    """One note on the keys that were not read."""
    unread = [k for k in case if k not in keys and k not in _REMARKS]
    if not unread:
        return []
    return [
        Finding(
            severity="note",
            rule="unknown_field",
            message=f"not read: {', '.join(unread)}.",
            hint=did_you_mean(unread[0], keys) or f"read: {', '.join(keys)}",
        )
    ]


def _refused(case: Mapping[str, Any], error: UsageError) -> tuple[Refused, list[Finding]]:
    problem = Problem(rule=error.rule, message=error.message, hint=error.hint)
    finding = Finding(
        severity="error", rule=error.rule, message=error.message, hint=error.hint, action="refused"
    )
    return Refused(asked=str(case.get("method", "")), error=problem), [finding]


def _of_case(finding: Finding, number: int, case: Mapping[str, Any]) -> Finding:
    return msgspec.structs.replace(
        finding,
        message=f"case {number}, {case.get('method', '')}: {finding.message}",
        table=f"results[{number}]",
    )


def _text(answer: McdaAnswer, lang: Literal["it", "en"]) -> str:  # noqa: ARG001 - keys are the method's own words
    """One block a case: its method, then a line a figure."""
    blocks = []
    for result in answer.results:
        shown = msgspec.to_builtins(result)
        lines = [f"  {key}: {_short(value)}" for key, value in shown.items() if key != "method"]
        blocks.append("\n".join([str(shown["method"]), *lines]))
    return "\n".join(blocks)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_short(v) for v in value) + "]"
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


VERB = Verb(
    name="appraisal mcda",
    help="Compare alternatives on many criteria",
    request=McdaRequest,
    answer=McdaAnswer,
    run=_run,
    text=_text,
    examples=("contado appraisal mcda cases.json --json",),
)

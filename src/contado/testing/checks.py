"""The thirteen checks, one function each: evidence in, problems out (none = the check holds).

A problem names function, table and row and says what to do. Where a function did not come to an end, the
other checks judge what there is; the failure itself belongs to one check only: to `no_network` when the
network guard refused a connection, else to `contract`.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

from contado.kernel import tables
from contado.kernel.errors import ContadoError, Finding, did_you_mean
from contado.kernel.practice import STEPS, Registry
from contado.kernel.units import is_known, unit_of
from contado.testing.evidence import RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa

    from contado.testing.evidence import Evidence, Run, Step

__all__ = [
    "contract",
    "determinism",
    "empty",
    "interval",
    "no_mutation",
    "no_network",
    "provenance",
    "references",
    "schema",
    "silent",
    "time",
    "units",
    "years",
]

TIME_LIMIT_S: Final = 10.0
"""What a warm run of all three functions on the toy may take."""
_NEEDED: Final = {"diagnose": ("indicator_value",), "propose": ("intervention", "effect"), "monitor": ()}
_EITHER: Final = {"monitor": ("indicator_value", "observation")}
_YEAR_RULES: Final = {"year_order"}
_ELSEWHERE: Final = {"year_order", "wrong_unit", "unknown_unit", "unregistered_indicator", "bad_interval"}
"""Rules of the general validation that a check of their own judges."""
_ELSEWHERE_RUN: Final = "another process with shuffled rows"
_MEASURED: Final = ("value", "method")


def contract(found: Evidence) -> list[str]:
    """Check names, signatures, types; the tables that each function owes; at least one row diagnosed."""
    if found.toy_problem:
        return [found.toy_problem]
    problems = [*_registrable(found.practice), *_signatures(found.practice)]
    for step in found.first.steps:
        problems += _result(step)
    return problems


def _registrable(practice: Any) -> Iterator[str]:
    try:
        Registry().add(type(practice))
    except ContadoError as error:
        yield str(error)
    except Exception as error:  # noqa: BLE001 - foreign code: its failure is a result of the suite
        yield f"a hook or the constructor fails: {type(error).__name__}: {error}"


def _signatures(practice: Any) -> Iterator[str]:
    for name in STEPS:
        function = getattr(practice, name, None)
        if not callable(function):
            continue  # the registry said so
        parameters = inspect.signature(function).parameters
        given = [
            p.name
            for p in parameters.values()
            if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}
            and p.name not in {"on", "seed", "progress"}
        ]
        wanted = 1 if name == "diagnose" else 2
        if len(given) != wanted:
            yield f"{name} takes {len(given)} positional arguments, not {wanted}: see Practice.{name}"
        for keyword, default in (("on", inspect.Parameter.empty), ("seed", 0), ("progress", None)):
            if keyword not in parameters:
                yield f"{name} has no keyword {keyword!r}"
            elif keyword != "on" and parameters[keyword].default != default:
                yield f"{name}: {keyword} is {parameters[keyword].default!r} by default, not {default!r}"


def _result(step: Step) -> Iterator[str]:
    if step.error is not None:
        if not step.refused:
            yield f"{step.name} fails on the toy: {type(step.error).__name__}: {step.error}"
        return
    wanted = RESULTS[step.name]
    returned = type(step.result)
    if returned is not wanted:
        yield f"{step.name} returns {returned.__name__}, not {wanted.__name__}"
        return
    given = step.result.tables
    if not hasattr(given, "items"):
        yield f"{step.name}: tables is no mapping from name to table"
        return
    yield from _kinds(step.name, given, step.result.findings)
    missing = [name for name in _NEEDED[step.name] if name not in given]
    if missing:
        yield f"{step.name} returns no table {', '.join(missing)}"
    either = _EITHER.get(step.name, ())
    if either and not any(name in given for name in either):
        yield f"{step.name} returns neither {' nor '.join(either)}"
    if step.name == "diagnose" and "indicator_value" in given and not len(given["indicator_value"]):
        yield "diagnose gives no row on the toy territory: bring what it needs with a function toy(workspace)"


def _kinds(step: str, given: Mapping[str, Any], findings: Iterable[Any]) -> Iterator[str]:
    import pyarrow as pa

    for name, table in given.items():
        if not isinstance(table, pa.Table):
            yield f"{step}: {name} is {type(table).__name__}, not pyarrow.Table"
    for finding in findings:
        if not isinstance(finding, Finding):
            yield f"{step}: a finding is {type(finding).__name__}, not Finding"


def schema(found: Evidence) -> list[str]:
    """Check that every table is known and fits its schema."""
    return list(_schema_problems(found.first))


def _schema_problems(run: Run) -> Iterator[str]:
    for step in run.steps:
        for name, table in _given(step):
            try:
                conformed = tables.conform(name, table)
            except ContadoError as error:
                yield f"{step.name}: {error}"
                continue
            for fault in tables.validate(name, conformed):
                if fault.severity == "error" and fault.rule not in _ELSEWHERE and not _about_years(fault):
                    yield f"{step.name}: {_told(fault)}"


def _given(step: Step) -> Iterator[tuple[str, pa.Table]]:
    import pyarrow as pa

    given: Any = getattr(step.result, "tables", None)
    for name, table in given.items() if hasattr(given, "items") else ():
        if isinstance(table, pa.Table):
            yield name, table


def _told(fault: Finding) -> str:
    row = f" (row {fault.row})" if fault.row is not None else ""
    return f"{fault.message}{row}" + (f" Hint: {fault.hint}" if fault.hint else "")


def _about_years(fault: Finding) -> bool:
    return fault.rule in _YEAR_RULES or (fault.rule == "out_of_range" and "_year" in fault.message)


def units(found: Evidence) -> list[str]:
    """Check that each unit is known and fits its indicator: the registered one, else the name's ending."""
    registered = {i.id: i.unit for i in tables.indicators().values()}
    registered |= _own_indicators(found.practice)
    problems = []
    for step, name, table in found.first.tables():
        if not {"indicator", "unit"} <= set(table.column_names):
            continue
        pairs = zip(table["indicator"].to_pylist(), table["unit"].to_pylist(), strict=True)
        for row, (indicator, unit) in enumerate(pairs, start=1):
            if problem := _unit_problem(indicator, unit, registered):
                problems.append(f"{step}: {name} row {row}: {problem}")
    return problems


def _own_indicators(practice: Any) -> dict[str, str]:
    try:
        return {spec.id: spec.unit for spec in Registry().add(type(practice)).indicators}
    except Exception:  # noqa: BLE001 - `contract` says what is wrong with it
        return {}


def _unit_problem(indicator: str | None, unit: str | None, registered: Mapping[str, str]) -> str | None:
    if indicator is None or unit is None:
        return None  # `schema` says so
    if indicator in registered:
        wanted = registered[indicator]
        return None if unit == wanted else f"{indicator} is registered in {wanted!r}, not in {unit!r}"
    if not is_known(unit):
        return f"the unit {unit!r} of {indicator} is unknown. Hint: see contado.kernel.units"
    if unit != (unit_of(indicator) or "1"):
        return f"{indicator} is in no registry and does not end in its unit {unit!r}. Hint: register it"
    return None


def references(found: Evidence) -> list[str]:
    """Check that every asset, municipality and intervention that is named exists."""
    targets = _targets(found)
    problems = []
    for step, name, table in found.first.tables():
        for column, known in _REFERENCES.get(name, {}).items():
            ids = set().union(*(targets[kind] for kind in known))
            for row, value in enumerate(table[column].to_pylist(), start=1):
                if value is not None and value not in ids:
                    hint = did_you_mean(str(value), ids) or f"known: {' or '.join(known)}"
                    problems.append(
                        f"{step}: {name} row {row}: {column} {value!r} does not exist. Hint: {hint}"
                    )
    return problems


_REFERENCES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "asset": {"municipality": ("municipality",)},
    "indicator_value": {"subject_id": ("asset", "municipality", "intervention")},
    "observation": {
        "subject_id": ("asset", "municipality", "intervention"),
        "intervention_id": ("intervention",),
    },
    "intervention": {"asset_id": ("asset",), "municipality": ("municipality",)},
    "effect": {"intervention_id": ("intervention",)},
    "relation": {"a": ("intervention",), "b": ("intervention",)},
    "milestone": {"intervention_id": ("intervention",)},
}


def _targets(found: Evidence) -> dict[str, set[str]]:
    """Return the ids of assets, municipalities and interventions, the practice's own included."""
    own = list(found.first.tables())

    def ids(table: str, column: str) -> set[str]:
        rows = [found.known[table]] if table in found.known else []
        rows += [t for _, name, t in own if name == table]
        return {v for t in rows for v in t[column].to_pylist() if v is not None}

    return {
        "asset": ids("asset", "id"),
        "municipality": ids("territory_unit", "istat6"),
        "intervention": ids("intervention", "id"),
    }


def years(found: Evidence) -> list[str]:
    """Check that no window ends before it begins, nor before the day of the diagnosis."""
    from contado.testing.evidence import ON

    problems = []
    for step, name, table in found.first.tables():
        faults = [f for f in tables.validate(name, table) if _about_years(f)]
        problems += [f"{step}: {_told(f)}" for f in faults]
        if name == "intervention":
            for row, last in enumerate(table["latest_year"].to_pylist(), start=1):
                if last is not None and last < ON.year:
                    problems.append(
                        f"{step}: intervention row {row}: latest_year {last} is before the day {ON}. "
                        "Hint: count from `on`"
                    )
    return problems


def interval(found: Evidence) -> list[str]:
    """Check low <= value <= high, or both unknown with a method that says why."""
    problems = []
    for step, name, table in found.first.tables():
        if not set(_MEASURED) <= set(table.column_names):
            continue
        columns = [table[c].to_pylist() for c in ("low", "value", "high", "method")]
        for row, cells in enumerate(zip(*columns, strict=True), start=1):
            if problem := _interval_problem(*cells):
                problems.append(f"{step}: {name} row {row}: {problem}")
    return problems


def _interval_problem(low: float | None, value: float | None, high: float | None, method: str | None) -> str:
    if low is None and high is None:
        if (method or "").startswith(("exact", "no_interval:")):
            return ""
        return (
            f"no interval, and method {method!r} does not say why. Hint: begin it with exact or no_interval:"
        )
    if low is None or high is None:
        return f"half an interval: {low} to {high}. Hint: give both ends or none"
    if not low <= high or (value is not None and not low <= value <= high):
        return f"{value} does not lie between {low} and {high}"
    return ""


def provenance(found: Evidence) -> list[str]:
    """Check that every source_id is known, and present where the schema requires it."""
    known = {*found.known["source"]["source_id"].to_pylist()} if "source" in found.known else set()
    rows = list(found.first.tables())
    known |= {v for _, name, t in rows if name == "source" for v in t["source_id"].to_pylist()}
    problems = []
    for step, name, table in rows:
        if "source_id" not in table.column_names:
            continue
        required = tables.schema(name).by_name["source_id"].required if name in tables.names() else False
        for row, value in enumerate(table["source_id"].to_pylist(), start=1):
            if value not in known and (value is not None or required):
                hint = did_you_mean(str(value), known) or "add it to table source"
                problems.append(f"{step}: {name} row {row}: source_id {value!r} is unknown. Hint: {hint}")
    return problems


def determinism(found: Evidence) -> list[str]:
    """Check equal tables from a second run and from another process, hash seed and order of rows."""
    first = _by_step(found.first)
    problems = list(_differences(first, _by_step(found.again), "a second run"))
    if not found.first.whole:  # compare what came through; the failure is told by its own check
        both = {step: found.other[step] for step in first if step in found.other}
        return [*problems, *_differences({s: first[s] for s in both}, both, _ELSEWHERE_RUN)]
    if found.other_problem:
        return [*problems, f"in {_ELSEWHERE_RUN}, {found.other_problem}"]
    return [*problems, *_differences(first, found.other, _ELSEWHERE_RUN)]


def _by_step(run: Run) -> dict[str, dict[str, pa.Table]]:
    out: dict[str, dict[str, pa.Table]] = {step.name: {} for step in run.steps if step.error is None}
    for step, name, table in run.tables():
        out[step][name] = table
    return out


def _differences(
    first: Mapping[str, Mapping[str, pa.Table]], second: Mapping[str, Mapping[str, pa.Table]], where: str
) -> Iterator[str]:
    for step in first:
        mine, theirs = first[step], second.get(step, {})
        for name in sorted({*mine, *theirs}):
            if name not in mine or name not in theirs:
                yield f"{step}: table {name} is not there in {where}"
            elif difference := _first_difference(mine[name], theirs[name]):
                yield f"{step}: {name} {difference} in {where}. Hint: sort rows by id, use the seed"


def _first_difference(mine: pa.Table, theirs: pa.Table) -> str:
    """Say where two tables differ, or ''; values are compared to the last bit."""
    if mine.num_rows != theirs.num_rows:
        return f"has {theirs.num_rows} rows instead of {mine.num_rows}"
    if set(mine.column_names) != set(theirs.column_names):
        return "has other columns"
    for row, (a, b) in enumerate(zip(mine.to_pylist(), theirs.to_pylist(), strict=True), start=1):
        for column in a:
            if repr(a[column]) != repr(b[column]):  # NaN equals NaN, -0.0 does not equal 0.0
                return f"row {row} has {column} {b[column]!r} instead of {a[column]!r}"
    return ""


def no_mutation(found: Evidence) -> list[str]:
    """Check that no file of the workspace and no input table changed, nor was tried to be."""
    problems = []
    for step in _steps(found):
        problems += [f"{step.name} changes {name}" for name in step.changed]
        tried = sorted(set(step.seen.writes if step.seen else ()))
        if tried and not step.changed:
            problems.append(f"{step.name} tries to write {', '.join(tried)}")
    return _once(problems)


def silent(found: Evidence) -> list[str]:
    """Check that nothing is printed and nothing is warned of."""
    problems = []
    for step in _steps(found):
        if step.seen is not None and step.seen.printed:
            problems.append(
                f"{step.name} prints {step.seen.printed[:200]!r}. Hint: return findings, use progress"
            )
        if step.seen is not None:
            problems += [f"{step.name} warns: {text[:200]}" for text in step.seen.warnings]
    return _once(problems)


def no_network(found: Evidence) -> list[str]:
    """Check that nobody outside this machine is called."""
    return _once(
        f"{step.name} calls {host}. Hint: import data into the workspace beforehand"
        for step in _steps(found)
        for host in (step.seen.connections if step.seen else ())
    )


def _steps(found: Evidence) -> Iterator[Step]:
    for run in (found.first, found.again, found.empty):
        yield from run.steps


def _once(problems: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(problems))


def empty(found: Evidence) -> list[str]:
    """Check that empty tables give valid empty tables."""
    problems = [
        f"{step.name} fails on empty tables: {type(step.error).__name__}: {step.error}"
        for step in found.empty.steps
        if step.error is not None and not step.refused and _came_through(found.first, step.name)
    ]
    problems += [
        f"{step}: {name} has {table.num_rows} rows where every input is empty"
        for step, name, table in found.empty.tables()
        if table.num_rows
    ]
    if not schema(found):  # else the fault is the schema's, with rows and without
        problems += [f"on empty tables, {text}" for text in _schema_problems(found.empty)]
    return problems


def _came_through(run: Run, name: str) -> bool:
    return any(step.name == name and step.error is None for step in run.steps)


def time(found: Evidence) -> list[str]:
    """Check that a warm run of the three functions takes less than ten seconds."""
    seconds = sum(step.seconds for step in found.again.steps)
    if seconds < TIME_LIMIT_S:
        return []
    return [f"the toy takes {seconds:.1f} s, the limit is {TIME_LIMIT_S:g} s"]

"""Folders of CSV: a programme, a set of options, or shared tables; read, checked, rows set aside.

========  =============================================================================
kind      files (CSV, CSV.GZ or Parquet)
========  =============================================================================
programme interventions, funding_rules, budgets; optional relations, equity_floors,
          funding_sources, funding_amounts, sources
options   options, budgets; optional sites, equity_floors
tables    shared tables under their own names
========  =============================================================================
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec
import pyarrow as pa

from contado.kernel.errors import ContadoError, DataError, Finding, TableNotFound, did_you_mean
from contado.kernel.tables.codes import normalise_cup
from contado.kernel.tables.findings import made_strict
from contado.kernel.tables.folder_checks import folder_findings
from contado.kernel.tables.programme_folder import NAMES, as_folder_tables
from contado.kernel.tables.read import ReadResult, read
from contado.kernel.tables.schema import Schema, names, schema
from contado.kernel.tables.validate import Check, validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Folder", "Kind", "check_file", "check_tables", "read_folder"]

Kind = Literal["programme", "options", "tables"]

_FILES: Final[Mapping[str, Mapping[str, str]]] = {
    "programme": {
        "interventions": "folder/interventions",
        "funding_rules": "folder/funding_rules",
        "budgets": "folder/budgets",
        "relations": "folder/relations",
        "equity_floors": "folder/equity_floors",
        "funding_sources": "folder/funding_sources",
        "funding_amounts": "folder/funding_amounts",
        "sources": "folder/sources",
    },
    "options": {
        "budgets": "folder/option_budgets",
        "options": "folder/options",
        "sites": "folder/sites",
        "equity_floors": "folder/equity_floors",
    },
}
"""Kind -> file stem -> schema; in the order in which references are checked."""
_NEEDED: Final = {
    "programme": ("interventions", "funding_rules", "budgets"),
    "options": ("options", "budgets"),
    "tables": (),
}
_ENDINGS: Final = (".csv", ".csv.gz", ".parquet")
_FURTHER: Final = re.compile(r"budget_[c-z]|cost_[c-z]_eur")


class Folder(NamedTuple):
    """A folder that was read: kind, tables by file stem without the rows set aside, findings, all rows."""

    kind: Kind
    tables: dict[str, pa.Table]
    findings: list[Finding]
    rows: dict[str, int]


@dataclass(slots=True)
class _Reading:
    """A folder while it is read: what the next file may refer to, and what was found so far."""

    strict: bool
    rename: Mapping[str, str] = field(default_factory=dict)
    tables: dict[str, pa.Table] = field(default_factory=dict)
    lost: dict[str, set[str]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def load(self, file: Path, stem: str, declared: str) -> None:
        """Read and check one file; a file that cannot be read gives one finding."""
        self.rows[stem] = 0
        try:
            kind = _widened(schema(declared), file)
            result = read(file, declared=kind, rename=self.rename)
        except ContadoError as error:
            self.findings.append(_as_finding(error, stem))
            return
        ragged = sum(f.rule == "ragged_row" for f in result.findings)
        self.rows[stem] = result.table.num_rows + ragged
        self.check(result, stem, kind)

    def check(self, result: ReadResult, stem: str, declared: Schema) -> None:
        """Check one table against its schema and those before it; leave out the rows set aside."""
        lines = result.lines if result.lines is not None else range(1, result.table.num_rows + 1)
        keys = _keys(result.table, declared, lines)
        table, changed = normalise_cup(result.table, stem, keys=keys, lines=lines)
        aliases = {"option_budgets": self.tables["budgets"]} if "budgets" in self.tables else {}
        found = validate(declared, table, known={**self.tables, **aliases}, lines=lines, set_aside=self.lost)
        found = _without_repeats([*result.findings, *changed, *found])
        found = made_strict(found) if self.strict else found
        aside = {f.row for f in found if f.action == "row_set_aside"}
        if aside:
            kept = [line not in aside for line in lines]
            self.lost[stem] = {key for key, stays in zip(keys, kept, strict=True) if not stays}
            table = table.filter(pa.array(kept, pa.bool_()))
        self.tables[stem] = _completed(table, declared)
        self.findings += found


def _keys(table: pa.Table, declared: Schema, lines: Sequence[int]) -> list[str]:
    check = Check(declared, table, {}, lines)
    return [check.key(i) for i in range(table.num_rows)]


def read_folder(path: Path | str, *, strict: bool = False) -> Folder:
    """Read and check a folder; faults are collected, nothing stops at the first.

    Rows with the action ``row_set_aside`` are left out of the tables; a file that cannot be read gives
    a finding with the action ``refused``. `contado.kernel.tables.findings.raise_refused` raises.

    Raises
    ------
    TableNotFound
        There is no such folder, or nothing in it is known.
    """
    folder = Path(path)
    if not folder.is_dir():
        near = [p.name for p in folder.parent.iterdir()] if folder.parent.is_dir() else []
        raise TableNotFound.from_name(folder.name, near, kind="folder")
    files = _files(folder)
    kind = _kind(files, folder)
    schemas = _FILES.get(kind) or {n: n for n in names() if n in files}
    reading = _Reading(strict)
    reading.findings += [_not_found(name, files) for name in _NEEDED[kind] if name not in files]
    for stem, declared in schemas.items():
        if stem in files:
            reading.load(files[stem], stem, declared)
    reading.findings += [_unknown_file(stem, schemas) for stem in sorted(set(files) - set(schemas))]
    more = folder_findings(kind, reading.tables)
    reading.findings += made_strict(more) if strict else more
    return Folder(kind, reading.tables, reading.findings, reading.rows)


def _files(folder: Path) -> dict[str, Path]:
    found = {}
    for file in sorted(folder.iterdir()):
        for ending in _ENDINGS:
            if file.is_file() and file.name.endswith(ending) and not file.name.startswith("."):
                found[file.name.removesuffix(ending)] = file
    return found


def _kind(files: Mapping[str, Path], folder: Path) -> Kind:
    if "options" in files and "interventions" not in files:
        return "options"
    if any(stem in files for stem in ("interventions", "funding_rules", "budgets")):
        return "programme"
    if any(stem in files for stem in names()):
        return "tables"
    raise TableNotFound(
        f"{folder.name} holds no table that is known.",
        hint="a programme folder holds interventions.csv, funding_rules.csv, budgets.csv",
        field=folder.name,
    )


def _not_found(stem: str, files: Mapping[str, Path]) -> Finding:
    return Finding(
        severity="error",
        rule="table_not_found",
        message=f"The file {stem}.csv is missing.",
        table=stem,
        hint=did_you_mean(stem, files) or "add it, with its header even where it has no rows",
        action="refused",
    )


def _unknown_file(stem: str, schemas: Mapping[str, str]) -> Finding:
    return Finding(
        severity="note",
        rule="unknown_file",
        message=f"The file {stem} is no table of this folder and was not read.",
        table=stem,
        hint=did_you_mean(stem, schemas),
    )


def _widened(declared: Schema, file: Path) -> Schema:
    """Return the schema of options with the further budgets that the file's header names."""
    if declared.name != "folder/options":
        return declared
    extra = [c for c in read(file).table.column_names if _FURTHER.fullmatch(c)]
    like = {"budget": declared.by_name["budget_b"], "cost": declared.by_name["cost_b_eur"]}
    more = [dataclasses.replace(like[c.partition("_")[0]], attribute=c) for c in extra]
    return Schema(declared.name, (*declared.attributes, *more))


def _as_finding(error: ContadoError, stem: str) -> Finding:
    return Finding(
        severity="error",
        rule=error.rule,
        message=error.message,
        table=stem,
        row=error.rows[0] if error.rows else None,
        hint=error.hint,
        action="refused",
    )


def _without_repeats(findings: Sequence[Finding]) -> list[Finding]:
    """Leave out "is empty" where the same row's cell could not be read (it is empty for that reason)."""
    unread = {(f.row, _column(f)) for f in findings if f.rule in {"bad_number", "bad_value"}}
    return [f for f in findings if not (f.message.endswith(" is empty.") and (f.row, _column(f)) in unread)]


def _column(finding: Finding) -> str:
    """Return the column a message is about: ``table key: column ...``."""
    return finding.message.partition(": ")[2].partition(" ")[0]


def _completed(table: pa.Table, declared: Schema) -> pa.Table:
    """Return the table with the absent optional columns as nulls, in the order of the schema."""
    columns = {
        a.attribute: table[a.attribute]
        if a.attribute in table.column_names
        else pa.nulls(table.num_rows, a.arrow)
        for a in declared.attributes
        if a.attribute in table.column_names or not a.required
    }
    extra = {n: table[n] for n in table.column_names if n not in columns}
    return pa.table({**columns, **extra})


def check_file(
    path: Path | str,
    name: str | None = None,
    *,
    rename: Mapping[str, str] | None = None,
    strict: bool = False,
) -> Folder:
    """Read and check one file against the schema ``name`` (default: the file's stem).

    ``rename`` maps columns of the file to those of the schema (old -> new), for registers that other
    bodies publish.

    Raises
    ------
    TableNotFound
        There is no such file or schema.
    ColumnNotFound
        A column to be renamed is not in the file.
    """
    file = Path(path)
    if not file.is_file():
        near = [p.name for p in file.parent.iterdir()] if file.parent.is_dir() else []
        raise TableNotFound.from_name(file.name, near, kind="file")
    stem = next((file.name.removesuffix(e) for e in _ENDINGS if file.name.endswith(e)), None)
    if stem is None:
        raise DataError(
            f"{file.name} is no table.",
            rule="unknown_format",
            hint="endings: " + ", ".join(_ENDINGS),
            field=file.name,
        )
    reading = _Reading(strict, rename or {})
    reading.load(file, stem, _schema_name(name or stem))
    return Folder("tables", reading.tables, reading.findings, reading.rows)


def check_tables(shared: Mapping[str, pa.Table], *, strict: bool = False) -> Folder:
    """Check shared tables in memory, as `read_folder` checks the files of a programme folder.

    Parameters
    ----------
    shared
        Name -> table; a table stands before those that refer to it.
    """
    reading = _Reading(strict)
    for name, table in shared.items():
        reading.rows[name] = table.num_rows
        reading.check(ReadResult(table, []), name, schema(name))
    more = [_shared_name(f) for f in folder_findings("programme", as_folder_tables(reading.tables))]
    reading.findings += made_strict(more) if strict else more
    return Folder("tables", reading.tables, reading.findings, reading.rows)


def _shared_name(finding: Finding) -> Finding:
    """Return a finding on a file of a folder as one on the shared table that it stands for."""
    stem = finding.table or ""
    message = finding.message.replace(stem, NAMES[stem], 1) if stem in NAMES else finding.message
    return msgspec.structs.replace(finding, table=NAMES.get(stem, finding.table), message=message)


def _schema_name(name: str) -> str:
    if name in names() or name.startswith("folder/"):
        return name
    if name in _FILES["programme"] or name in _FILES["options"]:
        return f"folder/{name}"
    raise TableNotFound.from_name(name, {*names(), *_FILES["programme"], *_FILES["options"]}, kind="schema")

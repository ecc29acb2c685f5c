"""Errors and findings: what goes wrong, where, and what to do about it.

An *error* stops a verb; a *finding* is a data problem that was met, answered by a stated action and
collected. The tree of errors, with the exit code of the command line::

    ContadoError                     2
    ├── DataError                    2   a table, file or value cannot be used
    │   ├── TableNotFound
    │   ├── ColumnNotFound
    │   ├── UnitError
    │   ├── GeometryError
    │   ├── CodeError
    │   ├── RecordNotFound
    │   └── StaleVersion
    ├── WorkspaceError               2   the workspace folder cannot be used
    │   ├── Damaged
    │   ├── Newer
    │   └── Locked
    ├── UsageError                   2   the request itself is wrong
    │   └── ExtraMissing
    ├── ScopeError                   2   not allowed for this account
    │   └── ScopeMissing
    ├── ModelError                   3   no answer that can be vouched for
    │   ├── InfeasibleProgramme
    │   ├── SolverStopped
    │   ├── CertificateFailed
    │   └── CheckFailed
    ├── SettingError                 2   contado.toml holds something unknown or out of range
    └── PracticeError                2   a practice breaks its contract

Every message says what is wrong and where; every error carries a stable ``rule`` id and a ``hint``.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "CertificateFailed",
    "CheckFailed",
    "CodeError",
    "ColumnNotFound",
    "ContadoError",
    "Damaged",
    "DataError",
    "ExtraMissing",
    "Finding",
    "GeometryError",
    "InfeasibleProgramme",
    "Locked",
    "ModelError",
    "Newer",
    "PracticeError",
    "RecordNotFound",
    "Rejected",
    "ScopeError",
    "ScopeMissing",
    "SettingError",
    "SolverStopped",
    "StaleVersion",
    "TableNotFound",
    "UnitError",
    "UsageError",
    "WorkspaceError",
    "did_you_mean",
    "nearest",
]

Severity = Literal["error", "warning", "note"]
Action = Literal["refused", "row_set_aside", "converted", "repaired", "dropped", "kept"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One data problem: how bad, where, which rule, and what was done about it.

    ``row`` is the line of a text file (header = 1), the 1-based row of a table, or a row's key.
    """

    severity: Severity
    rule: str
    message: str
    table: str | None = None
    row: int | str | None = None
    hint: str = ""
    action: Action = "kept"


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a file that was not taken in, and why, while the others were; header = 1."""

    row: int
    rule: str
    message: str

    def as_finding(self, table: str) -> Finding:
        """Return the same of file ``table`` as a row set aside."""
        return Finding(
            severity="error",
            rule=self.rule,
            message=self.message,
            table=table,
            row=self.row,
            hint="correct the line, or leave it out",
            action="row_set_aside",
        )


class ContadoError(Exception):
    """The root of every error that is meant to reach a user.

    Parameters
    ----------
    message
        What is wrong and where.
    rule
        Stable snake_case id; the class gives its default.
    hint
        What to do; never empty in what a user sees.
    rows
        Lines of a text file (header = 1) or 1-based rows of a table.
    field
        The column, option or key at fault.
    """

    default_rule: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 2

    def __init__(
        self,
        message: str,
        *,
        rule: str | None = None,
        hint: str = "",
        rows: Sequence[int] = (),
        field: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule or self.default_rule
        self.hint = hint
        self.rows = tuple(rows)
        self.field = field

    def __str__(self) -> str:
        """Message and hint on one line, as a person reads them."""
        return f"{self.message} Hint: {self.hint}" if self.hint else self.message

    def to_dict(self) -> dict[str, object]:
        """Return the error object of the command line and of the web answers."""
        return {
            "rule": self.rule,
            "message": self.message,
            "hint": self.hint,
            "rows": list(self.rows),
            "field": self.field,
        }


class DataError(ContadoError):
    """A table, file or value cannot be used as it is."""

    default_rule = "bad_data"


class TableNotFound(DataError):
    """A table, layer or file that was named does not exist."""

    default_rule = "table_not_found"

    @classmethod
    def from_name(cls, name: str, known: Iterable[str], *, kind: str = "table") -> TableNotFound:
        """Build the error for ``name``, with the nearest of the ``known`` names as the hint."""
        hint = did_you_mean(name, known) or f"check the name of the {kind}"
        return cls(f"There is no {kind} {name!r}.", hint=hint, field=name)


class ColumnNotFound(DataError):
    """A required column is missing."""

    default_rule = "missing_column"

    @classmethod
    def from_missing(
        cls, missing: Iterable[str], available: Iterable[str], *, table: str, used: Iterable[str] = ()
    ) -> ColumnNotFound:
        """Build the error for the ``missing`` columns of ``table``.

        The hint compares the first one with those ``available`` that are not ``used`` already: with one that is the
        same but for its unit (``iri`` for ``iri_m_km``), else with those that resemble it.
        """
        names, present = list(missing), list(available)
        free = sorted(set(present) - set(used))
        unitless = [c for c in free if names[0].startswith(f"{c}_") or c.startswith(f"{names[0]}_")]
        close = unitless or nearest(names[0], free)
        hint = (
            f"did you mean {', '.join(close)}?"
            if close
            else f"the columns present are {', '.join(present) or 'none'}"
        )
        return cls(f"{table}: missing column {', '.join(names)}.", hint=hint, field=names[0])


class UnitError(DataError):
    """A unit is unknown or does not fit its indicator or column."""

    default_rule = "unknown_unit"


class GeometryError(DataError):
    """A geometry or coordinate reference system cannot be used."""

    default_rule = "bad_geometry"


class CodeError(DataError):
    """A code (ISTAT, Belfiore, CUP, CUI ...) is unknown or malformed."""

    default_rule = "unknown_code"


class RecordNotFound(DataError):
    """There is no such record, or it lies outside the caller's scope: the answer is the same."""

    default_rule = "no_record"


class StaleVersion(DataError):
    """The record was changed by somebody else since the caller read it."""

    default_rule = "stale_version"


class WorkspaceError(ContadoError):
    """The workspace folder cannot be used."""

    default_rule = "bad_workspace"


class Damaged(WorkspaceError):
    """A file of the workspace is cut or altered; nothing was written."""

    default_rule = "damaged_workspace"


class Newer(WorkspaceError):
    """The workspace was written by a newer program."""

    default_rule = "newer_schema"


class Locked(WorkspaceError):
    """Another process writes the same table or layer."""

    default_rule = "layer_locked"


class UsageError(ContadoError):
    """The request itself is wrong: an option, a value, a combination."""

    default_rule = "bad_usage"


class ExtraMissing(UsageError):
    """A verb needs a package of an optional extra that is not installed."""

    default_rule = "extra_missing"

    @classmethod
    def from_extra(cls, verb: str, extra: str, package: str) -> ExtraMissing:
        """Build the error that names the extra to install."""
        return cls(
            f"`contado {verb}` needs the package {package}, which is not installed.",
            hint=f"pip install 'contado[{extra}]'",
            field=extra,
        )


class ScopeError(ContadoError):
    """The account may not do this."""

    default_rule = "out_of_scope"


class ScopeMissing(ScopeError):
    """A record was asked for without saying on whose behalf."""

    default_rule = "scope_missing"


class ModelError(ContadoError):
    """There is no answer that can be vouched for."""

    default_rule = "model_error"
    exit_code = 3


class InfeasibleProgramme(ModelError):
    """No programme keeps all rules together."""

    default_rule = "infeasible"


class SolverStopped(ModelError):
    """The solver stopped before it had any answer."""

    default_rule = "solver_stopped"


class CertificateFailed(ModelError):
    """A solver's claim did not survive our verifier."""

    default_rule = "certificate_failed"


class CheckFailed(ModelError):
    """A check or verification failed."""

    default_rule = "check_failed"


class SettingError(ContadoError):
    """contado.toml holds an unknown key or a value out of range."""

    default_rule = "unknown_setting"


class PracticeError(ContadoError):
    """A practice breaks its contract."""

    default_rule = "bad_practice"


def nearest(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return at most ``count`` of the ``known`` words that resemble ``word``, the nearest first."""
    lowered = {k.casefold(): k for k in known}
    return [lowered[m] for m in difflib.get_close_matches(word.casefold(), lowered, n=count, cutoff=0.55)]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the hint "did you mean ...", or the list of valid names where few exist, or ''."""
    names = sorted(set(known))
    close = nearest(word, names)
    if close:
        return "did you mean " + ", ".join(close) + "?"
    return f"valid: {', '.join(names)}" if 0 < len(names) <= 12 else ""

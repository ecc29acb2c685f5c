"""The border of the program: failures become one message (or one JSON object) and an exit code."""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

import click

from contado.kernel.errors import ContadoError, UsageError

__all__ = ["Outcome", "report_failure"]

_DEFECT = 1
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished command leaves behind."""

    exit_code: int


def report_failure(error: BaseException, arguments: list[str]) -> int:
    """Print ``error`` for a person or a program and return the exit code."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 0
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        sys.stderr.close()  # the reader went away (`| head`): nothing to say, nobody to hear it
        return 0
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        failure, code = (
            ContadoError("Interrupted.", rule="interrupted", hint="nothing was changed"),
            _INTERRUPTED,
        )
    else:
        failure, code = _explain(error, arguments)
    _print(failure, as_json="--json" in arguments)
    return code


def _explain(error: BaseException, arguments: list[str]) -> tuple[ContadoError, int]:
    if isinstance(error, ContadoError):
        return error, error.exit_code
    if isinstance(error, click.ClickException):
        return _from_click(error), 2
    if isinstance(error, OSError) and error.errno is not None:
        return _from_os(error), 2
    if isinstance(error, MemoryError):
        hint = "give less data at once or use a machine with more memory"
        return ContadoError("Not enough memory.", rule="out_of_memory", hint=hint), 2
    if "--debug" in arguments:
        traceback.print_exception(error)
    return _defect(error), _DEFECT


def _from_click(error: click.ClickException) -> ContadoError:
    """Keep click's own message; its options name the nearest valid ones."""
    message = error.format_message().rstrip(".")
    possible = getattr(error, "possibilities", None)
    hint = f"did you mean {', '.join(sorted(possible))}?" if possible else "see --help"
    field = getattr(getattr(error, "param", None), "name", None) or getattr(error, "option_name", None)
    return UsageError(f"{message}.", hint=hint, field=field)


def _from_os(error: OSError) -> ContadoError:
    rules = {
        errno.ENOSPC: ("disk_full", "The disk is full", "free some space and repeat; nothing was changed"),
        errno.EDQUOT: (
            "disk_full",
            "The disk quota is used up",
            "free some space and repeat; nothing was changed",
        ),
        errno.ENOENT: ("file_not_found", "There is no such file", "check the path"),
        errno.EACCES: ("no_permission", "Access is denied", "check who owns the file"),
        errno.EROFS: ("no_permission", "The file system is read-only", "choose another place"),
        errno.EISDIR: ("file_not_found", "A folder stands where a file is needed", "give a file"),
        errno.EEXIST: (
            "file_not_found",
            "A file stands where a folder is needed",
            "name a folder, or move the file",
        ),
        errno.ENOTDIR: ("file_not_found", "A file stands where a folder is needed", "give a folder"),
    }
    if error.errno == errno.EEXIST and Path(error.filename or "").is_dir():
        rules[errno.EEXIST] = ("file_error", "There is a folder of this name already", "give another name")
    rule, text, hint = rules.get(
        error.errno or 0, ("file_error", error.strerror or str(error), "check the path")
    )
    name = f": {error.filename}" if error.filename else ""
    return ContadoError(f"{text}{name}.", rule=rule, hint=hint, field=str(error.filename or "") or None)


def _defect(error: BaseException) -> ContadoError:
    """Write the report of a defect of ours to a file and say where it is."""
    handle, path = tempfile.mkstemp(prefix="contado-report-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    return ContadoError(
        f"A defect of contado: {type(error).__name__}. The report is in {path}.",
        rule="internal_error",
        hint="send the report; --debug prints it",
    )


def _print(failure: ContadoError, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"error": failure.to_dict()}, ensure_ascii=False))
        return
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {failure.message}", err=True)
    if failure.hint:
        click.echo(f"Hint: {failure.hint}", err=True)

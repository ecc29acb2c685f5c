"""`check_practice`: thirteen checks of a practice, all of them always reported."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tempfile
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.errors import CheckFailed, PracticeError
from contado.kernel.provenance import sha256_of_bytes
from contado.testing import checks, evidence

if TYPE_CHECKING:
    from collections.abc import Callable

    from contado.testing.evidence import Evidence

__all__ = ["CHECKS", "CheckResult", "Report", "check_practice", "load_class", "load_target"]

CHECKS: Final[dict[str, Callable[[Evidence], list[str]]]] = {
    "contract": checks.contract,
    "schema": checks.schema,
    "units": checks.units,
    "references": checks.references,
    "years": checks.years,
    "interval": checks.interval,
    "provenance": checks.provenance,
    "determinism": checks.determinism,
    "no_mutation": checks.no_mutation,
    "silent": checks.silent,
    "no_network": checks.no_network,
    "empty": checks.empty,
    "time": checks.time,
}
"""The checks by name, in the order of the report."""
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check's verdict; the message names table, row and what to do."""

    check: str
    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """All verdicts about one practice."""

    practice: str
    checks: tuple[CheckResult, ...]

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(result.ok for result in self.checks)

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that do not hold."""
        return tuple(result.check for result in self.checks if not result.ok)

    def raise_for_failures(self) -> None:
        """Raise when a check does not hold.

        Raises
        ------
        CheckFailed
            Names every failed check with its message.
        """
        if not self.ok:
            text = "; ".join(f"{r.check}: {r.message}" for r in self.checks if not r.ok)
            raise CheckFailed(
                f"{self.practice} breaks the practice contract: {text}",
                rule="practice_contract",
                hint="see the documentation of contado.kernel.practice",
                field=self.practice,
            )


def check_practice(practice: Any) -> Report:
    """Run the conformance suite on a practice (an instance or its class).

    Examples
    --------
    >>> check_practice(MyPractice()).raise_for_failures()  # doctest: +SKIP
    """
    instance = practice() if isinstance(practice, type) else practice
    with tempfile.TemporaryDirectory(prefix="contado-toy-") as folder:
        found = evidence.collect(instance, Path(folder))
        results = tuple(_verdict(name, check(found), found) for name, check in CHECKS.items())
    return Report(str(getattr(instance, "name", type(instance).__name__)), results)


def _verdict(name: str, problems: list[str], found: Evidence) -> CheckResult:
    if problems:
        more = f" (and {len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
        return CheckResult(name, False, " | ".join(problems[:_SHOWN]) + more)
    whole = found.first.whole
    return CheckResult(name, True, "" if whole else "holds for what ran; see the failed check")


def load_target(target: str) -> Any:
    """Return an instance of a practice given as registered name or ``FILE.py:CLASS``.

    Raises
    ------
    PracticeError
        No such file, class or registered practice.
    """
    path, separator, name = target.rpartition(":")
    if not separator or not path.endswith(".py"):
        from contado.kernel.practice import load

        return load(target)
    file = Path(path)
    if not file.is_file():
        raise PracticeError(
            f"There is no file {path}.", rule="file_not_found", hint="give FILE.py:CLASS", field=target
        )
    module = _module_name(file)
    sys.modules.pop(module, None)  # the file may have changed since it was last checked
    return _instance(load_class(module, name, str(file.resolve())), target)


def _instance(kind: Any, target: str) -> Any:
    try:
        return kind()
    except Exception as error:
        raise PracticeError(
            f"{target} cannot be made: {type(error).__name__}: {error}.",
            rule="broken_practice",
            hint="a practice is made without arguments",
            field=target,
        ) from error


def _module_name(file: Path) -> str:
    """Return a name of its own for each file, so that two of one stem do not meet."""
    return f"contado_checked_{file.stem}_{sha256_of_bytes(str(file.resolve()).encode())[:8]}"


def load_class(module: str, name: str, file: str | None) -> Any:
    """Return the class ``name`` of ``module``, read from ``file`` where it is not importable by name.

    Raises
    ------
    PracticeError
        Neither way finds it.
    """
    try:
        found = _imported(module, file)
        return reduce(getattr, name.split("."), found)
    except Exception as error:
        raise PracticeError(
            f"{name} cannot be imported from {file or module}: {type(error).__name__}: {error}.",
            rule="broken_practice",
            hint="define the class at the top of a module that can be imported",
            field=name,
        ) from error


def _imported(module: str, file: str | None) -> Any:
    if module in sys.modules and module != "__main__":
        return sys.modules[module]
    if module != "__main__" and importlib.util.find_spec(module.partition(".")[0]) is not None:
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError:
            if file is None:
                raise
    spec = importlib.util.spec_from_file_location(
        module if module != "__main__" else "contado_checked_main", file
    )
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(module)
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made

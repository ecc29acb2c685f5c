"""Every writer behind one door: a report in, bytes or a file out, the format named by its ending."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from contado.kernel.declare import require
from contado.kernel.errors import UsageError, did_you_mean
from contado.kernel.publish.report import Report, cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["FORMATS", "checked_formats", "render", "write"]

FORMATS: Final = ("html", "pdf", "docx", "odt", "ods", "xlsx")
_PACKAGES: Final = {
    "pdf": ("typst",),
    "docx": ("docx", "typst"),
    "odt": ("odf", "typst"),
    "ods": ("odf",),
    "xlsx": ("openpyxl",),
}


def render(report: Report, kind: str) -> bytes:
    """Return a report in the format ``kind`` of `FORMATS`: the same report gives the same bytes.

    Raises
    ------
    ExtraMissing
        A package of the extra ``publish`` is not installed.
    """
    module = importlib.import_module(f"contado.kernel.publish.{kind}")
    data: bytes = module.render(cleaned(report))
    return data


def write(report: Report, path: Path) -> None:
    """Write a report in the format of the path's ending, atomically.

    Raises
    ------
    UsageError
        The ending is no format.
    ExtraMissing
        A package of the extra ``publish`` is not installed.
    """
    from contado.kernel.tables import atomic

    (kind,) = checked_formats([path.suffix.removeprefix(".").lower()], verb="export report")
    data = render(report, kind)
    with atomic(path) as temporary:
        temporary.write_bytes(data)


def checked_formats(formats: Iterable[str], *, verb: str, allowed: Sequence[str] = FORMATS) -> list[str]:
    """Return the formats asked for, each once; refuse an unknown one, and one whose package is missing.

    Raises
    ------
    UsageError, ExtraMissing
        Before anything is written.
    """
    wanted = list(dict.fromkeys(formats))
    for name in wanted:
        if name not in allowed:
            raise UsageError(
                f"--formats: {name!r} is no format.",
                rule="unknown_choice",
                hint=did_you_mean(name, allowed) or f"valid: {', '.join(allowed)}",
                field="formats",
            )
        require(verb, "publish", _PACKAGES.get(name, ()))
    return wanted

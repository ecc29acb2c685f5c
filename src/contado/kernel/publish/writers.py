"""Every writer behind one door: a report in, bytes or a file out, the format named by its ending."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from contado.kernel.declare import require
from contado.kernel.errors import UsageError, did_you_mean
from contado.kernel.publish.report import Report, cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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


def render(report: Report, kind: str, *, fonts: Mapping[int, bytes] | None = None) -> bytes:
    """Return a report in the format ``kind`` of `FORMATS`: the same report gives the same bytes.

    Parameters
    ----------
    report
        The report; characters that documents cannot hold become U+FFFD.
    kind
        One of `FORMATS`.
    fonts
        Titillium Web as WOFF2 by weight, written into HTML; the other formats name their own typefaces.

    Raises
    ------
    ExtraMissing
        A package of the extra ``publish`` is not installed.
    """
    module = importlib.import_module(f"contado.kernel.publish.{kind}")
    more = {"fonts": fonts} if kind == "html" else {}
    data: bytes = module.render(cleaned(report), **more)
    return data


def write(report: Report, path: Path, *, fonts: Mapping[int, bytes] | None = None) -> None:
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
    data = render(report, kind, fonts=fonts)
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

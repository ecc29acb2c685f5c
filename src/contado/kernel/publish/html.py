"""One self-contained HTML file: no external request, no script, tables beside charts, print style for A4."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from contado.kernel.publish.report import LABELS, label_text, numeric, show
from contado.kernel.publish.words import Words, long_date

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jinja2

    from contado.kernel.publish.report import Report

__all__ = ["environment", "faces", "render"]

_FOLDER: Final = Path(__file__).parent / "templates"


def render(report: Report, *, fonts: Mapping[int, bytes] | None = None) -> bytes:
    """Return the page of a report.

    Parameters
    ----------
    report
        The report; its texts are escaped, its charts are those of `contado.kernel.publish.charts`.
    fonts
        Titillium Web as WOFF2 by weight (400, 600, 700), written into the file; without them the reader's own
        sans serif is used.
    """
    from markupsafe import Markup

    lang = report.lang
    page = environment(_FOLDER).get_template("report.html")
    html = page.render(
        report=report,
        dated=long_date(report.date, lang),
        signs={kind: label_text(kind, lang) for kind in LABELS},
        words=lambda it, en: Words(it, en).of(lang),
        show=lambda value, column: show(value, column, lang),
        numeric=numeric,
        css=Markup((_FOLDER / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        faces=Markup(faces(fonts or {})),  # noqa: S704 - base64 of a font
    )
    return html.encode("utf-8")


@cache
def environment(folder: Path) -> jinja2.Environment:
    """Return the templates of a folder: what is not marked as safe is escaped, an unknown name is an error."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def faces(fonts: Mapping[int, bytes]) -> str:
    """Return the style rules that hold Titillium Web, given as WOFF2 by weight, within a file."""
    return "".join(
        f'@font-face {{ font-family: "Titillium Web"; font-weight: {weight}; font-display: swap; '
        f'src: url(data:font/woff2;base64,{base64.b64encode(data).decode()}) format("woff2"); }}\n'
        for weight, data in sorted(fonts.items())
    )

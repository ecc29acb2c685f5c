"""One HTML file that needs nothing else: style, script and data inside, and a policy that allows no more."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contado.engines.pavement.reports.diagram import KINDS, SIDES
from contado.engines.pavement.views import aside, canvas
from contado.kernel.publish import style
from contado.kernel.publish.charts import whisker
from contado.kernel.publish.html import environment, faces
from contado.kernel.publish.report import LABELS, label_text
from contado.kernel.publish.words import Lang, Words, chance_text, date_text, interval_text, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.engines.pavement.views.canvas import Frame

__all__ = ["STATES", "map_data", "render"]

_FOLDER: Final = Path(__file__).parent / "templates"
STATES: Final[dict[str, Words]] = {
    "measured": Words("non percorso", "not driven"),
    "not_driven": Words("non percorso", "not driven"),
    "renewed": Words("rifatto, non ancora percorso", "renewed, not driven yet"),
    "not_measurable": Words("non misurabile", "not measurable"),
}
"""Why a piece has no value."""


def render(
    template: str,
    scripts: Sequence[str],
    data: Mapping[str, Any],
    *,
    lang: Lang,
    fonts: Mapping[int, bytes] | None = None,
    css: str = "",
    **context: Any,
) -> bytes:
    """Return the file that a template of this folder makes.

    Parameters
    ----------
    template
        Name of the template.
    scripts
        Names of its scripts, joined in this order; what they read as JSON is ``data``.
    fonts
        Titillium Web as WOFF2 by weight; without them the reader's own sans serif is used.
    css
        Rules of this file alone.
    """
    from markupsafe import Markup

    script = "{\n" + "".join((_FOLDER / name).read_text(encoding="utf-8") for name in scripts) + "}\n"
    sheet = (_FOLDER / "file.css").read_text(encoding="utf-8")
    css = f"{faces(fonts or {})}{style.style_sheet()}\n{sheet}{css}"
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(css)}; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    text = json.dumps(data, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    page = environment(_FOLDER).get_template(template)
    html = page.render(
        policy=policy,
        css=Markup(css),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        data=Markup(text),  # noqa: S704 - JSON without an opening bracket
        lang=lang,
        **_words(lang),
        **context,
    )
    return html.encode("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _words(lang: Lang) -> dict[str, Any]:
    """Return what every template says and draws with."""
    from markupsafe import Markup

    return {
        "_": lambda it, en: Words(it, en).of(lang),
        "num": lambda v, digits=0: number(v, lang, digits),
        "chance": lambda share: chance_text(share, lang),
        "span": lambda low, high, digits=0: interval_text(low, high, lang, digits),
        "date": lambda day: date_text(day, lang),
        "signs": {kind: label_text(kind, lang) for kind in LABELS},
        "states": {state: words.of(lang) for state, words in STATES.items()},
        "style": style.load(),
        "breaks": style.breaks_text,
        "whisker": lambda *a: Markup(whisker(*a, width=60)),  # noqa: S704 - numbers only
        "mark": lambda kind, full: Markup(canvas.mark_svg(kind, full=full)),  # noqa: S704 - shapes of the style
        "side_words": lambda side: SIDES[side].of(lang) if side in SIDES else None,
        "kind_words": lambda kind: KINDS[kind if kind in KINDS else "unknown"].of(lang),
    }


def map_data(frame: Frame) -> dict[str, Any]:
    """Return what the map's script needs: the frame, and widths by zoom as the style says."""
    look = style.load()
    return {
        "width": frame.width,
        "height": frame.height,
        "zoom": frame.zoom,
        "pxm": frame.scale,
        "zooms": canvas.ZOOMS,
        "widths": {c.id: c.widths for c in look.classes},
        "dash": look.by_id("none").dash,
        "casing": canvas.CASING_PX,
        "gap": aside.GAP_PX,
        "dots": [canvas.DOT_ZOOMS, canvas.DOT_PX],
        "dotDash": canvas.DOT_DASH,
        "letters": canvas.LETTERS_FROM,
        "letterRoom": canvas.LETTER_ROOM_PX,
    }

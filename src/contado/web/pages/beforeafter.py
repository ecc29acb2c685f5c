"""Before and after works as pages draw and say it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.kernel.publish import timeline as lines
from contado.web import i18n
from contado.web.data import outcomes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contado.web.data.outcomes import Outcome, Together
    from contado.web.page import Page

__all__ = ["Picture", "pictures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The works of one good practice: values, drawing, sentence, verdict, unit and decimals."""

    measure: Together
    name: str
    svg: str
    sentence: str
    verdict: str
    unit: str
    digits: int


def pictures(page: Page, found: Iterable[Outcome]) -> list[Picture]:
    """Return one picture for each good practice that measured works of ``found``."""
    return [_picture(page, t) for t in outcomes.together(found)]


def _picture(page: Page, t: Together) -> Picture:
    names = {c.entry.practice: c.entry.plain.of(page.lang) for c in page.site.cards}
    digits = 0 if (t.before.value or 0.0) >= 20 else 1
    unit = i18n.unit_sign(t.indicator.unit, page.lang)
    was, now = (i18n.number(v.value, page.lang, digits) for v in (t.before, t.after))
    what = t.indicator.name.of(page.lang)
    n = len(t.works)
    works = page.say(
        "un lavoro" if n == 1 else f"media di {n} lavori", "one work" if n == 1 else f"mean of {n} works"
    )
    sentence = page.say(
        f"{what}: {was} prima, {now} dopo ({works}).", f"{what}: {was} before, {now} after ({works})."
    )
    return Picture(
        measure=t,
        name=names.get(t.practice, t.practice),
        svg=_svg(page, t, sentence, unit),
        sentence=sentence,
        verdict=_verdict(page, t),
        unit=unit,
        digits=digits,
    )


def _verdict(page: Page, t: Together) -> str:
    if not t.shown:
        return page.say(
            "Effetto non dimostrato: gli intervalli si toccano.",
            "Effect not demonstrated: the intervals touch.",
        )
    if t.better:
        return page.say("Migliorato, oltre gli intervalli.", "Better, beyond the intervals.")
    return page.say("Peggiorato, oltre gli intervalli.", "Worse, beyond the intervals.")


def _svg(page: Page, t: Together, sentence: str, unit: str) -> str:
    points: Sequence[lines.Point] = [
        lines.Point(on, value.value, value.low, value.high)
        for on, value in ((t.first, t.before), (t.last, t.after))
        if on is not None and value.value is not None
    ]
    if len(points) < 2:
        return ""
    works = [lines.Event(points[0].at + dt.timedelta(days=1), page.say("lavori", "works"))]
    words = lines.Words(
        sentence,
        unit,
        lambda v: i18n.number(v, page.lang, 0 if v == int(v) else 1),
        lambda d: i18n.date_text(d, page.lang),
    )
    return lines.timeline(
        [lines.Run([p]) for p in points], works, words=words, width=340, height=190, margin=24
    )

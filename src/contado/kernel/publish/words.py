"""Two languages: words, numbers and dates as Italian and English readers write them."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Literal, NamedTuple

from contado.kernel.units import UNITS

__all__ = [
    "LANGS",
    "Lang",
    "Words",
    "chance_text",
    "date_text",
    "interval_text",
    "km_digits",
    "long_date",
    "million_digits",
    "number",
    "unit_sign",
]

Lang = Literal["it", "en"]
LANGS: tuple[Lang, Lang] = ("it", "en")

_SEPARATORS = {"it": (".", ","), "en": (",", ".")}


class Words(NamedTuple):
    """One text in both languages."""

    it: str
    en: str

    def of(self, lang: Lang) -> str:
        """Return the text in ``lang``."""
        return self.it if lang == "it" else self.en


def number(value: float | None, lang: Lang, digits: int = 0) -> str:
    """Return a number with separators of the language; an en dash for an unknown one.

    Examples
    --------
    >>> number(1234.56, "it", 1), number(1234.56, "en", 1), number(None, "it")
    ('1.234,6', '1,234.6', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    thousands, point = _SEPARATORS[lang]
    text = f"{value:,.{digits}f}".replace("-", "−")
    return text.translate({ord(","): thousands, ord("."): point})


def chance_text(share: float | None, lang: Lang) -> str:
    """Return a probability in per cent; what is not certain never reads 0 or 100.

    Examples
    --------
    >>> chance_text(0.934, "it"), chance_text(0.998, "it"), chance_text(0.002, "en"), chance_text(None, "en")
    ('93 %', '> 99 %', '< 1 %', '–')
    """
    if share is None or math.isnan(share):
        return "–"
    if 0.0 < share < 0.005 or 0.995 <= share < 1.0:
        return "< 1 %" if share < 0.5 else "> 99 %"
    return f"{number(100 * share, lang)} %"


def million_digits(euros: float | None) -> int:
    """Return how many decimals an amount needs when it is written in millions.

    Examples
    --------
    >>> million_digits(31.2e6), million_digits(486_000), million_digits(11_550)
    (1, 2, 3)
    """
    size = abs(euros or 0.0)
    return next((d for d, least in ((1, 1e6), (2, 1e5), (3, 1e4)) if size >= least), 1 if size == 0 else 4)


def km_digits(km: float) -> int:
    """Return how many decimals a length needs: one below a hundred kilometres."""
    return 1 if km < 100 else 0


def interval_text(low: float | None, high: float | None, lang: Lang, digits: int = 0) -> str:
    """Return "5,6–9,0", or nothing where there is no interval; a dash beside a minus would be misread.

    Examples
    --------
    >>> interval_text(5.6, 9.0, "it", 1), interval_text(-3.3, 0.5, "it", 1), interval_text(-3.3, 0.5, "en", 1)
    ('5,6–9,0', 'da −3,3 a 0,5', '−3.3 to 0.5')
    """
    if low is None or high is None:
        return ""
    first, last = number(low, lang, digits), number(high, lang, digits)
    if low >= 0:
        return f"{first}–{last}"
    return f"da {first} a {last}" if lang == "it" else f"{first} to {last}"


def date_text(value: dt.date | str | None, lang: Lang) -> str:  # noqa: ARG001 - both languages write day/month/year
    """Return "31/10/2026", "10/2026" or "2026" for a date, month or year in ISO form; '' when unknown."""
    if value is None:
        return ""
    parts = str(value)[:10].split("-")
    return "/".join(reversed(parts))


def long_date(value: dt.date | str | None, lang: Lang) -> str:
    """Return "31 ottobre 2026" or "31 October 2026"; a month or year stays short.

    Examples
    --------
    >>> long_date("2026-10-31", "it"), long_date("2026-10", "en")
    ('31 ottobre 2026', '10/2026')
    """
    text = "" if value is None else str(value)[:10]
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return date_text(text, lang)
    from babel.dates import format_date

    return format_date(day, "d MMMM y", locale=lang)


def unit_sign(unit: str, lang: Lang) -> str:
    """Return the sign of a unit as it is printed after a number; Italian readers get years in words.

    Examples
    --------
    >>> unit_sign("km_y", "it"), unit_sign("km_y", "en"), unit_sign("t_y", "it"), unit_sign("y", "it")
    ('km·anno', 'km·y', 't/anno', 'anni')
    """
    sign = UNITS[unit].sign if unit in UNITS else unit
    if lang == "en":
        return sign
    return "anni" if sign == "y" else re.sub(r"(?<=[/·])y$", "anno", sign)

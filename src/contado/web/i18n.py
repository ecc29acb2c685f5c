"""Two languages: words, numbers and dates as Italian and English readers write them.

Templates hold both texts side by side, ``_("Comuni", "Municipalities")``: English is written, not translated
word by word, and a missing text cannot exist.
"""

from __future__ import annotations

import re

from contado.kernel.publish.words import (
    LANGS,
    Lang,
    Words,
    chance_text,
    date_text,
    interval_text,
    km_digits,
    long_date,
    million_digits,
    number,
)
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

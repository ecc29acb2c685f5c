"""Two languages: words, numbers and dates as Italian and English readers write them.

Templates hold both texts side by side, ``_("Comuni", "Municipalities")``: English is written, not translated
word by word, and a missing text cannot exist.
"""

from __future__ import annotations

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
    unit_sign,
)

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

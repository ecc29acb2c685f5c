"""One thing that can be found, and the spelling under which it is compared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from contado.kernel.territory.codes import fold

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GUARDS", "Entry", "code_key", "is_shown", "order_key"]

GUARDS: Final = ("access", "visibility")
"""Columns that may keep a row of a public layer back."""

_NUMBER: Final = re.compile(r"(?<!\d)[1-9]\d{0,7}(?!\d)")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be found.

    Attributes
    ----------
    kind
        The group it is answered in.
    ref
        What the page that shows it is addressed by.
    title_it, title_en
        Its name; an empty English one is the Italian one.
    more_it, more_en
        What stands beside the name and is searched too.
    words
        Further words it is found by, not shown.
    codes
        Codes and numbers that lead to it directly when typed whole.
    """

    kind: str
    ref: str
    title_it: str
    title_en: str = ""
    more_it: str = ""
    more_en: str = ""
    words: str = ""
    codes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All that it is found by, folded; equal parts once."""
        parts = (self.title_it, self.title_en, self.more_it, self.more_en, self.words, *self.codes)
        return fold(" ".join(dict.fromkeys(p for p in parts if p)))


def order_key(title: str) -> str:
    """Return a title folded, numbers filled with zeros so that they sort by size.

    >>> order_key("Via Roma, 12/A"), order_key("S001")
    ('via roma 00000012 a', 's001')
    """
    return _NUMBER.sub(lambda number: number[0].zfill(8), fold(title))


def code_key(code: str) -> str:
    """Return a code without case, spaces and punctuation.

    >>> code_key(" s001-04 "), code_key("F205")
    ('s00104', 'f205')
    """
    return fold(code).replace(" ", "")


def is_shown(row: Mapping[str, Any]) -> bool:
    """Whether no column keeps a row of a public layer back.

    >>> is_shown({"name": "Cava"}), is_shown({"access": "public"}), is_shown({"visibility": "org"})
    (True, True, False)
    """
    return all(row.get(name) in {None, "public"} for name in GUARDS)

"""Reasons and sturdiness as they are told to readers: names in place of the keys that a plan writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from contado.kernel.publish.words import Words, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.publish.words import Lang

__all__ = ["STURDY", "counted", "in_names", "never_chosen"]

STURDY: Final = {
    "core": (Words("sicuro", "safe"), Words("sicuri", "safe")),
    "borderline": (Words("in bilico", "borderline"), Words("in bilico", "borderline")),
    "exterior": (Words("fragile", "fragile"), Words("fragili", "fragile")),
}
"""Word of table ``programme`` -> what one such intervention is, what several are."""

_KEY: Final = re.compile(r"[\w.-]+(?::[\w.-]*\w)+")
"""A planning id: the practice's name, then its own keys."""
_PAID: Final = re.compile(r"(?<= (?:da|by) )[^ ].*(?=\.$)")
"""The sources in the sentence of what is chosen, as `explain` writes it."""


def in_names(
    reason: str | None, code: str | None, titles: Mapping[str, str], sources: Mapping[str, str]
) -> str | None:
    """Return a reason with the names of interventions and sources in place of their keys.

    Parameters
    ----------
    reason
        Sentence of table ``programme``, in Italian or English.
    code
        Its ``reason_code``: the sentence of what is chosen names its sources.
    titles, sources
        Key -> name; a key without a name stays.

    Examples
    --------
    >>> in_names("In programma nel 2028, pagato da own, eu.", "chosen", {}, {"own": "Fondi propri"})
    'In programma nel 2028, pagato da Fondi propri, eu.'
    """
    if not reason:
        return None
    words = _KEY.sub(lambda m: titles.get(m[0], m[0]), reason)
    if code != "chosen":
        return words
    return _PAID.sub(lambda m: ", ".join(sources.get(key, key) for key in m[0].split(", ")), words)


def counted(kind: str, n: int, lang: Lang) -> str:
    """Return how many interventions are of a sturdiness.

    Examples
    --------
    >>> counted("core", 1, "it"), counted("exterior", 1200, "it"), counted("core", 2, "en")
    ('1 sicuro', '1.200 fragili', '2 safe')
    """
    one, many = STURDY[kind]
    return f"{number(n, lang)} {(one if n == 1 else many).of(lang)}"


def never_chosen(n: int, lang: Lang) -> str | None:
    """Say how many candidates beside those counted no draw and no plan ever chose; None for none."""
    if not n:
        return None
    if n == 1:
        said = Words(
            "L’altro candidato non è scelto in nessuna prova.", "The other candidate is chosen in no draw."
        )
    else:
        said = Words(
            f"Gli altri {number(n, 'it')} candidati non sono scelti in nessuna prova.",
            f"The other {number(n, 'en')} candidates are chosen in no draw.",
        )
    return said.of(lang)

"""Reasons as they are told to readers: names in place of the keys that a plan writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["in_names"]

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

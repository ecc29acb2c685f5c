"""What an intervention is called in the two languages of the product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.kernel.publish.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["intervention_name"]


def intervention_name(row: Mapping[str, Any], types: Mapping[str, Words]) -> Words:
    """Return the name of an intervention: type, road and chainage in both languages, else as it was given.

    A practice gives the name in Italian and begins it with that of the type; road and chainage are the
    same in both languages.

    Parameters
    ----------
    row
        Row of table ``intervention``.
    types
        Names of the types of intervention, by code.

    Examples
    --------
    >>> types = {"crack_sealing": Words("Sigillatura delle fessure", "Crack sealing")}
    >>> row = {"id": "a", "type": "crack_sealing", "name": "Sigillatura delle fessure, Via Roma, 0+000–0+260"}
    >>> intervention_name(row, types).en
    'Crack sealing, Via Roma, 0+000–0+260'
    """
    given = str(row.get("name") or row["id"])
    kind = types.get(str(row["type"]))
    if kind is None or not given.startswith(kind.it):
        return Words(given, given)
    return Words(given, kind.en + given.removeprefix(kind.it))

"""Kilometres of places along a section, as the posts of its road say them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.publish.words import Lang, interval_text, number

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Posts", "between", "of_section"]

_DOWN: Final = frozenset({"backward", "descending", "decrescente"})
"""Words of a section's direction in which the kilometres of its road fall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """Where a section begins along its road, and how its kilometres change in a metre: they may fall.

    ``official`` is False where nobody said where the section begins: kilometres are then those from its own start.
    """

    start_km: float = 0.0
    km_per_m: float = 0.001
    official: bool = False

    def km(self, metres: float) -> float:
        """Return the kilometre of a place [m from the start of the section].

        Examples
        --------
        >>> between(14.9, 12.4, 2500.0).km(1000.0)
        13.9
        """
        return round(self.start_km + self.km_per_m * metres, 6) + 0.0  # no minus before a zero

    def span(self, from_m: float, to_m: float) -> tuple[float, float]:
        """Return the kilometres of two places."""
        return self.km(from_m), self.km(to_m)

    def where(self, metres: float, lang: Lang) -> str:
        """Return a place in words, to the metre: in kilometres of the road, else in metres of the section.

        Examples
        --------
        >>> between(14.9, 12.4, 2500.0).where(747.0, "it"), Posts().where(747.0, "en")
        ('km 14,153', '747 m')
        """
        return f"km {number(self.km(metres), lang, 3)}" if self.official else f"{number(metres, lang)} m"

    def stretch(self, from_m: float, to_m: float, lang: Lang) -> str:
        """Return a stretch in words: in kilometres of the road, else in metres of the section.

        Examples
        --------
        >>> between(14.9, 12.4, 2500.0).stretch(0.0, 150.0, "it"), Posts().stretch(0.0, 150.0, "en")
        ('km 14,90–14,75', '0–150 m')
        """
        if self.official:
            return f"km {interval_text(*self.span(from_m, to_m), lang, 2)}"
        return f"{interval_text(from_m, to_m, lang)} m"

    def name(self, from_m: float, to_m: float) -> str:
        """Return a stretch as a name in any language has it: by posts, else in metres of the section.

        Examples
        --------
        >>> between(12.35, None, 2500.0).name(400.0, 500.0), Posts().name(400.0, 500.0)
        ('12+750–12+850', '400–500 m')
        """
        if self.official:
            return "–".join(_post(km) for km in self.span(from_m, to_m))
        return f"{from_m:.0f}–{to_m:.0f} m"


def _post(km: float) -> str:
    metres = round(1000 * km)
    return f"{metres // 1000}+{metres % 1000:03d}"


def between(
    from_km: float | None, to_km: float | None, length_m: float, direction: str | None = None
) -> Posts:
    """Return the posts of a section that begins and ends at those kilometres of its road.

    Parameters
    ----------
    from_km, to_km
        Official kilometres of its ends; the second may be the lower one. None: nobody said.
    length_m
        Its length.
    direction
        What the cadastre says of it, which counts where the end is not known.

    Examples
    --------
    >>> between(14.9, None, 2538.7, "backward").km(2538.7)
    12.3613
    """
    if from_km is None:
        return Posts()
    if to_km is not None and to_km != from_km and length_m > 0:
        return Posts(start_km=from_km, km_per_m=(to_km - from_km) / length_m, official=True)
    down = (direction or "").strip().casefold() in _DOWN
    return Posts(start_km=from_km, km_per_m=-0.001 if down else 0.001, official=True)


def of_section(row: Mapping[str, Any]) -> Posts:
    """Return the posts of a row of table ``pavement_lrs_section``."""
    return between(row["from_km"], row["to_km"], float(row["length_m"]), row["direction"])

"""Words and numbers of a report in its language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from contado.kernel.publish import Column
from contado.kernel.publish.report import NOT_KNOWN
from contado.kernel.publish.words import Words, million_digits, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.programme.digest import Digest, Work
    from contado.kernel.publish.words import Lang

__all__ = ["ROBUSTNESS", "Pen"]

ROBUSTNESS: Final = {
    "core": Words("sicuro", "safe"),
    "borderline": Words("in bilico", "borderline"),
    "exterior": Words("fragile", "fragile"),
}
_UNITS: Final = {"tco2e": "tCO₂e", "kwh": "kWh", "m2": "m²", "m3": "m³", "degc": "°C", "count": "", "1": ""}


@dataclass(frozen=True, slots=True)
class Pen:
    """A language, the programme that is told, and the plain names of the practices."""

    lang: Lang
    digest: Digest
    plain: Mapping[str, Words]

    def say(self, it: str, en: str) -> str:
        """Return the text in the language of the report."""
        return it if self.lang == "it" else en

    def num(self, value: float | None, digits: int = 0) -> str:
        """Return a number; the word for what is not known."""
        return self.unknown if value is None else number(value, self.lang, digits)

    def millions(self, euros: float | None) -> str:
        """Return an amount in millions, with as many decimals as it needs."""
        return self.unknown if euros is None else number(euros / 1e6, self.lang, million_digits(euros))

    @property
    def unknown(self) -> str:
        """The word for what is not known."""
        return NOT_KNOWN.of(self.lang)

    def born(self) -> str:
        """Return the weakest label of the candidates, or the words for none."""
        unsaid = self.say("non è detto come è nato", "how it was born is not stated")
        return self.digest.label() or unsaid

    def practice(self, name: str) -> str:
        """Return the plain name of a practice."""
        return self.plain[name].of(self.lang) if name in self.plain else name

    def title(self, work: Work) -> str:
        """Return the name of a work."""
        return self.say(work.name, work.name_en)

    def robustness(self, word: str | None) -> str | None:
        """Return the word for core, borderline, exterior."""
        return ROBUSTNESS[word].of(self.lang) if word in ROBUSTNESS else word

    def unit(self, unit: str) -> str:
        """Return a unit as readers write it: ``tco2e_y`` is tCO₂e/anno."""
        base, yearly = (unit.removesuffix("_y"), True) if unit.endswith("_y") else (unit, False)
        shown = _UNITS.get(base, base)
        a_year = self.say("anno", "year")
        return (f"{shown}/{a_year}" if shown else self.say("all'anno", "a year")) if yearly else shown

    def money(self, it: str, en: str) -> Column:
        """Return a column of whole euros."""
        return Column(self.say(it, en), "number", 0)

    def column(self, it: str, en: str, kind: Any = "text", digits: int = 0) -> Column:
        """Return a column."""
        return Column(self.say(it, en), kind, digits)

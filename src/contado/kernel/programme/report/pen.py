"""Words and numbers of a report in its language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contado.kernel.portfolio.told import STURDY
from contado.kernel.publish import Column
from contado.kernel.publish.report import NOT_KNOWN
from contado.kernel.publish.words import Words, million_digits, number, unit_sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.programme.digest import Digest, Work
    from contado.kernel.publish.words import Lang

__all__ = ["Pen"]


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
        return STURDY[word][0].of(self.lang) if word in STURDY else word

    def unit(self, unit: str) -> str:
        """Return the sign of a unit; a count a year in words, for it has none of its own."""
        sign = unit_sign(unit, self.lang)
        return self.say("all'anno", "a year") if sign.startswith("/") else sign

    def money(self, it: str, en: str) -> Column:
        """Return a column of whole euros."""
        return Column(self.say(it, en), "number", 0)

    def column(self, it: str, en: str, kind: Any = "text", digits: int = 0) -> Column:
        """Return a column."""
        return Column(self.say(it, en), kind, digits)

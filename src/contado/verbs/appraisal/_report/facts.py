"""What a report of an appraisal is made of: the project, its flows appraised, its alternatives, the rates tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.kernel.publish.report import NOT_KNOWN, Column
from contado.kernel.publish.words import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.appraisal import Appraisal
    from contado.kernel.publish.report import Kind
    from contado.kernel.publish.words import Lang
    from contado.verbs.appraisal._flows import Appraised
    from contado.verbs.appraisal._report.project import Alternative, Project

__all__ = ["Facts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the sections read, and the language they are written in."""

    lang: Lang
    project: Project
    main: Appraised
    alternatives: Sequence[tuple[Alternative, Appraised | None]]
    by_rate: Mapping[float, Appraisal]
    """The same flows at other discount rates."""

    @property
    def done(self) -> Appraisal:
        """The appraisal of the project."""
        return self.main.appraisal

    @property
    def unknown(self) -> str:
        """The word for what is not known."""
        return NOT_KNOWN.of(self.lang)

    def say(self, it: str, en: str) -> str:
        """Return the text in the language of the report."""
        return it if self.lang == "it" else en

    def num(self, value: float | None, digits: int = 0) -> str:
        """Return a number; the word for what is not known."""
        return self.unknown if value is None else number(value, self.lang, digits)

    def born(self) -> str:
        """Return how the numbers of the flows were born, or that nobody said."""
        return self.project.label or self.say("non è detto come è nato", "how it was born is not stated")

    def column(self, it: str, en: str, kind: Kind = "text", digits: int = 0) -> Column:
        """Return a column."""
        return Column(self.say(it, en), kind, digits)

    def unsaid(self, it: str, en: str) -> str:
        """Return "not known" with what is missing."""
        return f"{self.unknown}: {self.say(it, en)}"

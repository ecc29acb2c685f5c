"""Why a date is what it is: the object that every term answers with, and its sentence in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from contado.kernel.dates import dated

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from contado.kernel.dates.holidays import Name
    from contado.kernel.dates.rules import TermRule

__all__ = ["Explanation", "Lang", "Shift"]

Lang = Literal["it", "en"]

_UNITS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "it": {
        "calendar": ("giorno di calendario", "giorni di calendario"),
        "working": ("giorno lavorativo", "giorni lavorativi"),
        "months": ("mese", "mesi"),
        "years": ("anno", "anni"),
    },
    "en": {
        "calendar": ("calendar day", "calendar days"),
        "working": ("working day", "working days"),
        "months": ("month", "months"),
        "years": ("year", "years"),
    },
}
_TEXT: Final[Mapping[str, Mapping[str, str]]] = {
    "it": {
        "of": "{step} di {body}",
        "by": "{step}: entro il {due}",
        "forward": "{length} {event} {day} (escluso)",
        "backward": "almeno {length} prima {event} {day}, senza proroga",
        "shift": "{day} è {reason}, quindi {to}",
        "no_shift": "nessuna proroga",
        "prudent": "{day} non è lavorativo: per prudenza entro il {prudent}",
        "suspension": "{days} giorni di sospensione",
        "no_suspension": "nessuna sospensione",
        "sensitive": "{days} perché è coinvolto un interesse sensibile (ambiente, paesaggio, beni culturali, salute)",
        "unconfirmed": "da confermare sul testo della norma",
        "silent": "in caso di silenzio: {effect}",
    },
    "en": {
        "of": "{step} of {body}",
        "by": "{step}: by {due}",
        "forward": "{length} {event} {day} (excluded)",
        "backward": "at least {length} {event} {day}, not shifted",
        "shift": "{day} is {reason}, hence {to}",
        "no_shift": "no shift",
        "prudent": "{day} is no working day: to be prudent by {prudent}",
        "suspension": "{days} days of suspension",
        "no_suspension": "no suspension",
        "sensitive": "{days} because a sensitive interest is involved (environment, landscape, heritage, health)",
        "unconfirmed": "to be confirmed against the text of the norm",
        "silent": "if silent: {effect}",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A day on which no term may end, the next day, and why."""

    day: dt.date
    to: dt.date
    reason: Name

    def as_dict(self, lang: Lang = "en") -> dict[str, str]:
        """Return ``from, to, reason`` as JSON writes them."""
        return {"from": self.day.isoformat(), "to": self.to.isoformat(), "reason": getattr(self.reason, lang)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A date of the law with everything it follows from.

    ``raw`` is the day before shifts, ``due`` the day that counts. ``prudent_due`` stands on backward terms
    whose day is a Sunday or holiday: the last working day before it.
    """

    rule: TermRule
    event_date: dt.date
    raw: dt.date
    due: dt.date
    body: str | None = None
    shifts: tuple[Shift, ...] = ()
    suspension_days: int = 0
    prudent_due: dt.date | None = None

    @property
    def confirmed(self) -> bool:
        """Whether the row was read in the text of a norm."""
        return self.rule.status == "confirmed"

    def as_dict(self, lang: Lang = "en") -> dict[str, Any]:
        """Return the object that verbs answer with; days as ISO text, sentences in one language."""
        rule = self.rule
        return {
            "step": rule.step,
            "body": self.body,
            "due": self.due.isoformat(),
            "days": rule.days,
            "day_type": rule.day_type,
            "counted_from": rule.counted_from,
            "event_date": self.event_date.isoformat(),
            "raw": self.raw.isoformat(),
            "shifts": [shift.as_dict(lang) for shift in self.shifts],
            "suspension_days": self.suspension_days,
            "regime": rule.regime,
            "valid_from": _iso(rule.valid_from),
            "valid_to": _iso(rule.valid_to),
            "norm": rule.norm,
            "confirmed": self.confirmed,
            "if_silent": self.if_silent(lang),
            "prudent_due": _iso(self.prudent_due),
            "text": self.text(lang),
        }

    def if_silent(self, lang: Lang = "en") -> str | None:
        """Return what silence means after the term; None where the norm says nothing."""
        return getattr(self.rule.if_silent, lang) or None

    def text(self, lang: Lang = "en") -> str:
        """Write the sentence of the page: what, by when, counted how, why, by which norm."""
        words, rule = _TEXT[lang], self.rule
        step = _word("step", rule.step, lang)
        if self.body is not None:
            step = words["of"].format(step=step, body=self.body)
        effect = self.if_silent(lang)
        parts = [
            words["by"].format(step=step, due=_day(self.due, lang)),
            self._count(lang),
            *self._moves(lang),
            words["sensitive"].format(days=rule.days) if rule.sensitive_interest == "yes" else "",
            rule.norm,
            "" if self.confirmed else words["unconfirmed"],
            words["silent"].format(effect=effect) if effect else "",
        ]
        return "; ".join(part for part in parts if part)

    def _count(self, lang: Lang) -> str:
        rule = self.rule
        one, many = _UNITS[lang][rule.day_type]
        return _TEXT[lang][rule.direction].format(
            length=f"{rule.days} {one if rule.days == 1 else many}",
            event=_word("event", rule.counted_from, lang),
            day=_day(self.event_date, lang),
        )

    def _moves(self, lang: Lang) -> list[str]:
        words = _TEXT[lang]
        if self.rule.direction == "backward":
            if self.prudent_due is None:
                return []
            return [words["prudent"].format(day=_day(self.due, lang), prudent=_day(self.prudent_due, lang))]
        shifts = [
            words["shift"].format(day=_day(s.day, lang), reason=getattr(s.reason, lang), to=_day(s.to, lang))
            for s in self.shifts
        ]
        stop = "suspension" if self.suspension_days else "no_suspension"
        return [*(shifts or [words["no_shift"]]), words[stop].format(days=self.suspension_days)]


@cache
def _words() -> dict[tuple[str, str, str], str]:
    return {
        (row["kind"], row["word"], lang): row[lang]
        for row in dated.shipped("term_word")
        for lang in ("it", "en")
    }


def _word(kind: str, word: str, lang: Lang) -> str:
    """Return the words for a step or event; an office's own is written as it is named."""
    return _words().get((kind, word, lang), word.replace("_", " "))


def _day(day: dt.date, lang: Lang) -> str:
    return day.isoformat() if lang == "en" else f"{day:%d/%m/%Y}"


def _iso(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()

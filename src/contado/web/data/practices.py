"""The good practices as the territory calls them, and how far each one is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from contado.kernel import tables
from contado.kernel.practice import registered
from contado.practices.catalogue import entries
from contado.web.data.view import day, rows, text
from contado.web.i18n import Words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from contado.kernel.practice import PageSpec
    from contado.kernel.workspace import WorkspaceView as View

__all__ = ["COLUMNS", "Card", "Entry", "State", "cards", "catalogue"]

State = Literal["measures", "running", "starting", "no_data"]

COLUMNS: tuple[tuple[Words, Words], ...] = (
    (
        Words("Per chi abita e visita", "For residents and visitors"),
        Words("Uscire, comprare, muoversi, ristrutturare", "Going out, buying, moving, renovating"),
    ),
    (
        Words("Per i Comuni", "For municipalities"),
        Words("Diagnosi, progetti, pareri, finanziamenti", "Diagnosis, projects, opinions, funding"),
    ),
    (
        Words("Per gli uffici", "For offices"),
        Words("Comprare, pianificare, sperimentare", "Buying, planning, trying out"),
    ),
)
"""The three columns of the home page: title and one line."""
_COLUMN_KEYS = ("residents", "municipalities", "offices")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the catalogue: practice, column (0-2), plain name, official name, what it opens with, button."""

    practice: str
    column: int
    plain: Words
    official: str
    opens_with: Words
    button: Words
    sentence: Words
    steps: tuple[Words, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An entry with its computed state, the tables that are missing and the latest date of its data."""

    entry: Entry
    state: State
    missing: tuple[Words, ...]
    updated: dt.date | None
    label: str | None


_STEPS = (
    ("layers", Words("livelli", "layers")),
    ("indicator_value", Words("diagnosi", "diagnosis")),
    ("intervention", Words("proposta", "proposal")),
)


@cache
def catalogue() -> tuple[Entry, ...]:
    """Return the rows of the catalogue, those of registered practices with their own sentence and steps."""
    pages = {name: found.pages[0] for name, found in registered().items() if found.pages}
    return tuple(_entry(row.practice, row.page, pages.get(row.practice)) for row in entries())


def _entry(practice: str, row: PageSpec, own: PageSpec | None) -> Entry:
    told = own or row
    sentence = Words(told.sentence_it, told.sentence_en) if told.sentence_it else None
    return Entry(
        practice=practice,
        column=_COLUMN_KEYS.index(row.column),
        plain=Words(row.plain_it, row.plain_en),
        official=row.official,
        opens_with=Words(row.opens_with_it, row.opens_with_en),
        button=Words(row.button_it, row.button_en),
        sentence=sentence or Words(row.opens_with_it, row.opens_with_en),
        steps=tuple(Words(*pair) for pair in zip(told.steps_it, told.steps_en, strict=True)),
    )


def cards(view: View) -> list[Card]:
    """Return every entry with its state, computed from what the workspace holds."""
    owners = {
        "indicator_value": _practices_of(rows(view, "indicator_value"), _indicator_owners(view)),
        "intervention": {str(r["practice"]) for r in rows(view, "intervention")},
        "observation": _practices_of(rows(view, "observation"), _indicator_owners(view)),
    }
    return [_card(entry, view, owners) for entry in catalogue()]


def _card(entry: Entry, view: View, owners: Mapping[str, set[str]]) -> Card:
    layers = [info for info in view.layers() if info.id.startswith(f"{entry.practice}_")]
    has = {name: entry.practice in found for name, found in owners.items()} | {"layers": bool(layers)}
    if has["observation"]:
        state: State = "measures"
    elif has["indicator_value"] and has["intervention"]:
        state = "running"
    elif any(has.values()):
        state = "starting"
    else:
        state = "no_data"
    dates = [d for info in layers if (d := day({"at": info.updated_at}, "at"))]
    labels = {info.label for info in layers}
    return Card(
        entry=entry,
        state=state,
        missing=tuple(words for name, words in _STEPS if not has[name]),
        updated=max(dates, default=None),
        label=next((name for name in ("simulated", "estimated", "measured") if name in labels), None),
    )


def _indicator_owners(view: View) -> dict[str, str]:
    shipped = {name: i.practice for name, i in tables.indicators().items() if i.practice}
    own = {str(r["id"]): str(r["practice"]) for r in rows(view, "indicator") if text(r, "practice")}
    return shipped | own


def _practices_of(values: Sequence[dict[str, object]], owners: Mapping[str, str]) -> set[str]:
    """Whose rows these are: by the practice column, the id of the subject or the indicator's owner."""
    known = {entry.practice for entry in catalogue()}
    found = set()
    for row in values:
        named = text(row, "practice") or owners.get(str(row.get("indicator")))
        prefix = str(row.get("subject_id") or "").partition(":")[0]
        found |= {name for name in (named, prefix) if name in known}
    return found

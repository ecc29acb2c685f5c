"""What the road map shows of drives that go on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from contado.kernel import labels
from contado.web.live import shown_to
from contado.web.pages import strips

if TYPE_CHECKING:
    from contado.web.page import Page

__all__ = ["Live", "live_of"]

_ROWS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRow:
    """A cell, with its IRI and interval [m/km], or an anomaly, with its kind in words."""

    section_id: str
    at_m: float
    iri: float | None
    low: float | None
    high: float | None
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Numbers of cells and anomalies of the drives that go on, the latest rows, words of the module."""

    cells: int
    anomalies: int
    rows: list[LiveRow]
    label: str
    words: str


def live_of(page: Page) -> Live | None:
    """Return the drives that go on; None where there is none, or it is not for whoever asks."""
    from contado.engines.pavement.live import feed

    path = page.site.view.path
    if not feed.running(path) or not shown_to(page.request, page.site):
        return None
    events = [e for e in feed.Feed(path).read() if e["state"] == "running"]
    cells = [c for e in events for c in e["cells"]]
    anomalies = [a for e in events for a in e["anomalies"]]
    rows = [*(_anomaly(page, a) for a in anomalies), *(_cell(c) for c in cells)]
    return Live(
        cells=len(cells),
        anomalies=len(anomalies),
        rows=rows[-_ROWS:][::-1],
        label=labels.joint(part["label"] for part in (*cells, *anomalies)),
        words=_words(page),
    )


def _cell(cell: dict[str, Any]) -> LiveRow:
    return LiveRow(
        section_id=cell["section_id"],
        at_m=cell["from_m"],
        iri=cell["iri_m_km"],
        low=cell["low_m_km"],
        high=cell["high_m_km"],
        word=cell["class"] or "",
    )


def _anomaly(page: Page, anomaly: dict[str, Any]) -> LiveRow:
    kind = anomaly["kind"]
    word = strips.KINDS[kind].of(page.lang) if kind in strips.KINDS else kind
    where = anomaly["section_id"], anomaly["chainage_m"]
    return LiveRow(section_id=where[0], at_m=where[1], iri=None, low=None, high=None, word=word)


def _words(page: Page) -> str:
    words = {
        "cells": page.say("celle", "cells"),
        "anomalies": page.say("anomalie", "anomalies"),
        "ended": page.say(
            "i passaggi sono finiti e sono stati elaborati: ricarica la pagina",
            "the drives have ended and were processed: reload the page",
        ),
        "kinds": {kind: words.of(page.lang) for kind, words in strips.KINDS.items()},
    }
    return json.dumps(words, ensure_ascii=False)

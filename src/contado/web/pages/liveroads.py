"""What the road map shows of drives that go on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from contado.kernel import labels
from contado.web import i18n
from contado.web.live import feed_of
from contado.web.pages import strips

if TYPE_CHECKING:
    from contado.web.page import Page

__all__ = ["Live", "live_of"]

_ROWS: Final = 20
_CELLS: Final = (("cella", "cell"), ("celle", "cells"))
_ANOMALIES: Final = (("anomalia", "anomaly"), ("anomalie", "anomalies"))
"""One, several."""


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
    """What the drives that go on have told: in a phrase, the latest rows; words of the module that listens."""

    going: bool
    count: str
    rows: list[LiveRow]
    label: str
    words: str


def live_of(page: Page) -> Live | None:
    """Return the drives that go on, maybe none yet; None where they are not for whoever asks."""
    from contado.engines.pavement.live import feed

    if (heard := feed_of(page.request, page.site)) is None:
        return None
    news = heard.read() if feed.running(page.site.view.path) else []
    events = [e for e in news if e["state"] == "running"]
    cells = [c for e in events for c in e["cells"]]
    anomalies = [a for e in events for a in e["anomalies"]]
    rows = [*(_anomaly(page, a) for a in anomalies), *(_cell(c) for c in cells)]
    return Live(
        going=bool(events),
        count=", ".join(
            f"{i18n.number(n, page.lang)} {page.say(*words[n != 1])}"
            for n, words in ((len(cells), _CELLS), (len(anomalies), _ANOMALIES))
        ),
        rows=rows[-_ROWS:][::-1],
        label=labels.joint(part["label"] for part in (*cells, *anomalies, {"label": page.site.roads.label})),
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
        "cells": [page.say(*words) for words in _CELLS],
        "anomalies": [page.say(*words) for words in _ANOMALIES],
        "ended": page.say(
            "i passaggi sono finiti: la mappa li mostra dopo la prossima diagnosi",
            "the drives have ended: the map shows them after the next diagnosis",
        ),
        "kinds": {kind: words.of(page.lang) for kind, words in strips.KINDS.items()},
    }
    return json.dumps(words, ensure_ascii=False)

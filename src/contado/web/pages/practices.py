"""The good practices: the list, and the page of one with its six sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contado.kernel.publish import charts
from contado.web import i18n, style
from contado.web.data import opendata
from contado.web.data.programme import proposed
from contado.web.data.trials import VERDICTS
from contado.web.i18n import Words
from contado.web.page import NotFound
from contado.web.pages import beforeafter
from contado.web.pages.home import columns

if TYPE_CHECKING:
    from starlette.responses import Response

    from contado.web.data.practices import Card
    from contado.web.page import Page

__all__ = ["practice", "practices"]

_GENERAL_STEPS = (
    Words("I dati del territorio diventano livelli.", "Data of the territory become layers."),
    Words(
        "La diagnosi dà gli indicatori di ogni comune.",
        "The diagnosis gives the indicators of each municipality.",
    ),
    Words("Le proposte entrano in un solo programma.", "Proposals enter one programme."),
    Words("Si misura di nuovo, prima e dopo.", "It is measured again, before and after."),
)
_STEP_TITLES = (
    Words("Si misura", "Measure"),
    Words("Si stima", "Estimate"),
    Words("Si sceglie", "Choose"),
    Words("Si verifica", "Verify"),
)
SECTIONS = (
    ("what", Words("Che cos’è", "What it is")),
    ("found", Words("Che cosa ha trovato", "What it found")),
    ("proposes", Words("Che cosa propone", "What it proposes")),
    ("done", Words("Che cosa è stato fatto", "What was done")),
    ("data", Words("Dati da portare via", "Data to take away")),
    ("ask", Words("A chi chiedere", "Whom to ask")),
)


def practices(page: Page) -> Response:
    """Render the list of the good practices and their comparison."""
    page.query()
    site = page.site
    counts = {c.entry.practice: len(opendata.of_practice(site.view, c.entry.practice)) for c in site.cards}
    costs: dict[str, tuple[int, float]] = {}
    for c in site.programme.candidates:
        n, euros = costs.get(c.practice, (0, 0.0))
        costs[c.practice] = (n + 1, euros + c.cost)
    return page.render(
        "practices.html",
        simulated=any(c.label == "simulated" for c in site.cards),
        crumbs=[(page.say("Buone pratiche", "Good practices"), None)],
        columns=columns(page),
        cards=site.cards,
        layers=counts,
        costs=costs,
    )


def card_of(page: Page) -> Card:
    """Return the card of the practice that the address names."""
    name = page.parts["practice"]
    card = next((c for c in page.site.cards if c.entry.practice == name), None)
    if card is None:
        raise NotFound(name)
    return card


def practice(page: Page) -> Response:
    """Render the page of one good practice."""
    page.query()
    card, site = card_of(page), page.site
    name = card.entry.practice
    roads = site.roads if name == "manto_stradale" else None
    trials = site.trials if name == "gipave" else ()
    simulated = card.label == "simulated" or (roads is not None and roads.simulated)
    simulated = simulated or any(t.label == "simulated" for t in trials)
    return page.render(
        "practice.html",
        simulated=simulated,
        crumbs=[
            (page.say("Buone pratiche", "Good practices"), page.url("practices")),
            (card.entry.plain.of(page.lang), None),
        ],
        card=card,
        steps=list(zip(_STEP_TITLES, card.entry.steps or _GENERAL_STEPS, strict=False)),
        sections=SECTIONS,
        roads=roads,
        trials=trials,
        verdicts=VERDICTS,
        bar=_bar(page, 1000) if roads and roads.sections else "",
        narrow_bar=_bar(page, 340) if roads and roads.sections else "",
        proposals=proposed(site.programme, site.view, name),
        unit_sign=lambda unit: i18n.unit_sign(unit, page.lang),
        programme=site.programme,
        stale_days=site.stale_days if roads else 0,
        measured=beforeafter.pictures(page, (o for o in site.outcomes if o.practice == name)),
        datasets=opendata.of_practice(site.view, name),
    )


def _bar(page: Page, width: float) -> str:
    """Draw kilometres by class."""
    look = style.load()
    totals = page.site.roads.totals()
    parts = [
        charts.Part(t.class_id, look.by_id(t.class_id).letter, t.share, look.by_id(t.class_id).chip)
        for t in totals
    ]
    words = [
        f"{look.by_id(t.class_id).it if page.lang == 'it' else look.by_id(t.class_id).en} {100 * t.share:.0f} %"
        for t in totals
    ]
    label = page.say("Chilometri per classe: ", "Kilometres by class: ") + ", ".join(words)
    return charts.stacked_bar(parts, label, width=width)

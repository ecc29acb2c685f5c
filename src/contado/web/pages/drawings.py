"""Drawings as the pages show them; maps of the municipalities: fills, legends, titles, links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.kernel.publish import figuremap
from contado.web import style

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from contado.web.page import Page

__all__ = ["Drawing", "MapView", "Scale", "choropleth", "locator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A chart for a screen and for a phone, and its sentence."""

    wide: str
    narrow: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MapView:
    """A drawn map with its title, sentence, legend (class of the swatch, text with count) and label."""

    title: str
    svg: str
    sentence: str
    legend: Sequence[tuple[str, str]]
    label: str | None = None


def _drawn(page: Page) -> figuremap.Drawn:
    units = [(u.code, u.geometry) for u in page.site.territory.units if u.geometry is not None]
    return page.site.cached("outline", lambda: figuremap.outline(units))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Classes of a value: lower bounds, names, ramp of the style, and how a value reads."""

    breaks: Sequence[float]
    names: Sequence[str]
    ramp: str
    text: Callable[[float], str]


def choropleth(
    page: Page,
    values: Mapping[str, float],
    scale: Scale,
    *,
    title: str,
    sentence: str,
    label: str | None = None,
) -> MapView:
    """Draw a value by municipality; those without a value are hatched."""
    units = page.site.territory.units
    place = {code: style.classify(value, scale.breaks) for code, value in values.items()}
    fills = {u.code: f"ct-{scale.ramp}-{place[u.code]}" for u in units if u.code in place}
    titles = {
        u.code: f"{u.name}: {scale.text(values[u.code]) if u.code in values else page.say('non noto', 'not known')}"
        for u in units
    }
    counts = [sum(p == i for p in place.values()) for i in range(len(scale.names))]
    legend = [(f"ct-{scale.ramp}-{i}", f"{name} ({counts[i]})") for i, name in enumerate(scale.names)]
    if unknown := len(units) - len(place):
        legend.append(("ct-fill-unknown", f"{page.say('non noto', 'not known')} ({unknown})"))
    links = {u.code: page.url("municipality", code=u.code) for u in units}
    svg = figuremap.draw(_drawn(page), fills=fills, titles=titles, links=links, label=sentence)
    return MapView(title=title, svg=svg, sentence=sentence, legend=legend, label=label)


def locator(page: Page, code: str) -> MapView:
    """Draw where one municipality lies among the others."""
    units = page.site.territory.units
    fills = {u.code: "ct-fill-own" if u.code == code else "ct-fill-plain" for u in units}
    name = next((u.name for u in units if u.code == code), code)
    sentence = page.say(f"Dove si trova {name}", f"Where {name} lies")
    svg = figuremap.draw(_drawn(page), fills=fills, titles={u.code: u.name for u in units}, label=sentence)
    return MapView(title=sentence, svg=svg, sentence=sentence, legend=())

"""What a page function gets: language, site, query, and the way to render its template."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from contado.kernel.publish import charts
from contado.web import addresses, i18n, statics, style
from contado.web.data.view import text
from contado.web.i18n import Words
from contado.web.security import SignInNeeded, forms, principal, roles

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from starlette.requests import Request

    from contado.web.data.view import Row
    from contado.web.i18n import Lang
    from contado.web.security import Principal
    from contado.web.security.keeper import Keeper
    from contado.web.site import Site

__all__ = ["NotFound", "Page", "environment"]


_SECTION_OF = {
    "municipality": "territory",
    "practice": "practices",
    "map": "practices",
    "section": "practices",
    "changes": "practices",
    "trial": "practices",
    "fleet": "practices",
    "field_check": "practices",
    "road_report": "practices",
    **dict.fromkeys(("candidates", "budgets", "worksites", "equity", "method"), "programme"),
    **dict.fromkeys(("intervention", "compare"), "programme"),
    "layer": "data",
}


class NotFound(LookupError):
    """There is no such page, or it is not for this reader."""


@cache
def environment() -> Environment:
    """Return the templates, with the functions that every one of them may call."""
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals |= {"static": statics.address, "style": style.load(), "SECTIONS": addresses.SECTIONS}
    env.globals["ROLE_NAMES"] = roles.NAMES
    return env


class Page:
    """One request for one page."""

    def __init__(self, request: Request, site: Site, lang: Lang, name: str) -> None:
        self.request = request
        self.principal = principal(request)
        self.site = site.seen_by(self.principal.scope)
        self.lang = lang
        self.name = name
        self.parts: dict[str, str] = {k: str(v) for k, v in request.path_params.items()}
        if "practice" in self.parts:
            self.parts["practice"] = addresses.practice_of(self.parts["practice"])
        self.unknown: list[str] = []

    @property
    def section(self) -> str | None:
        """The entry of the main bar that this page belongs to."""
        return _SECTION_OF.get(self.name, self.name)

    @property
    def borders_label(self) -> str | None:
        """How borders and residents were born; measured ones are named in the simulation bar."""
        return next((i.label for i in self.site.view.layers() if i.id == "municipalities"), None)

    @property
    def borders_credit(self) -> str:
        """Who publishes the borders, of which year, under which licence, as far as it is known."""
        info = next((i for i in self.site.view.layers() if i.id == "municipalities"), None)
        source: Row = self.site.sources.get((info and info.source_id) or "", {})
        year = (text(source, "date") or "")[:4]
        known = [text(source, "publisher"), year, info.licence if info else None]
        return ", ".join(k for k in known if k) or self.say("fonte non nota", "source not known")

    def say(self, it: str, en: str) -> str:
        """Return the text of the page's language."""
        return it if self.lang == "it" else en

    def as_of(self, on: dt.date | None, last: dt.date | None) -> str:
        """Return the day of values that rest on passes: of the latest pass, or of a later estimate and that pass."""
        if last is None or on is None or on == last:
            return i18n.date_text(last, self.lang)
        state, driven = i18n.date_text(on, self.lang), i18n.date_text(last, self.lang)
        return self.say(
            f"stima al {state}, ultimo passaggio {driven}", f"estimate of {state}, last pass {driven}"
        )

    def query(self, *known: str) -> dict[str, str]:
        """Return the known parameters that were given; the others are noted on the page."""
        given = self.request.query_params
        self.unknown = sorted(set(given) - set(known))
        return {name: given[name].strip() for name in known if given.get(name, "").strip()}

    def many(self, name: str) -> list[str]:
        """Return every value of a repeated parameter."""
        return self.request.query_params.getlist(name)

    def url(self, page: str, query: Mapping[str, object] | None = None, /, **parts: str) -> str:
        """Return an address in the page's language."""
        return addresses.url(page, self.lang, query, **parts)

    @property
    def keeper(self) -> Keeper:
        """Answers for secrets, and opens the records."""
        keeper: Keeper = self.request.app.state.keeper
        return keeper

    @property
    def role(self) -> Words | None:
        """The name of the signed-in account's widest role, which the slim bar shows; None for a visitor."""
        return roles.name_of(self.principal.scope.roles) if self.principal.signed_in else None

    def form_token(self) -> str:
        """Return the token of this page's form."""
        return forms.token(self.keeper, self.request, self.name)

    def signed_in(self) -> Principal:
        """Return the account that asks (`SignInNeeded` for a visitor, who is sent to sign-in)."""
        if not self.principal.signed_in:
            raise SignInNeeded
        return self.principal

    def redirect(self, page: str, **parts: str) -> Response:
        """Send the reader to another page."""
        return RedirectResponse(self.url(page, None, **parts), status_code=303)

    def alternate(self, lang: Lang) -> str:
        """Return this page's address in another language, with the same query."""
        if self.name not in addresses.ADDRESSES:
            return addresses.url("home", lang)
        path = addresses.url(self.name, lang, None, **self.parts)
        return f"{path}?{self.request.url.query}" if self.request.url.query else path

    def render(
        self, template: str, *, simulated: bool = False, status: int = 200, **context: Any
    ) -> Response:
        """Render a template; ``simulated`` raises the bar that says so."""
        names = {
            "page": self,
            "lang": self.lang,
            "_": self.say,
            "url": self.url,
            "num": lambda value, digits=0: i18n.number(value, self.lang, digits),
            "likely": lambda share: i18n.chance_text(share, self.lang),
            "mdigits": i18n.million_digits,
            "km": lambda length: i18n.number(length, self.lang, i18n.km_digits(length)),
            "millions": lambda euros: i18n.number(euros / 1e6, self.lang, i18n.million_digits(euros)),
            "span": lambda low, high, digits=0: i18n.interval_text(low, high, self.lang, digits),
            "date": lambda value: i18n.date_text(value, self.lang),
            "long_date": lambda value: i18n.long_date(value, self.lang),
            "words": lambda words: words.of(self.lang),
            "settings": self.site.view.settings,
            "simulated": simulated,
            "breaks_text": style.breaks_text,
            "treatment": lambda code: _name_of(self.site.type_names.get(code), code).of(self.lang),
            "charts": charts,
            "query_text": addresses.query_text,
            "days_json": lambda time: json.dumps([(d.iso, d.text) for d in time.days], ensure_ascii=False),
        }
        html = environment().get_template(template).render(**names, **context)
        return HTMLResponse(html, status_code=status)


def _name_of(known: Words | None, code: str) -> Words:
    """Return the name of an intervention type, or its code in words."""
    words = code.replace("_", " ").capitalize()
    return known or Words(words, words)

"""Sign-in, by the body's issuer or by a link that works once; the account's own page; sign-out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse

from contado.kernel.records import credentials
from contado.web import addresses
from contado.web.data.account import self_of
from contado.web.page import NotFound
from contado.web.security import cookies, oidc
from contado.web.security.gate import client_of
from contado.web.security.people import account_of

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from contado.web.page import Page
    from contado.web.site import Site

__all__ = ["account", "act", "link", "returned", "sign_in", "start"]

_RETURN = "/accedi/ritorno"
_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def own_path(given: str | None, otherwise: str) -> str:
    r"""Return a path of this site, whatever was given: nothing that leads to another host.

    Examples
    --------
    >>> own_path("/lavoro?page=2", "/"), own_path("//evil.example", "/"), own_path("/\\evil.example", "/")
    ('/lavoro?page=2', '/', '/')
    """
    return given if given and _OWN_PATH.fullmatch(given) and not urlsplit(given).netloc else otherwise


def sign_in(page: Page) -> Response:
    """Render the sign-in page; whoever is signed in already goes on."""
    goes_to = own_path(page.query("next").get("next"), page.url("work"))
    if page.principal.signed_in:
        return RedirectResponse(goes_to, status_code=303)
    return page.render(
        "signin.html",
        crumbs=[(page.say("Accedi", "Sign in"), None)],
        goes_to=goes_to,
        issuer=page.site.settings().oidc.issuer,
    )


def start(request: Request, site: Site) -> Response:
    """Send the browser to the issuer."""
    keeper, settings = request.app.state.keeper, site.settings()
    if not settings.oidc.issuer:
        raise NotFound
    request.app.state.rates.check("sign_in", client_of(request))
    goes_to = own_path(request.query_params.get("next"), addresses.url("work", "it"))
    base = settings.web.address.rstrip("/") or str(request.base_url).rstrip("/")
    address, browser = oidc.begin(keeper, settings.oidc, redirect_uri=base + _RETURN, goes_to=goes_to)
    answer = RedirectResponse(address, status_code=303)
    cookies.give(request, answer, cookies.SIGN_IN, browser, seconds=60 * oidc.MINUTES)
    return answer


def returned(request: Request, site: Site) -> Response:
    """End the sign-in of a browser that the issuer sent back."""
    keeper, settings = request.app.state.keeper, site.settings()
    if not settings.oidc.issuer:
        raise NotFound
    request.app.state.rates.check("sign_in", client_of(request))
    browser = cookies.read(request, cookies.SIGN_IN)
    person, attempt = oidc.finish(keeper, settings.oidc, request.query_params, browser)
    answer = _opened(request, account_of(keeper, person), attempt.goes_to)
    cookies.drop(request, answer, cookies.SIGN_IN)
    return answer


def link(request: Request, site: Site) -> Response:  # noqa: ARG001 - every file endpoint takes both
    """Sign in by a link that works once; asking for its headers alone does not use it."""
    request.app.state.rates.check("sign_in", client_of(request))
    if request.method == "HEAD":
        raise NotFound
    account_id = request.app.state.keeper.use_link(request.path_params["secret"])
    return _opened(request, account_id, addresses.url("work", "it"))


def _opened(request: Request, account_id: str, goes_to: str) -> Response:
    """Open a session with a new secret and send the browser on."""
    old = cookies.read(request, cookies.SESSION)
    issued = request.app.state.keeper.sign_in(account_id, old=old)
    answer = RedirectResponse(goes_to, status_code=303, headers={"cache-control": "no-store"})
    cookies.give(request, answer, cookies.SESSION, issued.secret)
    return answer


def account(page: Page) -> Response:
    """Render what the account may know about itself: roles, municipalities, sessions."""
    who = page.signed_in()
    page.query()
    return page.render(
        "account.html",
        crumbs=[(page.say("Account", "Account"), None)],
        own=self_of(page.keeper.store, who),
        present=who.credential.id if who.credential else "",
        names={u.code: u.name for u in page.site.territory.units},
    )


def act(page: Page, form: FormData) -> Response:
    """Sign out, or end another session of the same account."""
    who = page.signed_in()
    present = who.credential.id if who.credential else ""
    ended = str(form.get("session") or present)
    with page.keeper.store.writing(who.scope) as session:
        credentials.close_by_id(session, str(who.account_id), ended)
    if ended != present:
        return page.redirect("account")
    answer = page.redirect("home")
    cookies.drop(page.request, answer, cookies.SESSION)
    return answer

"""Sign-in at the body's issuer: OpenID Connect, authorization code flow with PKCE.

References
----------
OpenID Connect Core 1.0, sections 3.1.2 (authorization), 3.1.3.7 (validation of the ID token), 5.3
(user info); RFC 7636 (PKCE, method S256); RFC 9700 section 2.1 (state bound to the browser, issuer
compared exactly).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from contado.kernel.records import values
from contado.web.i18n import Words
from contado.web.security.refusals import Refusal, SignInFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from authlib.integrations.httpx_client import OAuth2Client

    from contado.kernel.settings import OIDC
    from contado.web.security.keeper import Keeper

__all__ = ["SECRET", "Attempt", "IssuerUnreachable", "Person", "begin", "finish"]

SECRET: Final = "CONTADO_OIDC_CLIENT_SECRET"  # noqa: S105 - the name of the variable
"""Environment variable with the client's secret; without it the client is a public one, with PKCE alone."""

MINUTES: Final = 10
"""How long a sign-in may take [min]."""

_ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures that are accepted: none that is made with a shared secret."""
_TIMEOUT_S: Final = 10.0
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class IssuerUnreachable(Refusal):
    """The issuer does not answer, or not as the standard says."""

    status = 502
    rule = "issuer_unreachable"
    title = Words("Il servizio di accesso non risponde", "The sign-in service does not answer")
    sentence = Words("Riprova tra qualche minuto.", "Try again in some minutes.")


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in under way, kept in the store until the issuer sends the browser back."""

    browser: str
    nonce: str
    verifier: str
    redirect_uri: str
    goes_to: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in, as the issuer's claims and the settings' mapping say."""

    issuer: str
    sub: str
    name: str | None = None
    fiscal_code: str | None = None
    account: str | None = None


def begin(keeper: Keeper, oidc: OIDC, *, redirect_uri: str, goes_to: str) -> tuple[str, str]:
    """Begin a sign-in.

    Parameters
    ----------
    redirect_uri
        Address of this site that the issuer sends the browser back to.
    goes_to
        Path that is shown after sign-in, already checked.

    Returns
    -------
    tuple of str
        Address of the issuer to send the browser to, and the browser's half for its cookie.

    Raises
    ------
    IssuerUnreachable
        The issuer does not answer.
    """
    provider = _discover(oidc)
    state, browser, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
    attempt = Attempt(
        browser=_hash(browser), nonce=nonce, verifier=verifier, redirect_uri=redirect_uri, goes_to=goes_to
    )
    with _client(oidc, redirect_uri) as client:
        address, _ = client.create_authorization_url(
            provider["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce
        )
    with keeper.store.writing(keeper.scope) as session:
        values.put_once(session, _place(state), msgspec.to_builtins(attempt), minutes=MINUTES)
    return str(address), browser


def finish(
    keeper: Keeper, oidc: OIDC, query: Mapping[str, str], browser: str | None
) -> tuple[Person, Attempt]:
    """End a sign-in with what the issuer sent the browser back with.

    Raises
    ------
    SignInFailed
        The state is unknown, used, too old or of another browser; the person or issuer declined; the ID
        token does not hold.
    IssuerUnreachable
        The issuer does not answer.
    """
    with keeper.store.writing(keeper.scope) as session:
        kept = values.take_once(session, _place(query.get("state", "")))
    if kept is None:
        raise SignInFailed
    attempt = msgspec.convert(kept, Attempt)
    if not hmac.compare_digest(attempt.browser, _hash(browser or "")):
        raise SignInFailed
    if query.get("iss", oidc.issuer) != oidc.issuer or not query.get("code"):
        raise SignInFailed
    return _person(oidc, _exchange(oidc, attempt, query["code"])), attempt


def _place(state: str) -> str:
    return f"oidc:{_hash(state)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _client(oidc: OIDC, redirect_uri: str) -> OAuth2Client:
    from authlib.integrations.httpx_client import OAuth2Client

    secret = os.environ.get(SECRET)
    return OAuth2Client(
        client_id=oidc.client_id,
        client_secret=secret,
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        scope=oidc.scope,
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        timeout=_TIMEOUT_S,
        follow_redirects=False,
    )


def _get(client: OAuth2Client, address: str, **options: Any) -> dict[str, Any]:
    """Return the JSON object at an address of the issuer."""
    import httpx2

    secure = urlsplit(address).scheme == "https" or urlsplit(address).hostname in _LOOPBACK
    if not secure:
        raise IssuerUnreachable
    try:
        answer = client.request("GET", address, **options)
        answer.raise_for_status()
        found = answer.json()
    except (httpx2.HTTPError, ValueError):
        raise IssuerUnreachable from None
    if not isinstance(found, dict):
        raise IssuerUnreachable
    return found


def _discover(oidc: OIDC) -> dict[str, Any]:
    """Return the issuer's metadata (OpenID Connect Discovery 1.0, section 4)."""
    with _client(oidc, "") as client:
        address = oidc.issuer.rstrip("/") + "/.well-known/openid-configuration"
        provider = _get(client, address, withhold_token=True)
    wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if provider.get("issuer") != oidc.issuer or any(not provider.get(w) for w in wanted):
        raise IssuerUnreachable
    return provider


def _exchange(oidc: OIDC, attempt: Attempt, code: str) -> dict[str, Any]:
    """Exchange the code and return the claims of the ID token and of the user info together."""
    import httpx2
    from authlib.integrations.base_client import OAuthError

    provider = _discover(oidc)
    with _client(oidc, attempt.redirect_uri) as client:
        try:
            token = client.fetch_token(
                provider["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=attempt.verifier,
            )
        except OAuthError:
            raise SignInFailed from None
        except (httpx2.HTTPError, ValueError):
            raise IssuerUnreachable from None
        keys = _get(client, provider["jwks_uri"], withhold_token=True)
        claims = _claims(oidc, attempt, token, keys)
        if provider.get("userinfo_endpoint"):
            more = _get(client, provider["userinfo_endpoint"])
            if more.get("sub") != claims["sub"]:
                raise SignInFailed
            claims = {**more, **claims}
    return claims


def _claims(oidc: OIDC, attempt: Attempt, token: Any, keys: Any) -> dict[str, Any]:
    """Return the claims of an ID token that holds (OpenID Connect Core, section 3.1.3.7)."""
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwk, jwt
    from joserfc.errors import JoseError

    try:
        found = jwt.decode(str(token["id_token"]), jwk.KeySet.import_key_set(keys), algorithms=_ALGORITHMS)
        claims = CodeIDToken(
            found.claims,
            found.header,
            options={
                "iss": {"essential": True, "value": oidc.issuer},
                "aud": {"essential": True, "value": oidc.client_id},
                "nonce": {"essential": True, "value": attempt.nonce},
            },
            params={
                "nonce": attempt.nonce,
                "client_id": oidc.client_id,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(leeway=60)
    except (JoseError, KeyError, ValueError):
        raise SignInFailed from None
    return dict(claims)


def _person(oidc: OIDC, claims: dict[str, Any]) -> Person:
    def claim(name: str) -> str | None:
        value = claims.get(name) if name else None
        return str(value) if value else None

    code = claim(oidc.fiscal_code_claim)
    return Person(
        issuer=oidc.issuer,
        sub=str(claims["sub"]),
        name=claim(oidc.name_claim),
        fiscal_code=code.removeprefix("TINIT-").upper() if code else None,
        account=claim(oidc.account_claim),
    )

"""Refusals: what the web answers instead of doing what was asked, in words a reader understands."""

from __future__ import annotations

from typing import ClassVar

from contado.web.i18n import Words

__all__ = [
    "BadForm",
    "Foreign",
    "LinkUsedUp",
    "NotAllowed",
    "Refusal",
    "SignInFailed",
    "SignInNeeded",
    "TooLarge",
    "TooMany",
]


class Refusal(Exception):
    """The root of every refusal: a status, a title, one sentence, and a rule that programs read."""

    status: ClassVar[int] = 400
    rule: ClassVar[str] = "refused"
    title: ClassVar[Words] = Words("Non si può fare", "This cannot be done")
    sentence: Words = Words("", "")

    def __init__(self, sentence: Words | None = None, *, headers: dict[str, str] | None = None) -> None:
        self.sentence = sentence or self.sentence
        self.headers = headers or {}
        super().__init__(self.sentence.en)


class SignInNeeded(Refusal):
    """Nobody is signed in, or the token is not valid: a page sends to sign-in, the API answers 401."""

    status = 401
    rule = "sign_in_needed"
    title = Words("Bisogna accedere", "You need to sign in")
    sentence = Words("Accedi, poi riprova.", "Sign in, then try again.")

    def __init__(self, sentence: Words | None = None) -> None:
        super().__init__(sentence, headers={"www-authenticate": "Bearer"})


class NotAllowed(Refusal):
    """The account's roles do not reach this; a page says the same as for one that does not exist."""

    status = 403
    rule = "not_allowed"
    title = Words("Questa pagina non c’è o non è per te", "This page does not exist or is not for you")
    sentence = Words("Cerca, o torna alla home.", "Search, or go home.")


class Foreign(Refusal):
    """Another site sent the request."""

    status = 403
    rule = "foreign_origin"
    title = Words("La richiesta viene da un altro sito", "The request comes from another site")
    sentence = Words("Apri la pagina da qui e riprova.", "Open the page from here and try again.")


class BadForm(Refusal):
    """The token of a form is missing, altered or too old."""

    rule = "bad_form"
    title = Words("Il modulo è scaduto", "The form has expired")
    sentence = Words(
        "Torna alla pagina, ricaricala e invia di nuovo.", "Go back, reload the page and send it again."
    )


class LinkUsedUp(Refusal):
    """A sign-in link was used, has expired, or never existed."""

    status = 410
    rule = "link_used_up"
    title = Words("Questo collegamento non vale più", "This link is not valid any more")
    sentence = Words(
        "Un collegamento di accesso vale una volta e per pochi minuti. Chiedine uno nuovo.",
        "A sign-in link works once and for a few minutes. Ask for a new one.",
    )


class SignInFailed(Refusal):
    """The sign-in at the issuer did not end well."""

    rule = "sign_in_failed"
    title = Words("L’accesso non è riuscito", "The sign-in did not succeed")
    sentence = Words("Ricomincia dalla pagina di accesso.", "Start again from the sign-in page.")


class TooLarge(Refusal):
    """More bytes than are taken in."""

    status = 413
    rule = "too_large"
    title = Words("L’invio è troppo grande", "What you sent is too large")
    sentence = Words("Riduci l’allegato e riprova.", "Make the attachment smaller and try again.")


class TooMany(Refusal):
    """A rate limit is reached."""

    status = 429
    rule = "too_many_requests"
    title = Words("Troppe richieste in poco tempo", "Too many requests in a short time")

    def __init__(self, seconds: int) -> None:
        super().__init__(
            Words(f"Riprova tra {seconds} secondi.", f"Try again in {seconds} seconds."),
            headers={"retry-after": str(seconds)},
        )

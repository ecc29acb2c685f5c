"""Accessibility statement, and the form that tells the body what does not work."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile

from contado.kernel.records import Scope, documents, outbox
from contado.web.i18n import Words
from contado.web.security.uploads import Upload, checked

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.responses import Response

    from contado.web.page import Page

__all__ = ["accessibility", "send"]

_SYSTEM = Scope.system("web.feedback")
_MOST_CHARACTERS = 5000
_MOST_BYTES = 5 * 1024 * 1024
_KEPT_D = 365
_FIELDS = ("where", "problem", "contact")


def accessibility(page: Page) -> Response:
    """Render the statement and the empty form."""
    page.query()
    return _render(page)


def _render(page: Page, **state: Any) -> Response:
    known = {"given": {}, "faults": {}, "number": None, "status": 200} | state
    return page.render(
        "accessibility.html", crumbs=[(page.say("Accessibilità", "Accessibility"), None)], **known
    )


def send(page: Page, form: FormData) -> Response:
    """Keep what was written as a message to the body; nothing is added to what the reader typed."""
    given = {name: str(form.get(name) or "").strip() for name in _FIELDS}
    faults = _faults(given)
    address = page.site.settings().body.accessibility_contact
    if not address:
        faults["problem"] = Words(
            "L’ente non ha ancora indicato un indirizzo.", "The body has not named an address yet."
        )
    if faults:
        return _render(page, given=given, faults=faults, status=422)
    file = form.get("file")
    upload = checked(file, max_bytes=_MOST_BYTES) if isinstance(file, UploadFile) else None
    return _render(page, number=_keep(page, address, given, upload))


def _faults(given: dict[str, str]) -> dict[str, Words]:
    faults = {}
    if not given["problem"]:
        faults["problem"] = Words("Scrivi che cosa non funziona.", "Write what does not work.")
    for name, text in given.items():
        if len(text) > _MOST_CHARACTERS:
            faults[name] = Words(
                f"Il testo è troppo lungo: al massimo {_MOST_CHARACTERS} caratteri.",
                f"The text is too long: at most {_MOST_CHARACTERS} characters.",
            )
    return faults


def _keep(page: Page, address: str, given: dict[str, str], upload: Upload | None) -> str:
    """Queue the message to the body, with the document it may come with; return its number."""
    with page.keeper.store.writing(_SYSTEM) as session:
        lines = [
            given["problem"],
            "",
            f"Pagina: {given['where'] or '-'}",
            f"Contatto: {given['contact'] or '-'}",
        ]
        if upload is not None:
            until = page.site.today() + dt.timedelta(days=_KEPT_D)
            kept = documents.add(session, upload.data, unit_id="*", name=upload.name, retention_until=until)
            lines.append(f"Allegato: documento {kept.id} ({upload.mime}, SHA-256 {upload.sha256})")
        message = outbox.queue(
            session, "email", address, subject="Segnalazione di accessibilità", body="\n".join(lines)
        )
        return message.id

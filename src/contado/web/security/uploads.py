"""Files that people send, and documents that are handed out."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from contado.kernel.records import documents
from contado.web.i18n import Words
from contado.web.security.refusals import Refusal, TooLarge

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

    from contado.kernel.records.schema import Document

__all__ = ["BadUpload", "Upload", "attachment", "checked"]


class BadUpload(Refusal):
    """The bytes are of no type that is taken in, whatever the name says."""

    status = 415
    rule = "bad_type"
    title = Words("Questo tipo di file non si può inviare", "This type of file cannot be sent")
    sentence = Words(
        "Si accettano PDF, immagini, documenti d’ufficio e testo semplice.",
        "PDF, images, office documents and plain text are accepted.",
    )


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was sent: its type is what its bytes show, its name the last part of what was given."""

    name: str
    mime: str
    sha256: str
    data: bytes


def checked(file: UploadFile, *, max_bytes: int = documents.MAX_BYTES) -> Upload | None:
    """Read a file that was sent; None where the field was left empty.

    Raises
    ------
    TooLarge
        It has more than ``max_bytes`` [byte].
    BadUpload
        Its bytes show no type that is taken in.
    """
    data = file.file.read(max_bytes + 1)
    if not data and not file.filename:
        return None
    if len(data) > max_bytes:
        raise TooLarge
    mime = documents.sniff(data) if data else None
    if mime is None:
        raise BadUpload
    return Upload(
        name=_plain_name(file.filename or ""), mime=mime, sha256=hashlib.sha256(data).hexdigest(), data=data
    )


def _plain_name(given: str) -> str:
    """Return the last part of a path, printable and short."""
    last = given.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable())[:120] or "file"


def attachment(document: Document, data: bytes) -> Response:
    """Return a document as a file to keep: no browser shows or runs it here."""
    name = document.name or document.id
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "cache-control": "no-store",
    }
    return Response(data, media_type=document.mime, headers=headers)

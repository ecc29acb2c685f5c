"""Attachments: bytes under their SHA-256 in ``files/``, a row each in the scope of a unit."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import func, select

from contado.kernel.errors import Damaged, DataError, RecordNotFound
from contado.kernel.identifiers import ulid
from contado.kernel.records import audit
from contado.kernel.records.schema import Document
from contado.kernel.records.scopes import now

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from pathlib import Path

    from contado.kernel.records.scopes import ScopedSession

__all__ = ["MAX_BYTES", "add", "among", "content", "erase", "get", "is_attachment", "path_of", "sniff"]

MAX_BYTES: Final = 25 * 1024 * 1024
"""Largest attachment that is taken in [byte]."""

_OPENXML: Final = {
    b"word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"SQLite format 3\x00", "application/geopackage+sqlite3"),
    (b"PAR1", "application/vnd.apache.parquet"),
)
_PATTERN = re.compile(r"[0-9a-f]{64}")


def sniff(data: bytes) -> str | None:
    r"""Return the type that the bytes themselves show, None where they show none that is taken in.

    Examples
    --------
    >>> sniff(b"%PDF-1.7 ..."), sniff(b"MZ\xff\x00"), sniff("perché".encode())
    ('application/pdf', None, 'text/plain')
    """
    for magic, mime in _MAGIC:
        if data.startswith(magic):
            return mime
    if data.startswith(b"PK\x03\x04"):
        return _zip_kind(data)
    if data.startswith((b"0\x82", b"0\x80")):
        return "application/pkcs7-mime"  # a CAdES signature (.p7m) is a DER sequence
    return _text_kind(data)


def _zip_kind(data: bytes) -> str:
    if data[30:38] == b"mimetype":  # OpenDocument keeps its type first and unpacked
        end = data.find(b"PK", 38)
        return data[38:end].decode("ascii", "replace")
    return next((mime for part, mime in _OPENXML.items() if part in data), "application/zip")


def _text_kind(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\x00" in text:
        return None
    begin = text.lstrip("\ufeff \t\r\n")[:200].lower()
    if begin.startswith(("<!doctype html", "<html", "<script", "<svg")):
        return None  # a browser would run it
    if begin.startswith("<?xml"):
        return None if "<svg" in text[:2000].lower() else "application/xml"
    return "application/json" if begin.startswith(("{", "[")) else "text/plain"


def add(
    session: ScopedSession,
    data: bytes,
    *,
    unit_id: str,
    name: str | None = None,
    visibility: Literal["public", "org", "private"] = "private",
    retention_until: date | None = None,
) -> Document:
    """Keep an attachment; the same bytes are stored once.

    Raises
    ------
    DataError
        It is empty or too large (rule ``bad_size``), or of a type that is not taken in (``bad_type``).
    """
    mime = _checked(data)
    digest = hashlib.sha256(data).hexdigest()
    _store(session.info["store"].files, digest, data)
    document = Document(
        id=ulid(),
        sha256=digest,
        name=name,
        mime=mime,
        bytes=len(data),
        visibility=visibility,
        unit_id=unit_id,
        account_id=session.scope.account_id,
        created_at=now(),
        retention_until=retention_until.isoformat() if retention_until else None,
    )
    session.add(document)
    session.flush()
    body = {"sha256": digest, "bytes": len(data), "unit": unit_id, "visibility": visibility}
    audit.append(session, "document.added", f"document:{document.id}", body)
    return document


def _checked(data: bytes) -> str:
    if not 0 < len(data) <= MAX_BYTES:
        raise DataError(
            f"The attachment has {len(data)} bytes.", rule="bad_size", hint=f"1 to {MAX_BYTES} bytes"
        )
    mime = sniff(data)
    if mime is None:
        raise DataError(
            "The attachment is of no type that is taken in.",
            rule="bad_type",
            hint="PDF, images, office documents, signed files, zip, XML, JSON and plain text are",
        )
    return mime


def path_of(files: Path, digest: str) -> Path:
    """Return where the bytes of a SHA-256 stand."""
    if not _PATTERN.fullmatch(digest):
        raise Damaged(f"{digest!r} is no SHA-256.", hint="restore the records from a backup")
    return files / digest[:2] / digest[2:]


def is_attachment(name: str) -> bool:
    """Whether ``name`` is the path of an attachment below the workspace (``files/ab/cdef...``)."""
    return re.fullmatch(r"files/[0-9a-f]{2}/[0-9a-f]{62}", name) is not None


def _store(files: Path, digest: str, data: bytes) -> None:
    """Write the bytes durably under their hash; a temporary name first, so that none is seen half."""
    target = path_of(files, digest)
    if target.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{digest[2:10]}-{secrets.token_hex(4)}")
    with temporary.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(target)


def get(session: ScopedSession, document_id: str) -> Document:
    """Return an attachment's row.

    Raises
    ------
    RecordNotFound
        There is none within the scope.
    """
    found = session.scalar(select(Document).where(Document.id == document_id, Document.erased_at.is_(None)))
    if found is None:
        raise RecordNotFound(f"There is no document {document_id!r}.", hint="give the id of a document")
    return found


def among(session: ScopedSession, document_ids: Collection[str]) -> dict[str, Document]:
    """Return those of some attachments that are within the scope, by id."""
    wanted = select(Document).where(Document.id.in_(document_ids), Document.erased_at.is_(None))
    return {document.id: document for document in session.scalars(wanted)}


def content(session: ScopedSession, document: Document) -> bytes:
    """Return the bytes of an attachment.

    Raises
    ------
    Damaged
        The file is gone or does not have its hash.
    """
    path = path_of(session.info["store"].files, document.sha256)
    data = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(data).hexdigest() != document.sha256:
        raise Damaged(
            f"The file of document {document.id} is lost or altered.",
            hint="restore the records from a backup",
        )
    return data


def erase(session: ScopedSession, document: Document) -> None:
    """Blank an attachment's row; its bytes go where no other row refers to them."""
    used = select(func.count()).where(Document.sha256 == document.sha256, Document.erased_at.is_(None))
    document.name, document.erased_at = None, now()
    session.flush()
    if not session.scalar(used):
        path_of(session.info["store"].files, document.sha256).unlink(missing_ok=True)
    audit.append(session, "document.erased", f"document:{document.id}", {"sha256": document.sha256})

"""OpenDocument files of odfpy: title, language, one fixed date, and bytes that do not depend on what was written before."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from contado.kernel.publish.archive import MOMENT, repacked

if TYPE_CHECKING:
    from contado.kernel.publish.report import Report

__all__ = ["describe", "saved"]


def describe(document: Any, report: Report) -> None:
    """Write title, language, maker and date of a report into an OpenDocument of odfpy."""
    from odf.dc import Creator, Date, Language, Title
    from odf.meta import CreationDate

    day = (report.date or dt.date(*MOMENT[:3])).isoformat()
    for element in (
        Title(text=report.title),
        Creator(text="contado"),
        Language(text=report.lang),
        CreationDate(text=f"{day}T00:00:00"),
        Date(text=f"{day}T00:00:00"),
    ):
        document.meta.addElement(element)


def saved(document: Any) -> bytes:
    """Return the file of a document.

    odfpy keeps the namespaces of every document of a process and declares them all: canonical XML (C14N 2.0)
    declares those that are used, so that the same document gives the same bytes.
    """
    raw = io.BytesIO()
    document.write(raw)
    return repacked(raw.getvalue(), _canonical)


def _canonical(name: str, content: bytes) -> bytes:
    if not name.endswith(".xml"):
        return content
    text = ET.canonicalize(content.decode("utf-8"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()

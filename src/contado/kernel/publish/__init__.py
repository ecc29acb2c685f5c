"""Reports, forms and feeds: one document model, a writer for each format, charts, feeds.

A `Report` holds plain text, key figures, tables, charts and notes; `render` gives it as HTML, PDF, DOCX, ODT,
ODS or XLSX: the same report gives the same bytes. Writers are imported on use; those of the extra ``publish``
say so when it is missing.

>>> from contado.kernel import publish
>>> report = publish.Report(title="Strade", sections=(publish.Section("", (publish.Paragraph("Buone & no."),)),))
>>> b"Buone &amp; no." in publish.render(report, "html")
True
"""

from __future__ import annotations

from contado.kernel.publish.report import (
    Chart,
    Column,
    Figure,
    Figures,
    Heading,
    Items,
    Note,
    Paragraph,
    Report,
    Section,
    Table,
)
from contado.kernel.publish.writers import FORMATS, checked_formats, render, write

__all__ = [
    "FORMATS",
    "Chart",
    "Column",
    "Figure",
    "Figures",
    "Heading",
    "Items",
    "Note",
    "Paragraph",
    "Report",
    "Section",
    "Table",
    "checked_formats",
    "render",
    "write",
]

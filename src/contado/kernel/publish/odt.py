"""OpenDocument texts (ODT) by odfpy: headings, header rows, alternative texts, fixed metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from contado.kernel.publish import pictures
from contado.kernel.publish.extra import needed
from contado.kernel.publish.odf_file import describe, saved
from contado.kernel.publish.report import (
    Chart,
    Figures,
    Heading,
    Items,
    Note,
    Paragraph,
    Table,
    label_text,
    numeric,
    show,
)
from contado.kernel.publish.widths import shares
from contado.kernel.publish.words import long_date

if TYPE_CHECKING:
    from contado.kernel.publish.report import Block, Report

__all__ = ["render"]

_FONT: Final = "Liberation Sans"
_TEXT_MM, _WIDE_TEXT_MM = 170, 257
_SIZES: Final = {"Title": 20, "Heading 1": 15, "Heading 2": 12}
_COUNTRIES: Final = {"it": "IT", "en": "GB"}


def render(report: Report) -> bytes:
    """Return the document of a report: the same report gives the same bytes.

    Raises
    ------
    ExtraMissing
        odfpy or typst is not installed (extra ``publish``).
    """
    needed("odf")
    writer = _Writer(report)
    writer.opening()
    for section in report.sections:
        if section.title:
            writer.heading(section.title, 1)
        for block in section.blocks:
            writer.add(block)
    return saved(writer.document)


class _Writer:
    """A document under way: its styles, and a counter of tables and frames."""

    def __init__(self, report: Report) -> None:
        from odf.opendocument import OpenDocumentText

        self.report = report
        self.document: Any = OpenDocumentText()
        self.count = 0
        describe(self.document, report)
        self.styles = _styles(self.document, report)

    def opening(self) -> None:
        """Write title, date, first sentence and the bar of what is simulated."""
        report = self.report
        self.heading(report.title, 0)
        dated = " · ".join(filter(None, (report.subtitle, long_date(report.date, report.lang))))
        for text in filter(None, (dated, report.lead)):
            self.paragraph(text)
        if report.simulated:
            self.note(label_text("simulated", report.lang), report.simulated)

    def add(self, block: Block) -> None:
        """Write a block."""
        match block:
            case Paragraph(text):
                self.paragraph(text)
            case Heading(text):
                self.heading(text, 2)
            case Items(items):
                self.items(items)
            case Note():
                self.note(block.lead, block.text)
            case Figures(figures):
                for f in figures:
                    about = (f.interval, f.meaning, label_text(f.label, self.report.lang))
                    self.note(f.value, " · ".join(filter(None, (f.unit, *about))), "Figure")
            case Table():
                self.table(block)
            case Chart():
                self.chart(block)

    def heading(self, text: str, level: int) -> None:
        """Write the title (level 0) or a heading; the title is the first level of the outline."""
        from odf.text import H

        style = "Title" if level == 0 else f"Heading {level}"
        self.document.text.addElement(H(outlinelevel=level + 1, stylename=self.styles[style], text=text))

    def paragraph(self, text: str, style: str = "Text") -> None:
        """Write a paragraph."""
        from odf.text import P

        self.document.text.addElement(P(stylename=self.styles[style], text=text))

    def items(self, items: tuple[str, ...]) -> None:
        """Write a list."""
        from odf.text import List, ListItem, P

        found = List()
        for text in items:
            item = ListItem()
            item.addElement(P(stylename=self.styles["Text"], text=text))
            found.addElement(item)
        self.document.text.addElement(found)

    def note(self, lead: str, text: str, style: str = "Note") -> None:
        """Write a bold sentence and what follows it."""
        from odf.text import P, Span

        paragraph = P(stylename=self.styles[style])
        paragraph.addElement(Span(stylename=self.styles[f"{style} lead"], text=lead))
        if text:
            paragraph.addText(f" {text}")
        self.document.text.addElement(paragraph)

    def chart(self, chart: Chart) -> None:
        """Write a drawing with its sentence, and its values."""
        from odf.draw import Frame, Image
        from odf.svg import Desc, Title
        from odf.text import P

        drawn = pictures.picture(chart.svg)
        self.paragraph(chart.title, "Caption")
        self.count += 1
        width = min(_TEXT_MM, drawn.width * 25.4 / 96)
        size = {"width": f"{width:.1f}mm", "height": f"{width * drawn.height / drawn.width:.1f}mm"}
        frame = Frame(anchortype="as-char", name=f"figure{self.count}", **size)
        place = self.document.addPicture(f"Pictures/figure{self.count}.png", "image/png", drawn.png)
        frame.addElement(Image(href=place, type="simple", show="embed", actuate="onLoad"))
        frame.addElement(Title(text=chart.title))
        frame.addElement(Desc(text=chart.sentence))
        paragraph = P(stylename=self.styles["Text"])
        paragraph.addElement(frame)
        self.document.text.addElement(paragraph)
        self.table(chart.table)

    def table(self, table: Table) -> None:
        """Write a table with its caption; its head is repeated on each page."""
        from odf.table import Table as Grid
        from odf.table import TableHeaderRows

        lang = self.report.lang
        label = f" ({label_text(table.label, lang)})" if table.label else ""
        if table.caption or label:
            self.paragraph(table.caption + label, "Caption")
        self.count += 1
        heads = [c.heading for c in table.columns]
        rows = [
            [show(v, c, lang, table.missing) for v, c in zip(row, table.columns, strict=True)]
            for row in table.rows
        ]
        grid = Grid(name=f"table{self.count}")
        for column in self._columns(shares(heads, rows, form=self.report.landscape)):
            grid.addElement(column)
        head = TableHeaderRows()
        head.addElement(self._row(heads, ["Head"] * len(heads)))
        grid.addElement(head)
        styles = ["Number" if numeric(table, k) else "Cell" for k in range(len(heads))]
        for texts in rows:
            grid.addElement(self._row(texts, styles))
        self.document.text.addElement(grid)
        self.paragraph("")

    def _columns(self, parts: list[float]) -> list[Any]:
        """Return columns as wide as what stands in them."""
        from odf.style import Style, TableColumnProperties
        from odf.table import TableColumn

        room = _WIDE_TEXT_MM if self.report.landscape else _TEXT_MM
        found = []
        for number, part in enumerate(parts, start=1):
            style = Style(name=f"table{self.count}.{number}", family="table-column")
            style.addElement(TableColumnProperties(columnwidth=f"{room * part / sum(parts):.1f}mm"))
            self.document.automaticstyles.addElement(style)
            found.append(TableColumn(stylename=style))
        return found

    def _row(self, texts: list[str], styles: list[str]) -> Any:
        from odf.table import TableCell, TableRow
        from odf.text import P

        row = TableRow()
        for text, style in zip(texts, styles, strict=True):
            cell = TableCell(stylename=self.styles["Box"], valuetype="string")
            cell.addElement(P(stylename=self.styles[style], text=text))
            row.addElement(cell)
        return row


def _styles(document: Any, report: Report) -> dict[str, Any]:
    """Put the styles and the page into the document and return them by name."""
    found = _text_styles(report) | _table_styles()
    for style in found.values():
        document.styles.addElement(style)
    _page(document, report)
    return found


def _text_styles(report: Report) -> dict[str, Any]:
    from odf.style import ParagraphProperties, Style, TextProperties

    def style(name: str, size: float, space: dict[str, str] | None, *, bold: bool = False) -> Any:
        """Return a style of paragraphs, or of spans where no ``space`` around it is given."""
        made = Style(name=name, family="text" if space is None else "paragraph")
        if space is not None:
            made.addElement(ParagraphProperties(**space))
        made.addElement(
            TextProperties(
                fontfamily=_FONT,
                fontsize=f"{size}pt",
                fontweight="bold" if bold else "normal",
                color="#17212B",
                language=report.lang,
                country=_COUNTRIES[report.lang],
            )
        )
        return made

    below = {"marginbottom": "2mm"}
    kept = {"keepwithnext": "always", "margintop": "5mm", **below}
    heads = {name: style(name, size, kept, bold=True) for name, size in _SIZES.items()}
    return heads | {
        "Text": style("Text", 10, below),
        "Note": style("Note", 10, {"marginleft": "5mm", **below}),
        "Note lead": style("Note lead", 10, None, bold=True),
        "Figure": style("Figure", 10, below),
        "Figure lead": style("Figure lead", 16, None, bold=True),
        "Caption": style("Caption", 9, kept, bold=True),
        "Head": style("Head", 9, {}, bold=True),
        "Cell": style("Cell", 9, {}),
        "Number": style("Number", 9, {"textalign": "end"}),
    }


def _table_styles() -> dict[str, Any]:
    from odf.style import Style, TableCellProperties

    box = Style(name="Box", family="table-cell")
    box.addElement(TableCellProperties(border="0.5pt solid #84909A", padding="1mm"))
    return {"Box": box}


def _page(document: Any, report: Report) -> None:
    from odf.style import MasterPage, PageLayout, PageLayoutProperties

    wide, high = ("297mm", "210mm") if report.landscape else ("210mm", "297mm")
    layout = PageLayout(name="A4")
    orientation = "landscape" if report.landscape else "portrait"
    layout.addElement(
        PageLayoutProperties(pagewidth=wide, pageheight=high, printorientation=orientation, margin="20mm")
    )
    document.automaticstyles.addElement(layout)
    document.masterstyles.addElement(MasterPage(name="Standard", pagelayoutname=layout))

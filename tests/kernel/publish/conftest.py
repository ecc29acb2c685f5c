"""A report that holds one of everything, and the texts that must not be read as markup."""

import datetime as dt

import pytest

from contado.kernel.publish import (
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
    charts,
)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]> &amp; &lt;b&gt; <!-- x -->",
    "{{ 7 * 7 }}{% raw %}",
    '#panic("x") #read("/etc/passwd") $x^2$ *b* _i_ @ref <lab> \\ // c',
    "=1+1",
    "@SUM(A1)",
    "null\x00bell\x07escape\x1b[0m",
    "lone \ud800 surrogate, \ufffe",
    "漢字 and 😀",
)


@pytest.fixture(params=HOSTILE, ids=range(len(HOSTILE)))
def hostile(request):
    return request.param


@pytest.fixture(params=[" ".join(HOSTILE[:5]), "=1+1", " ".join(HOSTILE[6:])], ids=range(3))
def hostile_texts(request):
    """The same texts, several at a time, for writers that take their time."""
    return request.param


@pytest.fixture(scope="session")
def whole():
    """Function from a text to a report that holds it in every place a text can stand."""

    def make(text="Testo", **changes):
        table = Table(
            caption=f"Tabella {text}",
            columns=(
                Column(f"Voce {text}"),
                Column("Anno", "year"),
                Column("Euro", "money"),
                Column("Quota", "share", 1),
                Column("Come", "label"),
                Column("Giorno", "date"),
            ),
            rows=(
                (text, 2027, 1234.5, 0.25, "simulated", dt.date(2026, 10, 31)),
                ("niente", None, None, None, None, None),
            ),
            label="estimated",
            missing="non noto",
        )
        svg = charts.robustness(3, 2, 1, f"Grafico {text}")
        blocks = (
            Paragraph(text),
            Heading(f"Sotto {text}"),
            Items((text, "due")),
            Note(lead=f"Nota {text}", text=text, kind="warning"),
            Figures((Figure(value="9,9", unit="km", meaning=text, interval="da 8 a 11", label="measured"),)),
            Chart(title=f"Grafico {text}", sentence=text, svg=svg, table=table),
            table,
        )
        sections = (Section(f"Sezione {text}", blocks), Section("", (Paragraph("senza titolo"),)))
        values = {
            "title": f"Relazione {text}",
            "subtitle": text,
            "lead": text,
            "simulated": text,
            "date": dt.date(2026, 10, 31),
            "sections": sections,
        }
        return Report(**values | changes)

    return make

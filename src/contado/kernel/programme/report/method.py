"""How the programme was calculated, and where its data come from."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from contado.kernel.publish import Note, Paragraph, Section, Table

if TYPE_CHECKING:
    from contado.kernel.programme.report.pen import Pen

__all__ = ["calculated", "origins"]


def calculated(pen: Pen) -> Section:
    """Tell method, solver, seed, settings and the hash that a rerun must find again."""
    run, settings = pen.digest.run, pen.digest.settings
    told = pen.say(
        "Tutte le proposte di tutte le buone pratiche stanno in un solo elenco. Il calcolo sceglie insieme quali fare, in "
        "quale anno e con quale fonte, così che il valore sia il più grande possibile sotto i bilanci. Un verificatore che "
        "non conosce il solutore rifà i conti al centesimo.",
        "All proposals of all good practices stand in one list. The calculation chooses together which to do, in which year "
        "and from which source, so that the value is as large as possible under the budgets. A verifier that does not know "
        "the solver repeats the sums to the cent.",
    )
    rate = settings.get("discount_rate_share")
    rows = (
        (pen.say("Esito", "Status"), run["status"]),
        (
            pen.say("Metodo e solutore", "Method and solver"),
            " · ".join(filter(None, (run["method"], run["solver"]))),
        ),
        (pen.say("Valore, €", "Value, €"), pen.num(run["value_eur"], 2)),
        (pen.say("Limite superiore, €", "Upper bound, €"), pen.num(run["bound_eur"], 2)),
        (
            pen.say("Tasso di sconto", "Discount rate"),
            f"{pen.num(100 * rate, 1)} %" if rate is not None else None,
        ),
        (pen.say("Seme", "Seed"), None if run["seed"] is None else str(run["seed"])),
        (pen.say("Registrazione", "Record"), f"runs/{run['run_id']}"),
        (
            pen.say("Impronta del programma (sha256)", "Hash of the programme (sha256)"),
            run["programme_sha256"],
        ),
    )
    table = Table(
        caption=pen.say("Il calcolo", "The run"),
        columns=(pen.column("Voce", "Item"), pen.column("Valore", "Value")),
        rows=rows,
        missing=pen.unknown,
    )
    title = pen.say("Come è stato calcolato", "How it was calculated")
    return Section(title, (Paragraph(told), table))


def origins(pen: Pen) -> Section:
    """List the sources, and how the numbers of the candidates were born."""
    counts = Counter(w.label for w in pen.digest.works)
    born = Table(
        caption=pen.say("Come sono nati i numeri dei candidati", "How the candidates' numbers were born"),
        columns=(pen.column("Etichetta", "Label", "label"), pen.column("Candidati", "Candidates", "number")),
        rows=tuple(sorted(((kind, n) for kind, n in counts.items()), key=lambda row: row[0] or "~")),
        missing=pen.say("non detto", "not stated"),
    )
    sources = Table(
        caption=pen.say("Fonti dei dati", "Sources of the data"),
        columns=(
            pen.column("Titolo", "Title"),
            pen.column("Chi pubblica", "Publisher"),
            pen.column("Data", "Date", "date"),
            pen.column("Licenza", "Licence"),
            pen.column("Indirizzo", "Address"),
        ),
        rows=tuple(
            (s["title"], s["publisher"], s["date"], s["licence"], s["url"]) for s in pen.digest.origins
        ),
        missing=pen.unknown,
    )
    lead = pen.say("Ogni numero si può risalire.", "Every number can be traced.")
    text = pen.say(
        "`contado why ID` mostra la catena fino a fonti e norme.",
        "`contado why ID` shows the chain down to sources and norms.",
    )
    return Section(
        pen.say("Da dove vengono i dati", "Where the data come from"),
        (born, sources, Note(lead=lead, text=text)),
    )

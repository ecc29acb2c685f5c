"""The report of a place's evidence, for whoever answers a claim."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from contado.kernel.dates import local
from contado.kernel.publish import Column, Note, Paragraph, Report, Section, Table

if TYPE_CHECKING:
    from typing import Literal

    from contado.verbs.pavement.evidence import EvidenceAnswer, Moment, PlaceStory

__all__ = ["report_of"]

_WHAT: Final = {
    "seen": ("visto", "seen"),
    "not_seen": ("non visto", "not seen"),
    "reported": ("segnalato", "reported"),
    "confirmed": ("confermato", "confirmed"),
    "denied": ("non trovato", "not found"),
    "repaired": ("riparato", "repaired"),
    "withdrawn": ("ritirato", "withdrawn"),
}
_STATE: Final = {
    "new": ("nuovo", "new"),
    "confirmed": ("confermato", "confirmed"),
    "worse": ("peggiorato", "worse"),
    "repaired": ("riparato", "repaired"),
    "closed": ("chiuso", "closed"),
    "fixture": ("elemento noto della strada", "known fixture of the road"),
}
_KIND: Final = {
    "pothole": ("buca", "pothole"),
    "depression": ("avvallamento", "depression"),
    "manhole": ("chiusino", "manhole"),
    "speed_bump": ("dosso", "speed bump"),
    "raised": ("rialzo", "raised spot"),
    "longitudinal_crack": ("fessura longitudinale", "longitudinal crack"),
    "transverse_crack": ("fessura trasversale", "transverse crack"),
    "alligator_crack": ("fessure a ragnatela", "alligator cracking"),
}


def report_of(answer: EvidenceAnswer, lang: Literal["it", "en"], whose: str = "") -> Report:
    """Return the report: what is known of each anomaly, its rows with their numbers, the passes, the chain.

    Parameters
    ----------
    whose
        Name of the body whose roads they are.
    """
    say = 0 if lang == "it" else 1
    where = f"{answer.section_id}, {answer.from_m:.0f}–{answer.to_m:.0f} m"
    none = ("Qui non è nota alcuna anomalia.", "No anomaly is known here.")[say]
    simulated = (
        "Osservazioni simulate: nessun fatto reale è descritto.",
        "Simulated observations: no real fact.",
    )
    return Report(
        title=("Che cosa si sa di questo punto della strada", "What is known of this place of the road")[say],
        subtitle=": ".join(filter(None, (whose, where))),
        lang=lang,
        lead=(
            f"Ore legali, fuso {answer.timezone}. Ogni riga porta il numero della riga della catena di controllo.",
            f"Legal time, zone {answer.timezone}. Each row carries the number of its row of the audit chain.",
        )[say],
        simulated=simulated[say] if answer.label == "simulated" else "",
        landscape=True,
        sections=(
            *(_anomaly(place, say, answer.timezone) for place in answer.anomalies),
            *(() if answer.anomalies else (Section("", (Paragraph(none),)),)),
            _passes(answer, say),
            _chain(answer, say),
        ),
    )


def _anomaly(place: PlaceStory, say: int, timezone: str) -> Section:
    kind = _KIND.get(place.kind or "", (place.kind or place.anomaly_id,) * 2)[say]
    words = (
        ("Prima volta visto", "First seen"),
        ("Ultima volta visto", "Last seen"),
        ("Ultima volta percorso e non visto", "Last driven and not seen"),
        ("Ultimo passaggio prima che si vedesse", "Last pass before it was seen"),
        ("Riparato", "Repaired"),
        ("Chiuso", "Closed"),
    )
    moments = (
        place.first_seen,
        place.last_seen,
        place.last_not_seen,
        place.last_driven_before,
        place.repaired,
        place.closed,
    )
    facts = [(w[say], *_cells(m, timezone)) for w, m in zip(words, moments, strict=True)]
    facts += [(("Confermato", "Confirmed")[say], *_cells(m, timezone)) for m in place.confirmed]
    unknown = ("non risulta", "not on record")[say]
    heads = (("Fatto", "Fact"), ("Quando", "When"), ("Chi", "Who"), ("Riga", "Row"))
    return Section(
        f"{kind.capitalize()}, {place.chainage_m:.0f} m ({place.anomaly_id})",
        (
            Table(
                caption=("In breve", "In brief")[say],
                columns=tuple(Column(h[say], "plain") for h in heads),
                rows=tuple(facts),
                missing=unknown,
            ),
            _events(place, say, timezone),
        ),
    )


def _cells(moment: Moment | str | None, timezone: str) -> tuple[str | None, str | None, int | None]:
    if moment is None or isinstance(moment, str):
        return moment and _when(moment, timezone), None, None
    return _when(moment.at, timezone), moment.who, moment.audit_seq


def _when(at: str, timezone: str) -> str:
    """Return a legal time as people write it; in the hour that comes twice its distance from UTC tells which one.

    Examples
    --------
    >>> _when("2026-03-02T12:21:03+01:00", "Europe/Rome"), _when("2026-10-25T02:30:00+01:00", "Europe/Rome")
    ('02/03/2026 12:21:03', '25/10/2026 02:30:00 (+01:00)')
    """
    moment = datetime.fromisoformat(at)
    here = moment.replace(tzinfo=local.zone(timezone))
    twice = here.utcoffset() != here.replace(fold=1).utcoffset()
    return f"{moment:%d/%m/%Y %H:%M:%S}" + (f" ({at[-6:]})" if twice else "")


def _events(place: PlaceStory, say: int, timezone: str) -> Table:
    heads = (
        ("Riga", "Row"),
        ("Quando", "When"),
        ("Che cosa", "What"),
        ("Passaggio o risposta", "Drive or answer"),
        ("Chi", "Who"),
        ("Stato prima", "State before"),
        ("Stato dopo", "State after"),
        ("Probabilità", "Probability"),
        ("Corregge la riga", "Corrects row"),
    )
    return Table(
        caption=("Tutte le righe", "All rows")[say],
        columns=tuple(Column(h[say], "share" if h[1] == "Probability" else "plain", 1) for h in heads),
        rows=tuple(
            (
                e.audit_seq,
                _when(e.at, timezone),
                _WHAT[e.what][say],
                e.drive,
                e.who,
                _STATE[e.before][say] if e.before else None,
                _STATE[e.after][say] if e.after else None,
                e.p_exists,
                e.revises,
            )
            for e in place.events
        ),
        missing="–",
    )


def _passes(answer: EvidenceAnswer, say: int) -> Section:
    heads = (("Quando", "When"), ("Passaggio", "Drive"), ("Esito", "Outcome"), ("Righe", "Rows"))
    outcome = (("non visto", "visto"), ("not seen", "seen"))[say]
    rows = tuple(
        (_when(p.at, answer.timezone), p.drive, outcome[p.seen], ", ".join(map(str, p.audit_seq)) or None)
        for p in answer.passes
    )
    title = ("Passaggi che hanno misurato questo punto", "Passes that measured this place")[say]
    missing = ("niente di noto allora", "nothing known then")[say]
    none = ("Nessuno.", "None.")[say]
    table = Table(columns=tuple(Column(h[say], "plain") for h in heads), rows=rows, missing=missing)
    return Section(title, (table if rows else Paragraph(none), *_undated(answer, say)))


def _undated(answer: EvidenceAnswer, say: int) -> tuple[Note, ...]:
    """Say which drives have no date, and which rows are therefore of no day that anybody can vouch for."""
    count = len(answer.undated)
    if not count:
        return ()
    lead = (
        "Un passaggio è senza data." if count == 1 else f"{count} passaggi sono senza data.",
        "One drive has no date." if count == 1 else f"{count} drives have no date.",
    )[say]
    drives = ", ".join(d.drive for d in answer.undated)
    rows = ", ".join(str(seq) for d in answer.undated for seq in d.audit_seq)
    told = (
        f"Il giorno non è noto, quindi mancano fra i passaggi qui sopra: {drives}.",
        f"The day is not known, so left out of the passes above: {drives}.",
    )[say]
    dated = (
        f" Righe che portano il giorno del primo caricamento, mentre il passaggio è di quel giorno o di prima: {rows}.",
        f" Rows that carry the day of the first loading, while the drive was on that day or before: {rows}.",
    )[say]
    return (Note(lead=lead, text=told + (dated if rows else ""), kind="warning"),)


def _chain(answer: EvidenceAnswer, say: int) -> Section:
    holds = ("La catena regge e dice lo stesso.", "The chain holds and says the same.")[say]
    broken = ("La catena e la tabella non dicono lo stesso.", "Chain and table do not say the same.")[say]
    lead = holds if answer.chain.ok else broken
    rows = ", ".join(map(str, answer.chain.differing))
    text = f"{('Ultima riga', 'Last row')[say]}: {answer.chain.head}. {rows}".strip()
    kind: Literal["fact", "error"] = "fact" if answer.chain.ok else "error"
    return Section(("Controllo", "Verification")[say], (Note(lead=lead, text=text, kind=kind),))

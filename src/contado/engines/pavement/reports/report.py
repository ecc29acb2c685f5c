"""The report of a state of roads: key figures, map, diagrams, pieces, anomalies, vehicles, how to read it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from contado.engines.pavement.reports import maps
from contado.engines.pavement.reports.diagram import KINDS, SIDES
from contado.engines.pavement.views import canvas, grading, page
from contado.engines.pavement.views.model import NOT_DRIVEN_D, SIMULATED
from contado.kernel import publish
from contado.kernel.publish import style
from contado.kernel.publish.charts import Part, stacked_bar
from contado.kernel.publish.words import Lang, Words, chance_text, interval_text, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from contado.engines.pavement.views.grading import Piece, Total
    from contado.engines.pavement.views.model import Road, RoadState
    from contado.kernel.labels import Label
    from contado.kernel.publish.report import Block

__all__ = ["TITLE", "report"]

TITLE: Final = Words("Rapporto sullo stato delle strade", "Report on the state of the roads")
_MAP_PX: Final = 720.0
_WORST: Final = 10


def report(state: RoadState, *, lang: Lang = "it") -> publish.Report:
    """Return the report; its writers are those of `contado.kernel.publish`.

    Parameters
    ----------
    state
        What `contado.engines.pavement.views.reading.read_state` returned.
    """
    pieces = [p for road in state.roads for p in grading.pieces(road, state.on)]
    say = _say(lang)
    sections = [
        publish.Section(say("In breve", "In brief"), tuple(_brief(state, pieces, lang))),
        publish.Section(say("Dove", "Where"), (_map(state, pieces, lang),)),
        publish.Section(
            say("Da dove cominciare", "Where to begin"), tuple(_worst(pieces, state.label, lang))
        ),
        publish.Section(
            say("Lungo la strada", "Along the road"),
            tuple(block for road in state.roads for block in _along(road, state, pieces, lang)),
        ),
        publish.Section(say("Anomalie e dossi", "Anomalies and speed bumps"), (_spots(state, lang),)),
        *(
            [publish.Section(say("Veicoli", "Vehicles"), tuple(_vehicles(state, lang)))]
            if state.vehicles
            else []
        ),
        publish.Section(say("Come si legge", "How to read it"), tuple(_reading(state, lang))),
    ]
    return publish.Report(
        title=TITLE.of(lang),
        sections=tuple(sections),
        lang=lang,
        date=state.on,
        subtitle=": ".join(filter(None, (state.body, _named(state)))),
        lead=_lead(pieces, lang),
        simulated=SIMULATED.of(lang) if state.label == "simulated" else "",
    )


def _named(state: RoadState) -> str:
    return ", ".join(road.name for road in state.roads[:3]) + (" …" if len(state.roads) > 3 else "")


def _say(lang: Lang) -> Callable[[str, str], str]:
    return lambda it, en: Words(it, en).of(lang)


def _km(pieces: Sequence[Piece]) -> float:
    """Return the length of the measured cells [km]."""
    return sum(p.measured_m for p in pieces) / 1000


def _lead(pieces: Sequence[Piece], lang: Lang) -> str:
    bad = [p for p in pieces if p.class_id in {"C", "D"}]
    km, of = number(_km(bad), lang, 1), number(sum(p.length_m for p in pieces) / 1000, lang, 1)
    unsure = number(_km([p for p in bad if p.uncertain]), lang, 1)
    return Words(
        f"{km} km su {of} sono in classe scadente o critica; per {unsure} km di questi la classe è incerta.",
        f"{km} of {of} km are poor or critical; for {unsure} km of these the class is uncertain.",
    ).of(lang)


def _brief(state: RoadState, pieces: Sequence[Piece], lang: Lang) -> list[Block]:
    say = _say(lang)
    known = [p for p in pieces if p.iri is not None]
    defects = [s for road in state.roads for s in road.defects]
    bumps = sum(len(road.spots) for road in state.roads) - len(defects)
    confirmed = sum(s.confirmed for s in defects)
    figures = [
        _mean_iri(known, state, lang),
        publish.Figure(
            value=str(len(defects)),
            unit=say("anomalie", "anomalies"),
            interval=say(f"confermate: {confirmed}", f"confirmed: {confirmed}"),
            meaning=say(
                f"aperte il giorno del rapporto; dossi, a parte: {bumps}",
                f"open on the day of the report; speed bumps, apart: {bumps}",
            ),
            label=state.label,
        ),
        publish.Figure(
            value=number(sum(p.late_m for p in pieces) / 1000, lang, 1),
            unit="km",
            interval=say("conteggio esatto", "exact count"),
            meaning=say(
                f"senza un passaggio negli ultimi {NOT_DRIVEN_D} giorni",
                f"without a pass in the last {NOT_DRIVEN_D} days",
            ),
            label=state.label,
        ),
    ]
    return [publish.Figures(tuple(figures)), _classes(state, pieces, lang)]


def _mean_iri(known: Sequence[Piece], state: RoadState, lang: Lang) -> publish.Figure:
    say = _say(lang)
    length = sum(p.measured_m for p in known)
    value, low, high = (
        None if not known else sum(p.measured_m * (getattr(p, n) or 0.0) for p in known) / length
        for n in ("iri", "low", "high")
    )
    sure = all(p.low is not None for p in known)
    return publish.Figure(
        value=number(value, lang, 1),
        unit="m/km",
        interval=interval_text(low, high, lang, 1) if sure else say("senza intervallo", "no interval"),
        meaning=say(
            "irregolarità media (IRI), intervallo al 90 % come se tutti gli errori andassero insieme",
            "mean roughness (IRI), 90 % interval as if all errors went together",
        ),
        label=state.label,
    )


def _classes(state: RoadState, pieces: Sequence[Piece], lang: Lang) -> publish.Chart:
    say, look = _say(lang), style.load()
    totals = grading.totals(pieces)
    whole = sum(t.length_m for t in totals) or 1.0
    parts = [
        Part(c.id, c.letter, t.length_m / whole, c.chip)
        for t, c in ((t, look.by_id(t.class_id)) for t in totals)
    ]
    rows = tuple(row for t in totals for row in _class_rows(t, whole, pieces, lang))
    columns = (
        publish.Column(say("Classe", "Class")),
        publish.Column(say("Indice di condizione", "Condition index")),
        publish.Column("km", "number", 1),
        publish.Column(say("Quota", "Share"), "share", 1),
        publish.Column(say("Tratti incerti", "Uncertain pieces"), "number"),
    )
    title = say("Chilometri per classe", "Kilometres by class")
    sentence = "; ".join(f"{row[0]}: {number(row[2], lang, 1)} km" for row in rows)
    return publish.Chart(
        title=title,
        sentence=sentence,
        svg=stacked_bar(parts, sentence),
        table=publish.Table(columns=columns, rows=rows, caption=title, label=state.label),
    )


def _class_rows(
    t: Total, whole: float, pieces: Sequence[Piece], lang: Lang
) -> list[tuple[str, str, float, float, int]]:
    """Return the row of a class; of what has none, that which was driven is told apart."""
    say, c = _say(lang), style.load().by_id(t.class_id)
    uncertain = sum(p.uncertain for p in pieces if p.class_id == c.id)
    unmeasured = say("non misurato", "not measured")
    length, driven = t.parts_m
    name = f"{c.id + ' ' if c.id != 'none' else ''}{say(c.it, c.en)}"
    row = (name, style.breaks_text(c.id) or unmeasured, length / 1000, length / whole, uncertain)
    words = say("percorso, senza classe", "driven, without a class")
    return [row, *([(words, unmeasured, driven / 1000, driven / whole, 0)] if driven else [])]


def _map(state: RoadState, pieces: Sequence[Piece], lang: Lang) -> publish.Chart:
    say = _say(lang)
    frame = canvas.frame_of(state.roads, width=_MAP_PX, heights=(240.0, 420.0))
    title = say(
        "Classi, classe incerta (punti bianchi), anomalie (piene = confermate)",
        "Classes, uncertain class (white dots), anomalies (full = confirmed)",
    )
    found = canvas.shapes(state.roads, pieces, frame)
    body = canvas.layer(frame, found, state.roads, lang=lang)
    sentence = say(f"Mappa di {len(found)} tratti", f"Map of {len(found)} pieces")
    rows = tuple(
        (
            road.name,
            *road.posts.span(road.cells[0].from_m, road.cells[-1].to_m),
            len(road.defects),
            len(road.spots) - len(road.defects),
            len(road.works),
        )
        for road in state.roads
    )
    columns = (
        publish.Column(say("Strada", "Road")),
        publish.Column(say("Da km", "From km"), "number", 2),
        publish.Column(say("A km", "To km"), "number", 2),
        publish.Column(say("Anomalie", "Anomalies"), "number"),
        publish.Column(say("Dossi", "Speed bumps"), "number"),
        publish.Column(say("Lavori", "Works"), "number"),
    )
    caption = f"{say('Strade della mappa', 'Roads of the map')} ({maps.attribution(frame, state, lang)})"
    return publish.Chart(
        title=title,
        sentence=sentence,
        svg=canvas.draw(frame, body, label=sentence),
        table=publish.Table(columns=columns, rows=rows, caption=caption, label=state.label),
    )


def _piece_columns(lang: Lang) -> tuple[publish.Column, ...]:
    say = _say(lang)
    return (
        publish.Column(say("Tratto", "Piece")),
        publish.Column(say("Classe", "Class")),
        publish.Column("IRI, m/km", "number", 1),
        publish.Column(say("da", "from"), "number", 1),
        publish.Column(say("a (90 %)", "to (90 %)"), "number", 1),
        publish.Column(say("Indice", "Index"), "number"),
        publish.Column(say("Passaggi", "Passes"), "number"),
        publish.Column(say("Ultimo", "Last"), "date"),
    )


def _piece_row(p: Piece, lang: Lang) -> tuple[object, ...]:
    look = style.load().by_id(p.class_id)
    word = Words(look.it, look.en).of(lang)
    name = (
        page.STATES[p.state].of(lang)
        if p.class_id == "none"
        else f"{p.class_id} {word}{' ≈' if p.uncertain else ''}"
    )
    place = f"{p.road}\u00a0km\u00a0{number(p.from_km, lang, 2)}–{number(p.to_km, lang, 2)}"
    return place, name, p.iri, p.low, p.high, p.shown[0], p.passes, p.last_on


def _pieces_table(pieces: Sequence[Piece], caption: str, label: Label, lang: Lang) -> publish.Table:
    return publish.Table(
        columns=_piece_columns(lang),
        rows=tuple(_piece_row(p, lang) for p in pieces),
        caption=caption,
        label=label,
        missing=Words("non noto", "not known").of(lang),
    )


def _worst(pieces: Sequence[Piece], label: Label, lang: Lang) -> list[Block]:
    say = _say(lang)
    ranked = sorted((p for p in pieces if p.rank is not None), key=lambda p: p.rank or 0)
    if ranked:
        return _foremost(ranked, label, lang)
    bad = sorted((p for p in pieces if p.class_id in {"C", "D"}), key=lambda p: p.index or 0.0)
    if not bad:
        return [
            publish.Paragraph(say("Nessun tratto è scadente o critico.", "No piece is poor or critical."))
        ]
    shown = bad[:_WORST]
    text = say(
        f"I {len(shown)} tratti con l’indice più basso, su {len(bad)} scadenti o critici. Il segno ≈ dice che l’intervallo tocca un’altra classe.",
        f"The {len(shown)} pieces with the lowest index, of {len(bad)} poor or critical ones. The sign ≈ says that the interval touches another class.",
    )
    caption = say("Tratti con l’indice più basso", "Pieces with the lowest index")
    return [publish.Paragraph(text), _pieces_table(shown, caption, label, lang)]


def _foremost(ranked: Sequence[Piece], label: Label, lang: Lang) -> list[Block]:
    """Return the segments that come first by priority, in the order that the pages have."""
    say, shown = _say(lang), ranked[:_WORST]
    text = say(
        f"I {len(shown)} tratti che vengono prima per priorità, su {len(ranked)}: contano lo stato, il traffico e ciò che altro si sa della strada. Il segno ≈ dice che l’intervallo tocca un’altra classe.",
        f"The {len(shown)} segments that come first by priority, of {len(ranked)}: condition, traffic and what else is known of the road count. The sign ≈ says that the interval touches another class.",
    )
    table = _pieces_table(shown, say("Tratti per priorità", "Segments by priority"), label, lang)
    columns = (*table.columns, publish.Column(say("Priorità (0–1)", "Priority (0–1)"), "number", 2))
    rows = tuple((*row, p.priority) for row, p in zip(table.rows, shown, strict=True))
    return [publish.Paragraph(text), replace(table, columns=columns, rows=rows)]


def _along(road: Road, state: RoadState, pieces: Sequence[Piece], lang: Lang) -> list[Block]:
    drawn = maps.road_diagram(road, state, lang)
    own = [p for p in pieces if p.road == road.name]
    chart = publish.Chart(
        title=road.title,
        sentence=drawn.sentence,
        svg=drawn.narrow,
        table=_pieces_table(own, road.title, state.label, lang),
    )
    return [chart, *([_works(road, lang)] if road.works else [])]


def _works(road: Road, lang: Lang) -> publish.Table:
    say = _say(lang)
    columns = (
        publish.Column(say("Lavori", "Works")),
        publish.Column(say("Da km", "From km"), "number", 2),
        publish.Column(say("A km", "To km"), "number", 2),
    )
    return publish.Table(
        columns=columns,
        rows=tuple(maps.works_km(road, lang)),
        caption=say(f"Lavori su {road.name}", f"Works on {road.name}"),
    )


def _spots(state: RoadState, lang: Lang) -> Block:
    say = _say(lang)
    rows = tuple(
        (
            KINDS[s.kind if s.kind in KINDS else "unknown"].of(lang),
            f"{road.name} km {number(road.posts.km(s.at_m), lang, 2)}",
            SIDES[s.side].of(lang) if s.side in SIDES else None,
            s.height_mm,
            s.severity,
            None if s.p_exists is None else chance_text(s.p_exists, lang),
            say("confermata", "confirmed") if s.confirmed else say("da verificare", "to be checked"),
            None if s.passes is None else f"{s.passes} {say('di', 'of')} {s.passes_possible}",
        )
        for road in state.roads
        for s in road.spots
    )
    columns = (
        publish.Column(say("Tipo", "Kind")),
        publish.Column(say("Dove", "Where")),
        publish.Column(say("Sotto", "Under")),
        publish.Column(say("Altezza (+) o profondità (−), mm", "Height (+) or depth (−), mm"), "number"),
        publish.Column(say("Gravità 0–100", "Severity 0–100"), "number"),
        publish.Column(say("Probabilità", "Probability")),
        publish.Column(say("Stato", "State")),
        publish.Column(say("Sentita in", "Felt in")),
    )
    return publish.Table(
        columns=columns,
        rows=rows,
        caption=say("Anomalie aperte e dossi", "Open anomalies and speed bumps"),
        label=state.label,
        missing=say("non noto", "not known"),
    )


def _vehicles(state: RoadState, lang: Lang) -> list[Block]:
    say = _say(lang)
    rows = tuple(
        (v.name, v.scale, v.sd_log, say("sì", "yes") if v.calibrated else say("no", "no"))
        for v in state.vehicles
    )
    columns = (
        publish.Column(say("Veicolo", "Vehicle")),
        publish.Column(say("Scala", "Scale"), "number", 3),
        publish.Column(say("Errore relativo (sd)", "Relative error (sd)"), "share", 0),
        publish.Column(say("Tarato su un tratto rilevato", "Calibrated on a surveyed section")),
    )
    text = say(
        f"Passaggi usati: {state.drives}." if state.drives else "Numero di passaggi non noto.",
        f"Drives used: {state.drives}." if state.drives else "Number of drives not known.",
    )
    table = publish.Table(
        columns=columns, rows=rows, caption=say("Taratura", "Calibration"), label=state.label
    )
    return [publish.Paragraph(text), table]


def _reading(state: RoadState, lang: Lang) -> list[Block]:
    say = _say(lang)
    blocks: list[Block] = [
        publish.Items(
            (
                say(
                    "IRI: irregolarità longitudinale in m/km, stimata dall’accelerazione della cassa di un’auto; non è una misura di profilografo.",
                    "IRI: longitudinal roughness in m/km, estimated from the acceleration of a car's body; it is no measure of a profilograph.",
                ),
                say(
                    "Indice di condizione: da 0 a 100, da IRI e gravità delle anomalie; i dossi non contano.",
                    "Condition index: 0 to 100, from IRI and the severity of anomalies; speed bumps do not count.",
                ),
                say(
                    "Intervalli al 90 %: tengono conto dei passaggi e della taratura dei veicoli.",
                    "90 % intervals: they hold the passes and the calibration of the vehicles.",
                ),
                say(
                    "«Non noto» non è zero: nessuno è passato, o è passato troppo piano.",
                    '"Not known" is not zero: nobody drove there, or too slowly.',
                ),
            )
        )
    ]
    if state.label == "simulated":
        blocks.append(
            publish.Note(
                lead=say("Accuratezza: un limite superiore.", "Accuracy: an upper bound."),
                text=say(
                    "I dati simulati nascono dalla stessa famiglia di modelli d’auto che la stima inverte.",
                    "Simulated data come from the same family of car models that the estimate inverts.",
                ),
                kind="warning",
            )
        )
    return blocks

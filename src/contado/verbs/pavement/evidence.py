"""contado pavement evidence: when a defect was seen, was not seen, was repaired, and who said so."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.kernel.errors import RecordNotFound, UsageError
from contado.verbs._published import WrittenFile, page_fonts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.engines.pavement.evidence.story import Pass, Span, Story, Undated
    from contado.kernel.labels import Label
    from contado.kernel.records import Records
    from contado.kernel.workspace import WorkspaceView


class EvidenceRequest(Request, frozen=True, kw_only=True):
    """Which place: an anomaly, a point, or a part of a section; which days."""

    anomaly: Annotated[str | None, argument("id of an anomaly")] = None
    at: Annotated[str | None, option("a point: LON,LAT")] = None
    section: Annotated[str | None, option("id of a section")] = None
    from_m: Annotated[float | None, option("begin of the part of the section", unit="m")] = None
    to_m: Annotated[float | None, option("end of the part of the section", unit="m")] = None
    first: Annotated[date | None, option("first legal day; default open", flags=("--from",))] = None
    last: Annotated[date | None, option("last legal day, included; default open", flags=("--to",))] = None
    out: Annotated[Path | None, option("report: .pdf, .html, .docx, .odt, .ods or .xlsx")] = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One row of evidence; ``at`` and ``recorded_at`` in the legal time of the territory."""

    audit_seq: int
    at: str
    recorded_at: str
    what: str
    source: str
    drive: str
    who: str | None
    before: str | None
    after: str | None
    p_exists: float | None
    photo: str | None
    away_m: int | None
    accuracy_m: int | None
    revises: int | None


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """When, the row that vouches for it, and who said so (None: a car)."""

    at: str
    audit_seq: int
    who: str | None


class PlaceStory(msgspec.Struct, frozen=True, kw_only=True):
    """One anomaly in time; what is not known to have happened is null."""

    anomaly_id: str
    section_id: str
    chainage_m: float
    kind: str | None
    state: str | None
    p_exists: float | None
    first_seen: Moment | None
    last_seen: Moment | None
    last_not_seen: Moment | None
    last_driven_before: str | None
    """Last pass that measured the place before anything was seen there."""
    repaired: Moment | None
    closed: Moment | None
    confirmed: list[Moment]
    events: list[Event]


class DrivenPass(msgspec.Struct, frozen=True, kw_only=True):
    """A drive that measured the place; ``audit_seq`` the rows about what it met, empty where nothing was known."""

    drive: str
    at: str
    seen: bool
    audit_seq: list[int]


class UndatedDrive(msgspec.Struct, frozen=True, kw_only=True):
    """A drive whose day nobody knows; its rows stand on the day it was first loaded, among the passes it is not."""

    drive: str
    audit_seq: list[int]


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the audit chain holds and says the same as the table; ``differing`` rows do not."""

    ok: bool
    head: str
    differing: list[int]


class EvidenceAnswer(LabelledAnswer, kw_only=True):
    """What is known of the place in time."""

    section_id: str
    from_m: float
    to_m: float
    timezone: str
    anomalies: list[PlaceStory]
    passes: list[DrivenPass]
    undated: list[UndatedDrive]
    chain: Chain
    file: WrittenFile | None = None

    def exit_code(self) -> int:
        """3 when the chain does not hold or the table says something else."""
        return 0 if self.chain.ok else 3


def _run(request: EvidenceRequest, context: Context) -> EvidenceAnswer:
    from contado.engines.pavement.evidence import story

    _only_one(request)
    with context.records() as records:
        view = records.workspace
        span = _span(request, records)
        told = story.stories(view, span, only=request.anomaly)
        driven = story.passes(view, span, told)
        undated = story.undated(view, span, told)
        timezone = view.settings.territory.timezone
        answer = EvidenceAnswer(
            label=_label(view, told, driven, undated),
            findings=context.accept(story.notes(undated)),
            section_id=span.section_id,
            from_m=span.from_m,
            to_m=span.to_m,
            timezone=timezone,
            anomalies=[_place(s, driven, timezone) for s in told],
            passes=[
                DrivenPass(drive=p.drive_id, at=p.at_local, seen=p.seen, audit_seq=list(p.audit_seq))
                for p in driven
            ],
            undated=[UndatedDrive(drive=d.drive_id, audit_seq=list(d.audit_seq)) for d in undated],
            chain=_chain(records),
        )
    if request.out is not None:
        answer.file = _report(answer, request.out, context, view.settings.whose)
    return answer


def _label(
    view: WorkspaceView, told: Sequence[Story], driven: Sequence[Pass], undated: Sequence[Undated]
) -> Label:
    """Return ``simulated`` where anything that is told, or a drive that saw nothing, was simulated."""
    from contado.engines.pavement.ingest.identity import drive_of_piece

    passed, of_no_day = {p.drive_id for p in driven}, {d.drive_id for d in undated}
    measured = view.read("pavement_cell_obs").select(["drive_id", "label"])
    of_drives = zip(*(column.to_pylist() for column in measured.columns), strict=True)
    labels = {e["label"] for s in told for e in s.events} | {
        word for d, word in of_drives if d in passed or drive_of_piece(d) in of_no_day
    }
    return "simulated" if "simulated" in labels else "estimated"


def _only_one(request: EvidenceRequest) -> None:
    given = [n for n in ("anomaly", "at", "section") if getattr(request, n) is not None]
    if len(given) != 1:
        raise UsageError(
            f"One place is needed, {len(given)} are given.",
            rule="missing_value" if not given else "one_of",
            hint="give the id of an anomaly, or --at LON,LAT, or --section ID",
            field="anomaly",
        )


def _span(request: EvidenceRequest, records: Records) -> Span:
    """Return the place that is asked about; one outside the scope does not exist."""
    from dataclasses import replace

    from contado.engines.pavement.evidence import story

    _in_order(request)
    view = records.workspace
    if request.at is not None:
        span = story.at_place(view, *_lonlat(request.at))
    elif request.section is not None:
        span = story.of_section(view, request.section, request.from_m, request.to_m)
    else:
        span = story.of_anomaly(view, request.anomaly or "")
    if not records.scope.covers(span.municipality or "*"):
        raise RecordNotFound(
            "There is no such place in the municipalities of this account.",
            rule="no_place",
            hint="ask with an account that reaches it",
        )
    if request.from_m is not None and span.from_m >= span.to_m:
        raise UsageError(
            f"Section {span.section_id!r} is {span.to_m:g} m long; --from-m is {request.from_m:g}.",
            rule="interval_order",
            hint="ask about a part of the section",
            field="from_m",
        )
    return replace(span, first=request.first, last=request.last)


def _in_order(request: EvidenceRequest) -> None:
    """Refuse an end before its start: no pass would be found, which is no evidence of anything."""
    ends = (("from_m", request.from_m, request.to_m), ("from", request.first, request.last))
    for field, start, end in ends:
        if start is not None and end is not None and start > end:  # type: ignore[operator]
            raise UsageError(
                f"--{field.replace('_', '-')} {start} lies after its end {end}.",
                rule="interval_order",
                hint="exchange the two",
                field=field,
            )


def _lonlat(text: str) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"--at {text!r} is no point.", rule="bad_point", hint="LON,LAT such as 9.19,45.46", field="at"
        ) from None
    return lon, lat


def _place(story: Story, driven: list[Any], timezone: str) -> PlaceStory:
    now = story.anomaly or {}
    last = story.events[-1]
    first = story.first_seen
    before = [p.at_local for p in driven if first is not None and p.at_local < first["at_local"]]
    return PlaceStory(
        anomaly_id=story.anomaly_id,
        section_id=last["section_id"],
        chainage_m=now.get("chainage_m", last["chainage_m"]),
        kind=now.get("kind"),
        state=now.get("state"),
        p_exists=now.get("p_exists"),
        first_seen=_moment(first),
        last_seen=_moment(story.last_seen),
        last_not_seen=_moment(story.last_not_seen),
        last_driven_before=max(before, default=None),
        repaired=_moment(story.repaired),
        closed=_moment(story.closed),
        confirmed=[m for e in story.holding if e["what"] == "confirmed" and (m := _moment(e))],
        events=[_event(e, timezone) for e in story.events],
    )


def _moment(row: Mapping[str, Any] | None) -> Moment | None:
    if row is None:
        return None
    return Moment(at=row["at_local"], audit_seq=row["audit_seq"], who=row["who"])


def _event(row: Mapping[str, Any], timezone: str) -> Event:
    from contado.kernel.dates import local

    return Event(
        recorded_at=row["recorded_at"].astimezone(local.zone(timezone)).isoformat(),
        at=row["at_local"],
        drive=row["drive_id"],
        before=row["state_before"],
        after=row["state_after"],
        **{
            n: row[n]
            for n in (
                "audit_seq",
                "what",
                "source",
                "who",
                "p_exists",
                "photo",
                "away_m",
                "accuracy_m",
                "revises",
            )
        },
    )


def _chain(records: Records) -> Chain:
    from contado.engines.pavement.evidence import log
    from contado.kernel.records import audit

    with records.store.connection() as connection:
        verdict = audit.verify(audit.rows(connection))
    with records.reading() as session:
        differing = log.differing(session, records.workspace.read(log.TABLE))
    head = f"{verdict.head.seq}:{verdict.head.hash}"
    return Chain(ok=verdict.ok and not differing, head=head, differing=differing)


def _report(answer: EvidenceAnswer, out: Path, context: Context, whose: str) -> WrittenFile:
    from contado.kernel import publish
    from contado.verbs.pavement._evidence_report import report_of

    publish.write(report_of(answer, context.published_lang, whose), out, fonts=page_fonts())
    return WrittenFile.of(out)


VERB = Verb(
    name="pavement evidence",
    help="Say when a defect was seen, was not seen, was repaired, and who said so",
    request=EvidenceRequest,
    answer=EvidenceAnswer,
    run=_run,
    extra="roads",
    workspace=True,
    right="anomaly.read",
    examples=(
        "contado pavement evidence --at 9.19,45.46 -w milano --out evidence.pdf",
        "contado pavement evidence --section SP35-03 --from 2026-01-01 --to 2026-06-30 -w milano",
    ),
)

"""What the verbs of filing share: tables of a folder or workspace in, sheets in files out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from contado.kernel.declare import Answer
from contado.kernel.errors import DataError, Finding, TableNotFound
from contado.kernel.settings import Settings
from contado.verbs._published import WrittenFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from contado.kernel.declare import Context
    from contado.kernel.programme.registry import Work
    from contado.kernel.programme.schede import Filing
    from contado.kernel.publish import Report

__all__ = ["FORMATS", "FilingAnswer", "Tables", "checked_formats", "file_programme", "read_tables", "text"]

FORMATS = ("csv", "xlsx", "pdf")
"""Formats of the sheets, written where none is named."""
_CALENDAR = "ics"
_ALLOWED = (*FORMATS, "ods", "odt", "docx", "html", _CALENDAR)


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """What one type of resource pays, by year."""

    resource_type: str
    years: dict[str, float]
    total_eur: float


class SchedaA(msgspec.Struct, frozen=True, kw_only=True):
    """Resources of the works of scheda D."""

    rows: list[Resource]
    total_eur: float


class ListedWork(msgspec.Struct, frozen=True, kw_only=True):
    """One work of the programme."""

    intervention_id: str
    cui: str | None
    cup: list[str]
    years: dict[str, float]
    total_eur: float
    priority: int | None


class SchedaD(msgspec.Struct, frozen=True, kw_only=True):
    """Works of the programme."""

    rows: list[ListedWork]
    total_eur: float


class SchedaE(msgspec.Struct, frozen=True, kw_only=True):
    """Works of the first year."""

    rows: list[str]


class FilingAnswer(Answer, kw_only=True):
    """The files and what stands in them."""

    files: list[WrittenFile]
    first_year: int
    threshold_eur: float
    scheda_a: SchedaA
    scheda_d: SchedaD
    scheda_e: SchedaE
    below_threshold: list[str]
    worksites: dict[str, list[str]]
    """Work -> its interventions, where it is a worksite of several; those below the threshold too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Rows that filing needs, under the shared names."""

    rows: Mapping[str, list[dict[str, Any]]]
    settings: Settings
    findings: tuple[Finding, ...] = ()


def checked_formats(formats: Sequence[str]) -> list[str]:
    """Return the formats asked for; refuse an unknown one, and one whose package is missing.

    Raises
    ------
    UsageError, ExtraMissing
        Before anything is written.
    """
    from contado.kernel import publish

    return publish.checked_formats(formats, verb="programme export", allowed=_ALLOWED)


def read_tables(path: Path) -> Tables:
    """Read a programme folder, or a workspace.

    Raises
    ------
    TableNotFound, DataError
        The folder is not there, or holds something that cannot be used.
    """
    if (path / "contado.toml").is_file() and not (path / "interventions.csv").is_file():
        return _workspace(path)
    from contado.kernel import settings
    from contado.kernel.tables.findings import raise_refused
    from contado.kernel.tables.programme_folder import as_shared_tables
    from contado.verbs._folders import read_folder

    folder = read_folder(path)
    raise_refused(folder.findings)
    if folder.kind != "programme":
        raise TableNotFound(
            f"{path.name} is no programme folder.", hint="it holds interventions.csv, budgets.csv ..."
        )
    own = path / "contado.toml"
    return Tables(
        rows={name: table.to_pylist() for name, table in as_shared_tables(folder.tables).items()},
        settings=settings.load(own) if own.is_file() else Settings(),
        findings=tuple(folder.findings),
    )


def _workspace(path: Path) -> Tables:
    from contado.kernel.workspace import WorkspaceView

    view = WorkspaceView(path)
    names = ("intervention", "budget", "funding_source", "funding_rule", "legal_parameter", "milestone")
    rows = {name: _without_geometry(view.read(name)).to_pylist() for name in names}
    return Tables(rows=rows, settings=view.settings)


def _without_geometry(table: Any) -> Any:
    return table.drop_columns(["geometry"]) if "geometry" in table.column_names else table


def file_programme(
    programme: Sequence[Mapping[str, Any]],
    tables: Tables,
    *,
    out: Path,
    formats: Sequence[str],
    fiscal_code: str | None,
    threshold_eur: float | None,
    context: Context,
    worksites: Sequence[Sequence[str]] = (),
) -> FilingAnswer:
    """Prepare the sheets of a plan, write them into ``out`` and say what stands in them.

    ``worksites`` are ids of interventions that are filed as one work.
    """
    from contado.kernel.dates import legal_value
    from contado.kernel.programme.joined import joined_works
    from contado.kernel.programme.registry import works
    from contado.kernel.programme.schede import EU_THRESHOLD, LISTED_THRESHOLD, prepare

    rows = tables.rows
    years = sorted({int(b["year"]) for b in rows.get("budget", [])})
    if not years:
        raise DataError("There is no budget.", rule="no_budget", hint="bring source, year, budget_eur")
    day = dt.date(years[0], 1, 1)
    parameters = rows.get("legal_parameter", [])
    eu_eur, doubts = legal_value(EU_THRESHOLD, day, parameters)
    if threshold_eur is None:
        threshold_eur, more = legal_value(LISTED_THRESHOLD, day, parameters)
        doubts += more
    started = works(programme, rows["intervention"])
    body = fiscal_code or tables.settings.body.fiscal_code or None
    whole = joined_works(started, worksites)
    parts = {key for work in whole for key in work.members if key != work.id}
    filing = prepare(
        whole,
        years=years,
        candidates=[r for r in rows["intervention"] if str(r["id"]) not in parts],
        sources=rows.get("funding_source", []),
        threshold_eur=threshold_eur,
        eu_threshold_eur=eu_eur,
        fiscal_code=body,
    )
    findings = context.accept([*tables.findings, *doubts, *filing.findings])
    files = _write(filing, out, [kind for kind in formats if kind != _CALENDAR])
    if _CALENDAR in formats:
        files.append(_write_calendar(started, tables, out, domain=body or "contado"))
    return _answer(filing, files, threshold_eur, findings)


def _write(filing: Filing, out: Path, formats: Sequence[str]) -> list[WrittenFile]:
    from contado.kernel import publish
    from contado.kernel.tables import write_csv

    out.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in formats:
        for name, table in filing.sheets.items():
            path = out / f"{name}.{kind}"
            if kind == "csv":
                write_csv(table, path)
            else:
                publish.write(_sheet(filing, name), path)
            written.append(WrittenFile.of(path))
    return written


def _sheet(filing: Filing, name: str) -> Report:
    """Return one of the sheets as a document of its own."""
    from contado.kernel.programme.schede.columns import TITLES, columns
    from contado.kernel.publish import Report, Section, Table

    heads = [c.heading_it for c in columns(name, filing.first_year)]
    table = Table.from_arrow(filing.sheets[name], headings=heads)
    return Report(title=TITLES[name], sections=(Section("", (table,)),), landscape=True)


def _write_calendar(started: Sequence[Work], tables: Tables, out: Path, *, domain: str) -> WrittenFile:
    from contado.kernel.dates import Calendar
    from contado.kernel.programme import milestones
    from contado.kernel.tables import atomic

    rows = tables.rows
    due = milestones.due(started, rows.get("funding_rule", ()), rows.get("milestone", ()))
    names = {work.id: work.text("name") or work.id for work in started}
    content = milestones.calendar(
        due,
        names,
        domain=domain,
        calendar=Calendar.from_settings(tables.settings.dates),
    )
    path = out / f"milestones.{_CALENDAR}"
    with atomic(path) as file:
        file.write_bytes(content)
    return WrittenFile.of(path)


def _answer(
    filing: Filing, files: list[WrittenFile], threshold_eur: float, findings: list[Finding]
) -> FilingAnswer:
    from contado.kernel.programme.priority import level

    total = sum(work.total_cents for work in filing.listed) / 100
    resources = [
        Resource(
            resource_type=name,
            years={str(y): money.get(y, 0) / 100 for y in filing.years},
            total_eur=sum(money.values()) / 100,
        )
        for name, money in filing.resources_cents.items()
    ]
    listed = [
        ListedWork(
            intervention_id=work.id,
            cui=filing.cuis.get(work.id),
            cup=list(work.cups),
            years={str(y): work.year_cents(y) / 100 for y in filing.years},
            total_eur=work.total_cents / 100,
            priority=level(work.facts.get("priority_class")),
        )
        for work in filing.listed
    ]
    resources_total = sum(sum(money.values()) for money in filing.resources_cents.values()) / 100
    return FilingAnswer(
        files=files,
        first_year=filing.first_year,
        threshold_eur=threshold_eur,
        scheda_a=SchedaA(rows=resources, total_eur=resources_total),
        scheda_d=SchedaD(rows=listed, total_eur=total),
        scheda_e=SchedaE(rows=list(filing.first)),
        below_threshold=[work.id for work in filing.below],
        worksites={w.id: list(w.members) for w in (*filing.listed, *filing.below) if w.members},
        findings=findings,
    )


def text(answer: FilingAnswer, lang: Literal["it", "en"]) -> str:
    """Write the answer for a person."""
    it = lang == "it"
    listed, first = len(answer.scheda_d.rows), len(answer.scheda_e.rows)
    total, below = answer.scheda_d.total_eur, len(answer.below_threshold)

    def works(n: int) -> str:
        return f"{n} {('lavoro' if n == 1 else 'lavori') if it else ('work' if n == 1 else 'works')}"

    lines = [
        f"{works(listed)} per {total:,.2f} EUR, di cui {first} nell'elenco annuale {answer.first_year}; "
        f"{below} sotto la soglia di {answer.threshold_eur:,.0f} EUR"
        if it
        else f"{works(listed)}, EUR {total:,.2f}; {first} of them in {answer.first_year}; "
        f"{below} below the threshold of EUR {answer.threshold_eur:,.0f}"
    ]
    if answer.worksites:
        parts, whole = sum(map(len, answer.worksites.values())), works(len(answer.worksites))
        lines.append(
            f"{parts} interventi di uno stesso cantiere e anno sono {whole}"
            if it
            else f"{parts} interventions that share worksite and year are {whole}"
        )
    return "\n".join([*lines, *(f"  {file.path}" for file in answer.files)])

"""Own work: what waits for the signed-in role."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from contado.kernel.programme.naming import intervention_name
from contado.web.data.jobs import STATES, jobs_of, title_of
from contado.web.data.view import day, rows, text
from contado.web.i18n import Words

if TYPE_CHECKING:
    from starlette.responses import Response

    from contado.kernel.records.schema import Job
    from contado.web.page import Page

__all__ = ["work"]

_MOST = 50
_KINDS = {
    "commit_by": Words("impegno della spesa", "commitment of the spending"),
    "works_start": Words("inizio dei lavori", "start of the works"),
    "works_end": Words("fine dei lavori", "end of the works"),
    "spend_by": Words("spesa conclusa", "spending completed"),
}


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """A milestone that is not reached yet."""

    due: dt.date
    what: Words
    intervention: str
    name: Words
    late: bool


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A job: its state as sign and word."""

    id: str
    title: Words
    sign: str
    word: Words
    since: str


def work(page: Page) -> Response:
    """Render deadlines, jobs and unpublished layers of the account's municipalities."""
    who = page.signed_in()
    page.query()
    tasks = [_task(job) for job in jobs_of(page.keeper.store, who)]
    deadlines = _deadlines(page)
    return page.render(
        "work.html",
        crumbs=[(page.say("Il mio lavoro", "My work"), None)],
        tasks=tasks,
        deadlines=deadlines[:_MOST],
        more=len(deadlines) - _MOST,
        layers=[d for d in page.site.datasets if not d.public],
    )


def _task(job: Job) -> Task:
    sign, word = STATES[job.state]
    return Task(id=job.id, title=title_of(job.process), sign=sign, word=word, since=job.created_at[:10])


def _deadlines(page: Page) -> list[Deadline]:
    """Return the milestones not yet reached of interventions in the account's municipalities, by day."""
    scope = page.principal.scope
    if not scope.units:
        return []
    within = {
        str(r["id"]): intervention_name(r, page.site.type_names)
        for r in rows(page.site.view, "intervention")
        if scope.covers(str(r.get("municipality") or ""))
    }
    today = page.site.today()
    found = []
    for row in rows(page.site.view, "milestone"):
        due, key, kind = day(row, "due"), text(row, "intervention_id"), text(row, "kind") or ""
        if due is not None and key in within and day(row, "done") is None:
            what = _KINDS.get(kind, Words(kind.replace("_", " "), kind.replace("_", " ")))
            found.append(Deadline(due=due, what=what, intervention=key, name=within[key], late=due < today))
    return sorted(found, key=lambda d: (d.due, d.intervention))

"""Jobs as pages tell them: what runs, how far it is, the best so far, how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from contado.kernel.records import jobs
from contado.web.i18n import Words
from contado.web.worker.offered import find

if TYPE_CHECKING:
    from contado.kernel.records import Store
    from contado.kernel.records.schema import Job
    from contado.web.security import Principal

__all__ = ["ENDINGS", "STAGES", "STATES", "JobView", "jobs_of", "seen", "title_of", "view_of"]

_MOST = 20

STATES = {
    "accepted": ("wait", Words("in coda", "queued")),
    "running": ("run", Words("in corso", "running")),
    "stopping": ("wait", Words("si ferma", "stopping")),
    "successful": ("ok", Words("fatto", "done")),
    "failed": ("bad", Words("non riuscito", "failed")),
    "dismissed": ("off", Words("fermato", "stopped")),
}
"""State of a job -> sign and word."""

STAGES = {
    "read": Words("lettura dei dati", "reading the data"),
    "solve": Words("ricerca del programma", "search for the programme"),
    "prices": Words("prezzi dei bilanci", "prices of the budgets"),
    "plan": Words("programma", "programme"),
    "draws": Words("prove di solidità", "draws for its sturdiness"),
    "front": Words("programmi non dominati", "nondominated programmes"),
}
"""Stage of a computation -> its name; a practice's own stage keeps its word."""

ENDINGS = {
    "asked": Words("Fermato su richiesta.", "Stopped on request."),
    "server_stopped": Words(
        "Fermato perché il servizio si è spento: vale il migliore trovato fin lì.",
        "Stopped because the service went down: this is the best found until then.",
    ),
    "too_long": Words("Fermato: durava più del consentito.", "Stopped: it took longer than allowed."),
    "worker_lost": Words(
        "Il servizio che lo eseguiva si è interrotto. Si può ripetere.",
        "The service that ran it broke off. It can be run again.",
    ),
    "child_lost": Words(
        "Il calcolo si è interrotto. Si può ripetere.", "The computation broke off. It can be run again."
    ),
    "internal_error": Words(
        "Un nostro difetto, scritto nel registro del servizio.",
        "A defect of ours; the log of the service holds it.",
    ),
}
"""Why a job ended, where there is more to say than its state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job as its page tells it; amounts in EUR, times in seconds."""

    id: str
    process: str
    title: Words
    state: str
    created_at: str
    seconds: float | None
    limit_s: float | None
    """Time that the search may take, for a verb that has such a limit."""
    stage: str | None
    done: float | None
    total: float | None
    plan: float | None
    bound: float | None
    gap: float | None
    request: dict[str, Any]
    ending: str | None
    error: str | None
    run: str | None
    answer: dict[str, Any]

    @property
    def running(self) -> bool:
        """Whether it will change by itself."""
        return self.state in {"accepted", "running", "stopping"}

    @property
    def share(self) -> float:
        """How much of the present stage is done."""
        return min(1.0, self.done / self.total) if self.done and self.total else 0.0

    @property
    def keeps_best(self) -> bool:
        """Whether it hands over its best when it is stopped."""
        verb = find(self.process)
        return verb is not None and verb.best_so_far


def title_of(process: str) -> Words:
    """Return the name of a process."""
    verb = find(process)
    if verb is None or verb.process is None:
        return Words(process, process)
    return Words(verb.process.title_it, verb.process.title_en)


def view_of(job: Job, default_limit_s: float) -> JobView:
    """Return what the page of a job tells."""
    best = msgspec.json.decode(job.best_json) if job.best_json else {}
    result = msgspec.json.decode(job.result_json) if job.result_json else {}
    request = msgspec.json.decode(job.request_json)
    stopping = job.state == "running" and bool(job.cancel_requested)
    verb = find(job.process)
    limited = verb is not None and "time_limit_s" in verb.request.__struct_fields__
    error = result.get("error") or {}
    return JobView(
        id=job.id,
        process=job.process,
        title=title_of(job.process),
        state="stopping" if stopping else job.state,
        created_at=job.created_at,
        seconds=_seconds(job),
        limit_s=(request.get("time_limit_s") or default_limit_s) if limited else None,
        stage=job.stage,
        done=job.done,
        total=job.total,
        plan=best.get("plan"),
        bound=best.get("bound"),
        gap=best.get("gap"),
        request=request,
        ending=job.message if job.ended_at else None,
        error=error.get("message"),
        run=job.result_path.removeprefix("runs/") if job.result_path else None,
        answer=result.get("answer") or {},
    )


def _seconds(job: Job) -> float | None:
    if job.started_at is None:
        return None
    end = datetime.fromisoformat(job.ended_at) if job.ended_at else datetime.now(UTC)
    return (end - datetime.fromisoformat(job.started_at)).total_seconds()


def seen(store: Store, who: Principal, job_id: str) -> Job:
    """Return a job (`RecordNotFound` where there is none for this account)."""
    with store.reading(who.scope) as session:
        return jobs.get(session, job_id)


def jobs_of(store: Store, who: Principal) -> list[Job]:
    """Return the latest jobs of the account and of its units; public ones of others are left out."""
    with store.reading(who.scope) as session:
        found = jobs.listed(session, limit=5 * _MOST)
    return [j for j in found if j.account_id == who.account_id or who.scope.covers(j.unit_id)][:_MOST]

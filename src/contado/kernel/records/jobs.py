"""Jobs: processes that run in the background, kept in the store so that any process can serve or run them.

accepted -> running -> successful | failed | dismissed. A worker claims a job, reports progress, which is also
its heartbeat and how it hears of a cancellation, and finishes it. Two workers never claim the same job.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from sqlalchemy import select, update

from contado.kernel.errors import RecordNotFound
from contado.kernel.identifiers import ulid
from contado.kernel.records import audit
from contado.kernel.records.schema import Job
from contado.kernel.records.scopes import now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contado.kernel.records.scopes import ScopedSession

__all__ = ["best", "claim", "create", "finish", "get", "listed", "progress", "request_cancel", "sweep_stale"]

Ended = Literal["successful", "failed", "dismissed"]


def create(
    session: ScopedSession,
    process: str,
    request: Mapping[str, Any],
    *,
    unit_id: str = "*",
    visibility: Literal["public", "org", "private"] = "private",
) -> Job:
    """Accept a job of the scope's account; ``unit_id`` is the municipality it is about, ``*`` = all.

    An account whose scope does not cover ``unit_id`` still reaches its own jobs.
    """
    job = Job(
        id=ulid(),
        process=process,
        request_json=_json(request),
        state="accepted",
        visibility=visibility,
        unit_id=unit_id,
        account_id=session.scope.account_id,
        created_at=now(),
        cancel_requested=0,
    )
    session.add(job)
    session.flush()
    audit.append(session, "job.created", f"job:{job.id}", {"process": process, "unit": unit_id})
    return job


def claim(session: ScopedSession, worker: str, processes: Sequence[str] | None = None) -> Job | None:
    """Take the job that waits longest (of the named processes), or None; needs a system scope."""
    waiting = select(Job).where(Job.state == "accepted").order_by(Job.id).limit(1)
    if processes is not None:
        waiting = waiting.where(Job.process.in_(list(processes)))
    job = session.scalar(waiting.with_for_update(skip_locked=True))
    if job is None:
        return None
    job.state, job.worker, job.started_at, job.heartbeat_at = "running", worker, now(), now()
    session.flush()
    audit.append(session, "job.started", f"job:{job.id}", {"process": job.process})
    return job


def progress(
    session: ScopedSession,
    job_id: str,
    worker: str,
    *,
    stage: str | None = None,
    done: float | None = None,
    total: float | None = None,
    message: str | None = None,
) -> bool:
    """Report progress; return whether to go on: False once the job was cancelled or taken away."""
    values = {"stage": stage, "done": done, "total": total, "message": message, "heartbeat_at": now()}
    return _report(session, job_id, worker, values)


def best(session: ScopedSession, job_id: str, worker: str, result: Mapping[str, Any]) -> bool:
    """Keep the best result so far; return whether to go on (see `progress`)."""
    return _report(session, job_id, worker, {"best_json": _json(result), "heartbeat_at": now()})


def _report(session: ScopedSession, job_id: str, worker: str, values: dict[str, Any]) -> bool:
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.worker == worker, Job.state == "running")
        .values(**values)
        .returning(Job.cancel_requested)
    )
    found = session.execute(statement).first()
    return found is not None and not found[0]


def finish(
    session: ScopedSession,
    job_id: str,
    worker: str,
    state: Ended,
    *,
    result: Mapping[str, Any] | None = None,
    result_path: str | None = None,
    message: str | None = None,
) -> bool:
    """End a running job of this worker; False where it was taken away meanwhile."""
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.worker == worker, Job.state == "running")
        .values(
            state=state,
            result_json=None if result is None else _json(result),
            result_path=result_path,
            message=message,
            ended_at=now(),
        )
        .returning(Job.id)
    )
    if session.execute(statement).first() is None:
        return False
    audit.append(session, "job.finished", f"job:{job_id}", {"state": state})
    return True


def request_cancel(session: ScopedSession, job_id: str) -> Job:
    """Cancel a job: one that waits is dismissed at once, one that runs hears of it at its next progress.

    Raises
    ------
    RecordNotFound
        There is none within the scope that it may change.
    """
    changed = (
        update(Job)
        .where(Job.id == job_id, Job.state.in_(("accepted", "running")))
        .values(cancel_requested=1)
        .returning(Job.state)
    )
    found = session.execute(changed).first()
    job = get(session, job_id)
    if found is None and job.state in {"accepted", "running"}:
        raise _no_job(job_id)  # it may be seen, but not changed
    if found is not None:
        if job.state == "accepted":
            job.state, job.ended_at = "dismissed", now()
        audit.append(session, "job.dismissed", f"job:{job_id}", {"state": found[0]})
    return job


def get(session: ScopedSession, job_id: str) -> Job:
    """Return a job.

    Raises
    ------
    RecordNotFound
        There is none within the scope.
    """
    job = session.scalar(select(Job).where(Job.id == job_id).execution_options(populate_existing=True))
    if job is None:
        raise _no_job(job_id)
    return job


def _no_job(job_id: str) -> RecordNotFound:
    return RecordNotFound(f"There is no job {job_id!r}.", hint="give the id of a job", field="job")


def listed(
    session: ScopedSession,
    *,
    states: Sequence[str] | None = None,
    process: str | None = None,
    limit: int = 100,
    before: str | None = None,
) -> list[Job]:
    """Return the jobs within the scope, the newest first; ``before`` = id of the last one of the page before."""
    statement = select(Job).order_by(Job.id.desc()).limit(limit)
    if states is not None:
        statement = statement.where(Job.state.in_(list(states)))
    if process is not None:
        statement = statement.where(Job.process == process)
    if before is not None:
        statement = statement.where(Job.id < before)
    return list(session.scalars(statement))


def sweep_stale(session: ScopedSession, *, silent_s: float) -> list[str]:
    """Fail running jobs whose worker has been silent for ``silent_s`` seconds; return their ids."""
    limit = datetime.now(UTC) - timedelta(seconds=silent_s)
    statement = (
        update(Job)
        .where(Job.state == "running", Job.heartbeat_at < limit.isoformat(timespec="milliseconds"))
        .values(state="failed", message="worker_lost", ended_at=now())
        .returning(Job.id)
    )
    stale = sorted(session.scalars(statement))
    for job_id in stale:
        audit.append(session, "job.finished", f"job:{job_id}", {"state": "failed", "message": "worker_lost"})
    return stale


def _json(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()

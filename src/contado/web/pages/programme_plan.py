"""Planning by the signed-in: budgets of one's own, a draft calculated as a job, its publication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse

from contado.kernel.declare import Context
from contado.kernel.errors import ContadoError, RecordNotFound
from contado.kernel.records import jobs
from contado.verbs import load
from contado.verbs._planning import budget_words
from contado.web.data import jobs as data
from contado.web.data import runs
from contado.web.i18n import Words
from contado.web.ogc.problems import Problem
from contado.web.ogc.processes import accept
from contado.web.page import NotFound
from contado.web.pages.programme_parts import euros
from contado.web.security import Refusal, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import FormData
    from starlette.responses import Response

    from contado.web.data.jobs import JobView
    from contado.web.data.programme import Programme
    from contado.web.page import Page

__all__ = ["act", "act_on_job", "changed_budgets", "job"]


class NotPlanned(Refusal):
    """The plan that was asked for cannot be begun."""

    title = Words("Il calcolo non è partito", "The calculation did not begin")


def act(page: Page, form: FormData) -> Response:
    """Estimate with the budgets that were sent, or begin to plan with them."""
    values = {k: str(v).strip() for k, v in form.items() if k not in {"form_token", "do"} and str(v).strip()}
    edits, wrong = changed_budgets(page.site.programme, values)
    if wrong or form.get("do") != "plan":
        values.pop("time_limit_s", None)
        return RedirectResponse(page.url("budgets", values) + "#own", status_code=303)
    require(page.request, "programme.planned")
    limit = _seconds(values.get("time_limit_s"), page.site.view.settings.planning.time_limit_s)
    return _begin(page, "plan", {"draft": True, "budget": edits, "time_limit_s": limit})


def changed_budgets(programme: Programme, values: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the budgets that differ from today's, as a plan's request writes them, and what is no amount."""
    today = {(c.source, c.year): c.budget for c in programme.cells}
    edits, wrong = [], []
    for source in programme.sources:
        for year in programme.years:
            written = values.get(f"{source} {year}")
            amount = None if written is None else euros(written)
            if written is not None and amount is None:
                wrong.append(f"{source} {year}")
            elif amount is not None and amount != today.get((source, year)):
                edits.append(budget_words(source, year, amount))
    return edits, wrong


def _seconds(written: str | None, default: float) -> float:
    """Read the time that the search may take [s]."""
    try:
        return min(3600.0, max(1.0, float((written or "").replace(",", "."))))
    except ValueError:
        return default


def _begin(page: Page, process: str, request: Mapping[str, Any]) -> Response:
    settings = page.site.view.settings.jobs
    try:
        begun = accept(page.keeper.store, page.principal.scope, settings, process, request)
    except Problem as problem:
        if problem.rule == "too_many_jobs":
            raise NotPlanned(
                Words(
                    f"Hai già {settings.waiting} calcoli in coda. Aspetta o fermane uno.",
                    f"{settings.waiting} calculations of yours wait already. Wait, or stop one.",
                )
            ) from None
        raise NotPlanned(Words(problem.detail, problem.detail)) from None
    return page.redirect("job", job_id=begun.id)


# ---------------------------------------------------------------- the page of a job
def job(page: Page) -> Response:
    """Render a job: how far it is, or what came of it."""
    page.query()
    return _shown(page, _view(page))


def _view(page: Page) -> JobView:
    try:
        found = data.seen(page.keeper.store, page.signed_in(), page.parts["job_id"])
    except RecordNotFound:
        raise NotFound from None
    return data.view_of(found, page.site.view.settings.planning.time_limit_s)


def _shown(page: Page, view: JobView, *, refusal: str | None = None) -> Response:
    run = page.site.programme.run
    draft = view.run is not None and runs.is_draft(page.site.view, view.run)
    answer = page.render(
        "job.html",
        crumbs=[(page.say("Il mio lavoro", "My work"), page.url("work")), (view.title.of(page.lang), None)],
        simulated=page.site.programme.simulated,
        job=view,
        sign=data.STATES[view.state][0],
        word=data.STATES[view.state][1],
        stage=data.STAGES.get(view.stage or ""),
        ending=data.ENDINGS.get(view.ending or ""),
        refusal=refusal,
        published=run.id if run else None,
        value_now=run.value if run else None,
        draft=draft,
        may_publish=page.principal.scope.may("programme.published"),
        status=409 if refusal else 200,
    )
    answer.headers["cache-control"] = "no-store"
    return answer


def act_on_job(page: Page, form: FormData) -> Response:
    """Stop a job, run it again, or make its draft the programme."""
    view = _view(page)
    does = form.get("do")
    if does == "stop":
        return _stop(page, view)
    if does == "again" and not view.running:
        return _begin(page, view.process, view.request)
    if does == "publish" and view.run is not None:
        require(page.request, "programme.published")
        return _publish(page, view)
    return page.redirect("job", job_id=view.id)


def _stop(page: Page, view: JobView) -> Response:
    try:
        with page.keeper.store.writing(page.principal.scope) as session:
            jobs.request_cancel(session, view.id)
    except RecordNotFound:
        raise NotFound from None
    return page.redirect("job", job_id=view.id)


def _publish(page: Page, view: JobView) -> Response:
    """Publish the run of a job; what refuses it is told on the page."""
    verb = load("programme publish")
    context = Context(workspace=page.site.view.path, account=page.principal.account_id)
    try:
        verb(verb.request(run=view.run), context)
    except ContadoError as error:
        return _shown(page, view, refusal=_refusal(page, error))
    return page.redirect("programme")


def _refusal(page: Page, error: ContadoError) -> str:
    if error.rule == "stale_run":
        return page.say(
            "I dati sono cambiati dopo questo calcolo: ricalcola, poi pubblica.",
            "The data have changed since this calculation: calculate again, then publish.",
        )
    return error.message

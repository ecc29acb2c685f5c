"""Planning on the pages: budgets of one's own, a draft as a job, its state, its end, its publication."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from contado.kernel import records
from contado.kernel.records import jobs
from contado.kernel.workspace import Workspace
from contado.web.app import create
from contado.web.pages.programme_plan import changed_budgets
from contado.web.site import Site, opener


@pytest.fixture(scope="module")
def app(planning_city):
    return create(planning_city)


@pytest.fixture
def reader(app, sign_in):
    def make(account: str | None = None) -> TestClient:
        client = TestClient(
            app, base_url="http://127.0.0.1", raise_server_exceptions=False, follow_redirects=False
        )
        if account:
            client.cookies.set("contado_session", sign_in(account))
        return client

    return make


def send(client, address, **fields):
    token = re.search(r'name="form_token" value="([^"]+)"', client.get(address).text)
    return client.post(address, data={"form_token": token[1] if token else "", **fields})


def rows(city):
    with (
        records.open_store(Workspace.open(city)) as store,
        store.reading(records.local_administrator()) as session,
    ):
        return {job.id: job for job in jobs.listed(session)}


def test_visitors_and_citizens_read_and_do_not_plan(reader, planning_jobs):
    for client in (reader(), reader("bruno")):
        html = client.get("/programma/bilanci").text
        assert "Ricalcola con altri bilanci" not in html
        assert "Prova con altri bilanci" in html
        assert send(client, "/programma/bilanci", do="plan").status_code in {303, 400, 404}
        assert client.get(f"/lavoro/{planning_jobs['running']}").status_code in {303, 404}
        assert "run-2" not in client.get("/programma/confronto").text
        assert client.get("/programma/changes.csv?a=run-1&b=run-2").text.count("\n") == 1


def test_a_planner_sees_drafts_in_the_comparison(reader):
    html = reader("carla").get("/programma/confronto?a=run-1&b=run-2").text
    assert 'value="run-2" selected' in html
    assert reader("carla").get("/programma/changes.csv?a=run-1&b=run-2").text.count("\n") > 1


@pytest.mark.parametrize(("base", "title"), [("", "Ricalcola"), ("/en", "Calculate")])
def test_a_planner_begins_a_plan_with_other_budgets(reader, planning_city, base, title):
    client = reader("carla")
    page = {"": "/programma/bilanci", "/en": "/en/programme/budgets"}[base]
    assert f">{title}</button>" in client.get(page).text
    before = rows(planning_city)
    answer = send(client, page, do="plan", time_limit_s="30", **{"Fondi propri 2027": "390.000"})
    assert answer.status_code == 303
    (new,) = rows(planning_city).keys() - before.keys()
    assert answer.headers["location"].endswith(new)
    job = rows(planning_city)[new]
    assert job.process == "plan"
    assert job.request_json == ('{"draft":true,"budget":["Fondi propri 2027=390000.0"],"time_limit_s":30.0}')
    html = client.get(answer.headers["location"]).text
    assert "in coda" in html or "queued" in html
    assert send(client, answer.headers["location"], do="stop").status_code == 303
    assert rows(planning_city)[new].state == "dismissed"


def test_an_amount_that_is_none_comes_back_with_what_was_typed(reader, planning_city):
    client = reader("carla")
    before = rows(planning_city).keys()
    answer = send(client, "/programma/bilanci", do="plan", **{"Fondi propri 2027": "tanto"})
    assert rows(planning_city).keys() == before
    html = client.get(answer.headers["location"].partition("#")[0]).text
    assert "Non è un importo:" in html
    assert "Fondi propri 2027" in html


def test_the_estimate_stays_beside_the_plan(reader):
    client = reader("carla")
    answer = send(client, "/programma/bilanci", do="estimate", **{"Fondi propri 2027": "5.000.000"})
    assert "Stima ai prezzi di oggi." in client.get(answer.headers["location"].partition("#")[0]).text


def test_only_changed_budgets_are_asked_for(planning_city):
    programme = Site(opener(planning_city)).programme
    cell = programme.cells[0]
    key = f"{cell.source} {cell.year}"
    same = f"{cell.budget:.2f}"
    assert changed_budgets(programme, {key: same}) == ([], [])
    assert changed_budgets(programme, {key: "1.000,50"}) == ([f"{key}=1000.5"], [])
    assert changed_budgets(programme, {key: "x", "other": "1"}) == ([], [key])


SENTENCES = {
    "running": (
        "Programma: 41 s su 60 s",
        "Migliore finora 147,2 milioni di €, al più 0,6 % sotto",
        "Ferma e tieni",
    ),
    "waiting": ("in coda", "Aggiorna", "Ferma"),
    "done": ("fatto", "147,2 milioni di €", "È una bozza", "Pubblica come programma", "Confronta"),
    "impossible": ("Nessun programma rispetta tutte le regole insieme.", "015146"),
    "failed": ("non riuscito", "Bad."),
    "lost": ("Il servizio che lo eseguiva si è interrotto.", "Ripeti il calcolo"),
    "stopped": ("fermato", "Fermato su richiesta.", "Ripeti il calcolo"),
}


@pytest.mark.parametrize("state", SENTENCES)
def test_a_job_says_how_far_it_is_and_how_it_ended(reader, planning_jobs, state):
    html = reader("anna").get(f"/lavoro/{planning_jobs[state]}").text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)).replace(" ,", ",")
    for sentence in SENTENCES[state]:
        assert sentence in text
    assert html.count("<h1") == 1
    english = reader("anna").get(f"/en/jobs/{planning_jobs[state]}")
    assert english.status_code == 200
    assert "Programme" in english.text


def test_a_job_runs_again_and_lists_among_own_work(reader, planning_city, planning_jobs):
    client = reader("anna")
    before = rows(planning_city)
    answer = send(client, f"/lavoro/{planning_jobs['lost']}", do="again")
    (new,) = rows(planning_city).keys() - before.keys()
    assert answer.headers["location"] == f"/lavoro/{new}"
    assert rows(planning_city)[new].request_json == before[planning_jobs["lost"]].request_json
    assert f"/lavoro/{new}" in client.get("/lavoro").text
    assert send(client, f"/lavoro/{new}", do="stop").status_code == 303


def test_a_stop_of_a_running_job_is_asked_for(reader, planning_city, planning_jobs):
    client, job = reader("anna"), planning_jobs["running"]
    assert send(client, f"/lavoro/{job}", do="stop").status_code == 303
    assert rows(planning_city)[job].cancel_requested == 1
    assert "si ferma" in client.get(f"/lavoro/{job}").text


def test_publishing_needs_the_right_and_tells_what_refuses_it(reader, planning_jobs):
    address = f"/lavoro/{planning_jobs['done']}"
    assert "Pubblica come programma" not in reader("carla").get(address).text
    assert send(reader("carla"), address, do="publish").status_code == 404
    refused = send(reader("anna"), address, do="publish")
    assert refused.status_code == 409
    assert "Non è stato pubblicato." in refused.text


def test_a_form_without_its_token_is_refused(reader, planning_jobs):
    client = reader("anna")
    for address in ("/programma/bilanci", f"/lavoro/{planning_jobs['done']}"):
        assert client.post(address, data={"do": "plan"}).status_code == 400


@pytest.mark.browser
@pytest.mark.parametrize(
    ("base", "width"), [("/lavoro", 320), pytest.param("/en/jobs", 1280, marks=pytest.mark.slow)]
)
def test_the_pages_of_planning_are_accessible(
    browser, axe, planning_address, planning_jobs, sign_in, base, width
):
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.add_cookies([{"name": "contado_session", "value": sign_in("anna"), "url": planning_address}])
    page = context.new_page()
    problems = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    budgets = {"/lavoro": "/programma/bilanci", "/en/jobs": "/en/programme/budgets"}[base]
    for address in (
        budgets,
        *(f"{base}/{planning_jobs[s]}" for s in ("running", "done", "impossible", "failed")),
    ):
        page.goto(planning_address + address)
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:160]) for v in found] == [], address
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), address
    assert problems == []
    context.close()


@pytest.mark.browser
def test_a_running_job_moves_on_the_page_by_itself(browser, planning_city, planning_address, sign_in):
    with records.open_store(Workspace.open(planning_city)) as store:
        system = records.Scope.system("jobs.worker")
        with store.writing(store.scope("anna")) as session:
            job = jobs.create(session, "plan", {"draft": True}).id
        with store.writing(system) as session:
            while (claimed := jobs.claim(session, "w")).id != job:
                jobs.finish(session, claimed.id, "w", "failed")
            jobs.progress(session, job, "w", stage="solve", done=1.0, total=60.0)
        context = browser.new_context()
        context.add_cookies([{"name": "contado_session", "value": sign_in("anna"), "url": planning_address}])
        page = context.new_page()
        page.goto(f"{planning_address}/lavoro/{job}")
        page.get_by_text("Ancora nessun programma.").wait_for()
        with store.writing(system) as session:
            jobs.progress(session, job, "w", stage="solve", done=41.0, total=60.0)
            jobs.best(session, job, "w", {"plan": 2e6, "bound": 2.2e6, "gap": 0.1})
        page.get_by_text("Migliore finora").wait_for(timeout=10_000)
        with store.writing(system) as session:
            jobs.finish(session, job, "w", "failed", message="child_lost")
        page.get_by_text("Il calcolo si è interrotto.").wait_for(timeout=10_000)
        context.close()

"""pages.md 13, item 6: the inspector's answers without a network, and the page itself."""

from __future__ import annotations

import gzip
import json
import shutil

import pytest

from contado.engines.pavement.evidence import answers as taking
from contado.engines.pavement.evidence import log
from contado.kernel import records
from contado.kernel.workspace import Workspace
from contado.web import statics
from invented.city import make_workspace
from invented.inspections import SYSTEM, add_inspections, link_of
from invented.server import serve_in_thread

pytestmark = pytest.mark.browser

PATHS = ("/ispezioni", "/en/inspections")
SPOTS = 20


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = make_workspace(tmp_path_factory.mktemp("inspected") / "city", n_sections=20, programme=False)
    add_inspections(path, spots=SPOTS)
    return path


@pytest.fixture
def fresh(city, tmp_path):
    """A city of its own, for a test that answers."""
    shutil.copytree(city, tmp_path / "city")
    return tmp_path / "city"


class Site:
    """A server that can be stopped and started again at the same address."""

    def __init__(self, path):
        self.path, self.port, self.running = path, 0, None
        self.start()

    def start(self):
        self.running = serve_in_thread(self.path, self.port)
        self.address = next(self.running)[0]
        self.port = int(self.address.rpartition(":")[2])

    def stop(self):
        if self.running is not None:
            next(self.running, None)
        self.running = None


@pytest.fixture
def serve():
    """Serve a workspace; all servers end with the test."""
    sites = []

    def start(path):
        sites.append(Site(path))
        return sites[-1]

    yield start
    for site in sites:
        site.stop()


def link(path, **more):
    with records.open_store(Workspace.open(path)) as store:
        return link_of(store, **more)


def evidence(path):
    rows = Workspace.open(path).read(log.TABLE).to_pylist()
    return [r for r in rows if r["source"] == "inspector"]


def settled(page):
    page.wait_for_selector("html[data-kept]", timeout=30_000)
    return page


def bar(page):
    return page.locator(".ct-queuebar").inner_text().replace("\n", " ").strip()


def queue_says(page, words):
    page.locator(".ct-queuebar", has_text=words).wait_for()


def answer_all(page, n):
    """Tap an answer for the first spot and for each that follows; return the anomalies in that order."""
    page.locator(".ct-spots a").first.click()
    order = []
    for k in range(n):
        spot = page.locator(".ct-spot:target")
        order.append(spot.locator("[name=anomaly]").input_value())
        spot.locator("button[name=answer]").nth(k % 3).click()
        counted = "1 risposta in coda" if k == 0 else f"{k + 1} risposte in coda"
        queue_says(page, counted)
    return order


@pytest.mark.slow
@pytest.mark.item(
    "pages",
    6,
    "20 answers without network, browser closed and reopened, network back",
    "20 once each, in order",
)
def test_twenty_answers_outlive_network_and_browser(fresh, serve, profile, figure):
    site = serve(fresh)
    context = profile(viewport={"width": 360, "height": 780})
    page = context.new_page()
    page.goto(site.address + link(fresh))
    settled(page.goto(site.address + PATHS[0]) and page)
    site.stop()
    order = answer_all(page, SPOTS)
    queue_says(page, "Senza rete.")
    assert bar(page).startswith(f"Senza rete. {SPOTS} risposte in coda.")
    context.close()

    context = profile(viewport={"width": 360, "height": 780})
    page = context.new_page()
    page.goto(site.address + PATHS[0])  # no server answers: the page is the one that was kept
    queue_says(page, "Senza rete.")
    assert bar(page).startswith(f"Senza rete. {SPOTS} risposte in coda.")
    assert page.locator(".ct-given .ct-queued").count() == SPOTS
    assert evidence(fresh) == []

    site.start()
    lost = []

    def swallow(route):
        """Let the first two answers reach the server and lose what it says."""
        if route.request.method == "POST" and len(lost) < 2:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    page.goto(site.address + link(fresh))
    page.route("**/ispezioni", swallow)
    page.goto(site.address + PATHS[0])
    for _ in range(3):  # a phone tries again when the network says so, and every half minute
        page.wait_for_timeout(2000)
        page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector(".ct-given .ct-queued", state="detached", timeout=60_000)
    taken = evidence(fresh)
    figure(f"{len(taken)} taken, {len({r['drive_id'] for r in taken})} different, {len(lost)} replies lost")
    assert lost == [200, 200]
    assert [r["anomaly_id"] for r in taken] == order
    assert [r["what"] for r in taken] == [("confirmed", "denied", "repaired")[k % 3] for k in range(SPOTS)]
    assert [r["at_utc"] for r in taken] == sorted(r["at_utc"] for r in taken)
    with records.open_store(Workspace.open(fresh)) as store, store.reading(SYSTEM) as session:
        assert log.differing(session, Workspace.open(fresh).read(log.TABLE)) == []
    assert page.locator(".ct-queuebar").is_hidden()
    settled(page.reload() and page)
    assert page.locator(".ct-spots li:visible").count() == 0
    assert page.locator(".ct-given li").count() == SPOTS
    assert page.evaluate("indexedDB.databases().then((d) => d.length)") == 1


@pytest.mark.slow
def test_a_refused_answer_says_why_and_can_be_given_anew_or_removed(fresh, serve, tab):
    site = serve(fresh)
    page = tab(360)
    page.goto(site.address + link(fresh))
    settled(page.goto(site.address + PATHS[0]) and page)
    page.context.set_offline(True)
    page.locator(".ct-spots a").first.click()
    spot = page.locator(".ct-spot:target")
    anomaly = spot.locator("[name=anomaly]").input_value()
    spot.locator("button[value=present]").click()
    page.locator(".ct-undo").wait_for()
    queue_says(page, "1 risposta in coda")
    assert "Senza rete. 1 risposta in coda." in bar(page)
    close(fresh, anomaly)
    page.evaluate("new Promise((done) => setTimeout(done, 5100))")
    page.context.set_offline(False)
    page.wait_for_selector(".ct-given .ct-refused", state="attached", timeout=30_000)
    page.evaluate("location.hash = 'elenco'")
    line = page.locator(".ct-given .ct-refused").inner_text()
    assert "rifiutata: già chiusa oggi da un collega" in line.replace("\n", " ")
    assert [r["what"] for r in evidence(fresh)] == ["denied"]
    page.locator(".ct-given .ct-refused a").click()
    assert page.locator(".ct-spot:target [name=anomaly]").input_value() == anomaly
    page.evaluate("location.hash = 'elenco'")
    page.locator(".ct-given .ct-refused button").click()
    page.wait_for_selector(".ct-given .ct-refused", state="detached")
    assert [p for p in page.problems if "INTERNET_DISCONNECTED" not in p] == []


def close(path, anomaly):
    """Let a colleague find nothing there."""
    import datetime as dt

    link(path, account="bea")
    workspace = Workspace.open(path)
    with records.open_store(workspace) as store:
        scope = store.scope("bea")
    found = taking.Found(anomaly_id=anomaly, answer="absent", key="bea-1", at=dt.datetime.now(dt.UTC))
    assert taking.answer(workspace, scope, found).accepted


@pytest.mark.slow
def test_an_answer_can_be_undone_for_five_seconds_and_is_sent_afterwards(fresh, serve, tab):
    site = serve(fresh)
    page = tab(360)
    page.goto(site.address + link(fresh))
    settled(page.goto(site.address + PATHS[1]) and page)
    page.locator(".ct-spots a").first.click()
    page.locator(".ct-spot:target button[value=absent]").click()
    page.locator(".ct-undo button").click()
    page.wait_for_selector(".ct-given .ct-queued", state="detached")
    assert page.locator(".ct-spot:target h2").is_visible()
    page.locator(".ct-spot:target .ct-pair a").click()
    page.locator(".ct-spot:target button[value=present]").click()
    page.wait_for_timeout(3000)
    page.locator(".ct-spot:target button[value=present]").click()
    page.wait_for_timeout(3000)  # the time of the first answer is over, that of the second is not
    assert page.locator(".ct-undo").is_visible()
    page.locator(".ct-undo button").click()
    page.wait_for_selector(".ct-given .ct-queued", state="detached")
    page.locator(".ct-spot:target button[value=repaired]").click()
    page.wait_for_selector(".ct-given .ct-accepted + .ct-accepted", state="attached", timeout=30_000)
    assert [r["what"] for r in evidence(fresh)] == ["confirmed", "repaired"]
    last = page.evaluate(
        """() => {
        const list = document.querySelector(".ct-spots"), worst = list.lastElementChild;
        worst.dataset.worse = "";
        document.getElementById("sort").value = "severity";
        document.querySelector(".ct-order").dispatchEvent(new Event("change"));
        return list.firstElementChild === worst; }"""
    )
    assert last  # a worsened one stands first, as the server orders
    assert (page.problems, page.foreign) == ([], [])


@pytest.mark.slow
def test_signing_out_with_a_queue_warns_and_keeps_the_answers_for_their_author(fresh, serve, tab):
    site = serve(fresh)
    page = tab(360)
    page.goto(site.address + link(fresh))
    settled(page.goto(site.address + PATHS[0]) and page)
    page.locator(".ct-spots a").first.click()
    page.locator(".ct-spot:target button[value=present]").click()
    page.wait_for_selector(".ct-given .ct-queued", state="attached")
    page.goto(f"{site.address}/account")
    leave = page.get_by_role("button", name="Esci")
    leave.click()
    page.get_by_text("1 risposte non inviate restano su questo telefono").wait_for()
    leave.click()
    page.wait_for_url(site.address + "/")
    assert page.evaluate("caches.keys()") == []
    page.goto(site.address + link(fresh, account="bea"))
    settled(page.goto(site.address + PATHS[0]) and page)
    page.wait_for_timeout(500)
    assert page.locator(".ct-given li").count() == 0
    assert evidence(fresh) == []
    page.goto(site.address + link(fresh))
    page.goto(site.address + PATHS[0])
    page.wait_for_selector(".ct-given .ct-accepted", timeout=30_000)
    assert len(evidence(fresh)) == 1


@pytest.mark.slow
@pytest.mark.item(
    "pages", 1, "inspector's page, both languages, 320, 360 and 1280 px: axe, reflow", "0 faults"
)
def test_the_page_is_accessible_quiet_and_reflows(city, serve, tab, axe, figure):
    site = serve(city)
    found = {}
    for lang, path in enumerate(PATHS):
        for width in (320, 360, 1280):
            page = tab(width)
            page.goto(site.address + link(city))
            settled(page.goto(site.address + path) and page)
            faults = faults_here(page, axe)
            page.locator(".ct-spots a").first.click()
            faults += faults_here(page, axe)
            page.context.set_offline(True)
            page.locator(".ct-spot:target button[value=present]").click()
            page.wait_for_selector(".ct-given .ct-queued", state="attached")
            faults += faults_here(page, axe)
            page.evaluate("location.hash = 'elenco'")
            faults += faults_here(page, axe)
            problems = [p for p in page.problems if "INTERNET_DISCONNECTED" not in p]
            found |= (
                {(lang, width): [*faults, *problems, *page.foreign]}
                if faults or problems or page.foreign
                else {}
            )
    figure(f"24 states of the page, {sum(map(len, found.values()))} faults")
    assert found == {}


def faults_here(page, axe):
    page.evaluate(axe)
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    faults = [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in result["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append("the page scrolls sideways")
    return faults


def test_without_javascript_a_plain_form_answers(fresh, serve, tab):
    site = serve(fresh)
    page = tab(360, java_script_enabled=False)
    page.goto(site.address + link(fresh))
    page.goto(site.address + PATHS[0])
    page.locator(".ct-spots a").first.click()
    page.locator(".ct-spot:target button[value=present]").click()
    assert page.get_by_text("C’è ancora Inviata.").is_visible()
    assert page.locator(".ct-given li").count() == 1
    assert page.locator(".ct-spots li").count() == SPOTS - 1
    page.locator("#sort").select_option("severity")
    page.get_by_role("button", name="Mostra").click()
    assert page.locator(".ct-spots li").count() == SPOTS - 1
    [taken] = evidence(fresh)
    assert (taken["what"], taken["away_m"]) == ("confirmed", None)


@pytest.mark.item("pages", 8, "inspector's page: own css and modules, gzip", "12 KB")
def test_own_styles_and_modules_stay_in_their_budget(figure):
    own = ["tokens.css", "contado.css", "inspections.css"]
    own += [f"js/{n}.js" for n in ("appearance", "contado", "answers", "inspections", "inspections-worker")]
    sizes = {name: len(gzip.compress(statics.find(name).plain, 9)) for name in own}
    figure(f"{sum(sizes.values())} bytes; {json.dumps(sizes)}")
    assert sum(sizes.values()) <= 12_000


def test_the_position_may_be_asked_for_here_and_nowhere_else(fresh, serve, tab):
    site = serve(fresh)
    where = {"longitude": 9.1704, "latitude": 45.4606, "accuracy": 8}
    page = tab(360, geolocation=where, permissions=["geolocation"])
    page.goto(site.address + link(fresh))
    answer = page.goto(site.address + PATHS[0])
    assert "geolocation=(self)" in answer.headers["permissions-policy"]
    assert "geolocation=()" in page.request.get(site.address + "/").headers["permissions-policy"]
    page.locator(".ct-far", has_text="m").first.wait_for()
    far = page.locator(".ct-spots li:visible .ct-far").all_inner_texts()
    metres = [1000 * float(t[:-3].replace(",", ".")) if "km" in t else float(t[:-2]) for t in far]
    assert metres == sorted(metres)
    assert page.locator(".ct-count").inner_text() == f"Vicino a te, {SPOTS} da verificare"
    page.locator(".ct-spots a").first.click()
    assert page.locator(".ct-spot:target .ct-me text").text_content() == "tu, ± 8 m"
    page.locator(".ct-spot:target button[value=present]").click()
    page.wait_for_selector(".ct-given .ct-accepted", state="attached", timeout=30_000)
    [taken] = evidence(fresh)
    assert (taken["accuracy_m"], abs(taken["away_m"] - metres[0]) <= 1) == (8, True)

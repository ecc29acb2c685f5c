"""pages.md 13, item 1: every page in a browser: axe, reflow, console, requests, cookies."""

from __future__ import annotations

import pytest

from invented.pages import SIGNED_IN, faults_of, settle

pytestmark = pytest.mark.browser
SLOW = pytest.mark.slow

QUICK = {(0, 320): ("home", "map"), (1, 1280): ("municipality", "polygons")}
"""Pages of the quick run by language and width; the slow one walks all of them at all widths."""


@pytest.mark.item(
    "pages", 1, "some pages, both languages, 320 and 1280 px: axe, reflow, console, requests", "0 faults"
)
@pytest.mark.parametrize(("lang", "width"), QUICK, ids=str)
def test_some_pages_are_accessible_quiet_and_reflow(tab, address, axe, pages, figure, lang, width):
    page = tab(width)
    names = QUICK[lang, width]
    found = {n: f for n in names if (f := faults_of(page, address, axe, pages[n][lang]))}
    figure(f"{len(names)} pages, {sum(map(len, found.values()))} faults")
    assert found == {}


@SLOW
@pytest.mark.item(
    "pages", 1, "every page, both languages, 320, 360, 1280 px: axe, reflow, console, requests", "0 faults"
)
@pytest.mark.parametrize("lang", [0, 1], ids=["it", "en"])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_every_page_is_accessible_quiet_and_reflows(tab, address, axe, pages, figure, lang, width):
    page = tab(width)
    found = {}
    for name, pair in pages.items():
        faults = faults_of(page, address, axe, pair[lang], name=name)
        found |= {name: faults} if faults else {}
    figure(f"{len(pages)} pages, {sum(map(len, found.values()))} faults")
    assert found == {}


@pytest.mark.parametrize("lang", [0, 1], ids=["it", "en"])
def test_the_pages_of_an_account_are_accessible_and_its_forms_work_without_javascript(
    tab, address, axe, workspace, lang
):
    page = tab(320)
    page.goto(address + _link(workspace))
    for path in (pair[lang] for pair in SIGNED_IN.values()):
        page.goto(address + path)
        page.evaluate(axe)
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in result["violations"]] == []
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.goto(address + ("/account", "/en/account")[lang])
    role = page.locator(".ct-slim-nav a").last.inner_text()
    assert role == ("Ufficio comunale", "Municipality officer")[lang]
    page.get_by_role("button", name=("Esci", "Sign out")[lang]).click()
    page.wait_for_url(address + ("/", "/en/")[lang])
    assert page.context.cookies() == []
    assert (page.problems, page.foreign) == ([], [])
    plain = tab(1280, java_script_enabled=False)
    plain.goto(address + ("/accessibilita", "/en/accessibility")[lang])
    plain.get_by_role("textbox", name=("Che cosa non funziona", "What does not work")[lang]).fill("contrast")
    plain.get_by_role("button", name=("Invia la segnalazione", "Send the report")[lang]).click()
    assert plain.get_by_text(("Segnalazione ricevuta.", "Report received.")[lang]).is_visible()
    assert plain.context.cookies() == []


def _link(workspace) -> str:
    """A sign-in link of an officer of the workspace."""
    from contado.kernel import records
    from contado.kernel.records import accounts, credentials
    from contado.kernel.workspace import Workspace

    with (
        records.open_store(Workspace.open(workspace)) as store,
        store.writing(records.local_administrator()) as session,
    ):
        account = accounts.ensure_account(session, "anna")
        accounts.add_grant(session, account, "municipality_officer", ["015146"])
        issued = credentials.issue(session, "link", account.id, minutes=15)
    return credentials.LINK_PATH + issued.secret


@SLOW
@pytest.mark.parametrize("scheme", ["dark", "high"])
def test_contrast_holds_in_dark_and_in_high_contrast(tab, address, axe, pages, scheme):
    page = tab(
        1280,
        color_scheme="dark" if scheme == "dark" else "light",
        contrast="more" if scheme == "high" else None,
    )
    found = {}
    for name in (
        "home",
        "municipality",
        "practice",
        "map",
        "section",
        "programme",
        "budgets",
        "worksites",
        "reading",
    ):
        page.goto(address + pages[name][0])
        settle(page)
        page.evaluate(axe)
        result = page.evaluate("axe.run(document, {runOnly: ['color-contrast']})")
        faults = [n["html"][:120] + n["failureSummary"] for v in result["violations"] for n in v["nodes"][:2]]
        found |= {name: faults} if faults else {}
    assert found == {}


@SLOW
def test_pages_without_data_are_accessible_too(tab, bare_address, axe):
    page = tab(1280)
    for path in (
        "/",
        "/buone-pratiche/manto-stradale",
        "/buone-pratiche/manto-stradale/mappa",
        "/programma",
        "/territorio/015146",
    ):
        page.goto(bare_address + path)
        page.evaluate(axe)
        assert page.evaluate("axe.run(document).then(r => r.violations.map(v => v.id))") == [], path
        assert page.problems == []


def test_appearance_is_kept_only_when_chosen(tab, address):
    page = tab(1280)
    page.goto(f"{address}/aspetto")
    assert page.evaluate("localStorage.length") == 0
    page.locator("input[name=theme][value=dark]").check()
    page.goto(address + "/")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.goto(f"{address}/aspetto")
    page.locator("input[name=theme]").first.check()
    assert page.evaluate("localStorage.length") == 0


FOCUS = """() => [...document.querySelectorAll("a, button, input, select, summary")].filter(
    (e) => e.checkVisibility()).map((e) => {
    e.focus({focusVisible: true});
    const s = getComputedStyle(e);
    return [s.outlineColor, s.outlineStyle, s.outlineWidth, s.outlineOffset, s.boxShadow];
})"""


def test_the_keyboard_reaches_the_content_first(tab, address):
    page = tab(1280)
    page.goto(address + "/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "ct-skip"
    for scheme, token in (("light", "rgb(179, 0, 94)"), ("dark", "rgb(255, 138, 194)")):
        page.emulate_media(color_scheme=scheme)
        rings = page.evaluate(FOCUS)
        dark = {"rgb(255, 138, 194)"}  # on the deep bars
        assert {r[0] for r in rings} == {token} | dark, rings
        assert {tuple(r[1:]) for r in rings} == {("solid", "3px", "2px", "none")}
    page.locator(".ct-skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

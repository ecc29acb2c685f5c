"""Every page in both languages, as the server sends it."""

from __future__ import annotations

import datetime as dt
import re
from html.parser import HTMLParser

import pytest

from contado.web import addresses
from contado.web.headers import CONTENT_SECURITY_POLICY
from contado.web.pages import routes

PARTS = {
    "practice": {"it": "manto-stradale", "en": "road-surface"},
    "code": {"it": "015002", "en": "015002"},
    "section_id": {"it": "S001-04", "en": "S001-04"},
    "trial_id": {"it": "SP35", "en": "SP35"},
    "layer": {"it": "manto_stradale_sections", "en": "manto_stradale_sections"},
}
VOID = {"meta", "link", "input", "br", "hr", "img"}
SVG_LEAVES = {"path", "circle", "rect", "use"}


def path_of(name: str, lang: str) -> str:
    pattern = addresses.ADDRESSES[name].of(lang)
    return pattern.format(
        **{k: v[lang] for k, v in PARTS.items()}, intervention_id="{intervention_id}", job_id="none"
    )


@pytest.fixture(scope="module")
def intervention_id(workspace):
    from contado.kernel.workspace import Workspace

    return Workspace.open(workspace).read("intervention").column("id")[0].as_py()


@pytest.fixture(params=[(n, lang) for n in routes.PAGES for lang in ("it", "en")], ids="-".join)
def answer(request, client, intervention_id):
    name, lang = request.param
    return lang, client.get(path_of(name, lang).replace("{intervention_id}", intervention_id))


class Outline(HTMLParser):
    """Tags in order, ids, links; complains about tags that do not close where they should."""

    def __init__(self) -> None:
        super().__init__()
        self.stack, self.ids, self.headings, self.faults = [], [], [], []
        self.links, self.inline = [], []

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        if "id" in facts:
            self.ids.append(facts["id"])
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in {"a", "link", "script", "form", "img", "use"}:
            self.links.append(facts.get("href") or facts.get("src") or facts.get("action") or "")
        if tag == "script" and "src" not in facts:
            self.inline.append("script")
        self.inline += [name for name in facts if name.startswith("on")]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")


def outline(html: str) -> Outline:
    parser = Outline()
    parser.feed(html)
    parser.close()
    return parser


def words(html: str) -> str:
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_a_page_answers_in_its_language_with_one_heading_and_both_alternates(answer):
    lang, got = answer
    seen = outline(got.text)
    assert got.status_code == 200
    assert f'<html lang="{lang}">' in got.text
    assert seen.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(seen.headings, seen.headings[1:], strict=False) if b > a)
    assert re.findall(r'rel="alternate" hreflang="(\w\w)"', got.text) == ["it", "en"]
    assert (seen.faults, seen.stack) == ([], [])
    assert len(seen.ids) == len(set(seen.ids))


def test_a_page_sets_no_cookie_has_the_policy_and_names_no_other_host(answer):
    _, got = answer
    assert "set-cookie" not in got.headers
    assert got.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["referrer-policy"] == "same-origin"
    assert "permissions-policy" in got.headers
    seen = outline(got.text)
    assert [a for a in seen.links if re.match(r"(https?:)?//", a)] == []
    assert seen.inline == []


def test_every_link_of_a_page_leads_somewhere(answer, client, visited):
    _, got = answer
    for address in sorted(set(outline(got.text).links)):
        path = address.partition("#")[0]
        if path and path.startswith("/") and path not in visited:
            visited[path] = client.get(path, follow_redirects=True).status_code
    assert {p: s for p, s in visited.items() if s != 200} == {}


@pytest.fixture(scope="module")
def visited():
    return {}


def test_the_word_practice_is_never_bare_in_italian(answer):
    lang, got = answer
    if lang == "it":
        before = [
            m[1].casefold()
            for m in re.finditer(r"([\w’']+)\s+pratic(?:a|he)\b", words(got.text), re.IGNORECASE)
        ]
        assert {b for b in before if b not in {"buona", "buone"}} == set()


def test_no_page_shows_a_hole_of_the_template(answer):
    _, got = answer
    assert re.findall(r"\b(?:None|nan|NaN|Undefined)\b", words(got.text)) == []


def test_values_say_in_their_section_how_they_were_born(answer):
    _, got = answer
    for section in re.findall(r"<section\b.*?</section>", got.text, re.DOTALL):
        if 'class="ct-value"' in section:
            assert re.search(r'class="ct-(label|born)', section), words(section)[:200]


def test_old_data_are_called_old(workspace, monkeypatch):
    from starlette.testclient import TestClient

    from contado.kernel.dates import local
    from contado.web.app import create

    monkeypatch.setattr(local, "today", lambda *_: dt.date(2027, 3, 1))
    late = TestClient(create(workspace))
    for path in ("/buone-pratiche/manto-stradale/mappa", "/buone-pratiche/manto-stradale"):
        assert "Dati di 121 giorni fa." in words(late.get(path).text)


@pytest.mark.parametrize("name", list(routes.PAGES))
def test_a_bare_workspace_still_has_every_page(name, bare_client):
    for lang in ("it", "en"):
        got = bare_client.get(path_of(name, lang))
        assert got.status_code == (404 if name in {"section", "trial", "intervention", "layer"} else 200)
        assert outline(got.text).faults == []


def test_without_data_pages_say_why_and_who(bare_client):
    text = words(bare_client.get("/buone-pratiche/manto-stradale/mappa").text)
    assert "Qui non è passato nessun sensore." in text
    assert "Non c’è ancora un programma" in words(bare_client.get("/programma").text)
    assert "ct-simulation" not in bare_client.get("/").text
    assert "mancano i dati" in words(bare_client.get("/buone-pratiche").text)


def test_the_simulation_bar_stands_where_something_is_simulated(client):
    for path in ("/", "/programma", "/buone-pratiche/manto-stradale/mappa", "/territorio/015146"):
        assert 'class="ct-simulation"' in client.get(path).text, path
    for path in ("/privacy", "/accessibilita", "/agenda"):
        assert 'class="ct-simulation"' not in client.get(path).text, path


def test_an_unknown_parameter_leaves_a_visible_note(client):
    got = client.get("/territorio?colour=red&sort=name")
    assert got.status_code == 200
    assert "Parte dell'indirizzo non è stata capita." in got.text.replace("&#39;", "'")
    assert "colour" in words(got.text)
    assert "class=Z" in words(client.get("/en/good-practices/road-surface/map?class=Z").text)


def test_not_found_says_the_same_in_both_languages(client):
    for path, sentence in (
        ("/nulla", "Questa pagina non c’è o non è per te"),
        ("/en/territory/999999", "This page does not exist or is not for you"),
    ):
        got = client.get(path)
        assert got.status_code == 404
        assert sentence in got.text
        assert got.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_a_defect_gets_a_number_and_the_headers_but_no_trace(client, monkeypatch):
    from contado.web.site import Site

    monkeypatch.setattr(Site, "refresh", lambda self: 1 / 0)
    got = client.get("/en/programme")
    assert got.status_code == 500
    assert "Something went wrong, not your fault" in got.text
    assert got.headers["x-request-id"] in got.text
    assert got.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "ZeroDivisionError" not in got.text


def test_names_and_codes_lead_to_the_municipality(client):
    assert (
        client.get("/territorio/milano", follow_redirects=False).headers["location"] == "/territorio/015146"
    )
    assert (
        client.get("/en/territory?unit=Rho", follow_redirects=False)
        .headers["location"]
        .startswith("/en/territory/015")
    )
    assert client.get("/cerca?q=015146", follow_redirects=False).headers["location"] == "/territorio/015146"
    assert (
        client.get("/cerca?q=S001-04", follow_redirects=False)
        .headers["location"]
        .endswith("/sezioni/S001-04")
    )


def test_search_groups_its_answers(client):
    text = words(client.get("/search?q=strade").text)
    assert "Stato delle strade" in text
    assert "Niente con queste parole" in words(client.get("/cerca?q=zzzz").text)


def test_the_table_filters_sorts_and_turns_pages_by_links(client):
    base = "/buone-pratiche/manto-stradale/mappa"
    ids = re.compile(r'<tr data-id="([^"]+)"')
    first, second = (ids.findall(client.get(base, params={"page": p}).text) for p in (1, 2))
    assert (len(first), len(second), set(first) & set(second)) == (50, 50, set())
    assert client.get(base, params={"sort": "section"}).text.index("S001-01") < client.get(
        base, params={"sort": "section"}
    ).text.index("S001-02")
    some = client.get(base, params={"class": ["A", "B"]})
    assert set(re.findall(r"ct-key ct-key-(\w+)", some.text)) <= {"A", "B"}
    both = client.get(base, params={"class": "A,B"})
    assert ids.findall(some.text) == ids.findall(both.text)
    assert len(ids.findall(client.get(base, params={"q": "S001"}).text)) == 5


def test_an_empty_result_says_what_there_is_and_how_to_get_out(client):
    got = client.get("/buone-pratiche/manto-stradale/mappa", params={"class": "D", "q": "nowhere"})
    assert "Nessuna sezione con questi filtri. In tutto il territorio ci sono 569 sezioni" in words(got.text)
    assert "Togli il filtro di classe" in got.text


def test_a_rank_cell_that_stays_empty_says_why(client):
    text = words(client.get("/territorio/015002").text)
    assert "nessun posto: dati simulati" in text
    assert "non noto" in text


def test_health_names_the_vendor_files(client):
    got = client.get("/healthz").json()
    assert got["alive"] is True
    assert set(got["vendor_files"]) == {"present", "ok", "changed"}


def test_head_answers_like_get(client):
    got = client.head("/")
    assert (got.status_code, got.text) == (200, "")


def test_parts_are_shown_in_development_only(client, workspace):
    from starlette.testclient import TestClient

    from contado.web.app import create_app
    from contado.web.site import opener

    assert client.get("/_parti").status_code == 404
    assert TestClient(create_app(opener(workspace), development=True)).get("/_parti").status_code == 200


def test_pages_follow_the_workspace(tmp_path):
    import shutil

    from starlette.testclient import TestClient

    from contado.kernel.settings import Body, Settings
    from contado.kernel.workspace import Workspace
    from contado.web.app import create

    workspace = Workspace.create(tmp_path / "city", Settings())
    client = TestClient(create(workspace.path))
    assert "Nuovo ente" not in client.get("/").text
    with workspace.commit() as c:
        c.settings(Settings(body=Body(name="Nuovo ente")))
    assert "Nuovo ente" in client.get("/").text
    shutil.rmtree(workspace.path)

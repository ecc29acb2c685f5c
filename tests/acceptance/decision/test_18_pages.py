"""Decision, item 18, pages of section 14: both languages, without JavaScript, accessible, tables as files."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import socket
import subprocess
import tarfile
import threading
from html.parser import HTMLParser
from pathlib import Path

import pytest

from contado.cli.app import run
from contado.kernel import tables
from contado.kernel.workspace import Workspace

SPEC = "decision"
PAIRS = {
    "brief": ("/programma", "/en/programme"),
    "candidates": ("/programma/candidati", "/en/programme/candidates"),
    "budgets": ("/programma/bilanci", "/en/programme/budgets"),
    "worksites": ("/programma/cantieri", "/en/programme/worksites"),
    "equity": ("/programma/equita", "/en/programme/equity"),
    "method": ("/programma/metodo", "/en/programme/method"),
    "intervention": ("/programma/interventi/trees:1", "/en/programme/interventions/trees:1"),
    "comparison": ("/programma/confronto", "/en/programme/compare"),
}
MUST = {
    "brief": ("ct-cut", "ct-robust", "ct-why"),
    "candidates": ("<form", "ct-meter"),
    "budgets": ("ct-heat", "ct-chart ct-value", "inputmode"),
    "worksites": ("ct-site", "ct-table"),
    "equity": ("ct-figuremap", "ct-table"),
    "method": ("contado rerun", "ct-hash"),
    "intervention": ("ct-why", "ct-table"),
    "comparison": ("ct-table", "ct-note"),
}
"""What section 14 lists, by the mark that it leaves in the page."""


def work(key, practice, cost_eur, benefit_eur, links):
    spread = {"cost_low_eur": 0.8 * cost_eur, "cost_high_eur": 1.3 * cost_eur}
    facts = {"id": key, "practice": practice, "type": "work", "asset_id": None, "site_id": None}
    years = {"earliest_year": 2027, "latest_year": 2028, "road_link_ids": links, "label": "estimated"}
    money = {"cost_eur": cost_eur, "benefit_eur": benefit_eur, "worksite_cost_eur": 6_000.0}
    return facts | years | money | spread | {"municipality": "015146", "name": f"Work {key}"}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Works of two practices on one street, planned under two budgets as a user does."""
    path = tmp_path_factory.mktemp("pages") / "city"
    assert run(["init", str(path)]) == 0
    workspace = Workspace.open(path)
    roads = [
        work(f"road:{k}", "manto_stradale", 60e3 + 9e3 * k, 150e3 - 9e3 * k, [f"L{k}"]) for k in range(9)
    ]
    trees = [work("trees:1", "forestazione", 50e3, 90e3, ["L1"])]
    with workspace.commit() as commit:
        commit.table("intervention", tables.from_rows("intervention", roads), practice="manto_stradale")
        commit.table("intervention", tables.from_rows("intervention", trees), practice="forestazione")
    for share in (0.7, 1.0):
        money = [
            {"source": s, "year": y, "budget_eur": share * b}
            for s, b in (("own", 110e3), ("regional", 60e3))
            for y in (2027, 2028)
        ]
        rules = [
            {"source": "own", "domains": ["*"], "max_rate": 1.0, "cumulable": True},
            {"source": "regional", "domains": ["*"], "max_rate": 0.5, "cumulable": True, "article": "art. 3"},
        ]
        with workspace.commit() as commit:
            commit.table("budget", tables.from_rows("budget", money))
            commit.table("funding_rule", tables.from_rows("funding_rule", rules))
        options = ["--gap", "0.3", "--draws", "20", "--increments", "--explain", "trees:1", "--quiet"]
        assert run(["plan", "-w", str(path), *options]) == 0
    return path


@pytest.fixture(scope="module")
def address(city):
    import uvicorn

    from contado.web.app import create

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create(city), log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


class Balanced(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.open, self.faults = [], 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "link", "input", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults += 1


@pytest.fixture(scope="module")
def client(city):
    from starlette.testclient import TestClient

    from contado.web.app import create

    return TestClient(create(city))


@pytest.mark.item(
    SPEC, 18, "pages of section 14, both languages, complete as the server sends them", "8 of 8"
)
def test_the_pages_are_there_without_javascript(client, figure):
    whole = 0
    for name, pair in PAIRS.items():
        for lang, path in zip(("it", "en"), pair, strict=True):
            got = client.get(path)
            assert got.status_code == 200, path
            assert f'<html lang="{lang}">' in got.text
            assert all(mark in got.text for mark in MUST[name]), (path, MUST[name])
            parsed = Balanced(got.text)
            assert (parsed.faults, parsed.open) == (0, [])
        whole += 1
    figure(f"{whole} of {len(PAIRS)} pages, each in 2 languages")
    assert whole == len(PAIRS)


@pytest.mark.item(SPEC, 18, "every figure beside its table, every table as CSV", "all rows equal")
def test_tables_are_files(client, city, figure):
    files = set()
    for pair in PAIRS.values():
        html = client.get(pair[0]).text
        sections = re.findall(r"<section\b.*?</section>", html, re.DOTALL)
        for section in (s for s in sections if "<table" in s or 'class="ct-chart ct-value' in s):
            links = re.findall(r'href="(/programma/[\w-]+\.csv[^"]*)"', section)
            assert links
            files.update(link.replace("&amp;", "&") for link in links)
    found = {name: list(csv.DictReader(io.StringIO(client.get(name).text))) for name in files}
    assert all(found.values()) or {n.split("/")[2] for n, r in found.items() if not r} <= {"apart.csv"}
    wanted = {r["id"] for r in Workspace.open(city).read("intervention").to_pylist()}
    assert {r["id"] for r in found["/programma/candidates.csv"]} == wanted
    figure(f"{len(files)} files, {sum(map(len, found.values()))} rows")


@pytest.mark.item(SPEC, 18, "what a page says exactly is what the run stored", "figures of the re-solve")
def test_exact_figures_are_the_stored_ones(client, city):
    (stored,) = [
        e
        for path in sorted((city / "runs").glob("*/details.json"), key=lambda p: p.stat().st_mtime)[-1:]
        for e in json.loads(path.read_text())["explanations"]
    ]
    (row,) = csv.DictReader(io.StringIO(client.get("/programma/otherwise.csv?id=trees:1").text))
    kind = "removed" if stored["chosen"] else "forced"
    assert row["exact"] == "True"
    assert float(row["loss_eur"]) == stored[f"loss_if_{kind}_eur"]
    assert float(row["break_even_cost_eur"]) == stored["break_even_cost_eur"]
    page = client.get("/en/programme/interventions/trees:1").text
    assert f"{stored['break_even_cost_eur']:,.0f}" in page


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    npm, root = shutil.which("npm"), Path(__file__).resolve().parents[3]
    if npm is None:
        pytest.skip("no npm on this machine to fetch axe-core with")
    lock = json.loads((root / "frontend/package-lock.json").read_text())
    entry = lock["packages"]["node_modules/axe-core"]
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "pack", f"axe-core@{entry['version']}", "--silent", "--prefer-offline"]
    if subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode:
        pytest.skip("axe-core cannot be fetched: the npm registry is out of reach")
    tarball = next(folder.glob("*.tgz"))
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    assert entry["integrity"] == f"sha512-{digest}"
    with tarfile.open(tarball) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.item(
    SPEC, 18, "pages at 320, 360 and 1280 px, both languages: axe, sideways scroll, script", "0"
)
def test_the_pages_are_accessible(address, axe, chromium, figure):
    faults, views = {}, 0
    for width in (320, 360, 1280):
        tab = chromium.new_page(viewport={"width": width, "height": 900})
        errors = []
        tab.on("console", lambda m, seen=errors: seen.append(m.text) if m.type == "error" else None)
        for path in (p for pair in PAIRS.values() for p in pair):
            tab.goto(address + path)
            tab.evaluate(axe)
            found = tab.evaluate("axe.run(document).then(r => r.violations.map(v => v.id))")
            wide = tab.evaluate("document.documentElement.scrollWidth > innerWidth")
            views += 1
            if found or wide or errors:
                faults[f"{path} {width}"] = (found, wide, list(errors))
            errors.clear()
        tab.close()
    figure(f"{views} views, {len(faults)} with faults")
    assert faults == {}

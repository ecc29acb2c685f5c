"""Pages of the programme: what they say, that tables and files agree, that estimates are told from figures."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from pathlib import Path

import msgspec
import pytest

from contado.kernel.workspace import Workspace
from contado.web import page as pages
from contado.web.data import comparison, runs
from contado.web.pages import programme_csv, programme_parts
from contado.web.pages.programme import otherwise
from contado.web.site import Site, opener

PARTS = ("", "/candidati", "/bilanci", "/cantieri", "/equita", "/metodo", "/confronto")
TEMPLATES = Path(pages.__file__).parent / "templates"


@pytest.fixture(scope="module")
def site(workspace):
    return Site(opener(workspace))


def words(html: str) -> str:
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def rows_of(client, address: str) -> list[dict]:
    got = client.get(address)
    assert got.status_code == 200, address
    assert got.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(got.text)))


def numbers(text: str) -> list[str]:
    return re.findall(r"\d[\d.,]*", text)


def decided_city(path: Path, others: dict[str, list[dict]] | None = None, ids: tuple[str, ...] = ("W",)):
    """Return a client of a city with one intervention, which its programme pays in 2027, or with others."""
    from starlette.testclient import TestClient

    from contado.kernel import tables
    from contado.web.app import create

    work = {"practice": "toy", "type": "t", "asset_id": None, "site_id": None}
    work |= {"municipality": None, "cost_eur": 9.0, "earliest_year": 2027, "latest_year": 2027}
    row = {"intervention_id": "W", "source": "own", "year": 2027, "start_year": 2027, "amount_eur": 9.0}
    workspace = Workspace.create(path)
    with workspace.commit() as c:
        works = [{"id": i, **work} for i in ids]
        c.table("intervention", tables.from_rows("intervention", works), practice="toy")
        for name, rows in ({"programme": [row]} | (others or {})).items():
            c.table(name, tables.from_rows(name, rows))
    return TestClient(create(workspace.path))


# ---------------------------------------------------------------- every table and every number
@pytest.mark.parametrize("part", [*PARTS, "/interventi/{}"])
@pytest.mark.parametrize("lang", ["it", "en"])
def test_every_table_has_its_rows_as_a_file(client, site, part, lang):
    path = "/programma" + part.format(site.programme.candidates[0].id)
    if lang == "en":
        path = re.search(r'hreflang="en" href="([^"]+)"', client.get(path).text)[1]
    html = client.get(path).text
    for section in re.findall(r"<section\b.*?</section>", html, re.DOTALL):
        if "<table" in section:
            found = re.findall(r'href="(/programma/[\w-]+\.csv[^"]*)"', section)
            assert found, words(section)[:80]
            for address in found:
                rows_of(client, address.replace("&amp;", "&"))


def test_every_file_has_columns_that_its_rows_fill(site, client):
    chosen = next(c for c in site.programme.candidates if c.chosen)
    for name, (header, make) in programme_csv.TABLES.items():
        query = {"id": chosen.id}
        for row in make(site, query):
            assert len(row) == len(header.split()), name
    assert client.get("/programma/nothing.csv").status_code == 404
    assert client.get("/programma/payments.csv").status_code == 404


def programme_templates() -> list[Path]:
    names = ("programme", "programmebase", "candidates", "budgets", "worksites", "equity", "method")
    own = [TEMPLATES / f"{n}.html" for n in (*names, "intervention", "compare")]
    return [*own, *(TEMPLATES / "parts" / f"{n}.html" for n in ("programme", "why", "budgets", "equity"))]


COUNTS = {
    "programme.candidates | length",
    "programme.chosen | length",
    "programme.spends | length",
    "chain | length",
    "marks.floor",
    "marks.excluded",
    "unpriced",
    "nowhere",
    "draws",
    "programme.details.sturdiness.draws",
    "s.draws",
    "n",
}
"""What is counted on the page itself or is the number of draws: words around it say what it counts."""
BIG = {"100 * run.gap, 2"}
"""The key figure of a box, whose label stands in the box."""
WRITTEN = {"r.bound / 1e6, v", "c.budget", "settings.planning.time_limit_s"}
"""An interval's end in words, and fields of forms."""


@pytest.mark.parametrize("template", programme_templates(), ids=lambda p: p.stem)
def test_numbers_of_the_programme_go_through_the_value_macro(template):
    text = template.read_text(encoding="utf-8")
    raw = [a.strip() for a in re.findall(r"(?<![\w_])num\(([^()]*(?:\([^()]*\)[^()]*)*)\)", text)]
    assert [a for a in raw if a not in COUNTS | BIG | WRITTEN] == []


@pytest.mark.parametrize("part", [*PARTS, "/interventi/{}"])
def test_a_number_has_its_label_in_the_same_section_or_box(client, site, part):
    html = client.get("/programma" + part.format(site.programme.candidates[0].id)).text
    boxes = re.findall(r"<section\b.*?</section>|<article\b.*?</article>", html, re.DOTALL)
    valued = [b for b in boxes if 'class="ct-value"' in b]
    assert valued
    for box in valued:
        assert re.search(r'class="ct-(label|born)', box), words(box)[:200]


# ---------------------------------------------------------------- in brief
def test_the_brief_says_value_with_interval_gap_and_draws(client, site):
    text = words(client.get("/programma").text)
    told = site.programme.details.sturdiness
    assert f"{told.value_low_eur / 1e6:.1f}".replace(".", ",") in text
    assert "200 prove con costi e benefici" in text
    assert "0,12 %" in text
    assert "Limite dimostrato dai prezzi dei bilanci" in text


@pytest.mark.parametrize("lang", ["it", "en"])
def test_the_counts_of_sturdiness_and_the_rest_are_all_candidates(client, site, lang):
    html = client.get("/programma" if lang == "it" else "/en/programme").text
    box = next(
        b
        for b in re.findall(r"<div><h2>.*?</div>", html, re.DOTALL)
        if "ct-key-robust" in b or "key-robust" in b
    )
    counted = [
        int(n.replace(".", "").replace(",", ""))
        for n in numbers(words(re.search(r"<ul.*?</ul>", box, re.DOTALL)[0]))
    ]
    said = (
        "Gli altri {} candidati non sono scelti"
        if lang == "it"
        else "The other {} candidates are chosen in no draw"
    )
    rest = re.search(said.format(r"([\d.,]+)"), words(box))[1]
    known = [c for c in site.programme.candidates if c.robustness]
    assert sum(counted) + int(re.sub(r"\D", "", rest)) == len(known)
    assert len(counted) == 3


def test_yes_and_no_tell_exact_figures_from_estimates(client, site):
    text = words(client.get("/programma").text)
    assert "senza, il programma perde 11.020 € di valore" in text
    assert "entrerebbe sotto 163.050 €" in text
    assert "forzarlo costa 17.889 €" in text
    no = client.get(f"/programma/interventi/{site.programme.a_no().id}").text
    assert "nessun beneficio basta" in words(no)
    assert "calculated again" in words(client.get("/en/programme").text)
    exact = {e.intervention_id for e in site.programme.details.explanations}
    other = next(c for c in site.programme.chosen if c.id not in exact and c.mark is None and c.margin > 1)
    page = words(client.get(f"/programma/interventi/{other.id}").text)
    assert "perde circa" in page
    assert "stima ai prezzi dei bilanci" in page
    assert f"contado plan --explain {other.id}" in page


def test_an_exact_figure_that_decides_otherwise_is_not_shown_as_the_reason(site):
    programme = site.programme
    yes = programme.a_yes()
    found = programme.exact(yes)
    assert found is not None
    turned = msgspec.structs.replace(found, chosen=not found.chosen)
    details = msgspec.structs.replace(programme.details, explanations=[turned])
    other = dataclasses.replace(programme, details=details)
    assert other.exact(yes) is None
    assert not otherwise(other, yes).exact


def test_a_figure_that_took_too_long_is_unknown_and_one_that_cannot_be_is_not(site):
    programme = site.programme
    no = programme.a_no()
    found = programme.exact(no)
    assert found.break_even_benefit_eur is None
    assert otherwise(programme, no).unfinished == frozenset()
    late = msgspec.structs.replace(found, unfinished=["break_even_benefit_eur", "loss_if_forced_eur"])
    details = msgspec.structs.replace(programme.details, explanations=[late])
    told = otherwise(dataclasses.replace(programme, details=details), no)
    assert told.unfinished == {"benefit", "loss"}


def test_around_the_line_come_the_nearest_and_one_exception(site):
    inside, outside = site.programme.around()
    assert all(c.chosen for c in inside)
    assert not any(c.chosen for c in outside)
    plain = [c.yield_ for c in site.programme.candidates if c.chosen and c.mark is None]
    assert inside[0].yield_ >= 1
    assert [c.yield_ for c in inside if c.mark is None] == sorted(plain)[:3][::-1]
    assert sum(c.mark is not None for c in outside) <= 1


def test_what_would_change_a_decision_follows_its_reason(tmp_path):
    said = {
        "not_fundable": ("Lo decide il denaro che può avere", "The money it may have decides it"),
        "window": ("Lo decidono gli anni", "The years decide it"),
        "excluded_by": ("Non lo decide il denaro", "Money does not decide it"),
        "chosen": ("Non lo decide il prezzo del denaro", "The price of money does not decide it"),
    }
    reason = {"reason_it": "Ragione.", "reason_en": "Reason.", "start_year": None, "amount_eur": None}
    paid = {"source": "own", "year": 2027, "start_year": 2027, "amount_eur": 9.0}
    rows = [
        {"intervention_id": code, "reason_code": code, **reason, **(paid if code == "chosen" else {})}
        for code in said
    ]
    client = decided_city(tmp_path / "city", {"programme": rows}, ids=tuple(said))
    for code, told in said.items():
        for k, address in enumerate(("/programma/interventi/", "/en/programme/interventions/")):
            text = words(client.get(address + code).text)
            assert [t for t in (v[k] for v in said.values()) if t in text] == [told[k]]


# ---------------------------------------------------------------- candidates
@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ({"state": "in"}, lambda r: r["chosen"] == "True"),
        ({"state": "out", "robust": "borderline"}, lambda r: r["robustness"] == "borderline"),
        ({"year": "2028"}, lambda r: r["start_year"] == "2028"),
        ({"practice": "manto_stradale", "q": "microtappeto"}, lambda r: "Microtappeto" in r["name"]),
    ],
)
def test_filters_of_page_and_file_are_the_same(client, query, holds):
    html = client.get("/programma/candidati", params=query).text
    address = re.search(r'href="(/programma/candidates\.csv[^"]*)"', html)[1].replace("&amp;", "&")
    rows = rows_of(client, address)
    assert rows
    assert all(holds(r) for r in rows)
    assert f"di {len(rows)} candidati" in words(html)


def test_candidates_sort_by_how_often_they_are_drawn(client, site):
    found = client.get("/programma/candidati?sort=drawn").text
    ids = re.findall(r'href="/programma/interventi/([^"]+)"', found)
    often = [site.programme.by_id(i.replace("%3A", ":")).frequency for i in ids]
    assert often == sorted(often, reverse=True)
    assert 'aria-sort="descending"' in found


def test_no_candidate_says_how_to_get_out(client):
    text = words(client.get("/programma/candidati?q=zzzz").text)
    assert "Nessun candidato con questi filtri." in text
    assert "Togli i filtri" in text


# ---------------------------------------------------------------- budgets
def test_the_heat_table_says_price_spent_and_left_and_its_legend_counts(client, site):
    html = client.get("/programma/bilanci").text
    cells = re.findall(r'<td class="ct-heat-(\w)">(.*?)</td>', html, re.DOTALL)
    assert len(cells) == len(site.programme.cells)
    assert all("prezzo" in words(body) and "avanza" in words(body) for _, body in cells)
    legend = re.search(r'<p class="ct-legend">(.*?)</p>', html, re.DOTALL)[1]
    counted = [int(n) for n in re.findall(r"\((\d+)\)", words(legend))]
    assert counted == [sum(k == str(i) for k, _ in cells) for i in range(5)]


def test_the_value_curve_stands_beside_its_table(client, site):
    html = client.get("/programma/bilanci").text
    assert html.count("ct-chart ct-value") == 2
    rows = rows_of(client, "/programma/value-curve.csv")
    assert [float(r["scale"]) for r in rows] == [0.5, 0.75, 1.0, 1.5]
    assert (rows[-1]["entered"], rows[-1]["left"]) == ("1", "1")
    assert "I programmi non sono uno dentro l’altro." in words(html)
    budget = site.programme.budget
    assert float(rows[0]["budget_eur"]) == pytest.approx(budget / 2)


def test_budgets_of_ones_own_are_estimated_at_todays_prices(client, site):
    cell, run = site.programme.cells[0], site.programme.run
    more = client.get(
        "/programma/bilanci", params={f"{cell.source} {cell.year}": f"{cell.budget + 1000:.0f}"}
    )
    expected = run.bound + 1000 * cell.price
    assert f"{expected:,.0f}".replace(",", ".") in words(more.text)
    assert "al più" in words(more.text)
    wrong = client.get("/en/programme/budgets", params={f"{cell.source} {cell.year}": "a lot"})
    assert "Not an amount: " in words(wrong.text)
    less = client.get("/en/programme/budgets", params={f"{cell.source} {cell.year}": "1"})
    assert "no longer payable in" in words(less.text)


@pytest.mark.parametrize(
    ("written", "euros"),
    [
        ("390000", 390_000.0),
        ("390.000", 390_000.0),
        ("390,000", 390_000.0),
        ("390.000,50", 390_000.5),
        ("390,000.50", 390_000.5),
        ("1.234.567 €", 1_234_567.0),
        ("-3", None),
        ("3e5", None),
        ("nan", None),
    ],
)
def test_amounts_are_read_as_both_languages_write_them(written, euros):
    assert programme_parts.euros(written) == euros


def test_a_source_may_have_no_budget_in_some_of_the_years(tmp_path):
    years = {"own": (2027, 2028, 2029), "region": (2028,)}
    rows = [{"source": s, "year": y, "budget_eur": 1e6} for s, given in years.items() for y in given]
    client = decided_city(tmp_path / "city", {"budget": rows})
    for address in ("/programma/bilanci", "/en/programme/budgets", "/programma"):
        got = client.get(address)
        assert got.status_code == 200, address
        region = re.search(r'<th scope="row">region</th>.*?</tr>', got.text, re.DOTALL)[0]
        assert words(region).count("–") == 2, address


# ---------------------------------------------------------------- worksites
def test_worksites_join_what_starts_together_and_tell_what_was_switched_off(client, site):
    rows = rows_of(client, "/programma/worksites.csv")
    members = [r["ids"].split(";") for r in rows]
    assert sorted(i for m in members for i in m) == sorted(c.id for c in site.programme.chosen)
    (joint,) = [r for r in rows if ";" in r["ids"]]
    assert (joint["site_id"], float(joint["saving_eur"])) == ("site:1", 1_500.0)
    apart = rows_of(client, "/programma/apart.csv")
    assert [r["switched_off"] for r in apart] == ["True", "False"]
    text = words(client.get("/programma/cantieri").text)
    assert "spento a mano" in text
    assert "anni diversi" in text


def test_map_and_table_of_worksites_hold_the_same(client, site):
    every = client.get("/programma/cantieri").text
    svg = re.search(r'<svg class="ct-sketch.*?</svg>', every, re.DOTALL)[0]
    total = len(rows_of(client, "/programma/worksites.csv"))
    assert total > 60
    assert (
        sum(int(n) for n in re.findall(r'<text x="[\d-]+" y="[\d-]+" text-anchor="middle">(\d+)', svg))
        == total
    )
    code = site.programme.chosen[0].code
    one = client.get("/programma/cantieri", params={"unit": code}).text
    wide = re.search(r'<svg class="ct-sketch.*?</svg>', one, re.DOTALL)[0]
    listed = rows_of(client, f"/programma/worksites.csv?unit={code}")
    assert wide.count("ct-site-year") == len(listed) > 0


# ---------------------------------------------------------------- equity, method
def test_equity_counts_every_municipality_once(client, site):
    bands = rows_of(client, "/programma/bands.csv")
    assert sum(int(b["municipalities"]) for b in bands) == 133
    spend = rows_of(client, "/programma/equity.csv")
    assert sum(float(r["spend_eur"]) for r in spend) == pytest.approx(site.programme.spent)
    html = client.get("/programma/equita").text
    legend = [int(n) for n in re.findall(r"\((\d+)\)</span>", html)]
    assert legend[:5] == [int(b["municipalities"]) for b in bands]


def test_the_method_names_proof_inputs_and_how_to_repeat_it(client):
    text = words(client.get("/programma/metodo").text)
    assert "dai prezzi dei bilanci, rifatta" in text
    assert "a" * 64 in text
    assert "contado rerun runs/run-1/run.json" in text
    assert "nove volte su dieci" in text


# ---------------------------------------------------------------- comparison
def test_two_runs_are_compared_in_both_directions(client, site):
    known = {r.id: r for r in runs.stored(site.view)}
    found = comparison.between(site.view, known["run-0"], known["run-1"])
    back = comparison.between(site.view, known["run-1"], known["run-0"])
    assert (found.count("added"), found.count("removed")) == (3, 1)
    assert (found.count("moved"), found.count("refunded")) == (1, 1)
    assert (back.count("added"), back.count("removed")) == (1, 3)
    assert not found.nested
    for by in (found.by_municipality, found.by_practice, found.by_source):
        assert sum(d.b for d in by) == pytest.approx(site.programme.spent)
    html = client.get("/en/programme/compare?a=run-0&b=run-1").text
    assert "With more money some interventions leave." in words(html)
    rows = rows_of(client, "/programma/changes.csv?a=run-0&b=run-1&kind=moved")
    assert len(rows) == 6
    assert "1–1 of 1 changes" in words(client.get("/en/programme/compare?a=run-0&b=run-1&kind=moved").text)


@pytest.mark.parametrize("bad", ["../run-1", "..", "run-9", ".hidden", "run-1/inputs"])
def test_a_run_that_is_not_recorded_here_is_not_read(client, bad):
    got = client.get("/programma/confronto", params={"a": bad})
    assert got.status_code == 200
    assert "Uno dei due programmi non è registrato qui." in words(got.text)


def test_one_run_alone_says_what_a_second_one_needs(tmp_path):
    client = decided_city(tmp_path / "city")
    assert "C’è un solo programma registrato." in words(client.get("/programma/confronto").text)
    assert "Non calcolato" in words(client.get("/programma/bilanci").text)
    assert "contado plan --increments" in words(client.get("/en/programme/budgets").text)
    assert client.get("/en/programme/interventions/W").status_code == 200


def test_figures_added_to_a_run_are_seen_without_a_restart(tmp_path):
    workspace = Workspace.create(tmp_path / "city")
    site = Site(opener(workspace.path))
    before = site.revision
    with workspace.commit() as c:
        c.file("runs/run-1/details.json", b"{}")
    site.refresh()
    assert site.revision != before

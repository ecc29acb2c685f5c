"""Works that share a worksite within one practice: pages and files count what is paid, in the page's language."""

from __future__ import annotations

import csv
import io
import re
import shutil

import pytest
from starlette.testclient import TestClient

from contado.kernel import tables
from contado.kernel.programme.naming import intervention_name
from contado.kernel.workspace import Workspace
from contado.web.app import create
from contado.web.data.worksites import apart, worksites
from contado.web.i18n import Words
from contado.web.pages import programme_parts, territory, unitreport
from contado.web.pages.programme_intervention import mix
from contado.web.site import Site, opener

SAVING = 600_000.0


@pytest.fixture(scope="module")
def city(workspace, tmp_path_factory):
    """The invented city with three works of one road: two start together and save, the third comes later."""
    path = tmp_path_factory.mktemp("joint") / "city"
    shutil.copytree(workspace, path)
    home = Workspace.open(path)
    works = home.read("intervention").to_pylist()
    decided = home.read("programme").to_pylist()
    first, second, third = _three(decided)
    names = iter(("Via Roma, 0+000–0+500", "Via Roma, 0+500–1+000", "Via Roma, 1+000–1+500"))
    code = "015146"
    for work in works:
        if work["id"] in {first, second, third}:
            work |= {"type": "crack_sealing", "name": f"Sigillatura delle fessure, {next(names)}"}
            work |= {"municipality": code, "cost_eur": 1_000_000.0, "site_id": None}
    for row in decided:
        if row["intervention_id"] in {first, second, third}:
            row["amount_eur"] = 1_000_000.0 - (SAVING if row["intervention_id"] == first else 0.0)
    pairs = [
        {"kind": "joint_worksite", "a": a, "b": b, "saving_eur": s, "source_id": "test"}
        for a, b, s in ((first, second, SAVING), (second, third, 700.0))
    ]
    source = next(r["source"] for r in decided if r["intervention_id"] == first)
    rule = {"source": source, "domains": ["*"], "max_rate": 0.6, "cumulable": True, "source_id": "test"}
    with home.commit() as commit:
        commit.table("intervention", tables.from_rows("intervention", works), practice="manto_stradale")
        commit.table("programme", tables.from_rows("programme", decided))
        commit.table("funding_rule", tables.from_rows("funding_rule", [rule]))
        relations = tables.from_rows("relation", pairs)
        commit.file("runs/run-1/inputs/relation.parquet", tables.parquet_bytes(relations))
    return path, code, (first, second, third)


def _three(decided):
    """Return two works of the first year and one of a later year, none of them in the run's own pairs."""
    chosen = [r for r in decided if r["start_year"]][2:]
    first, second = [r["intervention_id"] for r in chosen if r["start_year"] == 2027][:2]
    return first, second, next(r["intervention_id"] for r in chosen if r["start_year"] == 2028)


@pytest.fixture(scope="module")
def site(city):
    return Site(opener(city[0]))


@pytest.fixture(scope="module")
def client(city):
    return TestClient(create(city[0]), raise_server_exceptions=False)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def rows_of(client, address):
    return list(csv.DictReader(io.StringIO(client.get(address).text)))


def test_the_sheet_of_a_municipality_counts_what_is_paid_as_the_other_pages_do(client, site, city):
    _, code, _ = city
    mine = [c for c in site.programme.chosen if c.code == code]
    paid, cost = sum(c.paid for c in mine), sum(c.cost for c in mine)
    assert cost - paid == pytest.approx(SAVING)
    text = words(client.get(f"/territorio/{code}").text)
    told = f"{len(mine)} per {paid / 1e6:.1f} milioni di €".replace(".", ",")
    assert told in text
    assert "la spesa è già ridotta di 600.000 €" in text
    (equity,) = [r for r in rows_of(client, "/programma/equity.csv") if r["istat"] == code]
    assert float(equity["spend_eur"]) == pytest.approx(paid)


def test_the_document_of_a_municipality_says_the_same_sum(client, site, city):
    _, code, _ = city
    from starlette.requests import Request

    from contado.web.page import Page

    scope = {"type": "http", "headers": [], "query_string": b"", "path": "/", "path_params": {"code": code}}
    page = Page(Request(scope), site, "en", "municipality")
    unit = site.territory.by_code[code]
    works = territory._sheet(page, unit).works
    report = unitreport.unit_report(page, unit, [], works, [])
    (figure,) = [f for f in report.sections[0].blocks[0].figures if f.unit == "interventions"]
    assert f"EUR {sum(c.paid for c in works) / 1e6:.1f} million" in figure.meaning
    table = report.sections[2].blocks[0]
    assert sum(row[2] for row in table.rows) == pytest.approx(sum(c.paid for c in works))
    assert "Crack sealing, Via Roma, 0+000–0+500" in {row[0] for row in table.rows}


def test_works_of_one_practice_that_save_together_are_one_worksite(client, site, city):
    first, second, third = city[2]
    found = next(w for w in worksites(site.programme) if first in {c.id for c in w.members})
    assert {c.id for c in found.members} == {first, second}
    assert found.saving == SAVING
    shown = next(r for r in rows_of(client, "/programma/worksites.csv") if first in r["ids"].split(";"))
    assert (set(shown["ids"].split(";")), float(shown["saving_eur"])) == ({first, second}, SAVING)
    later = [p for p in apart(site.programme) if third in {p.a.id, p.b.id}]
    assert [(p.saving, p.off) for p in later] == [(700.0, False)]


def test_what_the_worksites_save_is_cost_less_payments(client, site):
    gap = sum(c.cost - c.paid for c in site.programme.chosen if c.site is None)
    mine = [w for w in worksites(site.programme) if all(c.site is None for c in w.members)]
    assert sum(w.saving for w in mine) == pytest.approx(gap)
    assert gap == pytest.approx(SAVING)


def test_the_share_that_a_source_may_pay_is_of_the_cost_before_the_saving(client, site, city):
    c = site.programme.by_id(city[2][0])
    (paid,) = mix(site, c)
    assert (paid.share, paid.eligible_share) == (1.0, pytest.approx(0.4))
    assert paid.formula == Words(
        "al massimo 60 % × 1.000.000 € = 600.000 € (quota del costo ammissibile)",
        "at most 60 % × 1,000,000 € = 600,000 € (share of the eligible cost)",
    )
    text = words(client.get(f"/programma/interventi/{c.id}").text)
    assert "Del costo ammissibile" in text
    assert "prima di questo risparmio" in text
    (row,) = rows_of(client, f"/programma/payments.csv?id={c.id}")
    assert (row["share"], float(row["eligible_share"])) == ("1.0", pytest.approx(0.4))


def test_an_eligible_cost_of_its_own_is_the_base_of_the_share(site, city):
    import dataclasses

    c = dataclasses.replace(site.programme.by_id(city[2][0]), eligible=800_000.0)
    (paid,) = mix(site, c)
    assert paid.eligible_share == pytest.approx(0.5)
    assert "60 % × 800.000 € = 480.000 €" in paid.formula.it


@pytest.mark.parametrize(
    "address",
    [
        "/en/programme/candidates?q=via+roma",
        "/en/programme/worksites?unit={code}",
        "/en/programme/interventions/{first}",
        "/en/territory/{code}",
        "/en/search?q=via+roma",
    ],
)
def test_english_pages_name_works_in_english(client, city, address):
    _, code, (first, *_) = city
    text = words(client.get(address.format(code=code, first=first)).text)
    assert "Crack sealing, Via Roma, 0+000–0+500" in text
    assert "Sigillatura delle" not in text
    assert "Sigillatura delle fessure, Via Roma" in words(client.get("/programma/candidati?q=via+roma").text)


def test_candidates_are_found_and_sorted_by_their_name_in_the_language_of_the_page(client):
    text = words(client.get("/en/programme/candidates?q=crack+sealing&sort=name").text)
    starts = [text.find(f"Via Roma, {at}") for at in ("0+000", "0+500", "1+000")]
    assert starts == sorted(starts)
    assert -1 not in starts


@pytest.mark.parametrize(
    ("row", "english"),
    [
        ({"id": "a", "type": "seal", "name": "Sigillo, Via Roma"}, "Seal, Via Roma"),
        ({"id": "a", "type": "seal", "name": "Lavori in Via Roma"}, "Lavori in Via Roma"),
        ({"id": "a", "type": "other", "name": "Sigillo, Via Roma"}, "Sigillo, Via Roma"),
        ({"id": "a", "type": "seal", "name": None}, "a"),
    ],
)
def test_a_name_that_does_not_begin_with_its_type_stays_as_given(row, english):
    assert intervention_name(row, {"seal": Words("Sigillo", "Seal")}).en == english


def test_the_row_of_todays_budgets_is_todays_programme(client, site):
    today = next(r for r in programme_parts.curve(site.programme) if r.scale == 1)
    run = site.programme.run
    assert (today.value, today.bound, today.chosen) == (run.value, run.bound, len(site.programme.chosen))
    (row,) = [r for r in rows_of(client, "/programma/value-curve.csv") if r["scale"] == "1.0"]
    assert float(row["bound_eur"]) == run.bound
    assert "(il programma di oggi)" in words(client.get("/programma/bilanci").text)


def test_the_programme_on_the_home_page_has_its_date(client, site):
    html = client.get("/").text
    figure = next(f for f in re.findall(r'<li class="ct-figure">.*?</li>', html) if "interventi" in f)
    day, month = site.programme.on[8:10], site.programme.on[5:7]
    assert f"{day}/{month}" in words(figure)


def test_years_in_units_are_words_for_italian_readers(client, site):
    c = next(c for c in site.programme.chosen)
    for path, sign in (
        (f"/programma/interventi/{c.id}", "km·anno"),
        (f"/en/programme/interventions/{c.id}", "km·y"),
        ("/buone-pratiche/manto-stradale", "Guadagno di condizione, km·anno"),
        ("/en/good-practices/road-surface", "Condition gained, km·y"),
    ):
        assert sign in client.get(path).text


def test_where_a_number_comes_from_is_told_in_the_language_of_the_page(client, site):
    c = next(c for c in site.programme.chosen)
    italian = words(client.get(f"/programma/interventi/{c.id}").text)
    english = words(client.get(f"/en/programme/interventions/{c.id}").text)
    here = "Condizione guadagnata della strada"
    assert "Road condition gained" not in italian
    assert italian.count(here) == english.count("Road condition gained") == 2
    assert here not in english
    assert ("a made-up effect" in italian, "a made-up effect" in english) == (False, True)

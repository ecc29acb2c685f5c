"""Definition of done of the road engine, items 11 and 16, for manto_stradale and gipave; item 19, privacy."""

from __future__ import annotations

import csv
import shutil
from datetime import date

import geopandas as gpd
import pytest
import shapely

from contado.engines.pavement import simulate
from contado.kernel import tables
from contado.kernel.declare import Context, convert
from contado.kernel.territory import worksites
from contado.kernel.workspace import Workspace
from contado.practices.gipave import Gipave
from contado.practices.manto_stradale import MantoStradale
from contado.testing import check_practice
from contado.verbs import load

SECTION = "S05"
WORK_DAY = date(2026, 5, 15)
COST_EUR = 45_000.0


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A season of drives over one street of the simulated town, resurfaced in part between two rounds."""
    folder = tmp_path_factory.mktemp("city") / "town"
    work = simulate.Work(section_id=SECTION, from_m=200.0, to_m=800.0, day=WORK_DAY, iri_m_km=1.3)
    simulate.city_drives(folder, seed=1, passes=4, start=date(2026, 3, 2), interval_days=30, works=[work])
    for other in (folder / "drives").iterdir():
        if other.name != SECTION:
            shutil.rmtree(other)
    return folder


@pytest.fixture
def workspace(tmp_path):
    verb = load("init")
    verb(convert(verb.request, {"folder": str(tmp_path / "w")}), Context())
    return Workspace.open(tmp_path / "w")


def run(name, workspace, **values):
    verb = load(name)
    return verb(convert(verb.request, values), Context(workspace=workspace.path))


def bring(workspace, city):
    return run(
        "pavement load",
        workspace,
        folder=city / "drives",
        network=city / "network.geojson",
        routes=city / "routes.csv",
        sections=city / "sections.csv",
        on="2026-06-10",
    )


def write(path, header, *rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.mark.item("pavement", 16, "manto_stradale in the conformance suite", "every check")
def test_the_practice_keeps_its_contract(figure):
    report = check_practice(MantoStradale())
    figure(f"{sum(c.ok for c in report.checks)} of {len(report.checks)}")
    assert report.ok, report.failed


@pytest.mark.item("pavement", 16, "gipave in the conformance suite", "every check")
def test_the_practice_of_trials_keeps_its_contract(figure):
    report = check_practice(Gipave())
    figure(f"{sum(c.ok for c in report.checks)} of {len(report.checks)}")
    assert report.ok, report.failed


@pytest.mark.item(
    "pavement", 16, "gipave on a workspace: diagnose, propose, monitor", "verdict, then works, then outcome"
)
def test_trials_on_a_workspace(workspace, figure):
    for code in ("999001", "999002"):  # the toy's invented municipalities
        assert code not in workspace.read("territory_unit")["istat6"].to_pylist()
    with workspace.commit() as commit:
        commit.table(
            "source", tables.from_rows("source", [{"source_id": "toy", "title": "Toy"}]), practice="toy"
        )
    Gipave().toy(workspace)
    sections = [{**s, "municipality": "015146"} for s in workspace.read("pavement_trial_section").to_pylist()]
    with workspace.commit() as commit:
        commit.table("pavement_trial_section", tables.from_rows("pavement_trial_section", sections))

    seen = run("diagnose", workspace, practice="gipave", on="2026-06-01")
    verdicts = {r["trial_id"]: r["verdict"] for r in workspace.read("pavement_trial_result").to_pylist()}
    assert verdicts == {"STRONG": "demonstrated", "ALONE": "not_identifiable"}
    assert (seen.label, seen.layers) == ("simulated", {"gipave_sections": 17})
    made = run("propose", workspace, practice="gipave", on="2026-06-01")
    chosen = workspace.read("intervention").to_pylist()[0]["id"]
    programme = {
        "intervention_id": chosen,
        "source": "own",
        "year": 2028,
        "start_year": 2028,
        "amount_eur": 1.0,
    }
    with workspace.commit() as commit:
        commit.table("programme", tables.from_rows("programme", [programme]))
    waiting = run("monitor", workspace, practice="gipave", on="2028-12-31")
    assert [f.rule for f in waiting.findings] == ["no_works_yet"]
    figure(f"{verdicts['STRONG']}; {made.tables['intervention']} works; waits for a campaign after the works")
    assert made.tables["intervention"] == 12


@pytest.mark.slow
@pytest.mark.item(
    "pavement", 16, "load, diagnose, monitor on a workspace", "drop and cost feed the catalogue"
)
def test_monitor_closes_the_loop(city, workspace, tmp_path, figure):
    loaded = bring(workspace, city)
    assert loaded.label == "simulated"
    assert loaded.loaded >= 7
    assert bring(workspace, city).loaded == 0

    before = run("diagnose", workspace, practice="manto_stradale", on="2026-05-10")
    assert before.layers["manto_stradale_sections"] == 16
    run("propose", workspace, practice="manto_stradale", on="2026-05-10")
    proposed = [r for r in workspace.read("intervention").to_pylist() if r["type"] == "wearing_4cm"]
    chosen = min(proposed, key=lambda r: abs(int(r["choice_group"][-6:]) - 300))
    programme = {"intervention_id": chosen["id"], "source": "own", "year": 2026, "start_year": 2026}
    works = write(
        tmp_path / "works.csv",
        ["section_id", "from_m", "to_m", "date", "treatment", "cost_eur", "intervention_id"],
        [SECTION, 200, 800, WORK_DAY, "wearing_4cm", COST_EUR, chosen["id"]],
    )
    with workspace.commit() as commit:
        commit.table("programme", tables.from_rows("programme", [{**programme, "amount_eur": COST_EUR}]))
    run("pavement load", workspace, folder=city / "drives", works=works, on="2026-06-10")

    run("monitor", workspace, practice="manto_stradale", on="2026-06-10")
    seen = [r for r in workspace.read("observation").to_pylist() if r["indicator"] == "iri_m_km"]
    was, became = sorted(seen, key=lambda r: r["period"])
    learnt = {r["code"]: r for r in workspace.read("pavement_treatment").to_pylist()}["wearing_4cm"]
    cost = learnt["cost_measured_eur_m2"]
    figure(f"IRI {was['value']:.2f} -> {became['value']:.2f} m/km; {cost:.2f} EUR/m2")
    assert became["high"] < was["low"]
    assert became["value"] == pytest.approx(1.3, rel=0.35)
    width = {s["section_id"]: s["width_m"] for s in workspace.read("pavement_lrs_section").to_pylist()}[
        SECTION
    ]
    assert cost == pytest.approx(COST_EUR / (600 * width))
    assert learnt["works"] == 1


@pytest.mark.slow
@pytest.mark.item(
    "pavement", 11, "links and worksite cost reach the interventions", "all; do nothing an option"
)
def test_interventions_carry_what_worksites_need(city, workspace, figure):
    bring(workspace, city)
    run("propose", workspace, practice="manto_stradale", on="2026-06-10")
    rows = workspace.read("intervention").to_pylist()
    links = set(workspace.read("road_link")["link_id"].to_pylist())
    assert rows
    assert all(r["road_link_ids"] and set(r["road_link_ids"]) <= links for r in rows)
    assert all(0 < r["worksite_cost_eur"] < r["cost_eur"] for r in rows)
    strategies = workspace.read("pavement_strategy").to_pylist()
    segments = {s["segment_id"] for s in strategies}
    assert {s["segment_id"] for s in strategies if s["year"] == -1} == segments
    figure(f"{len(rows)} interventions, {len(segments)} segments")


@pytest.fixture
def toy(workspace):
    """The practice's own three roads, diagnosed and proposed."""
    practice = MantoStradale()
    practice.toy(workspace)
    on = date(2026, 11, 1)
    return practice.propose(workspace, practice.diagnose(workspace, on=on), on=on).tables


@pytest.mark.item(
    "pavement", 11, "a cycle lot on the street of a resurfacing", "one worksite, smaller cost saved"
)
def test_a_cycle_lot_shares_the_worksite(toy, figure):
    road = next(r for r in toy["intervention"].to_pylist() if r["type"] == "wearing_4cm")
    lot = {
        **road,
        "id": "biciplan:lot-1",
        "practice": "biciplan",
        "type": "cycle_track",
        "choice_group": None,
        "geometry": None,
        "worksite_cost_eur": road["worksite_cost_eur"] / 2,
    }
    both = tables.from_rows("intervention", [road, lot])
    found = worksites.find(both, relations=toy["relation"], years=range(2027, 2030))
    pair = found.relations.to_pylist()
    assert [(r["kind"], {r["a"], r["b"]}) for r in pair] == [("joint_worksite", {road["id"], lot["id"]})]
    assert pair[0]["saving_eur"] == lot["worksite_cost_eur"] > 0
    assert found.sites[road["id"]] == found.sites[lot["id"]]
    figure(f"one site, {pair[0]['saving_eur']:,.0f} EUR saved")


@pytest.mark.item(
    "pavement", 11, "neighbouring segments of a road, same treatment", "one worksite, one set-up"
)
def test_neighbours_share_the_worksite(toy, figure):
    rows = {r["id"]: r for r in toy["intervention"].to_pylist()}
    pairs = toy["relation"].to_pylist()
    assert pairs
    for pair in pairs:
        a, b = rows[pair["a"]], rows[pair["b"]]
        assert pair["kind"] == "joint_worksite"
        assert (a["type"], a["asset_id"]) == (b["type"], b["asset_id"])
        assert a["choice_group"] != b["choice_group"]
        assert pair["saving_eur"] == min(a["worksite_cost_eur"], b["worksite_cost_eur"]) < a["cost_eur"]
    assert len({p["a"] for p in pairs}) == len(pairs)
    figure(f"{len(pairs)} pairs")


@pytest.mark.slow
@pytest.mark.item("pavement", 19, "fixes in a privacy zone", "never reach a table")
def test_privacy_zones(city, workspace, figure):
    bring(workspace, city)
    section = next(
        s for s in workspace.read("pavement_lrs_section").to_pylist() if s["section_id"] == SECTION
    )
    line = shapely.from_wkb(section["geometry"])
    zone = line.interpolate(0.5, normalized=True).buffer(0.002)
    open_cells = measured(workspace)
    with workspace.commit() as commit:
        gdf = gpd.GeoDataFrame({"name": ["depot"]}, geometry=[zone], crs=4326)
        commit.layer("privacy_zones", gdf)
        for name in ("drive", "cell_obs", "anomaly_obs"):
            commit.table(f"pavement_{name}", tables.empty(f"pavement_{name}"))
    bring(workspace, city)
    core = zone.buffer(-0.0002)
    inside = {
        c
        for c in open_cells
        if core.contains(line.interpolate((20 * c + 10) / section["length_m"], normalized=True))
    }
    assert inside
    assert not inside & measured(workspace)
    figure(f"{len(inside)} cells left out, {len(measured(workspace))} kept")


def measured(workspace):
    rows = workspace.read("pavement_cell_obs").to_pylist()
    return {r["cell"] for r in rows if r["section_id"] == SECTION and r["iri_m_km"] is not None}

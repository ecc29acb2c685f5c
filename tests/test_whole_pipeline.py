"""The whole pipeline on the open drives over the real street network, from files to pages.

Network and drives: shared/data/roads (OpenStreetMap extract; six simulated drives of 5.48 km, two cars,
18 anomalies). Expectations: specification of the road engine, items 5 and 6, and its measured truth.
"""

import csv
import json
import math

import pytest

from contado.cli.app import run
from contado.kernel.workspace import WorkspaceView

DRIVES = "roads/telemetry_synth"
ON = "2026-06-01"


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path, lines):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


def contado(*words):
    code = run([str(w) for w in words] + ["--quiet", "--json"])
    assert code == 0, words


@pytest.fixture(scope="module")
def truth(shared):
    folder = shared(DRIVES)
    cells = rows(folder / "truth_iri_100m.csv")
    return {
        "cells": [float(c["iri_m_km"]) for c in cells],
        "anomalies": [float(a["chainage_m"]) for a in rows(folder / "truth_anomalies.csv")],
        "route": rows(folder / "truth_route.csv"),
    }


@pytest.fixture(scope="module")
def city(shared, truth, tmp_path_factory):
    """A workspace in which the route is one section, surveyed on its first kilometre, and a budget."""
    folder = tmp_path_factory.mktemp("pipeline")
    workspace = folder / "city"
    routes = write(folder / "routes.csv", [{"section_id": "R1", **row} for row in truth["route"]])
    facts = write(folder / "sections.csv", [{"section_id": "R1", "width_m": 7.0, "aadt": 6000}])
    surveyed = [
        {"section_id": "R1", "from_m": 100 * k, "to_m": 100 * k + 100, "iri_m_km": iri}
        for k, iri in enumerate(truth["cells"][:10])
    ]
    survey = write(folder / "survey.csv", surveyed)
    network = shared("roads/network/liechtenstein.osm.pbf")
    brought = ("--network", network, "--routes", routes, "--sections", facts, "--survey", survey)
    contado("init", workspace)
    contado("pavement", "load", shared(DRIVES), *brought, "--on", ON, "-w", workspace)
    contado("diagnose", "manto_stradale", "--on", ON, "-w", workspace)
    contado("propose", "manto_stradale", "--on", ON, "-w", workspace)
    money = folder / "money"
    money.mkdir()
    write(money / "budget.csv", [{"source": "own", "year": y, "budget_eur": 250_000} for y in (2027, 2028)])
    contado("tables", "import", money, "-w", workspace)
    contado("plan", "--gap", "0.01", "-w", workspace)
    return workspace


def test_cells_have_the_true_roughness_inside_their_intervals(city, truth):
    state = WorkspaceView(city).read("pavement_cell_state").to_pylist()
    measured = [c for c in state if c["iri_m_km"] is not None and c["cell"] // 5 < len(truth["cells"])]
    pairs = [(c["iri_m_km"], truth["cells"][c["cell"] // 5]) for c in measured]
    assert len(pairs) >= 0.9 * 5 * len(truth["cells"])
    by_hundred: dict[float, list[float]] = {}
    for estimate, true in pairs:
        by_hundred.setdefault(true, []).append(estimate)
    errors = sorted(abs(sum(v) / len(v) / true - 1) for true, v in by_hundred.items())
    assert errors[len(errors) // 2] <= 0.04
    mean = sum(math.log(t) for t in by_hundred) / len(by_hundred)
    unexplained = sum(math.log(sum(v) / len(v) / t) ** 2 for t, v in by_hundred.items())
    assert 1 - unexplained / sum((math.log(t) - mean) ** 2 for t in by_hundred) >= 0.97


def test_nearly_every_true_anomaly_is_found_and_hardly_another(city, truth):
    found = [
        a["chainage_m"]
        for a in WorkspaceView(city).read("pavement_anomaly").to_pylist()
        if a["state"] != "closed"
    ]
    hits = [t for t in truth["anomalies"] if any(abs(t - f) <= 10 for f in found)]
    right = [f for f in found if any(abs(t - f) <= 10 for t in truth["anomalies"])]
    assert len(hits) >= 0.9 * len(truth["anomalies"])
    assert len(right) >= 0.9 * len(found)


def test_the_section_has_class_interval_and_a_label(city):
    section = WorkspaceView(city).layer("manto_stradale_sections").drop_columns(["geometry"]).to_pylist()[0]
    assert section["class"] in "ABCD"
    assert section["condition_low"] <= section["condition_index"] <= section["condition_high"]
    assert section["label"] == "estimated"
    assert section["municipality"] is None  # the route lies outside the territory
    assert section["passes"] in (5, 6)


def test_the_programme_is_verified_and_inside_its_budgets(city):
    view = WorkspaceView(city)
    record = view.read("run").to_pylist()[0]
    spent: dict[int, float] = {}
    for row in view.read("programme").to_pylist():
        if row["start_year"] is not None:
            spent[row["year"]] = spent.get(row["year"], 0) + row["amount_eur"]
    assert record["verified"]
    assert record["value_eur"] > 0
    assert spent
    assert all(amount <= 250_000 for amount in spent.values())
    assert view.layer("programme").num_rows == len({r["id"] for r in view.layer("programme").to_pylist()})


def test_loading_again_changes_no_byte_of_what_was_measured(city, shared):
    before = WorkspaceView(city).file_hashes()
    contado("pavement", "load", shared(DRIVES), "--on", ON, "-w", city)
    after = WorkspaceView(city).file_hashes()
    assert {k for k in before if before[k] != after.get(k)} == set()


@pytest.mark.parametrize("ending", [".gpkg", ".parquet", ".geojson", ".csv", ".fgb"])
def test_layers_go_out_in_every_format(city, tmp_path, ending):
    contado("export", "layer", "manto_stradale_sections", "--to", tmp_path / f"roads{ending}", "-w", city)
    assert (tmp_path / f"roads{ending}").stat().st_size > 0


def test_pages_show_the_same_section(city):
    from fastapi.testclient import TestClient

    from contado.web.app import create

    client = TestClient(create(city))
    page = client.get("/buone-pratiche/manto-stradale/mappa")
    assert page.status_code == 200
    assert "R1" in page.text
    assert client.get("/programma").status_code == 200
    assert json.loads(client.get("/healthz").text)

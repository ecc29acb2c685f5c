"""The field check on the open drives: calibrated on the first ten cells, checked on the rest; all of it simulated."""

from __future__ import annotations

import csv
import dataclasses
import json

import numpy as np
import pytest

from contado.cli.app import run
from contado.engines.pavement.measuring.processing import process
from contado.engines.pavement.measuring.survey import read_reference
from contado.engines.pavement.telemetry.read import read_drives
from contado.kernel.territory import Network, Route

pytest.importorskip("osmium")

REFERENCE_CELLS = 10


@pytest.fixture(scope="module")
def checked(shared, tmp_path_factory):
    """The answer of `pavement validate`, and log error, log truth, low, high, IRI of the cells after the tenth."""
    folder, made = shared("roads/telemetry_synth"), tmp_path_factory.mktemp("check")
    with (folder / "truth_iri_100m.csv").open() as file:
        rows = list(csv.DictReader(file))
    reference = _write(made / "reference.csv", rows[:REFERENCE_CELLS])
    network = Network.from_file(shared("roads/network/liechtenstein.osm.pbf"))
    route = Route.read(folder / "truth_route.csv", network)
    drives = read_drives(folder)
    simulated = tuple(dataclasses.replace(drive, label="simulated") for drive in drives.drives)
    drives = dataclasses.replace(drives, drives=simulated, label="simulated")
    found = process(drives, network, route, reference=read_reference(reference))
    told = {
        "label": found.label,
        "section_id": "route",
        "vehicles": [{"vehicle": v.vehicle, "calibrated": v.calibration.calibrated} for v in found.vehicles],
        "cells": [dataclasses.asdict(cell) for cell in found.cells],
    }
    cells, survey = made / "process.json", _write(made / "survey.csv", rows)
    cells.write_text(json.dumps(told), encoding="utf-8")
    truth = np.array([float(row["iri_m_km"]) for row in rows])
    pairs = [
        (np.log(c.iri_m_km / t), np.log(t), c.low_m_km, c.high_m_km, c.iri_m_km)
        for c, t in zip(found.cells[REFERENCE_CELLS:], truth[REFERENCE_CELLS:], strict=False)
        if c.iri_m_km is not None
    ]
    return (cells, survey, reference), np.array(pairs).T


def _write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["from_m", "to_m", "iri_m_km"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def answer(checked, capsys):
    (cells, survey, reference), _ = checked
    told = ("--instrument", "simulator", "--surveyed-on", "2026-05-12", "--calibrated-on", str(reference))
    capsys.readouterr()
    assert run(["pavement", "validate", str(cells), str(survey), *told, "--json", "--quiet"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.item(
    "pavement", 5, "field check of the open drives: R2(log), median, p90", ">= 0.97, <= 4 %, <= 8 %"
)
def test_the_check_gives_the_figures_of_the_drives(checked, answer, figure):
    error, log_truth, *_ = checked[1]
    found = answer["figures"]
    figure(
        f"{found['r2_log']:.3f}, {found['median_error_pct']:.1f} %, {found['p90_error_pct']:.1f} %, {answer['label']}"
    )
    share = 100 * np.abs(np.expm1(error))
    assert found["stretches"] == error.size
    assert found["r2_log"] == pytest.approx(
        1 - np.sum(error**2) / np.sum((log_truth - log_truth.mean()) ** 2), abs=1e-6
    )
    assert found["median_error_pct"] == pytest.approx(np.median(share), abs=1e-4)
    assert found["p90_error_pct"] == pytest.approx(np.quantile(share, 0.9), abs=1e-4)
    assert found["r2_log"] >= 0.97
    assert found["median_error_pct"] <= 4
    assert found["p90_error_pct"] <= 8


@pytest.mark.item(
    "pavement", 5, "field check of the open drives: coverage, median half-width", ">= 80 %, <= 15 %"
)
def test_the_check_gives_coverage_and_width_of_the_intervals(checked, answer, figure):
    _, log_truth, low, high, iri = checked[1]
    truth, found = np.exp(log_truth), answer["figures"]
    inside = int(np.sum((low <= truth) & (truth <= high)))
    figure(
        f"{100 * found['coverage']:.0f} % ({100 * found['coverage_low']:.0f}-{100 * found['coverage_high']:.0f}), "
        f"{found['median_half_width_pct']:.1f} %"
    )
    assert found["inside"] == inside
    assert found["coverage"] >= 0.8
    assert found["coverage_low"] < found["coverage"] <= found["coverage_high"]
    assert found["median_half_width_pct"] == pytest.approx(100 * np.median((high - low) / 2 / iri), abs=1e-4)
    assert found["median_half_width_pct"] <= 15


@pytest.mark.item("pavement", 20, "field accuracy is claimed by nothing simulated", "label simulated")
def test_simulated_drives_stay_simulated_whatever_the_survey_says(answer, figure):
    figure(answer["label"])
    assert answer["label"] == "simulated"
    assert answer["calibrated"] == REFERENCE_CELLS
    assert min(s["from_m"] for s in answer["stretches"]) == 100.0 * REFERENCE_CELLS
    assert "calibrated_here" in {f["rule"] for f in answer["findings"]}

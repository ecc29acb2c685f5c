"""Verbs diagnose, propose and monitor on a workspace."""

from __future__ import annotations

import dataclasses

import pyarrow as pa
import pytest

from contado.kernel import practice as practices
from contado.kernel import tables
from contado.kernel.declare import Context, convert
from contado.kernel.errors import DataError, Finding, PracticeError
from contado.practices.manto_stradale import MantoStradale
from contado.testing.toy import toy_territory
from contado.verbs import load


@pytest.fixture
def toy(tmp_path):
    return toy_territory(tmp_path / "toy", MantoStradale())


def run(name, workspace, **values):
    verb = load(name)
    request = {"practice": "manto_stradale", "on": "2026-06-01", **values}
    return verb(convert(verb.request, request), Context(workspace=workspace.path))


def test_diagnose_keeps_shares_layers_and_how_they_were_made(toy):
    answer = run("diagnose", toy)
    assert answer.label == "simulated"
    assert answer.layers == {"manto_stradale_sections": 3, "manto_stradale_anomalies": 1}
    assert answer.tables["indicator_value"] == 20
    assert (toy.path / "tables/indicator_value/manto_stradale.parquet").is_file()
    assert toy.read("asset").num_rows == 6 + 3
    assert toy.layer_info("manto_stradale_sections").label == "simulated"
    made = tables.provenance(tables.read(toy.path / "tables/pavement_segment.parquet").table)
    assert made.function.endswith("MantoStradale.diagnose")
    assert made.on == "2026-06-01"
    assert "tables/pavement_cell_obs.parquet" in made.inputs


def test_propose_and_monitor_keep_their_own(toy):
    run("diagnose", toy)
    proposed = run("propose", toy)
    assert proposed.tables["intervention"] == toy.read("intervention").num_rows > 0
    again = run("propose", toy)
    assert again.tables == proposed.tables
    assert toy.read("intervention").num_rows == proposed.tables["intervention"]
    monitored = run("monitor", toy)
    assert monitored.tables == {"observation": 0}
    assert {f.rule for f in monitored.findings} == {"no_programme"}


def test_an_unknown_practice_names_the_nearest(toy):
    with pytest.raises(PracticeError) as caught:
        run("diagnose", toy, practice="manto_stradal")
    assert "manto_stradale" in caught.value.hint


def test_a_table_that_does_not_fit_is_refused_and_nothing_is_written(toy, monkeypatch):
    class Faulty:
        name = "faulty"

        def diagnose(self, workspace, *, on, seed=0, progress=None):
            row = {
                "subject_id": "A1",
                "indicator": "iri_m_km",
                "period": "2026",
                "value": 1.0,
                "unit": "km",
                "method": "exact",
                "source_id": "toy",
            }
            return practices.Diagnosis({"indicator_value": pa.Table.from_pylist([row])})

    monkeypatch.setattr(practices, "load", lambda name: Faulty())
    before = toy.file_hashes()
    with pytest.raises(PracticeError) as caught:
        run("diagnose", toy)
    assert caught.value.rule == "bad_practice_table"
    assert toy.file_hashes() == before


@pytest.mark.parametrize("step", ["diagnose", "propose", "monitor"])
def test_strict_refuses_what_a_practice_warns_of_and_keeps_nothing(toy, monkeypatch, step):
    class Doubtful(MantoStradale):
        pass

    def warned(*given, **named):
        found = getattr(MantoStradale, step)(*given, **named)
        return dataclasses.replace(
            found, findings=[Finding(severity="warning", rule="doubt", message="Look.")]
        )

    monkeypatch.setattr(Doubtful, step, warned)
    monkeypatch.setattr(practices, "load", lambda name: Doubtful())
    before = toy.file_hashes()
    verb = load(step)
    request = convert(verb.request, {"practice": "manto_stradale", "on": "2026-06-01"})
    with pytest.raises(DataError) as caught:
        verb(request, Context(workspace=toy.path, strict=True))
    assert caught.value.rule == "doubt"
    assert toy.file_hashes() == before
    assert verb(request, Context(workspace=toy.path)).findings[0].rule == "doubt"

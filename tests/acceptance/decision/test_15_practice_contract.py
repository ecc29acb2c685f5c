"""Item 15: a toy practice passes all checks; each kind of fault fails exactly its check."""

from __future__ import annotations

import contextlib

import pytest

from contado.kernel import tables
from contado.kernel.practice import Diagnosis, Outcome, Proposal, registered
from contado.testing import CHECKS, check_practice


class Toy:
    """Counts assets: the smallest practice that keeps the contract."""

    name = "toy_practice"

    def diagnose(self, workspace, *, on, seed=0, progress=None):
        rows = [self.measured(asset, on) for asset in workspace.read("asset").to_pylist()]
        return Diagnosis({"indicator_value": tables.from_rows("indicator_value", rows)})

    def measured(self, asset, on):
        return {
            "subject_id": asset["id"],
            "indicator": "trees_alive_count",
            "period": str(on.year),
            "value": 10.0,
            "unit": "count",
            "low": 8.0,
            "high": 12.0,
            "method": "counted",
            "source_id": "toy",
        }

    def propose(self, workspace, diagnosis, *, on, seed=0, progress=None):
        assets = {a["id"]: a for a in workspace.read("asset").to_pylist()}
        found = diagnosis.tables["indicator_value"]["subject_id"].to_pylist()
        interventions = [self.proposed(assets[i], on) for i in found]
        effects = [self.effect(row["id"]) for row in interventions]
        return Proposal(
            {
                "intervention": tables.from_rows("intervention", interventions),
                "effect": tables.from_rows("effect", effects),
            }
        )

    def proposed(self, asset, on):
        return {
            "id": f"toy_practice:{asset['id']}",
            "practice": self.name,
            "type": "plant",
            "asset_id": asset["id"],
            "site_id": None,
            "municipality": asset["municipality"],
            "cost_eur": 1000.0,
            "earliest_year": on.year + 1,
            "latest_year": on.year + 3,
        }

    def effect(self, intervention):
        return {
            "intervention_id": intervention,
            "indicator": "trees_alive_count",
            "value": 5.0,
            "unit": "count",
            "method": "exact: as many as are planted",
            "source_id": "toy",
        }

    def monitor(self, workspace, programme, *, on, seed=0, progress=None):
        assets = {i["id"]: i["asset_id"] for i in workspace.read("intervention").to_pylist()}
        rows = [
            self.measured({"id": assets[i]}, on) for i in programme.programme["intervention_id"].to_pylist()
        ]
        return Outcome({"indicator_value": tables.from_rows("indicator_value", rows)})


class Mutates(Toy):
    """Writes into the workspace it is shown."""

    def diagnose(self, workspace, *, on, seed=0, progress=None):
        (workspace.path / "tables" / "notes.txt").write_text("I was here")
        return super().diagnose(workspace, on=on)


class MutatesInput(Toy):
    """Puts a table into the diagnosis it is given."""

    def propose(self, workspace, diagnosis, *, on, seed=0, progress=None):
        result = super().propose(workspace, diagnosis, on=on)
        diagnosis.tables["intervention"] = result.tables["intervention"]
        return result


class TriesToWrite(Toy):
    """Is refused (the folder does not exist) and goes on."""

    def monitor(self, workspace, programme, *, on, seed=0, progress=None):
        with contextlib.suppress(OSError):
            (workspace.path / "no_such_folder" / "notes.txt").write_text("x")
        return super().monitor(workspace, programme, on=on)


class Prints(Toy):
    def propose(self, workspace, diagnosis, *, on, seed=0, progress=None):
        print("working ...")
        return super().propose(workspace, diagnosis, on=on)


class PrintsInC(Toy):
    """As solvers do: past Python's streams."""

    def propose(self, workspace, diagnosis, *, on, seed=0, progress=None):
        import ctypes

        ctypes.CDLL(None).puts(b"HiGHS is running")
        return super().propose(workspace, diagnosis, on=on)


class Warns(Toy):
    def diagnose(self, workspace, *, on, seed=0, progress=None):
        import warnings

        warnings.warn("something is odd", stacklevel=2)
        return super().diagnose(workspace, on=on)


class UnregisteredUnit(Toy):
    def effect(self, intervention):
        return {**super().effect(intervention), "unit": "bunches"}


class OtherUnit(Toy):
    """A known unit, but not the indicator's."""

    def measured(self, asset, on):
        return {**super().measured(asset, on), "unit": "m2"}


class Unseeded(Toy):
    def measured(self, asset, on):
        import random

        return {**super().measured(asset, on), "value": 8 + 4 * random.SystemRandom().random()}


class HashOrder(Toy):
    """Takes a row by the order of a set of texts, which changes from process to process."""

    def diagnose(self, workspace, *, on, seed=0, progress=None):
        ids = list({f"key {k}" for k in range(50)})
        found = super().diagnose(workspace, on=on).tables["indicator_value"].to_pylist()
        rows = [{**row, "value": 8 + int(ids[k].split()[1]) / 20} for k, row in enumerate(found)]
        return Diagnosis({"indicator_value": tables.from_rows("indicator_value", rows)})


class Remembers(Toy):
    """Answers otherwise the second time."""

    def __init__(self):
        self.calls = 0

    def measured(self, asset, on):
        self.calls += 1
        return {**super().measured(asset, on), "value": 8.0 + min(self.calls, 30) / 10}


class OpensASocket(Toy):
    def diagnose(self, workspace, *, on, seed=0, progress=None):
        import socket

        socket.create_connection(("192.0.2.1", 80), timeout=1)
        return super().diagnose(workspace, on=on)


class OpensASocketAndCatches(Toy):
    def diagnose(self, workspace, *, on, seed=0, progress=None):
        import urllib.request

        with contextlib.suppress(OSError):
            urllib.request.urlopen("http://data.example.org/", timeout=1)
        return super().diagnose(workspace, on=on)


class NoInterval(Toy):
    def measured(self, asset, on):
        return {**super().measured(asset, on), "low": None, "high": None}


class OutsideItsInterval(Toy):
    def measured(self, asset, on):
        return {**super().measured(asset, on), "value": 13.0}


class HalfAnInterval(Toy):
    def effect(self, intervention):
        return {**super().effect(intervention), "low": 4.0}


class UnknownSource(Toy):
    def effect(self, intervention):
        return {**super().effect(intervention), "source_id": "hearsay"}


class NoSource(Toy):
    def effect(self, intervention):
        return {**super().effect(intervention), "source_id": None}


class UnknownAsset(Toy):
    def proposed(self, asset, on):
        return {**super().proposed(asset, on), "asset_id": "A7"}

    def monitor(self, workspace, programme, *, on, seed=0, progress=None):
        return Outcome({"observation": tables.empty("observation")})


class UnknownMunicipality(Toy):
    def proposed(self, asset, on):
        return {**super().proposed(asset, on), "municipality": "099999"}


class YearsTurned(Toy):
    def proposed(self, asset, on):
        return {**super().proposed(asset, on), "latest_year": on.year}


class YearsGone(Toy):
    def proposed(self, asset, on):
        return {**super().proposed(asset, on), "earliest_year": 2019, "latest_year": 2020}


class NegativeCost(Toy):
    def proposed(self, asset, on):
        return {**super().proposed(asset, on), "cost_eur": -1.0}


class MissingColumn(Toy):
    def propose(self, workspace, diagnosis, *, on, seed=0, progress=None):
        found = super().propose(workspace, diagnosis, on=on).tables
        return Proposal({**found, "effect": found["effect"].drop_columns(["method"])})


class UnknownTable(Toy):
    def monitor(self, workspace, programme, *, on, seed=0, progress=None):
        found = super().monitor(workspace, programme, on=on).tables
        return Outcome({**found, "gossip": found["indicator_value"]})


class SameIdTwice(Toy):
    def measured(self, asset, on):
        return {**super().measured(asset, on), "subject_id": "A1"}

    def propose(self, workspace, diagnosis, *, on, seed=0, progress=None):
        return Proposal({"intervention": tables.empty("intervention"), "effect": tables.empty("effect")})


class AlwaysARow(Toy):
    """Invents an asset where there is none."""

    def diagnose(self, workspace, *, on, seed=0, progress=None):
        found = super().diagnose(workspace, on=on).tables["indicator_value"]
        if found.num_rows:
            return Diagnosis({"indicator_value": found})
        return Diagnosis(
            {"indicator_value": tables.from_rows("indicator_value", [self.measured({"id": "A1"}, on)])}
        )

    def propose(self, workspace, diagnosis, *, on, seed=0, progress=None):
        if not workspace.read("asset").num_rows:
            return Proposal({"intervention": tables.empty("intervention"), "effect": tables.empty("effect")})
        return super().propose(workspace, diagnosis, on=on)


class FailsOnNothing(Toy):
    def diagnose(self, workspace, *, on, seed=0, progress=None):
        workspace.read("asset").to_pylist()[0]
        return super().diagnose(workspace, on=on)


class Slow(Toy):
    def diagnose(self, workspace, *, on, seed=0, progress=None):
        return super().diagnose(workspace, on=on)


class Crashes(Toy):
    def propose(self, workspace, diagnosis, *, on, seed=0, progress=None):
        raise KeyError("iri")


class NothingFound(Toy):
    def diagnose(self, workspace, *, on, seed=0, progress=None):
        return Diagnosis({"indicator_value": tables.empty("indicator_value")})


class WrongType(Toy):
    def diagnose(self, workspace, *, on, seed=0, progress=None):
        return Outcome(super().diagnose(workspace, on=on).tables)

    def propose(self, workspace, diagnosis, *, on, seed=0, progress=None):
        return Proposal({"intervention": tables.empty("intervention"), "effect": tables.empty("effect")})


class NoSeed(Toy):
    def diagnose(self, workspace, *, on, progress=None, **rest):
        return super().diagnose(workspace, on=on)


class BringsItsOwn(Toy):
    """Registers an indicator, and adds an asset to the toy territory."""

    def register_indicators(self):
        from contado.kernel.practice import IndicatorSpec

        spec = {"name_it": "Panchine", "name_en": "Benches", "direction": "up", "aggregation": "sum"}
        return [IndicatorSpec(id="benches", unit="count", **spec)]

    def toy(self, workspace):
        row = {"id": "B1", "practice": self.name, "kind": "bench", "municipality": "999001"}
        with workspace.commit() as commit:
            commit.table("asset", tables.from_rows("asset", [row]), practice=self.name)

    def measured(self, asset, on):
        return {**super().measured(asset, on), "indicator": "benches"}


CORE = {Mutates, Prints, UnregisteredUnit, Unseeded, OpensASocket, NoInterval, HashOrder, Crashes}
"""Kinds of fault that are checked at every run; the others belong to the slow suite (2 s each)."""

FAULTS = [
    (Mutates, "no_mutation"),
    (MutatesInput, "no_mutation"),
    (TriesToWrite, "no_mutation"),
    (Prints, "silent"),
    (PrintsInC, "silent"),
    (Warns, "silent"),
    (UnregisteredUnit, "units"),
    (OtherUnit, "units"),
    (Unseeded, "determinism"),
    (HashOrder, "determinism"),
    (Remembers, "determinism"),
    (OpensASocket, "no_network"),
    (OpensASocketAndCatches, "no_network"),
    (NoInterval, "interval"),
    (OutsideItsInterval, "interval"),
    (HalfAnInterval, "interval"),
    (UnknownSource, "provenance"),
    (NoSource, "provenance"),
    (UnknownAsset, "references"),
    (UnknownMunicipality, "references"),
    (YearsTurned, "years"),
    (YearsGone, "years"),
    (NegativeCost, "schema"),
    (MissingColumn, "schema"),
    (UnknownTable, "schema"),
    (SameIdTwice, "schema"),
    (AlwaysARow, "empty"),
    (FailsOnNothing, "empty"),
    (Crashes, "contract"),
    (NothingFound, "contract"),
    (WrongType, "contract"),
    (NoSeed, "contract"),
]


@pytest.mark.item("decision", 15, "toy practice", "passes all 13 checks")
@pytest.mark.parametrize("practice", [Toy, BringsItsOwn])
def test_a_sound_practice_passes_every_check(practice, figure):
    report = check_practice(practice())
    report.raise_for_failures()
    assert [r.check for r in report.checks] == list(CHECKS)
    assert len(report.checks) == 13
    figure(f"{sum(r.ok for r in report.checks)} of 13")


@pytest.mark.item("decision", 15, "faulty practices", "each fails exactly its check")
@pytest.mark.parametrize(
    ("practice", "check"),
    [pytest.param(p, c, id=p.__name__, marks=[] if p in CORE else pytest.mark.slow) for p, c in FAULTS],
)
def test_a_fault_fails_exactly_its_check(practice, check, figure):
    report = check_practice(practice())
    assert len(report.checks) == 13
    assert report.failed == (check,), [(r.check, r.message) for r in report.checks if not r.ok]
    figure("each fails exactly its check")


@pytest.mark.item("decision", 15, "slow practice", "fails time alone")
def test_a_slow_practice_fails_time(monkeypatch, figure):
    from contado.testing import checks

    monkeypatch.setattr(checks, "TIME_LIMIT_S", 1e-6)
    report = check_practice(Slow())
    assert report.failed == ("time",)
    figure("fails time alone")


@pytest.mark.item("decision", 15, "registered practices", "all pass")
def test_every_registered_practice_passes(figure):
    names = sorted(registered())
    if not names:
        pytest.skip("no practice is registered in this installation")
    for name in names:
        check_practice(registered()[name].practice()).raise_for_failures()
    figure(f"{len(names)} of {len(names)}: {', '.join(names)}")

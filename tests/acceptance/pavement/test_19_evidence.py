"""Definition of done of the road engine, item 19: every state change has its audit row; the claim's questions."""

from __future__ import annotations

import datetime as dt
import random

import msgspec
import numpy as np
import pytest

from contado.engines.pavement import simulate
from contado.engines.pavement.evidence import answers, log
from contado.engines.pavement.evidence.observations import one
from contado.engines.pavement.evidence.placing import Places
from contado.engines.pavement.evidence.told import desk
from contado.engines.pavement.simulate.road import random_road, scatter
from contado.kernel import records
from contado.kernel.declare import Context, convert
from contado.kernel.records import accounts, audit
from contado.kernel.workspace import Workspace
from contado.verbs import load
from invented.inspections import MILANO, SYSTEM, add_sections, drive, hole, section

DAY = dt.datetime(2026, 1, 5, 8, 0, tzinfo=dt.UTC)


def run(name, workspace, **values):
    verb = load(name)
    return verb(convert(verb.request, values), Context(workspace=workspace.path))


def bodies(workspace):
    """Sequence number and body of every link of the chain about an anomaly."""
    with records.open_store(workspace) as store, store.connection() as connection:
        links = [r for r in audit.rows(connection) if r.verb in {log.OBSERVED, log.ANSWERED}]
    return {link.seq: msgspec.json.decode(link.body_json) for link in links}


def changes_of(rows):
    return [r for r in rows if r["state_before"] != r["state_after"]]


def unaudited(workspace):
    """State changes of the table whose link is missing or says something else, and those only the chain has."""
    chain = bodies(workspace)
    rows = workspace.read(log.TABLE).to_pylist()
    told = {r["audit_seq"]: (r["anomaly_id"], r["what"], r["state_before"], r["state_after"]) for r in rows}
    said = {s: (b["anomaly_id"], b["what"], b["state_before"], b["state_after"]) for s, b in chain.items()}
    return {seq for seq in told.keys() | said.keys() if told.get(seq) != said.get(seq)}


def follows(workspace):
    """Anomalies whose rows in time do not lead, step by step, to the state they are in now."""
    now = {a["anomaly_id"]: a["state"] for a in workspace.read("pavement_anomaly").to_pylist()}
    rows = workspace.read(log.TABLE).to_pylist()
    revised = {r["revises"] for r in rows}
    held = [r for r in rows if r["audit_seq"] not in revised and r["what"] != "withdrawn"]
    wrong = set()
    for name, state in now.items():
        path = sorted(
            (r for r in held if r["anomaly_id"] == name), key=lambda r: (r["at_utc"], r["audit_seq"])
        )
        before = [None, *(r["state_after"] for r in path)]
        if before[-1] != state or [r["state_before"] for r in path] != before[:-1]:
            wrong.add(name)
    return wrong


@pytest.mark.item(
    "pavement",
    19,
    "every state change has its audit row: cars, cameras, citizens, inspectors, late drives",
    "all",
)
def test_every_state_change_of_every_source_has_its_audit_row(tmp_path, figure, each_store):
    workspace = Workspace.create(tmp_path / "w")
    add_sections(workspace, [section("A", 9.17, 45.46), section("B", 9.18, 45.46)])
    chance = random.Random(19)
    places = [chance.uniform(20, 580) for _ in range(6)]
    for day in (3, 6, 9, 0, 40, 43, 46, 49, 1):  # two of them come in late
        gone = day >= 40
        met = [hole(p + chance.gauss(0, 0.5)) for k, p in enumerate(places) if not (gone and k % 2)]
        drive(workspace, f"d{day:02d}", DAY + dt.timedelta(days=day), {"A": met, "B": []})
    scope = officer(workspace)
    known = Places(workspace.read("pavement_lrs_section"))
    with desk(workspace, SYSTEM) as open_desk:
        for k, source in enumerate(("citizen", "camera", "citizen", "inspector")):
            at = DAY + dt.timedelta(days=50 + k)
            open_desk.take([one(known, lon=9.18, lat=45.462, kind="pothole", source=source, at=at)])
    waiting = [a for a in workspace.read("pavement_anomaly").to_pylist() if a["state"] in answers.OPEN]
    for k, anomaly in enumerate(waiting):
        said = ("absent", "repaired", "present")[k % 3]
        at = DAY + dt.timedelta(days=60 + k)
        found = answers.Found(anomaly_id=anomaly["anomaly_id"], answer=said, key=f"key{k}", at=at)
        assert answers.answer(workspace, scope, found).accepted
    rows = workspace.read(log.TABLE).to_pylist()
    changed = changes_of(rows)
    audited = [r for r in changed if r["audit_seq"] not in unaudited(workspace)]
    figure(
        f"{len(audited)} of {len(changed)} changes; {len(rows)} rows of {len({r['source'] for r in rows})} sources"
    )
    assert unaudited(workspace) == set()
    assert follows(workspace) == set()
    assert len(changed) >= 25
    assert {r["state_after"] for r in changed} == {"new", "confirmed", "repaired", "closed", None}
    assert {r["source"] for r in rows} == {"car", "camera", "citizen", "inspector"}
    assert run("audit verify", workspace).ok


def officer(workspace):
    with records.open_store(workspace) as store:
        with store.writing(records.local_administrator()) as session:
            accounts.add_grant(session, accounts.ensure_account(session, "anna"), "case_officer", [MILANO])
        return store.scope("anna")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Simulated drives over a road, and again after half of its holes were patched, by `pavement load`."""
    folder = tmp_path_factory.mktemp("evidence")
    rng = np.random.default_rng(4)
    road = random_road(900.0, rng, levels_m_km=rng.uniform(1.5, 4.0, 9))
    road = road.with_anomalies(*scatter(900.0, {"pothole": 4}, rng))
    patched = road.patched(*(a.chainage_m for a in road.anomalies[::2]))
    workspace, ways = None, {}
    for name, surface, first, seed in (
        ("before", road, dt.date(2026, 3, 2), 4),
        ("after", patched, dt.date(2026, 6, 1), 104),
    ):
        place = {"network": ways["network"], "route": ways["routes"]} if ways else {}
        profile = (surface.x_m, surface.elevation_m())
        scenario = simulate.Scenario(profile=profile, first_day=first, **place)
        simulate.drives(folder / name, seed=seed, vehicles=1, passes=5, scenario=scenario)
        if workspace is None:
            init = load("init")
            init(convert(init.request, {"folder": str(folder / "w")}), Context())
            workspace = Workspace.open(folder / "w")
            ways = {"network": folder / name / "network.geojson", "routes": folder / name / "truth_route.csv"}
        run(
            "pavement load",
            workspace,
            folder=folder / name,
            on="2026-06-30",
            **(ways if name == "before" else {}),
        )
    return folder, workspace, [a.chainage_m for a in road.anomalies]


@pytest.mark.slow
@pytest.mark.item(
    "pavement", 19, "simulated drives through pavement load: each state change has its audit row", "all"
)
def test_the_rows_of_loaded_drives_stand_in_the_chain(loaded, figure):
    folder, workspace, _ = loaded
    rows = workspace.read(log.TABLE).to_pylist()
    figure(f"{len(changes_of(rows))} changes, {len(rows)} rows")
    assert len(changes_of(rows)) >= 6
    assert unaudited(workspace) == set()
    assert follows(workspace) == set()
    assert {r["label"] for r in rows} == {"simulated"}
    again = run("pavement load", workspace, folder=folder / "after", on="2026-06-30")
    assert (again.loaded, again.states_changed) == (0, 0)
    assert workspace.read(log.TABLE).to_pylist() == rows
    assert run("audit verify", workspace).ok


@pytest.mark.slow
@pytest.mark.item(
    "pavement", 19, "a claim: first and last seen, driven and not seen, repaired, of each hole", "all"
)
def test_the_questions_of_a_claim_are_answered_for_each_hole(loaded, figure):
    _, workspace, holes = loaded
    section_id = workspace.read("pavement_lrs_section")["section_id"][0].as_py()
    answered = 0
    for k, chainage in enumerate(holes):
        done = run("pavement evidence", workspace, section=section_id, from_m=chainage - 8, to_m=chainage + 8)
        assert done.chain.ok
        [place] = [a for a in done.anomalies if a.confirmed or a.state != "closed" or a.repaired]
        assert 8 <= len(done.passes) <= 10  # a pass that is too slow there measures nothing
        assert place.first_seen.at.startswith("2026-03-")
        seen = [p.at[:7] for p in done.passes if p.seen]
        if k % 2 == 0:  # patched before June
            assert max(seen) < "2026-06"
            assert place.repaired.at.startswith("2026-06-")
            assert place.last_not_seen.at >= place.repaired.at
        else:
            assert "2026-06" in seen
            assert place.repaired is None
        answered += 1
    figure(f"{answered} of {len(holes)} holes")

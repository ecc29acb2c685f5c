"""Load: simulated drives into a workspace, once, without names, and not where it is private."""

from __future__ import annotations

import csv
import shutil
from datetime import UTC, date, datetime, timedelta

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pytest
import shapely

from contado.engines.pavement.ingest import load, roads
from contado.engines.pavement.ingest.fixtures import load_fixtures
from contado.engines.pavement.ingest.rows import dated, instants
from contado.engines.pavement.state.fusion import fuse
from contado.engines.pavement.state.settings import FuseSettings
from contado.kernel import tables
from contado.kernel.errors import DataError
from contado.kernel.workspace import Workspace
from invented.loads import ON, built, load_one


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, drives):
    workspace = built(tmp_path_factory.mktemp("loaded") / "w", drives)
    return workspace, load.load(workspace, load.read_folders(drives), on=ON)


def test_everything_is_stored_and_labelled(loaded):
    workspace, answer = loaded
    assert (answer.drives, answer.loaded, answer.unchanged, answer.rejected) == (4, 4, 0, ())
    assert answer.label == "simulated"
    for name in ("lrs_section", "drive", "vehicle", "cell_obs", "cell_state"):
        table = workspace.read(f"pavement_{name}")
        assert table.num_rows
        assert set(table["label"].to_pylist()) == {"simulated"}
        assert not [f for f in tables.validate(f"pavement_{name}", table) if f.severity == "error"]
    cells = workspace.read("pavement_cell_state")
    assert answer.cells >= 4 * len(cells["iri_m_km"].drop_null()) * 0.9
    assert (answer.cells_changed, answer.anomalies_changed) == (cells.num_rows, answer.anomalies)
    assert answer.states_changed == cells.num_rows + answer.anomalies


def test_the_states_are_near_the_truth(loaded, drives):
    workspace, _ = loaded
    truth = tables.read(drives / "truth_iri_100m.csv").table.to_pylist()
    cells = workspace.read("pavement_cell_state").to_pylist()
    errors = []
    for row in truth:
        inside = [c["iri_m_km"] for c in cells if row["from_m"] <= c["from_m"] < row["to_m"]]
        if None not in inside and len(inside) == 5:
            errors.append(abs(np.log(np.mean(inside) / row["iri_m_km"])))
    assert len(errors) >= 6
    assert np.median(errors) < 0.15


def test_loading_again_changes_nothing(loaded, drives, tmp_path):
    workspace, _ = loaded
    before = workspace.file_hashes()
    renamed = tmp_path / "renamed"
    shutil.copytree(drives, renamed)
    for file in renamed.glob("car1_pass1_*"):
        file.rename(renamed / file.name.replace("car1_pass1", "van_pass7"))
    for folder in (drives, renamed):
        again = load.load(workspace, load.read_folders(folder), on=ON)
        assert (again.loaded, again.unchanged, again.cells, again.states_changed) == (0, 4, 0, 0)
    assert workspace.file_hashes() == before


def test_no_name_of_a_vehicle_or_position_of_a_drive_is_stored(loaded):
    workspace, _ = loaded
    for file in workspace.path.rglob("tables/pavement_*.parquet"):
        table = tables.read(file).table
        assert "car1" not in str(table.to_pydict())
    assert "pavement_fix" not in workspace.tables()


def test_the_states_follow_works_and_day_without_a_new_drive(drives, loaded, tmp_path):
    shutil.copytree(loaded[0].path, tmp_path / "w")
    workspace = Workspace.open(tmp_path / "w")
    file = tmp_path / "works.csv"
    file.write_text("section_id,from_m,to_m,date\ntruth_route,100,160,2026-04-20\n", encoding="utf-8")
    roads.load_works(workspace, file)
    late = date(2026, 5, 20)
    sets = load.read_folders(drives)
    before = workspace.read("pavement_cell_state").to_pylist()
    again = load.load(workspace, sets, on=late)
    cells = workspace.read("pavement_cell_state").to_pylist()
    changed = sum(b["state"] != c["state"] for b, c in zip(before, cells, strict=True))
    assert changed >= 3
    assert (again.loaded, again.cells_changed, again.anomalies_changed) == (0, changed, 0)
    assert again.states_changed == changed
    assert {c["date"] for c in cells} == {late}
    assert [c["from_m"] for c in cells if c["state"] == "renewed"] == [100, 120, 140]
    observed, works = workspace.read("pavement_cell_obs"), workspace.read("pavement_works")
    whole = fuse([observed], on=late, works=works, settings=FuseSettings(cell_m=20.0)).cells
    assert [c["iri_m_km"] for c in cells] == whole["iri_m_km"].to_pylist()
    before = workspace.file_hashes()
    load.load(workspace, sets, on=late)
    assert workspace.file_hashes() == before


def test_a_later_drive_adds_to_what_is_there(drives, tmp_path):
    workspace = built(tmp_path / "w", drives)
    before: list[dict] = []
    car = None
    for name in ("car1_pass1", "car1_pass2"):
        part = tmp_path / name
        part.mkdir()
        for file in [*drives.glob(f"{name}_*"), drives / "meta.json"]:
            shutil.copy(file, part)
        load.load(workspace, load.read_folders(part), on=ON)
        rows = workspace.read("pavement_cell_obs").to_pylist()
        assert [r for r in rows if r in before] == before
        [vehicle] = workspace.read("pavement_vehicle").to_pylist()
        assert car in {None, vehicle["k1_s2"]}
        before, car = rows, vehicle["k1_s2"]
    passes = [c["n_passes"] for c in workspace.read("pavement_cell_state").to_pylist()]
    assert np.median(passes) == 2


def test_nothing_of_a_privacy_zone_reaches_a_table(drives, loaded, tmp_path):
    workspace = built(tmp_path / "w", drives)
    [line] = shapely.from_wkb(
        workspace.read("pavement_lrs_section")["geometry"].to_numpy(zero_copy_only=False)
    )
    private = line.interpolate(0.5, normalized=True).buffer(0.001)
    with workspace.commit() as commit:
        zone = gpd.GeoDataFrame({"name": ["depot"]}, geometry=[private], crs=4326)
        commit.layer("privacy_zones", zone)
    load.load(workspace, load.read_folders(drives), on=ON)
    open_cells, closed = (
        {c["cell"] for c in w.read("pavement_cell_obs").to_pylist() if c["iri_m_km"] is not None}
        for w in (loaded[0], workspace)
    )
    length = workspace.read("pavement_lrs_section")["length_m"][0].as_py()
    core = private.buffer(-0.0002)
    inside = {
        c for c in open_cells if core.contains(line.interpolate((20 * c + 10) / length, normalized=True))
    }
    assert inside
    assert not inside & closed
    assert closed


def test_a_workspace_without_sections_is_refused(drives, tmp_path):
    workspace = Workspace.create(tmp_path / "w")
    with pytest.raises(DataError) as caught:
        load.load(workspace, load.read_folders(drives), on=ON)
    assert caught.value.rule == "no_sections"
    assert "--network" in caught.value.hint


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        load.read_folders(tmp_path)
    assert caught.value.rule == "empty_file"


def test_fixtures_declared_later_are_no_defects_from_then_on(tmp_path, drives):
    workspace = built(tmp_path / "w", drives)
    load.load(workspace, load.read_folders(drives), on=ON)
    [place, *others] = sorted(
        (a for a in workspace.read("pavement_anomaly").to_pylist() if a["state"] == "confirmed"),
        key=lambda a: -abs(a["height_mm"]),
    )
    point = shapely.from_wkb(place["geometry"])
    declared = tmp_path / "fixtures.csv"
    declared.write_text(f"lon,lat,kind\n{point.x},{point.y},declared\n")
    assert load_fixtures(workspace, declared) == 1
    again = load.load(workspace, load.read_folders(drives), on=ON)
    assert (again.loaded, again.states_changed) == (0, 1)
    states = {
        a["anomaly_id"]: (a["state"], a["fixture_id"]) for a in workspace.read("pavement_anomaly").to_pylist()
    }
    assert states[place["anomaly_id"]][0] == "fixture"
    assert states[place["anomaly_id"]][1].startswith("declared:")
    assert all(states[o["anomaly_id"]] == ("confirmed", None) for o in others)
    before = workspace.file_hashes()
    load.load(workspace, load.read_folders(drives), on=ON)
    assert workspace.file_hashes() == before
    declared.write_text("lon,lat,kind\n")
    load_fixtures(workspace, declared)
    load.load(workspace, load.read_folders(drives), on=ON)
    withdrawn = {a["anomaly_id"]: a["state"] for a in workspace.read("pavement_anomaly").to_pylist()}
    assert withdrawn[place["anomaly_id"]] == "confirmed"


def undated(drives, path, name):
    """One of the drives, whose receiver wrote no date."""
    part = path / f"{name}_undated"
    part.mkdir()
    for file in [*drives.glob(f"{name}_acc*"), drives / "meta.json"]:
        shutil.copy(file, part)
    (gnss,) = drives.glob(f"{name}_gnss.csv")
    with gnss.open(encoding="utf-8", newline="") as file:
        read = csv.DictReader(file)
        kept = [name for name in read.fieldnames if name != "time_utc"]
        lines = [",".join(row[name] for name in kept) for row in read]
    (part / gnss.name).write_text("\n".join([",".join(kept), *lines]) + "\n", encoding="utf-8")
    return part


def test_a_drive_without_a_date_counts_for_good_as_of_the_day_it_was_first_loaded(drives, tmp_path):
    workspace = built(tmp_path / "w", drives)
    # a day after the simulated passes
    first = max(d.day for d in load.read_folders(drives)[0].drives) + timedelta(days=1)
    parts = [undated(drives, tmp_path, name) for name in ("car1_pass1", "car1_pass2", "car2_pass1")]
    for k, part in enumerate(parts):
        load.load(workspace, load.read_folders(part), on=first + timedelta(days=k))
    kept = {n: workspace.read(f"pavement_{n}").to_pylist() for n in ("cell_obs", "anomaly_obs", "evidence")}
    days = {r["drive_id"].partition(".")[0]: r["t_utc"] for r in kept["cell_obs"]}
    assert sorted(t.date() for t in days.values()) == [first + timedelta(days=k) for k in range(3)]
    assert {(r["drive_id"], r["t_utc"].date()) for r in kept["anomaly_obs"]} <= {
        (name, t.date()) for name, t in days.items()
    }
    told = workspace.read("pavement_drive").to_pylist()
    assert [(r["start_utc"], "no_date" in r["flags"]) for r in told] == [(None, True)] * 3
    assert {a["first_seen"] for a in workspace.read("pavement_anomaly").to_pylist()} <= {
        first + timedelta(days=k) for k in range(3)
    }
    assert kept["evidence"]
    assert "withdrawn" not in {r["what"] for r in kept["evidence"]}
    met = [(r["anomaly_id"], r["drive_id"]) for r in kept["evidence"]]
    assert len(met) == len(set(met))


def test_a_drive_that_takes_its_own_place_keeps_its_day():
    before = datetime(2026, 5, 1, 10, tzinfo=UTC)
    observed = [
        {"section_id": "S", "cell": k, "drive_id": name, "t_utc": t_utc, "iri_m_km": 2.0, "sd_log": 0.1}
        | {"label": "estimated"}
        for k, (name, t_utc) in enumerate([("a.0", before), ("a.1", before), ("b", None)])
    ]
    old = {
        "cell_obs": tables.from_rows("pavement_cell_obs", observed),
        "anomaly_obs": tables.empty("pavement_anomaly_obs"),
    }
    since = instants(old, {"a"})
    assert since == {"a": before}
    again = tables.from_rows("pavement_cell_obs", [r | {"t_utc": None} for r in observed])
    later = before + timedelta(days=9)
    settled = dated(again, since, later)
    assert settled["t_utc"].to_pylist() == [before, before, later]
    assert settled.schema == again.schema
    assert dated(settled, {}, later + timedelta(days=1)) is settled


def test_a_drive_whose_clock_was_shifted_is_one_pass_of_cells_and_of_anomalies(drives, tmp_path):
    """The same samples, three seconds later on the clock of the drive: other content, the same pass."""
    workspace = built(tmp_path / "w", drives)
    load_one(workspace, drives, tmp_path, "car1_pass1")
    cells, anomalies = (workspace.read(f"pavement_{n}").to_pylist() for n in ("cell_state", "anomaly"))
    part = tmp_path / "car1_pass1"
    acc = tables.read(part / "car1_pass1_acc.parquet").table
    t_s = pa.array(acc["t_s"].to_numpy() + 3.0)
    tables.write_parquet(acc.set_column(0, "t_s", t_s), part / "car1_pass1_acc.parquet")
    with (part / "car1_pass1_gnss.csv").open(newline="") as file:
        fixes = list(csv.DictReader(file))
    with (part / "car1_pass1_gnss.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fixes[0].keys())
        writer.writeheader()
        for row in fixes:
            moved = datetime.fromisoformat(row["time_utc"]) + timedelta(seconds=3)
            writer.writerow(row | {"t_s": float(row["t_s"]) + 3.0, "time_utc": moved.isoformat()})
    again = load.load(workspace, load.read_folders(part), on=ON)
    assert (again.loaded, again.states_changed) == (1, 0)
    assert "pass_told_again" in {f.rule for f in again.findings}
    assert workspace.read("pavement_drive").num_rows == 2
    for before, now in zip(cells, workspace.read("pavement_cell_state").to_pylist(), strict=True):
        assert now["n_passes"] == before["n_passes"]
        assert (now["iri_m_km"] or 0.0) == pytest.approx(before["iri_m_km"] or 0.0, rel=1e-5)
    told = workspace.read("pavement_anomaly").to_pylist()
    assert [(a["passes"], a["passes_possible"]) for a in told] == [
        (a["passes"], a["passes_possible"]) for a in anomalies
    ]
    assert anomalies

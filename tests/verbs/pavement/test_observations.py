"""contado pavement observations: a file of what cameras and people saw, line by line."""

from __future__ import annotations

import datetime as dt

import pytest

from contado.kernel.declare import Context, convert
from contado.kernel.errors import ColumnNotFound, TableNotFound
from contado.kernel.workspace import Workspace
from contado.verbs import load
from invented.inspections import LENGTH_M, add_sections, drive, hole, section
from invented.stores import each_store, prepared, prepared_database  # noqa: F401 - fixtures

pytestmark = pytest.mark.usefixtures("each_store")

LON, LAT = 9.17, 45.46
HEAD = "lon,lat,kind,source,seen_at,photo,answer\n"


def lat(chainage_m):
    return LAT + chainage_m / 111_195.0


@pytest.fixture
def workspace(tmp_path):
    workspace = Workspace.create(tmp_path / "w")
    # both directions of one road: the second lies 6 m to the east
    add_sections(workspace, [section("N", LON, LAT), section("S", LON + 6 / 78_000, LAT)])
    return workspace


def run(workspace, text, tmp_path, name="obs.csv"):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    verb = load("pavement observations")
    return verb(convert(verb.request, {"file": str(file)}), Context(workspace=workspace.path))


def anomalies(workspace):
    return workspace.read("pavement_anomaly").to_pylist()


def test_every_source_lands_in_one_list_with_its_own_weight(workspace, tmp_path):
    text = (
        f"{HEAD}{LON},{lat(100)},D40,camera,2026-06-01T10:00:00Z,img7.jpg,\n"
        f"{LON},{lat(110)},pothole,citizen,2026-06-02 18:30,,\n"
        f"{LON},{lat(300)},D20,camera,2026-06-03,,\n"
        f"{LON},{lat(500)},manhole,inspector,2026-06-04T09:00:00+02:00,,present\n"
    )
    done = run(workspace, text, tmp_path)
    assert (done.read, done.loaded, done.unchanged, done.rejected, done.anomalies) == (4, 4, 0, [], 3)
    assert (done.label, done.states_changed) == ("estimated", 3)
    found = {a["kind"]: a for a in anomalies(workspace)}
    assert {k: (a["state"], a["source"]) for k, a in found.items()} == {
        "pothole": ("new", "camera"),
        "alligator_crack": ("new", "camera"),
        "manhole": ("confirmed", "inspector"),
    }
    assert found["pothole"]["photo"] == "img7.jpg"
    assert (
        found["pothole"]["height_mm"]
        is found["pothole"]["severity"]
        is found["pothole"]["criticality"]
        is None
    )
    assert found["pothole"]["passes"] == 0
    times = {r["source"]: r["at_local"] for r in workspace.read("pavement_evidence").to_pylist()}
    assert times["citizen"] == "2026-06-02T18:30:00+02:00"
    assert times["inspector"] == "2026-06-04T09:00:00+02:00"


def test_the_same_file_again_changes_nothing(workspace, tmp_path):
    text = f"{HEAD}{LON},{lat(100)},pothole,citizen,2026-06-01T10:00:00Z,,\n"
    assert run(workspace, text + text.splitlines()[1] + "\n", tmp_path).loaded == 1
    before = workspace.file_hashes()
    again = run(workspace, text, tmp_path, "renamed.csv")
    assert (again.loaded, again.unchanged, again.states_changed) == (0, 1, 0)
    assert workspace.file_hashes() == before


def test_a_bad_line_is_told_and_the_others_are_taken(workspace, tmp_path):
    tomorrow = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()
    lines = [
        (f"{LON},{lat(100)},pothole,citizen,2026-06-01T10:00:00Z,,", None),
        (f"{LON},91,pothole,citizen,2026-06-01T10:00:00Z,,", "impossible_position"),
        (f",{LAT},pothole,citizen,2026-06-01T10:00:00Z,,", "impossible_position"),
        (f"{LAT},{LON},pothole,citizen,2026-06-01T10:00:00Z,,", "off_network"),
        (f"{LON},{lat(100)},hole,citizen,2026-06-01T10:00:00Z,,", "unknown_choice"),
        (f"{LON},{lat(100)},pothole,car,2026-06-01T10:00:00Z,,", "unknown_choice"),
        (f"{LON},{lat(100)},pothole,inspector,2026-06-01T10:00:00Z,,maybe", "unknown_choice"),
        (f"{LON},{lat(100)},pothole,citizen,yesterday,,", "bad_instant"),
        (f"{LON},{lat(100)},pothole,citizen,{tomorrow},,", "in_the_future"),
    ]
    done = run(workspace, HEAD + "\n".join(line for line, _ in lines) + "\n", tmp_path)
    assert done.loaded == 1
    assert [(r.row, r.rule) for r in done.rejected] == [
        (2 + i, rule) for i, (_, rule) in enumerate(lines) if rule
    ]
    assert "pothole, depression" in next(r.message for r in done.rejected if r.row == 6)


def test_what_is_no_file_or_lacks_a_column_is_refused(workspace, tmp_path):
    with pytest.raises(ColumnNotFound, match="seen_at"):
        run(workspace, "lon,lat,kind,source\n", tmp_path)
    verb = load("pavement observations")
    with pytest.raises(TableNotFound):
        verb(convert(verb.request, {"file": str(tmp_path / "none.csv")}), Context(workspace=workspace.path))


def test_of_two_directions_side_by_side_the_one_with_the_known_hole_is_meant(workspace, tmp_path):
    at = dt.datetime(2026, 5, 1, 8, 0, tzinfo=dt.UTC)
    drive(workspace, "d0", at, {"S": [hole(200.0)]})
    text = f"{HEAD}{LON},{lat(212)},pothole,citizen,2026-06-01T10:00:00Z,,\n"
    text += f"{LON},{lat(LENGTH_M - 50)},pothole,citizen,2026-06-01T10:00:00Z,,\n"
    assert run(workspace, text, tmp_path).loaded == 2
    assert sorted((a["section_id"], round(a["chainage_m"])) for a in anomalies(workspace)) == [
        ("N", 550),
        ("S", 200),
    ]

"""Known fixtures of the road: read, found on a route, taken out of the defects, followed for change."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from contado.engines.pavement.anomalies.fixtures import Fixture, Located, located, marked, read_fixtures, take
from contado.engines.pavement.anomalies.life import Passage, Sighting
from contado.engines.pavement.anomalies.track import track
from contado.engines.pavement.measuring.position import RouteLine
from contado.kernel import tables
from contado.kernel.errors import ColumnNotFound, DataError
from contado.kernel.territory import crs

OSM = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
 <node id="1" lat="45.0" lon="9.0"><tag k="traffic_calming" v="table"/><tag k="name" v="Scuola"/></node>
 <node id="2" lat="45.001" lon="9.0"><tag k="traffic_calming" v="chicane"/></node>
 <node id="3" lat="45.002" lon="9.0"><tag k="railway" v="level_crossing"/></node>
 <node id="4" lat="45.003" lon="9.0"/>
 <node id="5" lat="45.004" lon="9.0"/>
 <node id="6" lat="45.005" lon="9.0"/>
 <node id="7" lat="45.006" lon="9.0"/>
 <way id="10"><nd ref="4"/><nd ref="5"/><tag k="highway" v="primary"/><tag k="bridge" v="yes"/></way>
 <way id="11"><nd ref="5"/><nd ref="6"/><tag k="highway" v="primary"/><tag k="bridge" v="yes"/></way>
 <way id="12"><nd ref="6"/><nd ref="7"/><tag k="railway" v="rail"/><tag k="bridge" v="yes"/></way>
</osm>"""


def written(tmp_path, text, name="fixtures.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_of_the_map_only_what_lifts_a_wheel_and_the_ends_of_bridges_of_streets(tmp_path):
    pytest.importorskip("osmium")
    found = {f.fixture_id: (f.kind, f.name) for f in read_fixtures(written(tmp_path, OSM, "x.osm"))}
    assert found == {
        "osm:n1": ("traffic_calming", "Scuola"),
        "osm:n3": ("level_crossing", None),
        "osm:n4": ("bridge_joint", None),
        "osm:n6": ("bridge_joint", None),
    }


def test_a_table_declares_bumps(tmp_path):
    text = "lon,lat,kind,name\n9.1,45.1,,Via Roma\n9.2,45.2,bridge_joint,\n"
    first, second = sorted(read_fixtures(written(tmp_path, text)), key=lambda f: f.lon)
    assert (first.kind, first.name, second.kind, second.name) == (
        "declared_bump", "Via Roma", "bridge_joint", None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rule", "field"),
    [
        ("lon,lat\n9.1,x\n", "not_a_number", "lat"),
        ("lon,lat\n9.1,95\n", "impossible_position", "lat"),
        ("lon,lat\n,45\n", "not_a_number", "lon"),
        ("lon,lat,kind\n9.1,45,bump\n", "unknown_choice", "kind"),
    ],
)
def test_bad_tables_name_the_line(tmp_path, text, rule, field):
    with pytest.raises(DataError) as caught:
        read_fixtures(written(tmp_path, text))
    assert (caught.value.rule, caught.value.rows, caught.value.field) == (rule, (2,), field)
    assert caught.value.hint


def test_a_table_without_places_is_refused(tmp_path):
    with pytest.raises(ColumnNotFound):
        read_fixtures(written(tmp_path, "lon,kind\n9,declared\n"))


def frame():
    """A route that goes 300 m east and comes back 8 m beside, its chainage from 1000 m."""
    x = np.array([0.0, 300.0, 300.0, 0.0]) + 500_000
    y = np.array([0.0, 0.0, 8.0, 8.0]) + 5_000_000
    line = RouteLine(x_m=x, y_m=y, chainage_m=np.array([0.0, 300.0, 308.0, 608.0]))
    return SimpleNamespace(line=line, start_m=1000.0, network=SimpleNamespace(epsg=32632))


def at(x_m, y_m, kind="declared"):
    lon, lat = crs.to_lonlat(np.array([500_000 + x_m]), np.array([5_000_000 + y_m]), 32632)
    return Fixture(fixture_id=f"{kind}:{x_m}", kind=kind, lon=float(lon[0]), lat=float(lat[0]))


def test_a_route_meets_a_fixture_each_time_it_passes_and_not_that_of_another_road():
    found = located([at(100, 4), at(200, -30)], frame())
    assert [round(f.chainage_m) for f in found] == [1100, 1508]


def test_a_hole_beside_a_bump_stays_a_hole():
    bump = [Located(fixture=at(0, 0, "traffic_calming"), chainage_m=100.0)]
    assert take(bump, 104.0, "speed_bump", 60.0) == bump[0].fixture
    assert take(bump, 104.0, "pothole", -40.0) is None
    assert take(bump, 115.0, "speed_bump", 60.0) is None
    joint = [Located(fixture=at(0, 0, "bridge_joint"), chainage_m=100.0)]
    assert take(joint, 104.0, "pothole", -40.0) == joint[0].fixture


def test_observations_of_cars_are_marked_and_what_people_told_is_not():
    row = {
        "section_id": "s", "drive_id": "d", "chainage_m": 101.0, "kind": "raised", "height_mm": 20.0,
        "p_exists": 0.9, "passes": 2, "passes_possible": 2, "source": "car", "label": "estimated",
    }  # fmt: skip
    told = {**row, "drive_id": "report", "source": "citizen"}
    known = {"s": [Located(fixture=at(0, 0), chainage_m=100.0)]}
    obs = tables.from_rows("pavement_anomaly_obs", [row, told])
    assert marked(obs, known)["fixture_id"].to_pylist() == ["declared:0", None]
    assert marked(marked(obs, known), {})["fixture_id"].to_pylist() == [None, None]


def passes(days, severity, fixture="f"):
    seen = Sighting(chainage_m=50.0, kind="speed_bump", height_mm=60.0, severity=severity, fixture_id=fixture)
    return [
        Passage(drive_id=f"d{d}", section_id="s", day=float(d), covered_m=((0.0, 100.0),), sightings=(seen,))
        for d in days
    ]


def test_a_fixture_is_no_defect_until_it_changes():
    known, changes = track([], passes(range(5), 40.0))
    assert [(c.before, c.after) for c in changes] == [(None, "fixture")]
    assert known[0].severity_confirmed == pytest.approx(40.0)
    same, quiet = track(known, passes(range(5, 9), 43.0))
    assert same[0].state == "fixture"
    assert not quiet
    worse, changed = track(same, passes(range(9, 15), 70.0))
    assert [(c.before, c.after) for c in changed] == [("fixture", "worse")]
    assert worse[0].fixture_id == "f"


def test_a_fixture_that_is_taken_away_is_gone_and_comes_back_as_a_fixture():
    known, _ = track([], passes(range(5), 40.0))
    clean = [
        Passage(drive_id=f"c{d}", section_id="s", day=10.0 + d, covered_m=((0.0, 100.0),), sightings=())
        for d in range(4)
    ]
    gone, changes = track(known, clean)
    assert [(c.before, c.after) for c in changes] == [("fixture", "repaired")]
    back, again = track(gone, passes([20, 21], 40.0))
    assert back[0].state == "fixture"
    assert [(c.before, c.after) for c in again] == [("repaired", "fixture")]


def test_a_known_anomaly_that_is_declared_becomes_a_fixture():
    known, _ = track([], passes([0], 40.0, fixture=None))
    assert track(known, passes([1], 40.0))[0][0].state == "fixture"

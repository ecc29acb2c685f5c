"""Reading traces, and what is refused with which line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from contado.kernel.errors import ColumnNotFound, DataError
from contado.kernel.territory import Network
from contado.kernel.territory.matching import traces

GPX = (
    '<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>'
    '<trkpt lat="45.0" lon="9.0"><time>2026-03-02T09:11:00Z</time></trkpt>'
    '<trkpt lat="45.0" lon="9.0005"><time>2026-03-02T09:11:05Z</time></trkpt>'
    "</trkseg></trk></gpx>"
)


@pytest.fixture
def network(tmp_path):
    line = {"type": "LineString", "coordinates": [[9.0, 45.0], [9.002, 45.0]]}
    feature = {"type": "Feature", "properties": {"from_node": 1, "to_node": 2}, "geometry": line}
    path = tmp_path / "street.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return Network.from_file(path)


@pytest.fixture
def write(tmp_path):
    def put(text, name="drive.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return put


def test_trip_and_time_may_be_absent(write):
    found = traces.read(write("lon,lat\n9.0,45.0\n9.001,45.0\n"))
    assert (found.trips.to_pylist(), found.trip.tolist(), np.isnan(found.t_s).all()) == (
        ["drive"],
        [0, 0],
        True,
    )


def test_trips_stand_in_order_of_first_appearance(write):
    found = traces.read(write("trip,t_s,lon,lat\nb,0,9,45\na,0,9,45\nb,1,9,45\n"))
    assert (found.trips.to_pylist(), found.trip.tolist()) == (["b", "a"], [0, 1, 0])


def test_gpx(write):
    found = traces.read(write(GPX, "ride.gpx"))
    assert (found.trips.to_pylist(), found.t_s.tolist(), found.lon.tolist()) == (
        ["ride"],
        [0.0, 5.0],
        [9.0, 9.0005],
    )


def test_gpx_without_times(write):
    found = traces.read(write('<gpx><trk><trkseg><trkpt lat="45" lon="9"/></trkseg></trk></gpx>', "ride.gpx"))
    assert np.isnan(found.t_s).tolist() == [True]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + GPX, "unsafe_xml"),
        (GPX[:-30], "damaged_file"),
        ("<gpx></gpx>", "empty_file"),
        ('<gpx><trkpt lat="x" lon="9"/></gpx>', "damaged_file"),
    ],
)
def test_bad_gpx(write, text, rule):
    with pytest.raises(DataError, match=r"ride\.gpx") as caught:
        traces.read(write(text, "ride.gpx"))
    assert caught.value.rule == rule
    assert caught.value.hint


def test_a_missing_column_is_named(write):
    with pytest.raises(ColumnNotFound, match="missing column lon"):
        traces.read(write("trip,t_s,long,lat\na,0,9,45\n"))


def test_text_is_no_number(write):
    with pytest.raises(DataError) as caught:
        traces.read(write("lon,lat\n9.0,45.0\nnine,45.0\n"))
    assert (caught.value.rule, caught.value.rows) == ("not_a_number", (3,))


GOOD = "a,0,9.0,45.0\na,1,9.0001,45.0\n"


@pytest.mark.parametrize(
    ("rows", "rule", "lines"),
    [
        ("a,2,0,0\n", "impossible_position", (4,)),
        ("a,2,9.0,95\n", "impossible_position", (4,)),
        ("a,2,12.0,45\n", "impossible_jump", (4,)),
        ("a,2,12.0,45\na,3,9.0003,45\n", "impossible_jump", (4,)),
    ],
)
def test_impossible_points_are_refused_or_dropped(write, network, rows, rule, lines):
    found = traces.read(write("trip,t_s,lon,lat\n" + GOOD + rows))
    with pytest.raises(DataError) as caught:
        traces.check(found, network)
    assert (caught.value.rule, caught.value.rows) == (rule, lines)
    kept = traces.check(found, network, drop_bad=True)
    assert np.flatnonzero(np.isnan(kept.lon)).tolist() == [lines[0] - 2]
    assert [f.rule for f in kept.findings] == [rule]


@pytest.mark.parametrize(
    ("rows", "hint"),
    [
        ("a,0,45.0,9.0\na,1,45.0,9.0001\n", "swapped"),
        ("a,0,500000,5000000\n", "metres"),
        ("a,0,12.5,41.9\n", "elsewhere"),
    ],
)
def test_a_trace_that_lies_nowhere_near_the_network(write, network, rows, hint):
    found = traces.read(write("trip,t_s,lon,lat\n" + rows))
    with pytest.raises(DataError, match="5 km off") as caught:
        traces.check(found, network)
    assert (caught.value.rule, caught.value.rows) == ("lon_lat_swapped_or_off_network", (2,))
    assert hint in caught.value.hint


def test_rows_without_position_are_counted(write, network):
    found = traces.check(traces.read(write("trip,t_s,lon,lat\n" + GOOD + "a,2,,\n")), network)
    assert [(f.rule, f.row) for f in found.findings] == [("rows_dropped", 4)]


def test_a_row_without_a_time_among_timed_ones_is_counted(write, network):
    found = traces.check(
        traces.read(write("trip,t_s,lon,lat\n" + GOOD + "a,,9.0,45.0\nb,,9.0,45.0\n")), network
    )
    assert [(f.rule, f.row) for f in found.findings] == [("rows_dropped", 4)]
    assert np.isnan(found.lon).tolist()[-2:] == [True, False]  # trip b has no times at all


def test_unordered_times_are_no_jump(write, network):
    text = "trip,t_s,lon,lat\na,500,9.0,45.0\na,0,9.4,45.0\n"
    assert traces.check(traces.read(write(text)), network).findings == ()


def test_points_of_each_trip_in_order_also_where_one_has_none():
    table = pa.table(
        {"trip": ["b", "a", "b"], "t_s": [2.0, 0.0, 1.0], "lon": [9.0, 9.1, 9.2], "lat": [45.0] * 3}
    )
    found = traces.of(table)
    order, _ = found.ordered(found.lon, found.lat)
    assert [part.tolist() for part in found.by_trip(order)] == [[2, 0], [1]]
    assert [part.tolist() for part in found.by_trip(order[:2])] == [[2, 0], []]


def test_a_long_stay_at_a_false_place_is_left_out_whole():
    lon = np.concatenate([np.full(50, 9.0), np.full(200, 12.0), np.full(50, 9.001)])
    table = pa.table({"t_s": np.arange(300.0), "lon": lon, "lat": np.full(300, 45.0)})
    jumps = traces._jumps(traces.of(table), np.ones(300, bool))
    assert np.flatnonzero(jumps).tolist() == list(range(50, 250))

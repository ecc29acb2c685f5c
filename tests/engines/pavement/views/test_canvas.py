"""The drawing: colours, widths and signs of the style file, places in the measure CRS."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from contado.engines.pavement.views import canvas, grading
from contado.engines.pavement.views.reading import read_state
from contado.kernel.publish import style
from contado.kernel.territory import crs
from invented import survey


@pytest.fixture
def state(tmp_path):
    return read_state(survey.write_answer(tmp_path / "p.json"))


def drawn(state, lang="en"):
    pieces = [p for road in state.roads for p in grading.pieces(road, state.on)]
    frame = canvas.frame_of(state.roads)
    found = canvas.shapes(state.roads, pieces, frame)
    body = canvas.layer(frame, found, state.roads, lang=lang)
    return frame, found, ET.fromstring(canvas.draw(frame, body, label="a < b"))


def lines(root):
    return [p for p in root.iter("path") if "rv-line" in p.get("class", "")]


def test_every_piece_has_a_line_in_the_colour_and_width_of_its_class(state):
    frame, found, root = drawn(state)
    by_id = {p.get("id"): p for p in lines(root)}
    assert len(by_id) == len(found) == len(survey.IRI)
    for shape in found:
        look = style.load().by_id(shape.piece.class_id)
        line = by_id[f"p{shape.number}"]
        assert line.get("stroke") == look.light
        assert float(line.get("stroke-width")) == pytest.approx(
            canvas.width_at(look.widths, frame.zoom), abs=0.06
        )
        assert (line.get("stroke-dasharray") is None) == (look.dash is None)


def test_worse_classes_lie_on_top(state):
    order = [p.get("class").rpartition("rv-w")[2] for p in lines(drawn(state)[2])]
    assert list(dict.fromkeys(order)) == ["none", "A", "B", "C", "D"]


def test_white_dots_lie_on_the_uncertain_piece_only(state):
    _, found, root = drawn(state)
    dots = [p for p in root.iter("path") if p.get("class") == "rv-dots"]
    assert [p.get("d") for p in dots] == [s.path for s in found if s.piece.uncertain]


def test_a_stale_piece_is_dashed_in_its_class_over_the_colour_of_not_driven(state):
    cells = tuple(replace(c, state="not_driven") for c in state.roads[0].cells)
    root = drawn(replace(state, roads=(replace(state.roads[0], cells=cells),)))[2]
    under = [p for p in root.iter("path") if "rv-under" in p.get("class", "")]
    assert {p.get("stroke") for p in under} == {style.load().by_id("none").light}
    assert all(p.get("stroke-dasharray") for p in lines(root))


def test_a_point_stands_where_the_measure_crs_puts_it(state):
    frame = canvas.frame_of(state.roads)
    assert frame.epsg == 32632
    (x,), (y,) = frame.place(*(np.array([v]) for v in survey.place(500.0)))
    assert (x, y) == pytest.approx((frame.width / 2, frame.height / 2), abs=0.5)
    a, b = (crs.to_measure(*survey.place(m), 32632) for m in (0.0, 1000.0))
    length = float(np.hypot(b[0] - a[0], b[1] - a[1]))
    ends = [frame.place(*(np.array([v]) for v in survey.place(m))) for m in (0.0, 1000.0)]
    pixels = float(np.hypot(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1])[0])
    assert pixels / frame.scale == pytest.approx(length, rel=1e-6)


def test_anomalies_have_the_shape_of_their_kind_full_or_hollow(state):
    root = drawn(state)[2]
    marks = [g for g in root.iter("g") if g.get("class") == "rv-spot"]
    titles = [g.find("title").text for g in marks]
    assert titles == ["SP1: manhole, −20 mm, km 0.12", "SP1: pothole, −20 mm, km 0.65"]
    shapes = [next(p for p in g.iter("path") if p.get("class") != "rv-edge") for g in marks]
    look = style.load()
    assert [p.get("d") for p in shapes] == [look.mark[look.mark_of[k]] for k in ("manhole", "pothole")]
    assert [(p.get("class"), p.get("fill")) for p in shapes] == [
        ("rv-hollow", "#FFF"),
        ("rv-full", canvas.INK),
    ]


def test_roads_without_a_line_are_drawn_straight_with_their_names(state):
    road = replace(state.roads[0], line=None)
    frame, found, root = drawn(replace(state, roads=(road,)))
    assert frame.epsg is None
    heights = {y for s in found for y in re.findall(r" ([\d.]+)", s.path)}
    assert len(heights) == 1
    assert "SP1" in [t.text for t in root.iter("text")]


def test_where_one_road_has_a_line_the_other_stays_in_the_table_only(state):
    other = replace(state.roads[0], name="SP2", line=None)
    _, found, _ = drawn(replace(state, roads=(state.roads[0], other)))
    assert {s.piece.road for s in found} == {"SP1"}


def test_letters_stand_where_a_run_has_room(state):
    root = drawn(state)[2]
    letters = next(g for g in root.iter("g") if g.get("class") == "rv-letters")
    assert [t.text for t in letters.iter("text")] == ["A", "B", "C", "D", "A"]


def test_two_directions_on_one_line_stand_side_by_side_with_their_letters_and_signs(state):
    road = state.roads[0]
    line = road.line
    length = line.chainage_m[-1]
    turned = replace(line, lon=line.lon[::-1], lat=line.lat[::-1], chainage_m=length - line.chainage_m[::-1])
    back = replace(road, name="SP1 back", line=turned, spots=())
    frame, found, root = drawn(replace(state, roads=(road, back)))
    assert all(s.beside for s in found)
    paths = {p.get("id"): p for p in lines(root)}
    for shape in found:
        width = canvas.width_at(style.load().by_id(shape.piece.class_id).widths, frame.zoom)
        aside, middle = (np.array(points(paths[f"p{shape.number}"].get(n))) for n in ("d", "data-d"))
        steps = np.diff(middle, axis=0)
        across = aside[:-1] - middle[:-1]
        right = steps[:, 0] * across[:, 1] - steps[:, 1] * across[:, 0]  # y runs down
        assert (right > 0).all()
        assert np.hypot(*across.T).min() >= width / 2 + 0.8  # within the rounding of the file
    letters = next(g for g in root.iter("g") if g.get("class") == "rv-letters")
    moved = {(t.get("x"), t.get("y")) for t in letters.iter("text")}
    assert len(moved) >= 2
    signs = [g for g in root.iter("g") if g.get("class") == "rv-spot"]
    assert signs
    assert all(g.find("g/g").get("transform").startswith("translate(") for g in signs)


def points(path: str) -> list[tuple[float, float]]:
    return [tuple(map(float, p.split())) for p in path.removeprefix("M").split("L")]


def test_a_letter_keeps_off_the_signs(state):
    road = state.roads[0]
    frame, _, root = drawn(state)
    letters = next(g for g in root.iter("g") if g.get("class") == "rv-letters")
    places = [tuple(map(float, re.findall(r"-?[\d.]+", g.get("transform")))) for g in letters.findall("g")]
    x, y = places[2]
    lon, lat = crs.to_lonlat(
        np.array([frame.west_m + x / frame.scale]), np.array([frame.north_m - y / frame.scale]), frame.epsg
    )
    chainage, _ = road.line.nearest(float(lon[0]), float(lat[0]))
    sign = replace(road.spots[0], at_m=chainage, lonlat=(float(lon[0]), float(lat[0])))
    _, _, again = drawn(replace(state, roads=(replace(road, spots=(sign,)),)))
    letters = next(g for g in again.iter("g") if g.get("class") == "rv-letters")
    moved = [tuple(map(float, re.findall(r"-?[\d.]+", g.get("transform")))) for g in letters.findall("g")]
    assert moved[2] != places[2]
    assert np.hypot(moved[2][0] - x, moved[2][1] - y) > 5.0

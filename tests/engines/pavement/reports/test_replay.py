"""The replay of drives: every second on the route, cells by the pass alone, complete without a script."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from contado.engines.pavement.reports import replay
from contado.engines.pavement.views.model import Road, RoadState
from contado.engines.pavement.views.reading import read_state
from invented import survey


@pytest.fixture
def played(tmp_path):
    state = read_state(survey.write_answer(tmp_path / "p.json"))
    chainage = np.arange(0.0, 1000.1, 20.0)
    chainage[10:13] = np.nan
    return [
        replay.Played(
            name=f"car1_pass{k}",
            vehicle="car1",
            start_utc="2026-04-10T09:00:00Z",
            chainage_m=chainage,
            speed_m_s=np.where(np.isnan(chainage), np.nan, 20.0),
            state=state,
        )
        for k in (1, 2)
    ]


def film(html: str) -> dict:
    return json.loads(re.search(r'id="rv-data">(.*?)</script>', html, re.DOTALL)[1])["replay"]


def test_each_drive_has_its_lines_rows_and_seconds(played):
    html = replay.render(played, speedup=10).decode()
    n = len(survey.IRI)
    assert sorted(map(int, re.findall(r'id="p(\d+)"', html))) == list(range(2 * n))
    assert sorted(map(int, re.findall(r'<tr id="r(\d+)"', html))) == list(range(2 * n))
    data = film(html)
    assert data["speedup"] == 10
    first = data["drives"][0]
    assert (len(first["at"]), first["at"][10], first["v"][0]) == (51, None, 72)
    assert first["ends"] == [100.0 * (k + 1) for k in range(n)]
    assert [row[2] for row in data["line"]] == [50.0 * k for k in range(21)]


def test_without_a_script_the_chosen_drive_is_shown_at_its_end(played):
    html = replay.render(played).decode()
    assert 'id="d-0" value="0" checked' in html
    assert "body:has(#d-1:checked) .rv-d:not(.rv-d1){display:none}" in html
    assert "rv-later" not in re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)
    assert re.search(r'<div class="rv-play" hidden>', html)


def test_same_drives_same_bytes(played):
    assert replay.render(played) == replay.render(played)


def test_no_position_of_the_truth_is_in_the_file(played):
    assert "truth_" not in replay.render(played).decode()


def test_a_road_name_is_escaped(played):
    state = played[0].state
    evil = Road(name="<b>", line=state.roads[0].line, cells=state.roads[0].cells)
    one = RoadState(roads=(evil,), label="estimated", on=state.on)
    html = replay.render(
        [
            replay.Played(
                **{
                    n: getattr(played[0], n)
                    for n in ("name", "vehicle", "start_utc", "chainage_m", "speed_m_s")
                },
                state=one,
            )
        ]
    ).decode()
    assert "<b>," not in html
    assert "&lt;b&gt;" in html

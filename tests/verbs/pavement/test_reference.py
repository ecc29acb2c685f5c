"""The verb `pavement reference`: there and back on the open route."""

from __future__ import annotations

import json

import pytest

from contado.cli import main


@pytest.fixture
def ask(shared, tmp_path, capsys):
    def call(option, text):
        path = tmp_path / "ask.csv"
        path.write_text(text)
        network = shared("roads/network/liechtenstein.osm.pbf")
        route = shared("roads/telemetry_synth/truth_route.csv")
        command = ["pavement", "reference", str(network), "--route", str(route), option, str(path)]
        with pytest.raises(SystemExit) as stop:
            main([*command, "--json", "--quiet"])
        return stop.value.code, json.loads(capsys.readouterr().out)

    return call


def test_there_and_back(ask):
    wanted = [0.0, 1234.5, 5479.9]
    _, there = ask("--chainages", "chainage_m\n" + "\n".join(map(str, wanted)) + "\n6000\n")
    assert [p["chainage_m"] for p in there["points"]] == [*wanted, None]
    lines = [f"{p['lon']},{p['lat']}" for p in there["points"][:3]]
    _, back = ask("--points", "lon,lat\n" + "\n".join(lines) + "\n9.5,47.2\n")
    assert [p["chainage_m"] for p in back["points"][:3]] == pytest.approx(wanted, abs=0.01)
    assert set(back["points"][3].values()) == {None}
    assert [p["way_id"] for p in back["points"]] == [p["way_id"] for p in there["points"]]


def test_points_in_another_country(ask):
    code, answer = ask("--points", "lon,lat\n12.5,41.9\n")
    assert (code, answer["error"]["rule"], answer["error"]["rows"]) == (
        2,
        "lon_lat_swapped_or_off_network",
        [2],
    )


@pytest.mark.parametrize(
    ("option", "text", "rule", "rows"),
    [
        ("--chainages", "km\n1\n", "missing_column", []),
        ("--chainages", "chainage_m\n1\nfar\n", "not_a_number", [3]),
        ("--chainages", "chainage_m\n1\n1.234,5\n2\n", "ragged_row", [3]),
        ("--points", "lon,lat\n0,0\n9.5277,47.119\n", "impossible_position", [2]),
    ],
)
def test_bad_input(ask, option, text, rule, rows):
    code, answer = ask(option, text)
    assert (code, answer["error"]["rule"], answer["error"]["rows"]) == (2, rule, rows)


def test_either_points_or_chainages(shared, capsys):
    network = shared("roads/network/liechtenstein.osm.pbf")
    with pytest.raises(SystemExit) as stop:
        main(["pavement", "reference", str(network), "--route", "r.csv", "--json", "--quiet"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert (stop.value.code, error["rule"]) == (2, "missing_value")

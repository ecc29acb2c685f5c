from __future__ import annotations

import json

import pytest

from contado.cli import main


def test_counts_as_json(shared, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["pavement", "network", str(shared("roads/network/rome_small.osm.pbf")), "--json", "--quiet"])
    answer = json.loads(capsys.readouterr().out)
    assert stop.value.code in (0, None)
    assert (answer["nodes"], answer["edges"], answer["epsg"], answer["label"]) == (38, 62, 32633, "measured")
    assert answer["length_km"] == pytest.approx(sum(answer["by_class"].values()))
    assert answer["ways_km"] < answer["length_km"]
    assert {"components", "compute_s", "findings"} <= answer.keys()


def test_an_unknown_profile(shared, capsys):
    path = str(shared("roads/network/rome_small.osm.pbf"))
    with pytest.raises(SystemExit) as stop:
        main(["pavement", "network", path, "--profile", "car", "--json", "--quiet"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert (stop.value.code, error["rule"]) == (2, "unknown_choice")
    assert all(name in error["message"] for name in ("drive", "bike", "walk", "all"))

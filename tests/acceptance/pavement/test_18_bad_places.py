"""pavement.md, definition of done 18, through the command line on real files: positions, networks and roads."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from invented.spoiled import GNSS, accepted, driven, fixes, item, refused, rules, traces, write


@item("longitude and latitude swapped, wrong CRS, another country")
def test_off_the_network(ask, process, road, drives, tmp_path):
    head, *lines = traces(road)
    cells = [line.split(",") for line in lines]
    files = {
        "swapped": [f"{trip},{t},{lat},{lon}" for trip, t, lon, lat in cells],
        "metres": [f"{trip},{t},{500_000 + k},{5_000_000 + k}" for k, (trip, t, _, _) in enumerate(cells)],
        "elsewhere": [f"{trip},{t},{float(lon) + 3},{lat}" for trip, t, lon, lat in cells],
    }
    for word, rows in files.items():
        answer = ask("match", road / "network.geojson", write(tmp_path / "t.csv", head, *rows))
        refused(answer, "lon_lat_swapped_or_off_network", rows=[2], hint=[word])
    fixes(drives, lambda rows: [{**row, "lon": row["lat"], "lat": row["lon"]} for row in rows])
    refused(process(drives), "lon_lat_swapped_or_off_network", rows=[2], hint=["swapped"])


@item("a fix at (0, 0) or outside the world, a jump of 300 km; --drop-bad")
@pytest.mark.parametrize(
    ("lon", "lat", "rule"),
    [("0", "0", "impossible_position"), ("9.1", "95", "impossible_position"), ("+4", "", "impossible_jump")],
)
def test_impossible_positions(ask, process, road, drives, tmp_path, lon, lat, rule):
    def spoil(row):
        far = str(float(row["lon"]) + 4)
        return {**row, "lon": far if lon == "+4" else lon, "lat": lat or row["lat"]}

    rows = driven(road)
    bad = spoil(rows[30])
    lines = traces(road)
    lines[31] = f"a,{bad['t_s']},{bad['lon']},{bad['lat']}"
    path = write(tmp_path / "t.csv", *lines)
    refused(ask("match", road / "network.geojson", path), rule, rows=[32], says=["t.csv"])
    answer = accepted(ask("match", road / "network.geojson", path, "--drop-bad"))
    assert {f["rule"]: f["row"] for f in answer["findings"]}[rule] == 32
    assert answer["points"] - answer["matched"] >= 1

    fixes(drives, lambda rows: [*rows[:30], spoil(rows[30]), *rows[31:]])
    refused(process(drives), rule, rows=[32], says=[GNSS])
    answer = accepted(process(drives, "--drop-bad"))
    assert rule in rules(answer)
    assert any(cell["state"] == "measured" for cell in answer["cells"])


@item("network cut, no network, no such file")
@pytest.mark.parametrize(
    "name", ["cut.geojson", "cut.osm.pbf", "words.osm", "words.gpkg", "none.geojson", "none.osm.pbf"]
)
def test_network_unreadable(ask, road, shared, tmp_path, name):
    path = tmp_path / name
    if name.startswith("cut"):
        source = road / "network.geojson"
        if name.endswith(".pbf"):
            source = shared("roads/network/liechtenstein.osm.pbf")
        data = source.read_bytes()
        path.write_bytes(data[: len(data) // 2])
    elif name.startswith("words"):
        path.write_text("this is no map\n")
    refused(ask("network", path), "network_unreadable", says=[name])
    refused(ask("match", path, write(tmp_path / "t.csv", *traces(road))), "network_unreadable", says=[name])


@item("tunnel, slow driving, standstill")
def test_not_measurable(ask, process, drives, tmp_path):
    fixes(drives, lambda rows: [*rows[:60], *rows[85:]])
    answer = accepted(process(drives))
    assert "not_measurable" in set(answer["drives"][0]["flags"]) & rules(answer)
    states = [cell["state"] for cell in answer["cells"]]
    assert {"measured", "not_measurable"} == set(states)

    slow = tmp_path / "slow"
    words = ["--length-m", 300, "--speed-kmh", 12, "--vehicles", 1, "--passes", 1]
    accepted(ask("simulate", "--out", slow, *words))
    answer = accepted(
        ask("process", slow, "--network", slow / "network.geojson", "--route", slow / "truth_route.csv")
    )
    for cell in answer["cells"]:
        assert (cell["state"], cell["iri_m_km"], cell["passes"]) == ("not_measurable", None, 0)


@item("off the network: a road that is missing from the map")
def test_unmatched_span(ask, process, drives, road, tmp_path):
    rows = driven(road)
    off = [
        {**row, "lat": str(float(row["lat"]) + 0.008)} if 60 <= k < 110 else row for k, row in enumerate(rows)
    ]
    path = write(
        tmp_path / "t.csv", "trip,t_s,lon,lat", *(f"a,{r['t_s']},{r['lon']},{r['lat']}" for r in off)
    )
    answer = accepted(ask("match", road / "network.geojson", path, "--out", tmp_path / "out"))
    (trip,) = answer["trips"]
    assert trip["gaps"] >= 1
    assert trip["points"] - trip["matched"] >= 40
    gaps = pq.read_table(tmp_path / "out" / "gaps.parquet").to_pylist()
    assert max(gap["points"] for gap in gaps) >= 40
    assert max(gap["straight_m"] or 0 for gap in gaps) > 100
    fixes(drives, lambda _: off)
    answer = accepted(process(drives))
    assert "unmatched_span" in set(answer["drives"][0]["flags"]) & rules(answer)
    assert "not_measurable" in {cell["state"] for cell in answer["cells"]}


@item("parallel roads: match probability below 0.8")
def test_ambiguous_match(process, drives, road):
    network = json.loads((road / "network.geojson").read_text())
    twins = []
    for feature in network["features"]:
        twin = json.loads(json.dumps(feature))
        twin["geometry"]["coordinates"] = [
            [x, y + 0.00004, *z] for x, y, *z in twin["geometry"]["coordinates"]
        ]
        for name in ("from_node", "to_node", "way_id"):
            twin["properties"][name] = int(twin["properties"][name]) + 1_000_000
        twins.append(twin)
    path = write(
        drives.parent / "twice.geojson", json.dumps({**network, "features": [*network["features"], *twins]})
    )
    answer = accepted(process(drives, "--network", path))
    assert "ambiguous_match" in set(answer["drives"][0]["flags"]) & rules(answer)
    assert {cell["passes"] for cell in answer["cells"] if cell["state"] == "not_measurable"} == {0}
    assert any(cell["state"] == "not_measurable" for cell in answer["cells"])

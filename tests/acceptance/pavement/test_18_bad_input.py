"""pavement.md, definition of done 18: one test a row of section 15, through the command line on real files.

The rows of strategies and trials are tested beside their verbs.
"""

from __future__ import annotations

import csv
import json
import shutil
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contado.cli.app import run

ACC, GNSS = "car1_pass1_acc.parquet", "car1_pass1_gnss.csv"
ANSWER_S = 2.0
"""Processor seconds that an answer to bad input may take."""


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    """One drive over 2 km of an invented road."""
    folder = tmp_path_factory.mktemp("road") / "drives"
    words = ["--seed", "18", "--length-m", "2000", "--vehicles", "1", "--passes", "1", "--out", str(folder)]
    assert run(["pavement", "simulate", *words, "--quiet"]) == 0
    return folder


@pytest.fixture
def ask(capsys):
    """Function that runs a pavement verb and returns its exit code and its answer."""

    def call(*words):
        capsys.readouterr()
        start = time.process_time()
        code = run(["pavement", *map(str, words), "--json"])
        spent = time.process_time() - start
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        if code == 2:
            assert spent <= ANSWER_S, f"{spent:.1f} s"
        return code, json.loads(said.out)

    return call


@pytest.fixture
def drives(road, tmp_path):
    """A copy of the drive to spoil."""
    folder = tmp_path / "drives"
    folder.mkdir()
    for name in (ACC, GNSS):
        shutil.copy(road / name, folder / name)
    return folder


@pytest.fixture
def process(ask, road):
    """Function that processes a folder on the road."""

    def call(folder, *words):
        files = ["--network", road / "network.geojson", "--route", road / "truth_route.csv"]
        return ask("process", folder, *files, *words)

    return call


@pytest.fixture(scope="module")
def whole(road):
    """What the drive says when nothing is wrong with it."""
    from contado.engines.pavement.telemetry.align import align
    from contado.engines.pavement.telemetry.read import read_drive
    from contado.engines.pavement.telemetry.summary import summarise

    return summarise(align(read_drive(road / ACC)))


def refused(result, rule, *, rows=(), says=(), hint=()):
    code, answer = result
    error = answer["error"]
    assert (code, error["rule"], error["rows"]) == (2, rule, list(rows)), error
    assert error["hint"]
    for word in says:
        assert word in error["message"]
    for word in hint:
        assert word in error["hint"]


def accepted(result):
    code, answer = result
    assert code == 0, answer
    return answer


def rules(answer):
    return {finding["rule"] for finding in answer["findings"]}


def samples(folder, change):
    """Rewrite the accelerometer's file: ``change`` takes and gives the columns as arrays."""
    table = pq.read_table(folder / ACC)
    columns = change({name: table[name].to_numpy().copy() for name in ("t_s", "ax", "ay", "az")})
    pq.write_table(pa.table(columns), folder / ACC)


def fixes(folder, change):
    """Rewrite the fixes: ``change`` takes and gives the rows."""
    with (folder / GNSS).open(newline="") as file:
        rows = change(list(csv.DictReader(file)))
    with (folder / GNSS).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write(path, *lines, encoding="utf-8"):
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def driven(road):
    """The rows of the drive's fixes."""
    with (road / GNSS).open(newline="") as file:
        return list(csv.DictReader(file))


def traces(road, *more):
    """The lines of a trace file with the drive's fixes."""
    rows = driven(road)
    return ["trip,t_s,lon,lat", *(f"a,{row['t_s']},{row['lon']},{row['lat']}" for row in rows), *more]


def profile(count=200, dx=0.25):
    return [f"{k * dx},{0.002 * np.sin(k * dx):.6f}" for k in range(count)]


def item(row):
    return pytest.mark.item("pavement", 18, f"bad input: {row}", "code, rule, rows, hint, <= 2 s")


@item("profile whose x goes back or repeats, or is no number")
@pytest.mark.parametrize(
    ("line", "rule"),
    [("1.0,0", "x_not_increasing"), ("2.25,0", "x_not_increasing"), ("2.5,flat", "not_a_number")],
)
def test_profile_out_of_order(ask, tmp_path, line, rule):
    lines = profile()
    lines[10] = line
    path = write(tmp_path / "p.csv", "x_m,y_m", *lines)
    refused(ask("iri", path), rule, rows=[12], says=["p.csv"])


@item("profile shorter than 11 m, empty file")
def test_profile_too_short(ask, tmp_path):
    refused(
        ask("iri", write(tmp_path / "p.csv", "x_m,y_m", *profile(40))), "profile_too_short", says=["11 m"]
    )
    (tmp_path / "none.csv").write_bytes(b"")
    refused(ask("iri", tmp_path / "none.csv"), "empty_file", says=["none.csv"])


@item("spacing above 0.3 m")
def test_profile_too_coarse(ask, tmp_path):
    answer = accepted(ask("iri", write(tmp_path / "p.csv", "x_m,y_m", *profile(400, 0.5))))
    assert "iri_spacing" in rules(answer)
    assert answer["iri_m_km"] > 0


@item("Italian CSV, BOM, Windows-1252")
@pytest.mark.parametrize(
    ("separator", "encoding"), [(";", "utf-8"), (";", "utf-8-sig"), (";", "cp1252"), (",", "utf-8-sig")]
)
def test_italian_csv(ask, road, tmp_path, separator, encoding):
    def dialect(name, head, *lines):
        cells = [line.split(",") for line in (head, *lines)]
        if separator == ";":
            cells = [[cell.replace(".", ",") for cell in row] for row in cells]
        note = ["località"] + ["città"] * len(lines)
        return write(
            tmp_path / name,
            *(separator.join([*row, word]) for row, word in zip(cells, note, strict=True)),
            encoding=encoding,
        )

    def both(verb, name, head, *lines):
        plain = accepted(ask(*verb, write(tmp_path / f"plain_{name}", head, *lines)))
        return plain, accepted(ask(*verb, dialect(name, head, *lines)))

    plain, other = both(["iri"], "p.csv", "x_m,y_m", *profile(600))
    assert (other["segments"], other["iri_m_km"]) == (plain["segments"], plain["iri_m_km"])
    assert "italian_csv" in rules(other) - rules(plain)
    plain, other = both(["match", road / "network.geojson"], "t.csv", *traces(road))
    assert other["trips"] == plain["trips"]
    assert "italian_csv" in rules(other) - rules(plain)
    cells = [f"{100 * k},{100 * k + 100},{2.5 + k % 3}" for k in range(12)]
    plain, other = both(["segment"], "c.csv", "from_m,to_m,iri_m_km", *cells)
    assert other["segments"] == plain["segments"]
    assert "italian_csv" in rules(other) - rules(plain)


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


@item("accelerometer in g")
def test_in_g(ask, drives, whole):
    samples(drives, lambda c: {name: v if name == "t_s" else v / 9.80665 for name, v in c.items()})
    answer = accepted(ask("read", drives))
    (drive,) = answer["drives"]
    assert "converted_from_g" in rules(answer) & set(drive["flags"])
    assert drive["unit"] == "g"
    assert drive["roughness_m_km"] == pytest.approx(whole.roughness_m_km, rel=1e-6)


@item("gravity removed, raw counts, ambiguous norm")
@pytest.mark.parametrize(
    ("change", "rule", "norm"),
    [
        (lambda v: v - np.mean(v), "gravity_missing", "norm"),
        (lambda v: v * 16_384 / 9.80665, "unit_ambiguous", "1.6"),
        (lambda v: v * 0.5, "unit_ambiguous", "4.9"),
    ],
)
def test_unit_unclear(process, drives, change, rule, norm):
    samples(drives, lambda c: {name: v if name == "t_s" else change(v) for name, v in c.items()})
    refused(process(drives), rule, says=["ax, ay, az", norm])


def turned(columns, degrees, first):
    """Turn the sensor about its x axis from a sample on."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    y, z = columns["ay"].copy(), columns["az"].copy()
    columns["ay"][first:] = (c * y - s * z)[first:]
    columns["az"][first:] = (s * y + c * z)[first:]
    return columns


@item("re-mounted, loose, clipped")
def test_mount(ask, process, road, drives):
    half = pq.read_table(drives / ACC).num_rows // 2
    at = float(pq.read_table(drives / ACC)["t_s"][half].as_py())
    samples(drives, lambda c: turned(c, 25, half))
    answer = accepted(process(drives))
    (drive,) = answer["drives"]
    assert "remounted" in drive["flags"]
    assert [r["t_s"] for r in drive["remounts"]] == [pytest.approx(at, abs=5)]

    shutil.copy(road / ACC, drives / ACC)
    axis = np.array(accepted(ask("read", drives))["drives"][0]["mount"]["gravity_axis"])

    def ring(columns):
        tone = 3 * np.sin(2 * np.pi * 18 * columns["t_s"])
        return columns | {f"a{a}": columns[f"a{a}"] + axis[k] * tone for k, a in enumerate("xyz")}

    samples(drives, ring)
    answer = accepted(process(drives))
    assert "loose_mount" in answer["drives"][0]["flags"]
    assert {cell["iri_m_km"] for cell in answer["cells"]} == {None}

    shutil.copy(road / ACC, drives / ACC)
    steep = "xyz"[int(np.argmax(np.abs(axis)))]

    def clip(columns):
        level = np.median(columns[f"a{steep}"])
        return columns | {f"a{steep}": np.clip(columns[f"a{steep}"], level - 1.0, level + 1.0)}

    samples(drives, clip)
    answer = accepted(process(drives))
    assert "clipped" in answer["drives"][0]["flags"]
    assert answer["anomalies"]
    assert any(anomaly["severity_is_lower_bound"] for anomaly in answer["anomalies"])


@item("clocks that differ, jump, or do not meet")
def test_clocks(process, drives, road):
    samples(drives, lambda c: c | {"t_s": c["t_s"] + 1.5})
    (drive,) = accepted(process(drives))["drives"]
    assert "clock_offset" in drive["flags"]
    assert drive["clock_offset_s"] == pytest.approx(1.5, abs=0.2)

    shutil.copy(road / ACC, drives / ACC)
    samples(drives, lambda c: c | {"t_s": c["t_s"] + np.where(np.arange(len(c["t_s"])) < 8000, 0, 1.8)})
    answer = accepted(process(drives))
    assert "clock_offset" in answer["drives"][0]["flags"]
    assert any("jump" in f["message"] for f in answer["findings"] if f["rule"] == "clock_offset")

    shutil.copy(road / ACC, drives / ACC)
    samples(drives, lambda c: c | {"t_s": c["t_s"] + 1000.0})
    refused(process(drives), "clock_offset", says=["the samples run from"])


@item("unsorted, duplicated and NaN rows, missing seconds")
def test_rows(process, drives):
    def spoil(columns):
        order = np.arange(len(columns["t_s"]))
        order[[100, 101]] = order[[101, 100]]
        order = np.concatenate([order[:500], order[497:500], order[500:5000], order[6500:]])
        columns = {name: values[order] for name, values in columns.items()}
        columns["az"][300] = np.nan
        return columns

    samples(drives, spoil)
    answer = accepted(process(drives))
    (drive,) = answer["drives"]
    assert {"gap", "rows_dropped"} <= set(drive["flags"]) & rules(answer)
    (finding,) = (f for f in answer["findings"] if f["rule"] == "rows_dropped")
    assert "1 rows without a number and 3 with a repeated time dropped, 3 out of order" in finding["message"]
    blind = [cell for cell in answer["cells"] if cell["state"] == "not_measurable"]
    assert blind  # 15 s without a sample are nobody's cells
    assert {cell["iri_m_km"] for cell in blind} == {None}


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


@item("poor accuracy, speed -1, (0, 0) before the first fix of a phone")
def test_phone(ask, road, tmp_path):
    table = pq.read_table(road / ACC).slice(0, 6000)
    head = '"Time (s)","X (m/s^2)","Y (m/s^2)","Z (m/s^2)"'
    lines = [",".join(f"{v:.9E}" for v in row) for row in zip(*(table[c].to_pylist() for c in ("t_s", "ax", "ay", "az")), strict=True)]  # fmt: skip
    write(tmp_path / "ride_Accelerometer.csv", head, *lines)
    rows = driven(road)[:60]
    head = '"Time (s)","Latitude (°)","Longitude (°)","Velocity (m/s)","Horizontal Accuracy (m)"'
    lines = []
    for k, row in enumerate(rows):
        lat, lon = (0, 0) if k < 4 else (row["lat"], row["lon"])
        speed, accuracy = (-1 if 10 <= k < 15 else row["speed_m_s"]), (65 if 20 <= k < 23 else 5)
        lines.append(f"{row['t_s']},{lat},{lon},{speed},{accuracy}")
    write(tmp_path / "ride_Location.csv", head, *lines)
    answer = accepted(ask("read", tmp_path))
    (drive,) = answer["drives"]
    dropped = {row["rule"]: row["count"] for row in drive["dropped"]}
    assert dropped == {"poor_accuracy": 3, "no_speed": 5, "impossible_position": 4}
    assert (drive["fixes"], drive["fixes_dropped"]) == (60, 12)
    assert set(dropped) <= rules(answer)


@item("the same drive twice under any name")
def test_duplicate_drive(process, drives):
    plain = accepted(process(drives))
    for name in (ACC, GNSS):
        shutil.copy(drives / name, drives / name.replace("car1_pass1", "van9_pass4"))
    answer = accepted(process(drives))
    assert answer["cells"] == plain["cells"]
    assert "duplicate_drive" in rules(answer)
    assert "duplicate_drive" in answer["drives"][0]["flags"]


@item("empty file, incomplete pair, file cut in a row")
@pytest.mark.parametrize("name", [ACC, GNSS])
def test_files(process, drives, road, name):
    (drives / name).write_bytes(b"")
    refused(process(drives), "empty_file", says=[name])
    (drives / name).unlink()
    refused(process(drives), "pair_incomplete", says=[GNSS if name == ACC else ACC])
    data = (road / name).read_bytes()
    (drives / name).write_bytes(data[: len(data) // 2] if name == ACC else data[:-5])
    rows = [] if name == ACC else [data.count(b"\n") + 1 - 1]
    refused(process(drives), "file_cut", rows=rows, says=[name])


@item("a bad drive among good ones")
def test_the_others_are_answered_when_asked(process, drives, road):
    plain = accepted(process(drives))
    shutil.copy(road / ACC, drives / ACC.replace("pass1", "pass2"))
    (drives / GNSS.replace("pass1", "pass2")).write_bytes(b"")
    (drives / ACC.replace("pass1", "pass3")).write_bytes(b"PAR1")
    shutil.copy(road / GNSS, drives / GNSS.replace("pass1", "pass3"))
    refused(process(drives), "empty_file", says=["car1_pass2_gnss.csv"])
    answer = accepted(process(drives, "--drop-bad"))
    assert answer["cells"] == plain["cells"]
    assert [(r["file"], r["rule"], r["row"]) for r in answer["rejected"]] == [
        ("car1_pass2_gnss.csv", "empty_file", None),
        ("car1_pass3_acc.parquet", "file_cut", None),
    ]
    assert all(r["message"] and r["hint"] for r in answer["rejected"])


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


@item("IRI zero or negative in cells; missing column")
@pytest.mark.parametrize("value", ["0", "-2.5"])
def test_iri_not_positive(ask, tmp_path, value):
    lines = [f"{100 * k},{100 * k + 100},{value if k == 3 else 2.5}" for k in range(8)]
    path = write(tmp_path / "c.csv", "from_m,to_m,iri_m_km", *lines)
    refused(ask("segment", path), "iri_not_positive", rows=[5], says=["c.csv", "iri_m_km", value])
    path = write(tmp_path / "s.csv", "segment,iri_m_km,length_m", "a,2.5,100", f"b,{value},100")
    refused(ask("condition", path), "iri_not_positive", rows=[3], says=["s.csv", "iri_m_km", value])
    path = write(tmp_path / "d.csv", "from_m,to_m,iri_mkm", *lines)
    refused(ask("segment", path), "missing_column", says=["iri_m_km"], hint=["iri_mkm"])


@item("unknown ISO class, treatment, profile, kind")
def test_unknown_choice(ask, road, tmp_path):
    out = tmp_path / "out"
    refused(ask("simulate", "--out", out, "--iso-class", "Z"), "unknown_choice", hint=list("ABCDEFGH"))
    refused(ask("simulate", "--out", out, "--model", "tank"), "unknown_choice", hint=["quarter", "half"])
    refused(
        ask("network", road / "network.geojson", "--profile", "boat"),
        "unknown_choice",
        says=["drive", "bike", "walk", "all"],
    )
    assert not out.exists()

"""A season in the small town: sections, aging, works, conditions."""

import csv
import time
from datetime import date

import numpy as np
import pytest

from contado.engines.pavement import simulate
from contado.kernel.territory import Network, Route


def rows(path):
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.fixture(scope="module")
def season(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city") / "town"
    works = [simulate.Work(section_id="S02", from_m=200, to_m=600, day=date(2026, 4, 10))]
    started = time.process_time()
    done = simulate.city_drives(folder, seed=2, vehicles=1, passes=3, works=works, fs_hz=50)
    assert time.process_time() - started < 20
    return done


def test_sections_cover_twelve_to_twenty_kilometres(season):
    assert 12 <= season.streets_km <= 20
    listed = rows(season.folder / "sections.csv")
    assert len(listed) == len(season.sections) == 16
    assert sum(float(r["length_m"]) for r in listed) / 1000 == pytest.approx(season.streets_km, rel=0.03)
    assert {"width_m", "aadt", "road_code", "hydro_risk", "surface"} <= set(listed[0])


def test_every_section_is_a_campaign_of_its_own(season):
    network = Network.from_file(season.folder / "network.geojson")
    for section in season.sections:
        folder = season.folder / "drives" / section.section_id
        names = {p.name for p in folder.iterdir()}
        assert {"car1_pass1_acc.parquet", "car1_pass3_gnss.csv", "meta.json", "truth_route.csv"} <= names
        route = Route.read(folder / "truth_route.csv", network)
        assert route.length_m == pytest.approx(section.length_m, abs=0.01)
        assert float(network.edge_length_m[route.edges].sum()) == pytest.approx(section.length_m, abs=0.01)
    joined = {(r["section_id"], r["seq"]) for r in rows(season.folder / "routes.csv")}
    assert len(joined) == sum(len(s.edges) for s in season.sections)


def test_all_condition_classes_appear(season):
    cells = [r for r in rows(season.folder / "truth_iri_100m.csv") if r["date"] == "2026-05-01"]
    index = 100 * np.exp(-0.26 * np.maximum(0, np.array([float(r["iri_m_km"]) for r in cells]) - 1))
    shares = np.histogram(index, [0, 30, 50, 70, 100.1])[0] / index.size
    assert shares.min() > 0.05


def test_roads_age_and_works_show(season):
    cells = rows(season.folder / "truth_iri_100m.csv")
    value = {(r["section_id"], r["date"], float(r["from_m"])): float(r["iri_m_km"]) for r in cells}
    assert value["S02", "2026-05-01", 300.0] == pytest.approx(1.3, rel=0.3)
    assert value["S02", "2026-04-01", 300.0] > 3
    unchanged = value["S03", "2026-05-01", 0.0] / value["S03", "2026-03-02", 0.0]
    assert unchanged == pytest.approx(np.exp(0.06 * 60 / 365.25), rel=0.05)


def test_a_renewed_surface_ages_from_the_day_of_its_works(tmp_path):
    """One part of a street is renewed on the day of the first drives, another just before the last ones."""
    works = [
        simulate.Work(section_id="S02", from_m=200, to_m=600, day=date(2026, 3, 2)),
        simulate.Work(section_id="S02", from_m=600, to_m=800, day=date(2030, 3, 1)),
    ]
    folder = tmp_path / "town"
    simulate.city_drives(folder, seed=2, vehicles=1, passes=2, interval_days=1461, works=works, fs_hz=20)
    cells = [r for r in rows(folder / "truth_iri_100m.csv") if r["section_id"] == "S02"]
    first, last = (
        {float(r["from_m"]): float(r["iri_m_km"]) for r in cells if r["date"] == d}
        for d in ("2026-03-02", "2030-03-02")
    )
    four_years = np.exp(0.06 * 1461 / 365.25)
    assert [last[m] / first[m] for m in (300.0, 400.0)] == pytest.approx([four_years] * 2, rel=0.02)
    assert last[100.0] / first[100.0] == pytest.approx(four_years, rel=0.05)
    assert last[600.0] + last[700.0] == pytest.approx(2 * 1.3, rel=0.1)
    holes = [r for r in rows(folder / "truth_anomalies.csv") if r["section_id"] == "S02"]
    inside = [r for r in holes if r["kind"] == "pothole" and 200 <= float(r["chainage_m"]) < 600]
    assert inside
    assert {(r["appears_on"], r["patched_on"]) for r in inside} == {("", "2026-03-02")}


def test_holes_open_and_are_patched(season):
    found = rows(season.folder / "truth_anomalies.csv")
    assert any(r["appears_on"] for r in found)
    assert any(r["patched_on"] for r in found)
    last = rows(season.folder / "drives" / "S01" / "truth_anomalies.csv")
    patched = {r["chainage_m"] for r in found if r["section_id"] == "S01" and r["patched_on"]}
    assert not patched & {r["chainage_m"] for r in last}


def test_passes_lie_a_month_apart(season):
    first = [
        rows(season.folder / "drives" / "S04" / f"car1_pass{n}_gnss.csv")[0]["time_utc"][:10]
        for n in (1, 2, 3)
    ]
    assert first == ["2026-03-02", "2026-04-01", "2026-05-01"]


def test_same_seed_same_bytes(tmp_path):
    one, two = (simulate.city_drives(tmp_path / n, seed=1, vehicles=1, passes=1, fs_hz=20) for n in "ab")
    assert one.files == two.files

"""pavement.md, definition of done 18, through the command line on real files: profiles, tables and choices.

Strategies, programmes and trials stand in test_18_bad_plans.py.
"""

from __future__ import annotations

import pytest

from contado.engines.pavement.maintenance.treatments import catalogue
from invented.spoiled import accepted, item, profile, refused, rules, traces, write


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
    valid = "A, B, C, D, E, F, G, H"
    refused(ask("simulate", "--out", out, "--iso-class", "Z"), "unknown_choice", says=[valid], hint=[valid])
    refused(ask("simulate", "--out", out, "--model", "tank"), "unknown_choice", says=["half", "quarter"])
    refused(
        ask("network", road / "network.geojson", "--profile", "boat"),
        "unknown_choice",
        says=["drive", "bike", "walk", "all"],
    )
    assert not out.exists()
    fixtures = write(tmp_path / "f.csv", "lon,lat,kind", "8.9,45.4,traffic_calming", "8.9,45.4,ramp")
    words = ["--route", road / "truth_route.csv", "--fixtures", fixtures]
    refused(
        ask("process", road, "--network", road / "network.geojson", *words),
        "unknown_choice",
        rows=[3],
        says=["f.csv", "ramp", "traffic_calming, level_crossing"],
    )


@item("unknown treatment")
def test_unknown_treatment(ask, tmp_path):
    observed = write(
        tmp_path / "o.csv",
        "section_id,cell,drive_id,t_utc,iri_m_km,sd_log",
        "S1,0,d1,2026-05-01T08:00:00Z,2.1,0.1",
    )
    head = "section_id,from_m,to_m,date,treatment"
    words = ["fuse", observed, "--out", tmp_path / "state", "--on", "2026-06-01", "--works"]
    works = write(
        tmp_path / "w.csv", head, "S1,0,100,2026-04-01,wearing_4cm", "S1,0,100,2026-04-02,wering_4cm"
    )
    refused(
        ask(*words, works),
        "unknown_choice",
        rows=[3],
        says=["w.csv", *(f"{t.code} ({t.name_it})" for t in catalogue())],
        hint=["wearing_4cm"],
    )
    works = write(tmp_path / "w.csv", head, "S1,0,100,2026-04-01,B12")
    refused(ask(*words, works), "unknown_choice", rows=[2], hint=["--treatments"])
    assert not (tmp_path / "state").exists()
    own = write(tmp_path / "t.csv", "code,unit_cost_eur_m2", "B12,14")
    accepted(ask(*words, works, "--treatments", own))

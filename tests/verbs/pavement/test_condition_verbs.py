"""Verbs fuse, segment and condition: what they read, write and refuse."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contado.kernel import tables
from contado.kernel.declare import convert
from contado.kernel.errors import ContadoError
from contado.verbs import load

CELLS = "from_m,to_m,iri_m_km,note\n0,100,2.0,x\n100,200,2.1,y\n200,300,5.0,z\n300,400,5.1,z\n"
SEGMENTS = (
    "segment,iri_m_km,length_m,severity_per_100m,aadt,accident_rate,hydro_risk\n"
    "a,2.1,400,10,9000,0.3,1\nb,4.8,300,60,,0.3,1\nc,1.1,900,0,22000,1.3,0\n"
)
OBSERVATIONS = (
    "section_id,cell,drive_id,t_utc,iri_m_km,sd_log\n"
    "S1,0,car1_pass1,2027-05-01T08:00:00Z,2.0,0.1\nS1,1,car1_pass1,2027-05-01T08:00:03Z,,0.1\n"
    "S1,0,car2_pass1,2027-05-02T08:00:00Z,2.2,0.1\n"
)


def run(name, **values):
    verb = load(name)
    return verb(convert(verb.request, values))


def test_segment_reads_an_italian_csv(write):
    plain = run("pavement segment", cells=write("cells.csv", CELLS))
    italian = CELLS.replace(",", ";").replace(".", ",")
    other = run("pavement segment", cells=write("celle.csv", italian, "utf-8-sig"))
    assert other.segments == plain.segments
    assert {f.rule for f in other.findings} >= {"italian_csv"}
    assert plain.label == "estimated"


def test_segment_takes_forced_cuts(write):
    answer = run(
        "pavement segment",
        cells=write("cells.csv", CELLS.replace("5.", "2.")),
        min_length_m=200,
        cuts=write("cuts.csv", "chainage_m\n300\n"),
    )
    assert [(s.from_m, s.to_m) for s in answer.segments] == [(0, 300), (300, 400)]
    assert [f.rule for f in answer.findings] == ["short_between_cuts"]


def test_a_bridge_cuts_at_both_its_ends_and_a_cut_says_why(write):
    cuts = "from_m,to_m,reason\n90,210,bridge\n200,900,owner\n"
    answer = run(
        "pavement segment", cells=write("cells.csv", CELLS.replace("5.", "2.")), cuts=write("cuts.csv", cuts)
    )
    found = [(s.from_m, s.to_m, s.cut_by) for s in answer.segments]
    assert found == [(0, 100, ["bridge"]), (100, 200, ["bridge", "owner"]), (200, 400, [])]
    with pytest.raises(ContadoError) as caught:
        run("pavement segment", cells=write("cells.csv", CELLS), cuts=write("cuts.csv", "from_m\n90\n"))
    assert caught.value.rule == "missing_column"


TWO_ROADS = "section_id,from_m,to_m,iri_m_km\nA,0,100,2\nA,100,200,2\nB,200,300,2\nB,300,400,2\nC,0,100,3\nC,200,300,3\n"


def test_each_section_is_cut_by_itself(write):
    cuts = "section_id,chainage_m\nB,300\nA,300\n"
    answer = run("pavement segment", cells=write("cells.csv", TWO_ROADS), cuts=write("cuts.csv", cuts))
    found = [(s.section_id, s.from_m, s.to_m, s.cells) for s in answer.segments]
    assert found == [
        ("A", 0, 200, 2), ("B", 200, 300, 1), ("B", 300, 400, 1), ("C", 0, 100, 1), ("C", 200, 300, 1),
    ]  # fmt: skip
    assert answer.homogeneous_share == 1.0
    assert [(f.rule, f.row) for f in answer.findings] == [("cut_off_road", 3), ("gap", "C")]


def test_a_bad_cell_of_a_section_is_named_by_its_line(write):
    with pytest.raises(ContadoError) as caught:
        run("pavement segment", cells=write("cells.csv", TWO_ROADS.replace("C,200,300", "C,50,300")))
    assert (caught.value.rule, caught.value.rows) == ("cells_not_in_order", (7,))


def test_cuts_beyond_the_road_are_told(write):
    cuts = write("cuts.csv", "from_m,to_m\n-50,-10\n0,400\n300,900\n500,900\n")
    answer = run("pavement segment", cells=write("cells.csv", CELLS), cuts=cuts)
    assert [f.row for f in answer.findings if f.rule == "cut_off_road"] == [2, 5]


@pytest.mark.parametrize(
    ("old", "new", "rule", "rows"),
    [
        ("5.0", "0", "iri_not_positive", (4,)),
        ("5.0", "-1", "iri_not_positive", (4,)),
        ("5.0", "", "iri_not_positive", (4,)),
        ("5.0", "five", "not_a_number", (4,)),
        ("iri_m_km", "iri", "missing_column", ()),
        ("200,300", "150,300", "cells_not_in_order", (4,)),
    ],
)
def test_segment_names_the_line(write, old, new, rule, rows):
    with pytest.raises(ContadoError) as caught:
        run("pavement segment", cells=write("cells.csv", CELLS.replace(old, new)))
    assert (caught.value.rule, caught.value.rows, caught.value.exit_code) == (rule, rows, 2)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("iri_m_km", float("inf"), "not_a_number"),
        ("iri_m_km", 0.0, "iri_not_positive"),
        ("from_m", 150.0, "cells_not_in_order"),
        ("to_m", 200.0, "cells_not_in_order"),
        ("to_m", float("nan"), "cells_not_in_order"),
        ("from_m", date(2026, 1, 1), "not_a_number"),
    ],
)
def test_segment_names_the_row_of_a_parquet_file(tmp_path, column, value, rule):
    cells = {"from_m": [0.0, 100, 200], "to_m": [100.0, 200, 300], "iri_m_km": [2.0, 2.1, 5.0]}
    whole = isinstance(value, date)
    cells[column] = [value] * 3 if whole else [*cells[column][:2], value]
    pq.write_table(pa.table(cells), tmp_path / "c.parquet")
    with pytest.raises(ContadoError, match=r"c\.parquet, row") as caught:
        run("pavement segment", cells=tmp_path / "c.parquet")
    assert (caught.value.rule, caught.value.rows) == (rule, (1, 2, 3) if whole else (3,))
    assert (caught.value.field, bool(caught.value.hint)) == (column, True)


def test_segment_counts_lines_over_an_empty_one(write):
    with pytest.raises(ContadoError) as caught:
        run("pavement segment", cells=write("c.csv", CELLS.replace("\n200,300", "\n\n200,200")))
    assert (caught.value.rule, caught.value.rows) == ("cells_not_in_order", (5,))
    with pytest.raises(ContadoError) as caught:
        run(
            "pavement segment", cells=write("c.csv", CELLS), cuts=write("k.csv", "chainage_m,reason\n,wall\n")
        )
    assert (caught.value.rule, caught.value.rows) == ("missing_value", (2,))


def test_what_is_simulated_stays_simulated(write, tmp_path):
    write("meta.json", '{"label": "simulated"}')
    assert run("pavement segment", cells=write("c.csv", CELLS)).label == "simulated"
    assert run("pavement condition", segments=write("s.csv", SEGMENTS)).label == "simulated"
    out = tmp_path / "elsewhere" / "options"
    run("pavement strategies", segments=write("s.csv", SEGMENTS), years="2027", out=out, on="2026-11-01")
    plan = run("pavement programme", strategies=out / "strategies.csv", budget_per_year=1e5)
    assert plan.label == "simulated"


@pytest.mark.parametrize(
    ("old", "new", "rule", "rows"),
    [
        ("S1,1,", "S1,one,", "not_a_number", (3,)),
        ("S1,1,", "S1,1.5,", "bad_number", (3,)),
        ("S1,1,", "S1,-1,", "negative_value", (3,)),
        ("2.2,0.1", "0,0.1", "iri_not_positive", (4,)),
        ("2.2,0.1", "2.2,", "missing_value", (4,)),
        ("2.2,0.1", "2.2,-0.1", "negative_value", (4,)),
        ("2027-05-02T08:00:00Z", "02/05/2027", "bad_date", (4,)),
        ("car2_pass1", "", "missing_value", (4,)),
        ("sd_log", "sd", "missing_column", ()),
    ],
)
def test_fuse_names_the_line(write, tmp_path, old, new, rule, rows):
    with pytest.raises(ContadoError, match=r"o\.csv") as caught:
        run(
            "pavement fuse",
            observations=[write("o.csv", OBSERVATIONS.replace(old, new))],
            out=tmp_path / "x",
            on="2027-06-01",
        )
    assert (caught.value.rule, caught.value.rows, bool(caught.value.hint)) == (rule, rows, True)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("S1,0,100,31/02/2027", "bad_date"),
        ("S1,0,100,2027-05", "bad_date"),
        ("S1,-5,100,2027-05-01", "negative_value"),
        ("S1,0,100,", "missing_value"),
        ("S1,x,100,2027-05-01", "not_a_number"),
        ("S1,0,,2027-05-01", "missing_value"),
        ("S1,100,0,2027-05-01", "interval_order"),
        (",0,100,2027-05-01", "missing_value"),
    ],
)
def test_fuse_names_the_line_of_works(write, tmp_path, row, rule):
    works = write("w.csv", f"section_id,from_m,to_m,date\nS1,0,50,2026-01-01\n{row}\n")
    with pytest.raises(ContadoError, match=r"w\.csv") as caught:
        run(
            "pavement fuse",
            observations=[write("o.csv", OBSERVATIONS)],
            works=works,
            out=tmp_path / "x",
            on="2027-06-01",
        )
    assert (caught.value.rule, caught.value.rows, bool(caught.value.hint)) == (rule, (3,), True)


def test_fuse_writes_a_state_to_go_on_from(write, tmp_path):
    observations = [write("obs.csv", OBSERVATIONS)]
    answer = run("pavement fuse", observations=observations, out=tmp_path / "state", on="2027-06-01")
    assert [(c.n_passes, c.n_vehicles) for c in answer.cells] == [(2, 2), (0, 0)]
    assert answer.cells[1].iri_m_km is None
    assert answer.drives_used == ["car1_pass1", "car2_pass1"]
    again = run(
        "pavement fuse",
        observations=observations,
        previous=tmp_path / "state" / "cell_state.parquet",
        out=tmp_path / "again",
        on="2027-06-01",
    )
    assert again.drives_repeated == ["car1_pass1", "car2_pass1"]
    assert again.cells == answer.cells
    state = tables.read(tmp_path / "again" / "cell_state.parquet").table
    assert not tables.validate("pavement_cell_state", state.drop_columns(["observations"]))


def test_fuse_reads_works(write, tmp_path):
    answer = run(
        "pavement fuse",
        observations=[write("obs.csv", OBSERVATIONS)],
        works=write("works.csv", "section_id,from_m,to_m,date,treatment\nS1,0,100,2027-05-10,wearing_4cm\n"),
        out=tmp_path,
        on="2027-06-01",
    )
    assert [c.state for c in answer.cells] == ["renewed", "not_measurable"]


def fused(write, tmp_path, observations=OBSERVATIONS, **values):
    return run(
        "pavement fuse",
        observations=[write("obs.csv", observations)],
        out=tmp_path / "out",
        on="2027-06-01",
        cell_m=100,
        **values,
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("S2,0,100,2027-05-10", "no section that is known (S2)"),
        ("S1,0,100,2027-06-02", "after the day of the state (S1)"),
        ("S1,0,49,2027-05-10", "cover half of no cell (S1)"),
        ("S1,5000,6000,2027-05-10", "cover half of no cell (S1)"),
    ],
)
def test_fuse_tells_of_works_that_renew_nothing(write, tmp_path, row, said):
    works = write("w.csv", f"section_id,from_m,to_m,date\nS1,0,100,2026-01-01\n{row}\n")
    [found] = fused(write, tmp_path, works=works).findings
    assert (found.rule, found.row, found.severity) == ("not_used", 3, "warning")
    assert said in found.message
    assert found.hint


def test_fuse_reads_italian_days_of_works_and_tells_of_a_misspelt_column(write, tmp_path):
    works = write("w.csv", "section_id,from_m,to_m,date,tretment\nS1,0,100,10/05/2027,x\n")
    answer = fused(write, tmp_path, works=works)
    assert [c.state for c in answer.cells] == ["renewed", "not_measurable"]
    [found] = answer.findings
    assert (found.rule, found.hint) == ("unknown_column", "did you mean treatment?")


def test_works_of_an_instant_count_on_its_legal_day(write, tmp_path):
    works = write("w.csv", "section_id,from_m,to_m,date\nS1,0,100,2027-06-01T22:30:00Z\n")
    [found] = fused(write, tmp_path, works=works).findings
    assert "after the day" in found.message


def test_fuse_refuses_cells_of_two_lengths_on_one_section(write, tmp_path):
    head = "section_id,cell,drive_id,t_utc,iri_m_km,sd_log,cell_m"
    a, b = (f"S1,3,{d},2027-05-01T08:00:00Z,2.0,0.1,{c}" for d, c in (("a", 20), ("b", 100)))
    with pytest.raises(ContadoError, match=r"obs\.csv, line 3: a cell of 100 m on section S1") as caught:
        fused(write, tmp_path, f"{head}\n{a}\n{b}\n")
    assert (caught.value.rule, caught.value.rows, bool(caught.value.hint)) == ("mixed_cells", (3,), True)
    other = write("two.csv", f"{head}\n{b}\n")
    with pytest.raises(ContadoError, match=r"two\.csv, line 2"):
        run("pavement fuse", observations=[write("one.csv", f"{head}\n{a}\n"), other], out=tmp_path / "x")
    fused(write, tmp_path, f"{head}\n{a}\n{b.replace('S1', 'S2')}\n")
    with pytest.raises(ContadoError, match=r"obs\.csv, line 2"):
        fused(write, tmp_path, f"{head}\n{b}\n", previous=tmp_path / "out" / "cell_state.parquet")


def test_fuse_tells_of_a_misspelt_length_and_of_the_one_that_it_assumes(write, tmp_path):
    observations = OBSERVATIONS.replace("sd_log\n", "sd_log,cell_length_m\n").replace("0.1\n", "0.1,20\n")
    answer = run("pavement fuse", observations=[write("o.csv", observations)], out=tmp_path, on="2027-06-01")
    found = {f.rule: f for f in answer.findings}
    assert found["unknown_column"].hint == "did you mean cell_m?"
    assert "100 m" in found["assumed_value"].message
    assert found["assumed_value"].severity == "note"


def test_fuse_reads_treatments_even_without_works_and_says_where_to_add_one(write, tmp_path):
    with pytest.raises(ContadoError, match=r"nope\.csv"):
        fused(write, tmp_path, treatments=tmp_path / "nope.csv")
    own = write("own.csv", "code,unit_cost_eur_m2,iri_after_m_km\nusura,14,1.2\n")
    [found] = fused(write, tmp_path, treatments=own).findings
    assert (found.rule, found.hint) == ("not_used", "give --works too")
    works = write("w.csv", "section_id,from_m,to_m,date,treatment\nS1,0,100,2027-05-10,B12\n")
    with pytest.raises(ContadoError) as caught:
        fused(write, tmp_path, treatments=own, works=works)
    assert "own.csv" in caught.value.hint
    assert "--treatments" not in caught.value.hint


def test_a_drive_of_which_all_is_later_was_not_used(write, tmp_path):
    late = f"{OBSERVATIONS}S1,0,car3_pass1,2027-07-01T08:00:00Z,2.2,0.1\n"
    answer = fused(write, tmp_path, late)
    assert answer.drives_used == ["car1_pass1", "car2_pass1"]
    assert [f.rule for f in answer.findings] == ["later_than_on"]


def test_condition_says_what_is_unknown_and_takes_weights(write):
    answer = run("pavement condition", segments=write("s.csv", SEGMENTS), on="2026-11-01")
    assert [s.rank for s in answer.segments] == [2, 1, 3]
    assert {f.rule for f in answer.findings} == {"unknown_input"}
    weights = write("w.csv", "term,weight\ntraffic,1\n")
    other = run("pavement condition", segments=write("s.csv", SEGMENTS), weights=weights, on="2026-11-01")
    assert [s.rank for s in other.segments] == [2, 3, 1]
    assert other.segments[1].priority is None


@pytest.mark.parametrize(
    ("old", "new", "rule", "rows"),
    [
        ("4.8", "-4.8", "iri_not_positive", (3,)),
        ("9000", "-1", "negative_value", (2,)),
        (",,0.3,1", ",,0.3,45", "share_range", (3,)),
        ("22000", "lots", "not_a_number", (4,)),
        ("iri_m_km", "iri", "missing_column", ()),
    ],
)
def test_condition_names_the_line(write, old, new, rule, rows):
    with pytest.raises(ContadoError) as caught:
        run("pavement condition", segments=write("s.csv", SEGMENTS.replace(old, new)))
    assert (caught.value.rule, caught.value.rows) == (rule, rows)


def test_condition_blames_only_the_bad_cell_of_an_italian_file(write):
    text = SEGMENTS.replace("4.8", "abc").replace(",", ";").replace(".", ",")
    with pytest.raises(ContadoError) as caught:
        run("pavement condition", segments=write("s.csv", text))
    assert (caught.value.rule, caught.value.rows) == ("not_a_number", (3,))
    assert "'abc'" in caught.value.message


def test_condition_reports_in_italian_and_english(write):
    answer = run("pavement condition", segments=write("s.csv", SEGMENTS), on="2026-11-01")
    text = load("pavement condition").text
    italian, english = text(answer, "it").splitlines(), text(answer, "en").splitlines()
    assert italian[0] == "Tratti per priorità (3), dati stimati"
    assert italian[1].startswith("   1  b  D critico  indice 29  priorità 0,6")
    assert "condizione della superficie 0," in italian[1]
    assert "D critical  index 29  priority 0.6" in english[1]


def test_condition_lists_the_terms_when_a_weight_names_none(write):
    with pytest.raises(ContadoError) as caught:
        run(
            "pavement condition",
            segments=write("s.csv", SEGMENTS),
            weights=write("w.csv", "term,weight\nx,1\n"),
        )
    assert caught.value.rule == "unknown_choice"
    assert "accidents" in caught.value.hint


@pytest.mark.parametrize(
    ("weights", "rule", "rows"),
    [
        ("condition,1\ntraffic,-1\n", "negative_weight", (3,)),
        ("condition,1\ntraffic,\n", "negative_weight", (3,)),
        ("condition,1\ncondition,2\n", "duplicate_id", (3,)),
        ("condition,0\n", "all_weights_zero", ()),
    ],
)
def test_condition_names_the_line_of_a_weight(write, weights, rule, rows):
    with pytest.raises(ContadoError) as caught:
        run(
            "pavement condition",
            segments=write("s.csv", SEGMENTS),
            weights=write("w.csv", f"term,weight\n{weights}"),
        )
    assert (caught.value.rule, caught.value.rows, bool(caught.value.hint)) == (rule, rows, True)


def test_a_column_that_is_nearly_known_is_told(write):
    answer = run("pavement condition", segments=write("s.csv", SEGMENTS.replace("aadt", "adt")))
    (told,) = (f for f in answer.findings if f.rule == "unknown_column")
    assert (told.message, told.hint) == ("s.csv: not read: adt.", "did you mean aadt?")

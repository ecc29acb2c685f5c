"""CSV as offices write it: encodings, separators, decimal commas; Parquet with provenance."""

from __future__ import annotations

import gzip

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contado.kernel import tables
from contado.kernel.errors import DataError, TableNotFound
from contado.kernel.provenance import Provenance
from contado.kernel.tables.csv_dialect import comma_to_point, not_numbers


@pytest.fixture
def csv(tmp_path):
    def write(data, name="works.csv"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


def notes(result):
    return [(f.rule, f.message) for f in result.findings]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("id,name\n1,Forlì\n".encode("utf-8-sig"), "byte order mark"),
        ("id,name\n1,Forlì\n".encode("cp1252"), "1 characters were Windows-1252"),
        ("id,name\n1,Forlì\n".encode("utf-16"), "UTF-16"),
        ("id;name\n1;Forlì\n".encode(), "';'"),
        ("id\tname\n1\tForlì\n".encode(), "'\\t'"),
    ],
)
def test_dialects_are_converted_and_told(csv, data, said):
    result = tables.read(csv(data))
    assert result.table.to_pylist() == [{"id": 1, "name": "Forlì"}]
    assert [(f.rule, f.severity, f.action) for f in result.findings] == [("converted", "note", "converted")]
    assert said in result.findings[0].message


def test_decimal_commas_are_converted_with_counts(csv):
    result = tables.read(csv('id;cost_eur;name\na;1.234,50;"1,2 m"\nb;7;x\nc;-0,5;y\nd;2.500;z\n'))
    assert result.table["cost_eur"].to_pylist() == [1234.5, 7, -0.5, 2500]
    assert result.table["name"].to_pylist()[0] == "1,2 m"
    assert "3 cells had a decimal comma (cost_eur)" in result.findings[-1].message


def test_a_quoted_decimal_comma_in_a_comma_file(csv):
    assert tables.read(csv('id,v\na,"1,5"\n')).table["v"].to_pylist() == [1.5]


def test_thousands_with_dots_only_are_told_as_ambiguous(csv):
    result = tables.read(csv("id;cost_eur\na;1.500\nb;2.750\n"))
    assert result.table["cost_eur"].to_pylist() == [1.5, 2.75]
    assert "ambiguous_number" in dict(notes(result))


def test_a_blank_or_unknown_cell_does_not_keep_a_column_from_decimal_commas(csv):
    result = tables.read(csv("id;v\na;1,5\nb; \nc;nan\nd;2,5\n"))
    assert result.table["v"].to_pylist() == [1.5, None, None, 2.5]


@pytest.mark.parametrize(
    ("cells", "bad"),
    [
        (["0,70", "15%"], [1]),
        (["1,5", "abc", "2,5", "", None], [1]),
        (["1.234,50", "1,5 m"], [1]),
        (["1.5", "115,000"], [1]),
        (["x", "y"], [0, 1]),
        (["1", " 2.5 ", "1e3"], []),
    ],
)
def test_only_what_is_no_number_in_either_style_keeps_a_column_from_being_numbers(cells, bad):
    assert pc.indices_nonzero(not_numbers(pa.array(cells))).to_pylist() == bad


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1,5", "1.5"),
        ("1.234.567,89", "1234567.89"),
        ("1.234", "1234"),
        ("-3,", "-3."),
        ("12.5", "12.5"),
        ("x,y", "x,y"),
    ],
)
def test_comma_to_point(cell, number):
    assert comma_to_point(cell) == number


def test_columns_get_the_type_of_their_content(csv):
    text = "a,b,c,d,e,f\n1,1.5,015146,x,,true\n-2,nan,015002,,,False\n"
    table = tables.read(csv(text)).table
    assert [str(t) for t in table.schema.types] == ["int64", "double", "string", "string", "string", "bool"]
    assert table["b"].to_pylist() == [1.5, None]
    assert table["c"].to_pylist() == ["015146", "015002"]


def test_infinite_numbers_are_unknown_and_counted(csv):
    result = tables.read(csv("v\n1\ninf\n-Infinity\n"))
    assert result.table["v"].to_pylist() == [1, None, None]
    assert "2 cells of v are not finite" in result.findings[0].message


def test_rows_of_the_wrong_length_are_set_aside_with_their_line(csv):
    result = tables.read(csv('a,b\n1,2\n\n3\n"x\ny",4\n5,6,7\n'))
    assert [(f.rule, f.row, f.action) for f in result.findings] == [
        ("ragged_row", 4, "row_set_aside"),
        ("ragged_row", 7, "row_set_aside"),
    ]
    assert list(result.lines) == [2, 5]


def test_the_fast_and_the_slow_way_agree(csv):
    lines = [f"{i},{i / 7},name {i},0{i}" for i in range(60_000)]
    plain = csv("id,v,n,code\n" + "\n".join(lines) + "\n", "fast.csv")
    quoted = csv('"id",v,n,code\n' + "\n".join(lines) + "\n", "slow.csv")
    fast, slow = tables.read(plain), tables.read(quoted)
    assert fast.table.equals(slow.table)
    assert list(fast.lines) == list(slow.lines)


def test_a_ragged_row_in_a_big_file_is_still_named(csv):
    text = "a,b\n" + "1234567,1234567\n" * 80_000 + "1\n"
    assert [f.row for f in tables.read(csv(text)).findings] == [80_002]


def test_a_schema_gives_types_and_names_bad_cells(csv):
    text = "source,year,budget_eur\nown,2027,lots\n,2028,1e3\n"
    result = tables.read(csv(text, "budget.csv"), declared="budget")
    (finding,) = result.findings
    assert (finding.rule, finding.row, finding.action) == ("bad_number", 2, "refused")
    assert "'lots'" in finding.message
    assert result.table["budget_eur"].to_pylist() == [None, 1000]
    assert result.table["source"].to_pylist() == ["own", None]


def test_gzip_and_missing_files(csv, tmp_path):
    path = csv(gzip.compress(b"a\n1\n"), "x.csv.gz")
    assert tables.read(path).table.to_pylist() == [{"a": 1}]
    with pytest.raises(TableNotFound, match=r"did you mean x\.csv\.gz"):
        tables.read(tmp_path / "x.csv")
    with pytest.raises(TableNotFound, match="is a folder") as error:
        tables.read(tmp_path)
    assert error.value.hint
    with pytest.raises(TableNotFound, match="There is no file") as error:
        tables.read(tmp_path / "nowhere" / "y.csv")
    assert error.value.hint


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "empty_file"),
        (b"\n \n", "empty_file"),
        (b",\n,\n", "no_header"),
        (b"a,a\n1,2\n", "duplicate_column"),
        (b"\x00\x01\x02", "not_text"),
    ],
)
def test_what_is_no_table_is_refused(csv, data, rule):
    with pytest.raises(DataError) as error:
        tables.read(csv(data))
    assert error.value.rule == rule


def test_a_damaged_parquet_file_is_named(csv):
    with pytest.raises(DataError, match=r"works\.parquet cannot be read"):
        tables.read(csv(b"PAR1 nothing", "works.parquet"))


def test_parquet_keeps_provenance_and_has_stable_bytes(tmp_path):
    table = tables.from_rows("asset", [{"id": "a", "practice": "p", "kind": "k"}])
    made = Provenance(function="f", version="1", inputs={"x": "0"})
    for name in "ab":
        tables.write_parquet(table, tmp_path / f"{name}.parquet", provenance=made)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    back = tables.read(tmp_path / "a.parquet").table
    assert back.equals(table)
    assert tables.provenance(back) == made
    assert tables.provenance(table) is None


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@given(st.lists(st.tuples(cells, st.floats(allow_nan=False, allow_infinity=False)), min_size=1, max_size=8))
def test_csv_round_trip_keeps_texts_and_numbers(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    texts = ["t" + text if not text.strip() else text for text, _ in rows]
    wanted = pa.table({"text": ["x", *texts], "v": [0.5, *(v for _, v in rows)]})
    tables.write_csv(wanted, path)
    back = tables.read(path).table
    assert back["text"].to_pylist() == wanted["text"].to_pylist()
    assert back["v"].to_pylist() == wanted["v"].to_pylist()


@pytest.mark.parametrize("cell", ["=1+1", "+39 02", "-x", "@a", "\tx", "\rx", "'=x"])
def test_formulas_are_escaped_and_come_back(tmp_path, cell):
    path = tmp_path / "t.csv"
    tables.write_csv(pa.table({"v": [cell], "n": [-1]}), path)
    written = path.read_bytes().decode().splitlines(keepends=True)
    assert "".join(written[1:]).lstrip('"').startswith("'")
    assert "-1" in "".join(written[1:])
    assert tables.read(path).table.to_pylist() == [{"v": cell, "n": -1}]


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("old")

    def interrupted():
        with tables.atomic(path) as temporary:
            temporary.write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]
    assert path.read_text() == "old"

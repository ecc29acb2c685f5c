"""Profiles as files, also as Italian offices write them."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contado.engines.pavement import read_profile
from contado.kernel.errors import ColumnNotFound, DataError, UsageError

X = np.arange(0, 30, 0.25)
Y = np.round(np.sin(X) * 0.01 + 583, 4)


def csv(path, separator=",", comma=".", header="x_m,y_m", end="\n", encoding="utf-8", start="", extra=""):
    lines = [start + header.replace(",", separator) + start]
    lines += [
        f"{start}{x}{separator}{y}{extra}".replace(".", comma)
        for x, y in zip(X.tolist(), Y.tolist(), strict=True)
    ]
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"separator": ";"}, "semicolons"),
        ({"separator": ";", "comma": ","}, "semicolons, decimal commas"),
        ({"encoding": "utf-8-sig"}, "a byte-order mark"),
        (
            {"separator": '","', "comma": ",", "start": '"', "extra": '"', "header": "x_m,y_m"},
            "decimal commas",
        ),
        ({"header": "x_m,y_m,qualità", "extra": ",ì", "encoding": "cp1252"}, "Windows-1252 letters"),
    ],
)
def test_italian_files_give_the_same_numbers(tmp_path, options, words):
    profile = read_profile(csv(tmp_path / "p.csv", **options))
    np.testing.assert_array_equal(profile.y_m, Y)
    (finding,) = profile.findings
    assert (finding.rule, finding.severity) == ("italian_csv", "note")
    assert words in finding.message


def test_plain_files_have_no_finding(tmp_path):
    plain = read_profile(csv(tmp_path / "p.csv", end="\r\n"))
    np.testing.assert_array_equal(plain.x_m, X)
    assert (plain.findings, plain.label) == ((), "measured")
    (tmp_path / "p.txt").write_text("\n".join(f"{x}\t{y}" for x, y in zip(X, Y, strict=True)))
    np.testing.assert_array_equal(read_profile(tmp_path / "p.txt").y_m, Y)
    (tmp_path / "q.txt").write_text("x y\n" + "\n".join(f"{x} {y}" for x, y in zip(X, Y, strict=True)))
    np.testing.assert_array_equal(read_profile(tmp_path / "q.txt").y_m, Y)


def test_decimal_commas_between_blanks(tmp_path):
    text = "\n".join(f"{x} {y}".replace(".", ",") for x, y in zip(X.tolist(), Y.tolist(), strict=True))
    (tmp_path / "p.txt").write_text(text)
    profile = read_profile(tmp_path / "p.txt")
    np.testing.assert_array_equal(profile.y_m, Y)
    assert profile.findings[0].rule == "italian_csv"


def test_a_decimal_comma_beside_a_whole_number(tmp_path):
    lines = [f"{k} {y}".replace(".", ",") for k, y in enumerate(Y.tolist())]
    (tmp_path / "p.txt").write_text("\n".join(lines))
    np.testing.assert_array_equal(read_profile(tmp_path / "p.txt").y_m, Y)


def test_parquet(tmp_path):
    pq.write_table(pa.table({"y_m": Y, "note": ["a"] * len(Y), "x_m": X}), tmp_path / "p.parquet")
    np.testing.assert_array_equal(read_profile(tmp_path / "p.parquet").y_m, Y)


def test_parquet_with_a_hole(tmp_path):
    pq.write_table(pa.table({"x_m": X, "y_m": [None, *Y[1:]]}), tmp_path / "p.parquet")
    with pytest.raises(DataError, match="y_m is nan") as error:
        read_profile(tmp_path / "p.parquet")
    assert (error.value.rule, error.value.rows) == ("not_a_number", (1,))


@pytest.mark.parametrize(
    ("column", "values", "rule", "rows"),
    [
        ("y_m", ["0.1", "high", "0.2"], "not_a_number", (2,)),
        ("y_m", [0.1, 1e300, 0.2], "out_of_range", (2,)),
        ("x_m", [0.0, 20.0, 1e12], "out_of_range", (3,)),
        ("x_m", [0.0, 20.0, 20.0], "x_not_increasing", (3,)),
    ],
)
def test_parquet_names_the_row(tmp_path, column, values, rule, rows):
    columns = {"x_m": [0.0, 20.0, 40.0], "y_m": [0.1, 0.1, 0.1], column: values}
    pq.write_table(pa.table(columns), tmp_path / "p.parquet")
    with pytest.raises(DataError, match=f"row {rows[0]}") as error:
        read_profile(tmp_path / "p.parquet")
    assert (error.value.rule, error.value.rows, error.value.field) == (rule, rows, column)


def test_parquet_that_is_cut(tmp_path):
    pq.write_table(pa.table({"x_m": X, "y_m": Y}), tmp_path / "p.parquet")
    (tmp_path / "p.parquet").write_bytes((tmp_path / "p.parquet").read_bytes()[:300])
    with pytest.raises(DataError) as error:
        read_profile(tmp_path / "p.parquet")
    assert error.value.rule == "profile_unreadable"


def test_label_comes_from_the_folder(tmp_path):
    csv(tmp_path / "p.csv")
    (tmp_path / "meta.json").write_text('{"label": "simulated"}')
    assert read_profile(tmp_path / "p.csv").label == "simulated"
    (tmp_path / "meta.json").write_text("{")
    assert read_profile(tmp_path / "p.csv").label == "measured"


@pytest.mark.parametrize(
    ("name", "text", "rule", "rows"),
    [
        ("a.csv", "x_m,y_m\n0,0\n5,1_0\n20,0\n", "not_a_number", [3]),
        ("a.csv", "x_m,y_m\n0,0\n5,1e300\n20,0\n", "out_of_range", [3]),
        ("p.csv", "", "empty_file", []),
        ("p.txt", "\n\n", "empty_file", []),
        ("p.csv", "x_m,y_m\n", "empty_file", []),
        ("p.csv", "x_m,y_m\n0,1\n1,b\n2,\n3\n", "not_a_number", [3, 4, 5]),
        ("p.txt", "0 1\n\nzwei 2\n", "not_a_number", [3]),
        ("p.csv", "x_m,y_m\n0,1\n1,nan\n", "not_a_number", [3]),
        ("p.csv", "x_m,y_m\n0,1\n\n1,1\n1,1\n", "x_not_increasing", [5]),
        ("p.txt", "0 1\n2 1\n1 1\n", "x_not_increasing", [3]),
        ("p.csv", "x_m,y_m\n0,1\n10,1\n", "profile_too_short", []),
    ],
)
def test_bad_files(tmp_path, name, text, rule, rows):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=name) as error:
        read_profile(tmp_path / name)
    assert (error.value.rule, list(error.value.rows)) == (rule, rows)
    assert error.value.hint


def test_missing_column_says_what_is_there(tmp_path):
    (tmp_path / "p.csv").write_text("x_m,y\n0,1\n")
    with pytest.raises(ColumnNotFound) as error:
        read_profile(tmp_path / "p.csv")
    assert (error.value.rule, error.value.field) == ("missing_column", "y_m")


def test_unknown_ending(tmp_path):
    (tmp_path / "p.xls").write_text("0 1")
    with pytest.raises(UsageError, match=r"\.txt, \.csv, \.parquet"):
        read_profile(tmp_path / "p.xls")


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_profile(tmp_path / "p.csv")

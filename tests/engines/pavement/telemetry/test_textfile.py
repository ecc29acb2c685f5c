"""One file to columns: dialects, cut files, cells that are no number."""

from __future__ import annotations

import numpy as np
import pytest

from contado.engines.pavement.telemetry.textfile import open_raw, stem_of
from contado.kernel.errors import DataError


def write(folder, content):
    path = folder / "x.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        (b"a,b\n1.5,2\n3,4\n", None),
        (b"a,b\r\n1.5,2\r\n3,4\r\n", None),
        (b"a;b\n1,5;2\n3;4\n", "fields divided by semicolons, decimal commas"),
        (b"a\tb\n1.5\t2\n3\t4\n", None),
        (b'a,b,\n"1,5","2,0",\n"3,0","4,0",\n', "decimal commas"),
        (b"\xef\xbb\xbfa;b\n1.5;2\n3;4\n", "byte order mark, fields divided by semicolons"),
        (b"a,b,citt\xe0\n1.5,2,x\n3,4,x\n", "Windows-1252"),
        (b"a,b\n1.5,2\n3,4", None),
    ],
)
def test_dialects_give_the_same_numbers_and_say_what_they_were(tmp_path, content, notes):
    raw = open_raw(write(tmp_path, content))
    assert raw.numbers("a").tolist() == [1.5, 3.0]
    assert raw.numbers("b").tolist() == [2.0, 4.0]
    assert [f.message for f in raw.findings] == ([f"x.csv was read as {notes}."] if notes else [])


def test_empty_and_absent_cells_are_nan(tmp_path):
    raw = open_raw(write(tmp_path, b"a,b\n1, \nnan,2\nNA,-inf\n-1e-3,+4\n"))
    assert np.array_equal(raw.numbers("a"), [1, np.nan, np.nan, -1e-3], equal_nan=True)
    assert np.array_equal(raw.numbers("b"), [np.nan, 2, np.nan, 4], equal_nan=True)


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (b"a,b\n1,2\n3", 3),
        (b"a,b\n1,2\n3,", 3),
        (b"a,b\n1.25,2.25\n1.50,2.50\n1.75,2.7", 4),
        (b'a,b\n"1,5","2,0"\n"3,0","4', 3),
        (b"a,b\n1,2\n1\n1,2\n", 3),
    ],
)
def test_a_cut_row_is_found(tmp_path, content, row):
    with pytest.raises(DataError) as caught:
        open_raw(write(tmp_path, content))
    assert (caught.value.rule, caught.value.rows) == ("file_cut", (row,))


def test_truth_columns_are_not_even_there(tmp_path):
    assert open_raw(write(tmp_path, b"a,Truth_b\n1,2\n")).headers == ["a"]


def test_stems():
    from pathlib import Path

    names = ("a_acc.parquet", "a_gnss.csv.gz", "2018-10-0716.22.42.csv.gz", "meta.json", "LICENSE.txt")
    assert [stem_of(Path(n)) for n in names] == ["a_acc", "a_gnss", "2018-10-0716.22.42", None, None]


def test_parquet_of_any_type(tmp_path):
    import datetime as dt

    import pyarrow as pa
    import pyarrow.parquet as pq

    start = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
    table = pa.table(
        {
            "when": pa.array([start, start + dt.timedelta(seconds=2)], pa.timestamp("ns", "UTC")),
            "whole": pa.array([1, None], pa.int32()),
            "text": pa.array(["1.5", "2"], pa.large_string()),
            "word": pa.array(["1", "no"]),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")
    raw = open_raw(tmp_path / "x.parquet")
    assert np.diff(raw.numbers("when")).tolist() == [2.0]
    assert np.array_equal(raw.numbers("whole"), [1, np.nan], equal_nan=True)
    assert raw.numbers("text").tolist() == [1.5, 2.0]
    with pytest.raises(DataError) as caught:
        raw.numbers("word")
    assert (caught.value.rule, caught.value.rows) == ("not_a_number", (2,))

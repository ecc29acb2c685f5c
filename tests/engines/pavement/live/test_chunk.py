"""A message of a device is read as a file of a drive is."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contado.engines.pavement.live import chunk
from contado.kernel.errors import ColumnNotFound

SPEED = np.array([10.0, 12.5, 15.0])


def message(**columns):
    """A message of three fixes with these columns for their speed, as Parquet."""
    fixes = {"t_s": [1.0, 2.0, 3.0], "lon": [9.0, 9.0001, 9.0003], "lat": [45.0, 45.0, 45.0]}
    sink = io.BytesIO()
    pq.write_table(pa.table(fixes | columns), sink)
    return sink.getvalue()


@pytest.mark.parametrize("name", ["speed_kmh", "speed_km_h", "Speed_KMH"])
def test_a_speed_in_kmh_is_read_by_the_words_that_files_use(name):
    found = chunk.parse(message(**{name: SPEED * 3.6}), "chunk 1.parquet")
    np.testing.assert_allclose(found.measured().speed_m_s, SPEED, rtol=1e-15)
    assert "speed_m_s" in found.fixes.column_names
    assert name not in found.fixes.column_names


def test_what_one_unit_does_not_know_the_other_fills():
    known = [10.0, None, 15.0]
    found = chunk.parse(message(speed_m_s=known, speed_kmh=SPEED * 3.6), "chunk 1.parquet")
    np.testing.assert_allclose(found.measured().speed_m_s, SPEED, rtol=1e-15)


def test_a_message_of_many_dialects_says_kmh_too():
    content = "t_s;lon;lat;speed_kmh\n1,0;9,0;45,0;36,0\n2,0;9,0001;45,0;45,0\n".encode("cp1252")
    found = chunk.parse(content, "chunk 1.csv")
    assert found.measured().speed_m_s.tolist() == pytest.approx([10.0, 12.5])


def test_a_speed_in_no_unit_that_is_read_is_refused():
    with pytest.raises(ColumnNotFound, match="speed_m_s"):
        chunk.parse(message(speed_mph=SPEED), "chunk 1.parquet")
    with pytest.raises(ColumnNotFound, match="speed_m_s"):
        chunk.parse(message(), "chunk 1.parquet")

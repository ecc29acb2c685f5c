"""Lives of a surface by legal days, one rule for the cells and for the growth of roughness."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from contado.engines.pavement.state.fusion import fuse
from contado.engines.pavement.state.fusion_files import works_of
from contado.engines.pavement.state.lives import LegalDay, lived

LATE = dt.datetime(2026, 6, 1, 22, 30, tzinfo=dt.UTC)
"""Half past midnight of 2 June in Rome."""


def passed(*moments, section="A"):
    n = len(moments)
    return pa.table(
        {
            "section_id": [section] * n,
            "cell": [0] * n,
            "drive_id": [f"d{k}" for k in range(n)],
            "t_utc": pa.array(moments, pa.timestamp("us", "UTC")),
            "iri_m_km": [2.0 + 0.1 * k for k in range(n)],
            "sd_log": [0.1] * n,
        }
    )


def works(day):
    return pa.table({"section_id": ["A"], "from_m": [0.0], "to_m": [20.0], "date": [day]})


@pytest.mark.parametrize(
    ("timezone", "first"), [("Europe/Rome", 2), ("UTC", 1), ("America/New_York", 1), ("Asia/Tokyo", 2)]
)
def test_a_pass_counts_on_its_legal_day(timezone, first):
    for day in (1, 2):
        found = fuse([passed(LATE)], on=dt.date(2026, 6, day), timezone=timezone)
        assert found.cells["last_on"].to_pylist() == ([dt.date(2026, 6, first)] if day >= first else [])
        assert [f.rule for f in found.findings] == ([] if day >= first else ["later_than_on"])


def test_the_legal_day_is_romes_where_none_is_named():
    assert fuse([passed(LATE)], on=dt.date(2026, 6, 1)).cells.num_rows == 0


def test_a_day_of_the_change_of_clocks_has_its_own_length():
    day = LegalDay(dt.date(2026, 3, 29))
    assert (day.ends - day.begins).total_seconds() == 23 * 3600


def test_an_undated_pass_lies_on_the_legal_day():
    undated = passed(None)
    [cell] = fuse([undated], on=dt.date(2026, 6, 2), timezone="Asia/Tokyo").cells.to_pylist()
    assert cell["last_on"] == dt.date(2026, 6, 2)


@pytest.mark.parametrize(("done", "read"), [(1, True), (2, False)])
def test_a_pass_after_midnight_reads_the_surface_made_the_day_before(done, read):
    [cell] = fuse(
        [passed(LATE)], on=dt.date(2026, 6, 3), works=works(dt.date(2026, 6, done))
    ).cells.to_pylist()
    assert (cell["n_passes"], cell["life_from"]) == (int(read), dt.date(2026, 6, done + 1))


def test_an_instant_of_works_is_their_legal_day_and_a_day_is_itself():
    given = works(LATE).append_column("treatment", [[""]])
    assert works_of(given)["date"].to_pylist() == [dt.date(2026, 6, 2)]
    for day in ("2026-06-01", dt.date(2026, 6, 1), np.datetime64("2026-06-01", "us")):
        assert works_of(works(day))["date"].to_pylist() == [dt.date(2026, 6, 1)]
    assert works_of(works("2026-06-01T22:30:00Z"))["date"].to_pylist() == [dt.date(2026, 6, 2)]


def test_growth_and_cells_read_the_same_life_on_every_day():
    done = [dt.date(2026, 6, 10), dt.date(2026, 6, 20)]
    days = [dt.date(2026, 6, d) for d in (9, 10, 11, 19, 20, 21)]
    seen = lived(np.array(days, "datetime64[D]"), np.array(done, "datetime64[D]"))
    assert seen.tolist() == [0, 0, 1, 1, 1, 2]
    noon = [dt.datetime.combine(day, dt.time(12), dt.UTC) for day in days]
    for last, lives in zip(days, seen, strict=True):
        cells = fuse([passed(*noon)], on=last, works=pa.concat_tables([works(d) for d in done])).cells
        [count] = cells["n_passes"].to_pylist()
        known = [n for day, n in zip(days, seen, strict=True) if day <= last]
        # works of the last day have ended the life of all passes until then
        present = sum(d <= last for d in done)
        assert count == sum(n == present for n in known)
        assert lives <= present

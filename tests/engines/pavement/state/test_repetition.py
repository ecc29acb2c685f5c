"""Each observation once, whatever the drives are called and however they are cut up."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from contado.engines.pavement.state.fusion import fuse

ON = dt.date(2026, 5, 30)
NUMBERS = ("iri_m_km", "low_m_km", "high_m_km", "growth_per_y", "n_passes")


def drive(name, cells, iri=2.0, *, section="A", day=1, sd=0.1):
    """Return a drive of whose cells no two have the same IRI."""
    moment = dt.datetime(2026, 5, day, 8, tzinfo=dt.UTC)
    return pa.table(
        {
            "section_id": [section] * len(cells),
            "cell": cells,
            "drive_id": [name] * len(cells),
            "t_utc": pa.array([moment + dt.timedelta(seconds=k) for k in cells], pa.timestamp("us", "UTC")),
            "iri_m_km": [iri + 0.01 * k for k in cells],
            "sd_log": [sd] * len(cells),
        }
    )


def same(one, other):
    for name in NUMBERS:
        np.testing.assert_allclose(one.cells[name].to_numpy(), other.cells[name].to_numpy(), rtol=1e-9)


def test_a_known_name_with_other_content_is_another_drive():
    weeks = [drive("car1_pass1", [0, 1, 2], 2.0, day=1), drive("car1_pass1", [0, 1, 2], 4.0, day=8)]
    found = fuse(weeks, on=ON)
    assert found.cells["n_passes"].to_pylist() == [2, 2, 2]
    assert (found.drives_used, found.drives_repeated, found.findings) == (("car1_pass1",), (), ())
    assert found.cells["n_vehicles"].to_pylist() == [1, 1, 1]
    same(found, fuse(weeks[:1], on=ON, previous=fuse(weeks[1:], on=ON).cells))


def test_a_drive_over_two_sections_in_two_tables_has_both():
    parts = [drive("car1_pass1", [0, 1, 2]), drive("car1_pass1", [0, 1], section="B")]
    found = fuse(parts, on=ON)
    assert found.cells.num_rows == 5
    assert found.drives_repeated == ()
    same(found, fuse([pa.concat_tables(parts)], on=ON))


def test_no_way_of_cutting_up_and_repeating_drives_matters():
    whole, other = drive("a_pass1", [0, 1, 2, 3]), drive("b_pass1", [0, 1, 2, 3], 2.5, day=4)
    parts = [whole, whole.slice(0, 2), whole.slice(1, 3), other.slice(2), other.slice(0, 2)]
    wanted = fuse([whole, other], on=ON)
    for order in ((0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (1, 3, 0, 4, 2), (2, 4, 1, 0, 3)):
        together = fuse([parts[k] for k in order], on=ON)
        state = None
        for k in order:
            state = fuse([parts[k]], on=ON, previous=state).cells
        same(wanted, together)
        assert together.cells.equals(state)


def test_parts_of_a_drive_are_repeated_whichever_comes_first():
    half, whole = drive("a_pass1", [0, 1]), drive("a_pass1", [0, 1, 2, 3])
    first = fuse([half, whole], on=ON)
    assert (first.drives_used, first.drives_repeated) == (("a_pass1",), ("a_pass1",))
    later = fuse([whole], on=ON, previous=fuse([half], on=ON).cells)
    assert (later.drives_used, later.drives_repeated) == (("a_pass1",), ())
    assert later.cells.equals(first.cells)


@pytest.mark.parametrize("name", ["aa_pass1", "zz_pass1"])
def test_a_part_under_another_name_changes_no_state(name):
    state = fuse([drive("m_pass1", [0, 1, 2, 3])], on=ON).cells
    renamed = fuse([drive(name, [1, 2])], on=ON, previous=state)
    assert (renamed.drives_used, renamed.drives_repeated) == ((), (name,))
    assert renamed.cells.equals(state)


def test_one_drive_with_two_values_of_a_cell_has_the_more_certain_and_says_so():
    old, new = drive("a_pass1", [0, 1, 2], 2.0, sd=0.2), drive("a_pass1", [0, 1], 3.0, sd=0.1)
    found = fuse([old, new], on=ON)
    assert found.cells["n_passes"].to_pylist() == [1, 1, 1]
    at = [o[0]["iri_m_km"] for o in found.cells["observations"].to_pylist()]
    assert at == pytest.approx([3.0, 3.01, 2.02])
    [told] = found.findings
    assert (told.rule, told.row, told.action) == ("two_values", "a_pass1", "row_set_aside")
    assert told.message.startswith("2 observations of 1 drives")
    for first, second in ((old, new), (new, old)):
        same(found, fuse([second], on=ON, previous=fuse([first], on=ON).cells))


def test_what_another_drive_says_of_some_cells_too_is_told():
    """Days without hours and rounded values can make two drives alike in a cell."""
    found = fuse([drive("a_pass1", [0, 1, 2]), drive("b_pass1", [2, 3])], on=ON)
    assert found.cells["n_passes"].to_pylist() == [1, 1, 1, 1]
    assert [(f.rule, f.row) for f in found.findings] == [("observation_repeated", "b_pass1")]
    assert found.drives_repeated == ()


def shifted(table, name, seconds, factor=1.0):
    """The drive under another name, its clock shifted, its IRI as the same samples give it in other windows."""
    moved = [t + dt.timedelta(seconds=seconds) for t in table["t_utc"].to_pylist()]
    columns = {n: table[n] for n in table.column_names} | {
        "drive_id": [name] * table.num_rows,
        "t_utc": pa.array(moved, pa.timestamp("us", "UTC")),
        "iri_m_km": [factor * iri for iri in table["iri_m_km"].to_pylist()],
    }
    return pa.table(columns)


@pytest.mark.parametrize(("seconds", "factor"), [(3.0, 1.0), (-7.5, 1 + 8e-7), (0.0, 1 - 4e-9)])
def test_a_drive_whose_clock_was_shifted_is_the_same_pass(seconds, factor):
    whole = drive("car1_pass1", [0, 1, 2])
    again = shifted(whole, "car1_pass2", seconds, factor)
    wanted = fuse([whole], on=ON)
    found = fuse([whole, again], on=ON)
    same(found, wanted)
    assert found.cells["n_passes"].to_pylist() == [1, 1, 1]
    assert (found.drives_used, found.drives_repeated) == (("car1_pass1",), ("car1_pass2",))
    assert [(f.rule, f.row) for f in found.findings] == [("pass_told_again", "car1_pass2")]
    for first, then in ((whole, again), (again, whole)):
        same(fuse([then], on=ON, previous=fuse([first], on=ON).cells), found)


def test_shifts_that_add_up_do_not_depend_on_the_order_of_arrival():
    copies = [drive("car1_pass1", [0, 1, 2])]
    copies += [shifted(copies[0], f"car1_pass{k}", 8.0 * (k - 1)) for k in (2, 3)]
    together = fuse(copies, on=ON)
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        state = None
        for k in order:
            state = fuse([copies[k]], on=ON, previous=state).cells
        np.testing.assert_allclose(
            state["iri_m_km"].to_numpy(), together.cells["iri_m_km"].to_numpy(), rtol=1e-9
        )
        assert state["n_passes"].to_pylist() == together.cells["n_passes"].to_pylist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("name", "seconds", "factor"),
    [("car1_pass2", 3.0, 1.001), ("car1_pass2", 60.0, 1.0), ("car2_pass1", 3.0, 1.0), ("unnamed", 3.0, 1.0)],
)
def test_other_values_times_and_cars_are_other_passes(name, seconds, factor):
    whole = drive("car1_pass1" if name != "unnamed" else "other", [0, 1, 2])
    found = fuse([whole, shifted(whole, name, seconds, factor)], on=ON)
    assert found.cells["n_passes"].to_pylist() == [2, 2, 2]
    assert found.findings == ()

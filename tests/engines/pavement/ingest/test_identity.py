"""The identity of a drive: the same for the whole and for its parts, whatever is dropped afterwards."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from contado.engines.pavement.ingest import identity

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def rows():
    rng = np.random.default_rng(5)
    t_s, fix_t_s = np.arange(0.0, 40.0, 0.01), np.arange(0.0, 40.0)
    return {
        "t_s": t_s,
        "acc": rng.normal(0, 1, (t_s.size, 3)),
        "fix_t_s": fix_t_s,
        "lon": 9 + rng.normal(0, 1e-3, fix_t_s.size),
        "lat": 45 + rng.normal(0, 1e-3, fix_t_s.size),
    }


def part(rows, start, end):
    heard = (rows["t_s"] >= start) & (rows["t_s"] < end)
    placed = (rows["fix_t_s"] >= start) & (rows["fix_t_s"] < end)
    of = {"t_s": heard, "acc": heard}
    return {name: values[of.get(name, placed)] for name, values in rows.items()}


def found(rows, key=KEY):
    return identity.of_rows(key, **rows)


@pytest.mark.parametrize("cuts", [(0, 40), (0, 0.5, 7.25, 7.3, 40), (0, 13, 26, 40)])
def test_parts_in_any_order_add_up_to_the_whole(rows, cuts):
    parts = [found(part(rows, a, b)) for a, b in itertools.pairwise(cuts)]
    assert identity.joined(reversed(parts)) == found(rows)


def test_another_key_or_another_number_is_another_identity(rows):
    seen = {found(rows), found(rows, key=KEY[::-1])}
    for name, at in (("lon", 3), ("lat", 3), ("acc", 4), ("fix_t_s", 5), ("t_s", 4)):
        changed = {n: v.copy() for n, v in rows.items()}
        changed[name][at] += 1e-3
        seen.add(found(changed))
    assert len(seen) == 7


def test_nothing_is_the_sum_of_nothing(rows):
    assert found(part(rows, 50, 60)) == identity.joined([]) == "0" * 64


def test_it_fits_the_form_of_a_pseudonym(rows):
    name = identity.drive_id(KEY, found(rows))
    assert len(name) == 16
    assert int(name, 16)

"""The audit chain: its rule, what it refuses, what verification finds."""

import itertools
import json
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from contado.kernel import records
from contado.kernel.errors import DataError, UsageError
from contado.kernel.records import audit
from contado.kernel.records.audit import GENESIS, Head, Row, canonical, link, parse_anchor, verify


def independent(row):
    """The rule of the documentation, with the standard library only."""
    fields = [row.seq, row.at, row.actor, row.verb, row.object, row.body_json]
    array = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    return sha256((row.prev_hash + "\n" + array).encode()).hexdigest()


def chain(bodies):
    rows, prev = [], GENESIS
    for seq, body in enumerate(bodies, 1):
        content = (seq, "2026-01-01T00:00:00.000Z", "local", "file.presented", f"file:{seq}", canonical(body))
        rows.append(Row(*content, prev, link(prev, content)))
        prev = rows[-1].hash
    return rows


def problems(rows, anchor=None):
    return [(p.seq, p.kind) for p in verify(rows, anchor).problems]


# ---------------------------------------------------------------- the rule
@pytest.mark.parametrize("plane", range(17))
def test_every_character_is_hashed_as_any_json_writer_would(plane):
    text = "".join(chr(c) for c in range(plane << 16, (plane + 1) << 16) if not 0xD800 <= c <= 0xDFFF)
    (row,) = chain([{"text": text}])
    assert row.hash == independent(row)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=4), min_size=1, max_size=4))
def test_any_body_gives_a_chain_that_others_can_recompute(bodies):
    rows = chain(bodies)
    assert [independent(r) for r in rows] == [r.hash for r in rows]
    assert [json.loads(r.body_json) for r in rows] == bodies
    assert verify(rows).ok


def test_canonical_json_sorts_keys_at_every_depth():
    assert canonical({"b": {"z": 1, "a": None}, "a": [True, "è"]}) == '{"a":[true,"è"],"b":{"a":null,"z":1}}'


@pytest.mark.parametrize("bad", [1.0, {"a": [0.5]}, b"x", {1: "x"}, {"x"}])
def test_what_json_does_not_write_in_one_way_is_refused(bad):
    with pytest.raises(DataError) as caught:
        canonical({"value": bad})
    assert caught.value.rule == "bad_audit_body"


# ---------------------------------------------------------------- the store
def test_appended_rows_follow_the_rule(store, admin, verdict):
    with store.writing(admin) as session:
        for n in range(3):
            head = audit.append(session, "file.presented", f"file:{n}", {"città": "Rò", "n": n})
    with store.connection() as connection:
        rows = list(audit.rows(connection))
    assert [r.seq for r in rows] == [1, 2, 3]
    assert rows[0].prev_hash == GENESIS
    assert all(independent(r) == r.hash for r in rows)
    assert all(later.prev_hash == earlier.hash for earlier, later in itertools.pairwise(rows))
    assert verdict() == audit.Verdict(events=3, head=head)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET verb = 'x.y'", "DELETE FROM audit", "DELETE FROM audit WHERE seq = 2"]
)
def test_rows_can_be_neither_changed_nor_removed(store, admin, verdict, statement):
    with store.writing(admin) as session:
        for n in range(3):
            audit.append(session, "file.presented", f"file:{n}")
    with pytest.raises(DBAPIError, match="append-only"), store.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert verdict().ok


def test_a_row_of_the_model_cannot_be_deleted(store, admin):
    with store.writing(admin) as session:
        audit.append(session, "file.presented", "file:1")
    with store.writing(admin) as session:
        row = session.get(records.schema.Audit, 1)
        session.delete(row)
        with pytest.raises(TypeError, match="append-only"):
            session.flush()
        session.rollback()
    with pytest.raises(TypeError, match="append-only"), store.writing(admin) as session:
        session.get(records.schema.Audit, 1).verb = "file.lost"


def test_a_free_word_is_no_verb(store, admin):
    with pytest.raises(DataError), store.writing(admin) as session:
        audit.append(session, "did something", "file:1")


# ---------------------------------------------------------------- verification
ROWS = chain([{"n": n} for n in range(1, 9)])
HEAD = Head(seq=8, hash=ROWS[-1].hash)


def test_a_sound_chain_and_an_empty_one():
    assert verify(ROWS, HEAD).ok
    assert verify(ROWS, Head(seq=3, hash=ROWS[2].hash)).ok
    assert verify([]) == audit.Verdict(events=0, head=Head(seq=0, hash=GENESIS))
    assert verify([], Head(seq=0, hash=GENESIS)).ok


@pytest.mark.parametrize("field", ["at", "actor", "verb", "object", "body_json", "prev_hash", "hash"])
@pytest.mark.parametrize("place", [0, 3, 7])
def test_a_changed_field_is_found_at_its_row(field, place):
    rows = list(ROWS)
    rows[place] = rows[place]._replace(**{field: "0" * 63 + "1"})
    assert problems(rows) == [(place + 1, "changed")]


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_row_that_was_changed_and_hashed_again_is_found_at_itself(place):
    rows = list(ROWS)
    altered = rows[place]._replace(body_json='{"n":100}')
    rows[place] = altered._replace(hash=link(altered.prev_hash, altered[:6]))
    assert problems(rows) == [(place + 1, "changed")]


def test_the_last_row_hashed_again_needs_the_anchor():
    altered = ROWS[-1]._replace(body_json='{"n":100}')
    rows = [*ROWS[:-1], altered._replace(hash=link(altered.prev_hash, altered[:6]))]
    assert problems(rows) == []
    assert problems(rows, HEAD) == [(8, "anchor")]


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_removed_row_is_missing(place):
    assert problems(ROWS[:place] + ROWS[place + 1 :]) == [(place + 1, "missing")]


def test_a_removed_stretch_is_one_problem():
    found = verify(ROWS[:2] + ROWS[5:]).problems
    assert [(p.seq, p.kind, p.detail) for p in found] == [(3, "missing", "rows 3 to 5 are missing")]


def swapped(one, other, keep):
    rows = list(ROWS)
    a, b = rows[one], rows[other]
    rows[one] = b._replace(**{k: getattr(a, k) for k in keep})
    rows[other] = a._replace(**{k: getattr(b, k) for k in keep})
    return rows


@pytest.mark.parametrize(("one", "other"), [(2, 3), (0, 7), (1, 5)])
@pytest.mark.parametrize("keep", [["seq"], ["seq", "prev_hash", "hash"]])
def test_swapped_rows_are_reordered(one, other, keep):
    assert problems(swapped(one, other, keep)) == [(one + 1, "reordered"), (other + 1, "reordered")]


def test_a_cut_tail_needs_the_anchor():
    assert problems(ROWS[:5]) == []
    assert problems(ROWS[:5], HEAD) == [(8, "anchor")]
    assert problems([], HEAD) == [(8, "anchor")]


def test_a_complete_rewrite_needs_the_anchor():
    other = chain([{"n": -n} for n in range(1, 9)])
    assert problems(other) == []
    assert problems(other, HEAD) == [(8, "anchor")]


def test_several_problems_come_in_the_order_of_seq():
    rows = [r for r in ROWS if r.seq != 6]
    rows[1] = rows[1]._replace(actor="somebody")
    assert problems(rows, Head(seq=9, hash=GENESIS)) == [(2, "changed"), (6, "missing"), (9, "anchor")]


@pytest.mark.parametrize("text", ["", "8", "8:abc", f"x:{HEAD.hash}", f"-1:{HEAD.hash}", f"8:{HEAD.hash}0"])
def test_an_anchor_that_is_none_is_refused(text):
    with pytest.raises(UsageError) as caught:
        parse_anchor(text)
    assert caught.value.rule == "bad_anchor"


def test_an_anchor_is_read_as_head_prints_it():
    assert parse_anchor(f"8:{HEAD.hash}") == HEAD

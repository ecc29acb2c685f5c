"""Words, prefixes, order, codes, and what a person may type that is no word."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contado.kernel.territory.search import Entry, build, kept
from contado.kernel.territory.search.index import MOST_WORDS

KINDS = ("municipality", "address")


def entries():
    return [
        Entry(kind="municipality", ref="015146", title_it="Milano", codes=("015146", "15146", "F205")),
        Entry(kind="municipality", ref="015062", title_it="Cassina de' Pecchi", codes=("015062",)),
        Entry(kind="municipality", ref="017162", title_it="Roè Volciano", words="Gazzane"),
        Entry(kind="municipality", ref="x", title_it="Basiano", title_en="Near Milan"),
        Entry(kind="address", ref="1", title_it="Via Milano 12", more_it="Rho"),
        Entry(kind="address", ref="2", title_it="Via Milano 2", more_it="Rho", codes=("f205",)),
        Entry(kind="address", ref="3", title_it="Via Milano 1/A", more_it="Bareggio"),
    ]


@pytest.fixture(scope="module")
def index():
    return build(entries(), kinds=KINDS)


def titles(index, query, most=9):
    return [hit.title.it for group in index.find(query, most=most).groups for hit in group.hits]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("mil", ["Milano", "Basiano", "Via Milano 1/A", "Via Milano 2", "Via Milano 12"]),
        ("MILANO", ["Milano", "Via Milano 1/A", "Via Milano 2", "Via Milano 12"]),
        ("roe", ["Roè Volciano"]),
        ("ROÈ", ["Roè Volciano"]),
        ("Roe\u0300", ["Roè Volciano"]),
        ("gazz", ["Roè Volciano"]),
        ("cassina de pecchi", ["Cassina de' Pecchi"]),
        ("pecchi cassina", ["Cassina de' Pecchi"]),
        ("via milano 1", ["Via Milano 1/A", "Via Milano 12"]),
        ("rho milano", ["Via Milano 2", "Via Milano 12"]),
        ("near", ["Basiano"]),
        ("ilano", []),
    ],
)
def test_words_are_found_by_their_beginning_without_case_and_accents(index, query, expected):
    assert titles(index, query) == expected


def test_what_begins_with_the_query_comes_before_what_only_holds_it():
    rows = [Entry(kind="address", ref=t, title_it=t) for t in ("Alto Ada", "Basso Ada", "Ada", "Zona Ada")]
    assert titles(build(rows, kinds=KINDS), "ada") == ["Ada", "Alto Ada", "Basso Ada", "Zona Ada"]


def test_the_total_counts_what_is_left_out(index):
    group = index.find("milano", most=2).groups[1]
    assert (group.kind, len(group.hits), group.total) == ("address", 2, 3)


@pytest.mark.parametrize(
    ("code", "ref"),
    [("015146", "015146"), (" 15146 ", "015146"), ("f205", "015146"), ("F 205", "015146"), ("Milano", None)],
)
def test_a_code_leads_to_one_entry_that_of_the_first_kind(index, code, ref):
    hit = index.by_code(code)
    assert (hit and hit.ref) == ref


def test_a_code_of_two_entries_of_one_kind_leads_nowhere():
    rows = [Entry(kind="address", ref=r, title_it=r, codes=("7",)) for r in "ab"]
    assert build(rows, kinds=KINDS).by_code("7") is None


@pytest.mark.parametrize(
    "query",
    ["", " ", "*", '"', '""', "'", "-", "^", "( )", ")(", ":", "\U0001f333", "_", "\x00", "%", ";", "Ж"],
)
def test_what_holds_no_word_finds_nothing(index, query):
    assert titles(index, query) == []


@pytest.mark.parametrize(
    "query",
    [
        'mil"',
        '"mil',
        "mil*",
        "*mil",
        "^mil",
        "-mil",
        "(mil",
        "{mil}",
        "mil\x00",
        "mil \U0001f333",
        "mil; DROP TABLE entry",
    ],
)
def test_signs_are_no_syntax(index, query):
    found = titles(index, query)
    assert found == ([] if "DROP" in query else titles(index, "mil"))


@pytest.mark.parametrize(
    "query", ["milano OR rho", "milano AND rho", "NOT rho", "NEAR(via milano, 1)", "text:rho"]
)
def test_operators_are_words_like_others(index, query):
    assert titles(index, query) == []


def test_operators_that_are_names_are_found():
    rows = [Entry(kind="address", ref=t, title_it=t) for t in ("Via Near", "Via Or", "Via Not And")]
    index = build(rows, kinds=KINDS)
    assert [titles(index, q) for q in ("NEAR", "OR", "NOT AND")] == [
        ["Via Near"],
        ["Via Or"],
        ["Via Not And"],
    ]


def test_very_long_words_and_very_many_words_are_answered(index):
    assert titles(index, "m" * 100_000) == []
    many = index.find("mil " * 5_000, most=3)
    assert [group.total for group in many.groups] == [2, 3]
    assert len(many.left_out) == 5_000 - MOST_WORDS


@given(st.text(max_size=60))
def test_any_text_is_answered(text):
    index = _INDEX
    index.by_code(text)
    for group in index.find(text, most=3).groups:
        assert len(group.hits) == min(3, group.total)


_INDEX = build(entries(), kinds=KINDS)


@given(
    st.lists(st.text("abcé '1", min_size=1, max_size=8), min_size=1, max_size=12),
    st.text("abce1 ", max_size=4),
)
def test_found_is_what_holds_words_beginning_with_all_words(names, query):
    from contado.kernel.territory.codes import fold

    rows = [Entry(kind="address", ref=str(i), title_it=name) for i, name in enumerate(names)]
    groups = build(rows, kinds=KINDS).find(query, most=99).groups
    wanted = fold(query).split()
    expected = {
        str(i)
        for i, name in enumerate(names)
        if wanted and all(any(word.startswith(w) for word in fold(name).split()) for w in wanted)
    }
    assert {hit.ref for group in groups for hit in group.hits} == expected


def test_an_entry_of_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="'event' is none of the kinds"):
        build([Entry(kind="event", ref="1", title_it="Festa")], kinds=KINDS)


def test_the_file_is_made_once_and_shared(tmp_path):
    calls = []

    def make():
        calls.append(1)
        return entries()

    one = kept(tmp_path / "new", "a", make, kinds=KINDS)
    two = kept(tmp_path / "new", "a", make, kinds=KINDS)
    assert (len(one), len(two), len(calls)) == (7, 7, 1)
    assert titles(one, "mil") == titles(two, "mil") == titles(_INDEX, "mil")
    assert [f.name for f in (tmp_path / "new").iterdir()] == ["a.sqlite"]


def test_the_file_cannot_be_written_through_an_index(tmp_path):
    index = kept(tmp_path, "a", entries, kinds=KINDS)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        index._connection.execute("DELETE FROM entry")


def test_another_state_replaces_the_file_and_readers_of_the_old_one_go_on(tmp_path):
    old = kept(tmp_path, "a", entries, kinds=KINDS)
    new = kept(tmp_path, "b", lambda: entries()[:1], kinds=KINDS)
    assert [f.name for f in tmp_path.iterdir()] == ["b.sqlite"]
    assert (titles(new, "cassina"), titles(old, "cassina")) == ([], ["Cassina de' Pecchi"])


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + b"\xff" * 9_000])
def test_a_damaged_file_is_made_again(tmp_path, content):
    (tmp_path / "a.sqlite").write_bytes(content)
    assert len(kept(tmp_path, "a", entries, kinds=KINDS)) == 7


def test_where_nothing_can_be_written_the_index_stays_in_memory(tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert len(kept(tmp_path / "file", "a", entries, kinds=KINDS)) == 7


def test_many_threads_read_one_index(tmp_path):
    index = kept(tmp_path, "a", entries, kinds=KINDS)
    answers: list[list[str]] = []
    threads = [threading.Thread(target=lambda: answers.append(titles(index, "mil"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [titles(_INDEX, "mil")] * 8

"""View models: tolerant reading, computed states, classes, yields, ranks."""

from __future__ import annotations

import datetime as dt

import pytest

from contado.web import i18n
from contado.web.addresses import practice_of, slug_of, url
from contado.web.data import practices, programme, roads, view
from contado.web.data.territory import fold


@pytest.mark.parametrize(
    ("word", "letter"), [("A", "A"), ("rosso", "D"), ("verde", "A"), (None, "none"), ("?", "none")]
)
def test_the_words_of_the_field_are_the_classes(word, letter):
    assert roads.class_of_word(word) == letter


def test_unknown_numbers_are_none_never_nan():
    assert view.real({"a": float("nan"), "b": 2}, "a") is None
    assert view.real({"a": None, "b": 2}, "a", "b") == 2.0
    assert view.day({"d": dt.datetime(2026, 10, 31, 5, tzinfo=dt.UTC)}, "d") == dt.date(2026, 10, 31)
    assert view.day({"d": "soon"}, "d") is None


@pytest.mark.parametrize(
    ("value", "margin", "expected"),
    [(200.0, 100.0, 2.0), (100.0, 0.0, 1.0), (100.0, -100.0, 0.5), (None, 1.0, None), (5.0, 9.0, None)],
)
def test_yield_is_value_over_what_it_costs_at_the_prices(value, margin, expected):
    assert programme._yield({}, value, margin) == expected


def test_numbers_and_dates_read_as_in_each_language():
    assert i18n.number(1234567.891, "it", 2) == "1.234.567,89"
    assert i18n.number(-1234.5, "en", 1) == "−1,234.5"
    assert i18n.interval_text(5.6, 9.0, "it", 1) == "5,6–9,0"
    assert i18n.interval_text(None, 9.0, "it") == ""
    assert i18n.date_text("2026-10-31", "it") == "31/10/2026"
    assert i18n.date_text(None, "en") == ""


def test_addresses_go_both_ways():
    for entry in practices.catalogue():
        for lang in ("it", "en"):
            assert practice_of(slug_of(entry.practice, lang)) == entry.practice
    assert url("municipality", "en", code="015146") == "/en/territory/015146"
    assert url("intervention", "it", None, intervention_id="a:b/c") == "/programma/interventi/a%3Ab%2Fc"


def test_the_catalogue_has_thirteen_in_three_columns():
    entries = practices.catalogue()
    assert len(entries) == 13
    assert [sum(e.column == c for e in entries) for c in (0, 1, 2)] == [5, 5, 3]


def test_states_are_computed_from_what_exists(workspace, bare_workspace):
    from contado.kernel.workspace import Workspace

    state = {c.entry.practice: c.state for c in practices.cards(Workspace.open(workspace))}
    assert state["manto_stradale"] == "measures"
    assert set(state.values()) == {"measures", "starting", "no_data"}
    bare = practices.cards(Workspace.open(bare_workspace))
    assert {c.state for c in bare} == {"no_data"}
    assert all(len(c.missing) == 3 for c in bare)


def test_names_are_found_without_accents_and_case():
    assert (
        fold("Cassina de' Pecchi") == fold("CASSINA DE PECCHI")
        or fold("Cassina de' Pecchi") == "cassina de  pecchi"
    )
    assert fold("Cerro al Lambro") == "cerro al lambro"
    assert fold("Cantù") == "cantu"


def test_reasons_name_interventions_and_sources():
    row = {
        "reason_code": "chosen",
        "reason_it": "In programma nel 2029, pagato da own, regional.",
        "reason_en": "In the programme in 2029, paid by own, regional.",
    }
    named = {"own": "Fondi propri", "regional": "Regione"}
    assert (
        programme._told(row, {"it": {}, "en": {}}, named)["reason_it"]
        == "In programma nel 2029, pagato da Fondi propri, Regione."
    )
    out = {
        "reason_code": "excluded_by",
        "reason_it": "Escluso: è stato scelto m:S1:000:wearing_4cm.",
        "reason_en": "Excluded: m:S1:000:wearing_4cm was chosen.",
    }
    titles = {
        "it": {"m:S1:000:wearing_4cm": "Usura, Via Roma"},
        "en": {"m:S1:000:wearing_4cm": "Wearing course, Via Roma"},
    }
    told = programme._told(out, titles, named)
    assert told == {
        "reason_it": "Escluso: è stato scelto Usura, Via Roma.",
        "reason_en": "Excluded: Wearing course, Via Roma was chosen.",
    }


@pytest.mark.parametrize(
    ("yield_", "chosen", "mark"),
    [
        (2.0, True, None),
        (0.8, True, "floor"),
        (1.3, False, "excluded"),
        (0.5, False, None),
        (1.0, True, None),
        (None, True, None),
    ],
)
def test_only_exceptions_of_the_line_carry_a_sign(yield_, chosen, mark):
    assert programme._mark(yield_, chosen=chosen) == mark

"""Errors, units, settings, identifiers, progress, provenance: what they promise."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contado.kernel import errors, identifiers, settings, units
from contado.kernel.progress import Cancel, track
from contado.kernel.provenance import Provenance, sha256_of_bytes, sha256_of_file


# ---------------------------------------------------------------- errors
def tree() -> list[type]:
    return [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.ContadoError)]


def test_every_error_of_the_tree_is_drawn_in_the_module():
    for cls in tree():
        assert cls.__name__ in errors.__doc__


def test_the_exported_names_are_complete_and_sorted():
    public = {
        n for n, o in vars(errors).items() if getattr(o, "__module__", "") == errors.__name__ and n[0] != "_"
    }
    assert sorted(errors.__all__) == list(errors.__all__)
    assert public == set(errors.__all__)


def test_rules_are_snake_case_and_models_end_with_three():
    for cls in tree():
        assert cls.default_rule == cls.default_rule.lower()
        assert cls.exit_code == (3 if issubclass(cls, errors.ModelError) else 2)


def test_an_error_says_what_where_and_what_to_do():
    other = errors.ColumnNotFound.from_missing(
        ["to_m", "iri_m_km"], ["from_m"], table="t", used=["from_m", "to_m"]
    )
    assert other.hint == "the columns present are from_m"
    near = errors.ColumnNotFound.from_missing(
        ["iri_m_km"], ["from_m", "to_m", "iri"], table="t", used=["from_m", "to_m"]
    )
    assert near.hint == "did you mean iri?"
    error = errors.ColumnNotFound.from_missing(["cost_eur"], ["id", "costo_eur"], table="intervention")
    assert str(error) == "intervention: missing column cost_eur. Hint: did you mean costo_eur?"
    assert error.to_dict() == {
        "rule": "missing_column",
        "message": "intervention: missing column cost_eur.",
        "hint": "did you mean costo_eur?",
        "rows": [],
        "field": "cost_eur",
    }


def test_a_missing_table_names_the_nearest():
    assert "intervention" in errors.TableNotFound.from_name("interventions", ["intervention", "effect"]).hint


def test_few_valid_names_are_listed_and_many_are_not():
    assert errors.did_you_mean("zzz", ["a", "b"]) == "valid: a, b"
    assert errors.did_you_mean("zzz", [f"name{k}" for k in range(40)]) == ""


# ---------------------------------------------------------------- units
def test_unit_of_takes_the_longest_suffix():
    assert units.unit_of("price_eur_m2") == "eur_m2"
    assert units.unit_of("segment_m") == "m"
    assert units.unit_of("m") is None
    assert units.unit_of("name") is None


def test_convert_works_on_arrays_and_back():
    values = np.array([1.0, 2.5])
    assert units.convert(units.convert(values, "kmh", "m_s"), "m_s", "kmh") == pytest.approx(values)


@pytest.mark.parametrize(("unit", "to", "rule"), [("mm", "kw", "unit_kind"), ("metre", "m", "unknown_unit")])
def test_units_that_do_not_fit_are_refused(unit, to, rule):
    with pytest.raises(errors.UnitError) as error:
        units.convert(1.0, unit, to)
    assert error.value.rule == rule


# ---------------------------------------------------------------- settings
def test_settings_survive_writing_and_reading():
    own = settings.Settings(
        body=settings.Body(name='Città "metropolitana"'), web=settings.Web(port=0, default_lang="en")
    )
    assert settings.parse(settings.dump(own)) == own


def test_every_setting_is_described_with_its_unit():
    rows = {s.name: s for s in settings.describe()}
    assert rows["workspace.lock_wait_s"].unit == "s"
    assert rows["web.default_lang"].type == "it | en"
    assert all(s.help for s in rows.values())


@pytest.mark.parametrize(
    ("text", "rule", "field"),
    [
        ("[web]\nprot = 1", "unknown_setting", "web.prot"),
        ("[wbe]\n", "unknown_setting", "wbe"),
        ("[web]\nport = 'x'", "bad_setting", "web.port"),
        ("[web]\nport = 70000", "bad_setting", "web.port"),
        ("[web", "damaged_workspace", "contado.toml"),
    ],
)
def test_a_bad_setting_names_the_key(text, rule, field):
    with pytest.raises(errors.ContadoError) as error:
        settings.parse(text)
    assert (error.value.rule, error.value.field) == (rule, field)
    assert error.value.hint


def test_settings_that_are_no_text_are_damaged(tmp_path):
    path = tmp_path / "contado.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(errors.Damaged, match=r"contado\.toml"):
        settings.load(path)


# ---------------------------------------------------------------- identifiers
@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (identifiers.check_cup, "G17H03000130011", "g17H03000130011"),
        (identifiers.check_cup, "J41B21000010001", "J41B2100001000"),
        (identifiers.check_cui, "L08911820960202400001", "L08911820961202400001"),
        (identifiers.check_cig, "7895431A2F", "7895431A2"),
        (identifiers.check_vat, "08911820960", "08911820961"),
        (identifiers.check_fiscal_code, "RSSMRA85T10A562S", "RSSMRA85T10A562X"),
        (identifiers.check_fiscal_code, "08911820960", "0891182096"),
    ],
)
def test_codes_are_checked_by_form(check, good, bad):
    assert check(good) is None
    assert check(bad)


def test_a_keyed_hash_needs_a_key_and_hides_the_text():
    one = identifiers.keyed_hash("secret", "car 1")
    assert one == identifiers.keyed_hash("secret", "car 1") != identifiers.keyed_hash("other", "car 1")
    assert len(one) == 16
    with pytest.raises(ValueError, match="key"):
        identifiers.keyed_hash("", "car 1")


@given(st.integers(min_value=0, max_value=2**47), st.integers(min_value=0, max_value=2**47))
def test_ulids_sort_by_time(a, b):
    if a < b:
        assert identifiers.ulid(a) < identifiers.ulid(b)
    assert len(identifiers.ulid(a)) == 26


def test_personal_data_is_noticed():
    text = "scrivere a mario@esempio.it, RSSMRA85T10A562S, tel. 333 1234567"
    assert set(identifiers.personal_data_in(text)) == {"fiscal_code", "email", "phone"}
    assert identifiers.personal_data_in("SP 35, km 3+200, 50 EUR") == []


# ---------------------------------------------------------------- progress, provenance
def test_track_reports_each_step_and_the_end():
    seen = []
    assert list(track("ab", "letters", lambda *a: seen.append(a))) == ["a", "b"]
    assert seen == [("letters", 0, 2), ("letters", 1, 2), ("letters", 2, 2)]
    assert list(track("ab", "letters", None)) == ["a", "b"]


def test_a_cancel_token_tells_its_listeners():
    heard = []
    token = Cancel(on_request=[lambda: heard.append(1)])
    assert not token.requested
    token.request()
    assert token.requested
    assert heard == [1]


def test_provenance_is_canonical_and_readable(tmp_path):
    made = Provenance(function="f", version="1", inputs={"b": "2", "a": "1"}, seed=3)
    assert (
        made.to_json() == Provenance(function="f", version="1", inputs={"a": "1", "b": "2"}, seed=3).to_json()
    )
    assert Provenance.from_json(made.to_json()) == made
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert sha256_of_file(path) == sha256_of_bytes(b"abc")

"""grants, audit, records and --as on the command line."""

import sqlite3

import pytest

from contado import verbs
from contado.cli.app import run as main
from contado.kernel.declare import Context
from contado.kernel.errors import ScopeMissing, UsageError

ANNA = {
    "account": "anna",
    "role": "manager",
    "units": ["015146", "015182"],
    "valid_from": None,
    "valid_to": None,
}


def test_a_grant_is_added_and_listed(run):
    assert run("grants", "add", "anna", "manager", "--scope", "Rho,15146") == (0, {**ANNA, "findings": []})
    code, answer = run(
        "grants", "add", "bo", "admin", "--scope", "*", "--from", "2026-01-01", "--to", "2026-12-31"
    )
    bo = {
        "account": "bo",
        "role": "admin",
        "units": ["*"],
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
    }
    assert (code, answer) == (0, {**bo, "findings": []})
    assert run("grants", "list") == (0, {"grants": [ANNA, bo], "findings": []})


def test_a_merged_code_gives_its_successor(run):
    assert run("grants", "add", "anna", "manager", "--scope", "015235")[1]["units"] == ["015251"]


@pytest.mark.parametrize(
    ("words", "rule", "hint"),
    [
        (["anna", "manager", "--scope", "Milanno"], "unknown_unit_code", "Milano (015146)"),
        (["anna", "manger", "--scope", "*"], "unknown_role", "manager"),
        (
            ["anna", "manager", "--scope", "*", "--from", "2026-02-01", "--to", "2026-01-01"],
            "bad_period",
            "both days",
        ),
        (["anna", "manager", "--scope", "*", "--from", "soon"], "bad_value", "first day"),
        (["an na", "manager", "--scope", "*"], "bad_name", "without spaces"),
        (["anna", "manager", "--scope", "*,015146"], "bad_scope", "--scope"),
    ],
)
def test_a_grant_that_makes_no_sense_is_refused_and_leaves_nothing(run, words, rule, hint):
    before = run("audit", "head")
    code, answer = run("grants", "add", *words)
    assert (code, answer["error"]["rule"]) == (2, rule)
    assert hint in answer["error"]["hint"]
    assert run("audit", "head") == before
    assert run("grants", "list")[1]["grants"] == []


def test_a_csv_of_grants_is_taken_in(run, tmp_path):
    file = tmp_path / "g.csv"
    file.write_bytes(
        b"\xef\xbb\xbfaccount;role;scope;from;to\r\nanna;manager;015146 015182;;\r\nbo;citizen;*;2026-01-01;2026-12-31\r\n"
    )
    code, answer = run("grants", "import", file)
    assert (code, answer["imported"], answer["grants"][0]) == (0, 2, ANNA)
    assert [f["rule"] for f in answer["findings"]] == ["converted"]
    assert run("grants", "list")[1]["grants"] == answer["grants"]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("bo,king,*,,", "unknown_role"),
        ("bo,manager,999999,,", "unknown_unit_code"),
        ("bo,manager,*,2026-02-01,2026-01-01", "bad_period"),
        ("bo,manager,*,1/2/2026,", "bad_value"),
        ("bo,manager,,,", "bad_scope"),
        ("bo,manager,015146,015182,,", "ragged_row"),
    ],
)
def test_one_bad_row_and_none_is_taken_in(run, tmp_path, line, rule):
    file = tmp_path / "g.csv"
    file.write_text(f"account,role,scope,from,to\nanna,manager,*,,\n{line}\n")
    code, answer = run("grants", "import", file)
    assert (code, answer["error"]["rule"], answer["error"]["rows"]) == (2, rule, [3])
    assert run("grants", "list")[1]["grants"] == []


def test_an_account_acts_within_its_rights_and_is_named_in_the_chain(run, city):
    run("grants", "add", "anna", "admin", "--scope", "*")
    run("grants", "add", "bo", "case_officer", "--scope", "015146")
    assert run("grants", "add", "carla", "manager", "--scope", "015182", "--as", "anna")[0] == 0
    code, answer = run("grants", "list", "--as", "bo")
    assert (code, answer["error"]["rule"]) == (2, "not_allowed")
    code, answer = run("grants", "list", "--as", "nobody")
    assert (code, answer["error"]["rule"]) == (2, "no_account")
    with sqlite3.connect(city / "records.sqlite") as connection:
        actors = {actor for (actor,) in connection.execute("SELECT actor FROM audit")}
        (anna,) = connection.execute("SELECT id FROM account WHERE name = 'anna'").fetchone()
    connection.close()
    assert actors == {"local", f"account:{anna}"}


def test_as_is_offered_by_verbs_that_need_a_right_and_by_no_other(capsys):
    offered = set()
    for name in verbs.names():
        assert main([*name.split(), "--help"]) == 0
        if "--as ACCOUNT" in capsys.readouterr().out:
            offered.add(name)
    loaded = {name: verbs.load(name) for name in verbs.names()}
    needing = {n for n, v in loaded.items() if v.right is not None or (v.workspace and v.process)}
    assert offered == needing >= {"import", "plan", "diagnose", "propose", "monitor", "pavement load"}
    assert {"grants add", "audit verify", "records backup", "programme record"} <= offered


def test_a_verb_without_a_right_reaches_no_records(city):
    with pytest.raises(ScopeMissing):
        Context(workspace=city).records()
    with pytest.raises(UsageError):
        Context(right="grant.read").records()


def test_a_token_and_a_link_are_shown_once(run, city):
    run("grants", "add", "anna", "manager", "--scope", "*")
    code, token = run("grants", "token", "anna", "--minutes", "5")
    assert (code, sorted(token)) == (0, ["account", "expires_at", "findings", "token"])
    code, link = run("grants", "link", "anna")
    assert code == 0
    assert link["path"].startswith("/accedi/")
    stored = (city / "records.sqlite").read_bytes()
    assert token["token"].encode() not in stored
    assert link["path"].removeprefix("/accedi/").encode() not in stored
    assert run("grants", "token", "nobody")[1]["error"]["rule"] == "no_account"


def test_backup_and_restore_on_the_command_line(run, city, tmp_path):
    run("grants", "add", "anna", "manager", "--scope", "*")
    head = run("audit", "head")[1]
    code, saved = run("records", "backup", tmp_path / "b.zip")
    assert code == 0
    assert saved["audit_head"] == {"seq": head["seq"], "hash": head["hash"]}
    run("grants", "add", "bo", "manager", "--scope", "*")
    code, back = run("records", "restore", tmp_path / "b.zip", city, workspace=False)
    assert (code, back) == (0, saved)
    assert run("audit", "head")[1] == head
    assert [g["account"] for g in run("grants", "list")[1]["grants"]] == ["anna"]
    assert run("records", "restore", tmp_path / "absent.zip", city, workspace=False)[0] == 2


def test_a_strict_restore_puts_nothing_beside_tables_of_another_day(run, city, tmp_path):
    assert run("records", "backup", tmp_path / "b.zip")[0] == 0
    run("grants", "add", "bo", "manager", "--scope", "*")
    (city / "tables" / "new.parquet").write_bytes(b"later")
    restore = ("records", "restore", tmp_path / "b.zip", city)
    code, refusal = run(*restore, "--strict", workspace=False)
    assert (code, refusal["error"]["rule"]) == (2, "differs_from_backup")
    assert [g["account"] for g in run("grants", "list")[1]["grants"]] == ["bo"]
    code, answer = run(*restore, workspace=False)
    assert (code, [f["table"] for f in answer["findings"]]) == (0, ["tables/new.parquet"])
    assert run("grants", "list")[1]["grants"] == []


def test_a_newer_store_is_refused(run, city):
    with sqlite3.connect(city / "records.sqlite") as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    connection.close()
    code, answer = run("audit", "head")
    assert (code, answer["error"]["rule"]) == (2, "newer_schema")
    assert "99" in answer["error"]["message"]

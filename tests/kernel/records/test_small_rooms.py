"""Versions of features, rate windows, values, roles, transports, the holder of a lock."""

import ast
from pathlib import Path

import pytest

import contado
from contado import verbs
from contado.kernel import records
from contado.kernel.errors import ScopeError, StaleVersion, UsageError
from contado.kernel.records import features, holder, rates, roles, values
from contado.kernel.records.transport import Smtp, from_environment


# ---------------------------------------------------------------- versions of features
def test_versions_follow_each_other_and_an_undo_finds_the_one_before(store, account):
    scope = account("anna", ("case_officer", ["015146"]))
    with store.writing(scope) as session:
        features.append(session, "created", "trees", "7", b'{"h":1.5}', unit_id="015146")
        features.append(session, "replaced", "trees", "7", b'{"h":2.5}', unit_id="015146", expected=1)
        features.append(session, "deleted", "trees", "7", None, unit_id="015146", expected=2)
    with store.reading(scope) as session:
        assert [(v.version, v.body_json) for v in features.history(session, "trees", "7")] == [
            (1, '{"h":1.5}'),
            (2, '{"h":2.5}'),
            (3, None),
        ]
        assert features.current(session, "trees", "7").version == 3
        assert features.previous(session, "trees", "7").version == 2
        assert features.current(session, "trees", "8") is None
    with store.connection() as connection:
        last = list(records.audit.rows(connection))[-1]
    assert (last.verb, last.object) == ("feature.deleted", "trees/7")


def test_a_lost_race_is_told(store, account):
    scope = account("anna", ("case_officer", ["015146"]))
    with store.writing(scope) as session:
        features.append(session, "created", "trees", "7", b"{}", unit_id="015146")
    for expected in (None, 0, 2):
        with pytest.raises(StaleVersion), store.writing(scope) as session:
            features.append(session, "replaced", "trees", "7", b"{}", unit_id="015146", expected=expected)


def test_a_feature_of_another_unit_cannot_be_changed_and_its_history_is_not_seen(store, account):
    with store.writing(account("bruno", ("case_officer", ["015182"]))) as session:
        features.append(session, "created", "trees", "7", b"{}", unit_id="015182")
    scope = account("anna", ("case_officer", ["015146"]))
    with store.reading(scope) as session:
        assert features.history(session, "trees", "7") == []
    with pytest.raises(StaleVersion), store.writing(scope) as session:
        features.append(session, "created", "trees", "7", b"{}", unit_id="015146")
    with pytest.raises(ScopeError), store.writing(scope) as session:
        features.append(session, "created", "trees", "8", b"{}", unit_id="015182")


# ---------------------------------------------------------------- rates and values
def test_hits_add_up_until_the_window_ends(store, admin, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(rates.time, "time", lambda: clock[0])
    with store.writing(admin) as session:
        assert [rates.hit(session, "a", window_s=60).hits for _ in range(3)] == [1, 2, 3]
        assert rates.hit(session, "b", window_s=60, amount=5).hits == 5
        clock[0] = 1059.9
        assert rates.hit(session, "a", window_s=60) == rates.Window(hits=4, expires_s=1060)
        clock[0] = 1060.0
        assert rates.peek(session, "a").hits == 0
        assert rates.hit(session, "a", window_s=60) == rates.Window(hits=1, expires_s=1120)
        assert rates.sweep(session) == 1
        assert rates.clear(session, "a") == 1


def test_the_package_limits_counts_in_the_store(store):
    limits = pytest.importorskip("limits")
    from contado.kernel.records.limits_storage import RecordsStorage

    limiter = limits.strategies.FixedWindowRateLimiter(RecordsStorage(store))
    other = limits.strategies.FixedWindowRateLimiter(RecordsStorage(store))
    three = limits.parse("3/minute")
    assert [limiter.hit(three, "ip"), other.hit(three, "ip"), limiter.hit(three, "ip")] == [True] * 3
    assert not other.hit(three, "ip")
    assert limiter.get_window_stats(three, "ip").remaining == 0
    assert limiter.hit(three, "another")
    limiter.clear(three, "ip")
    assert limiter.hit(three, "ip")
    assert limiter.storage.check()
    assert limiter.storage.reset() == 2


def test_values_are_kept_as_json(store, admin):
    with store.writing(admin) as session:
        assert values.get_value(session, "theme", "plain") == "plain"
        values.set_value(session, "theme", {"a": 1.5})
        values.set_value(session, "theme", {"a": 2.5})
    with store.reading(admin) as session:
        assert values.get_value(session, "theme") == {"a": 2.5}


# ---------------------------------------------------------------- roles
SOURCES = sorted(Path(contado.__file__).parent.rglob("*.py"))


def audited_verbs():
    """First literal argument of every ``audit.append(session, "x.y", ...)``."""
    texts = [path.read_text(encoding="utf-8") for path in SOURCES]
    for text in texts:
        for node in ast.walk(ast.parse(text)) if "audit.append(" in text else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.append":
                second = node.args[1]
                if isinstance(second, ast.Constant):
                    yield second.value


def test_every_audited_verb_and_every_right_stands_in_the_table_of_roles():
    written = set(audited_verbs())
    assert len(written) > 15
    assert written - roles.TABLE.keys() == set()
    rights = {verbs.load(name).right for name in verbs.names()} - {None}
    assert rights - roles.TABLE.keys() == set()
    assert "grant.added" in rights


def test_the_page_shows_the_table_of_roles():
    page = (Path(contado.__file__).parents[2] / "docs" / "records.md").read_text(encoding="utf-8")
    for verb, who in roles.TABLE.items():
        listed = ", ".join(role for role in roles.ROLES if role in who)
        assert f"| `{verb}` | {listed} |" in page


@pytest.mark.parametrize("role", roles.ROLES)
def test_a_role_may_do_what_the_table_says_and_nothing_else(role):
    assert roles.allowed(role) == [verb for verb in roles.TABLE if roles.may([role], verb)]
    assert roles.may([role], "grant.added") == (role == "admin")
    editors = {"municipality_officer", "case_officer", "manager", "admin"}
    assert roles.may([role], "feature.created") == (role in editors)


def test_an_unknown_role_is_answered_with_the_valid_ones():
    with pytest.raises(UsageError) as caught:
        roles.checked_role("manger")
    assert "did you mean manager, place_manager?" in caught.value.hint
    assert "body_reviewer" in caught.value.hint
    with pytest.raises(KeyError):
        roles.may(["admin"], "no.such_verb")


# ---------------------------------------------------------------- transports
def test_servers_come_from_the_environment():
    found = from_environment(
        {"CONTADO_SMTP_HOST": "mail", "CONTADO_SMTP_FROM": "a@example.org", "CONTADO_SMTP_PORT": "25"}
    )
    assert sorted(found) == ["email", "webhook"]
    assert found["email"] == Smtp(host="mail", sender="a@example.org", port=25)
    with pytest.raises(UsageError):
        from_environment({"CONTADO_PEC_HOST": "mail"})


def test_a_webhook_goes_over_https_only():
    with pytest.raises(OSError, match="https"):
        from_environment({})["webhook"].send("http://127.0.0.1/", "s", "b")


def test_who_holds_a_lock_is_unknown_where_the_system_does_not_say(tmp_path):
    assert holder.writer_of(tmp_path / "records.sqlite") == "another process"

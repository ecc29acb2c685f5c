"""Accounts, grants, secrets, messages, and what is left after a person is erased."""

import datetime as dt
import threading

import pytest
from sqlalchemy import select, text

from contado.kernel import records
from contado.kernel.errors import RecordNotFound, ScopeError, UsageError
from contado.kernel.records import accounts, audit, credentials, erasure, outbox
from contado.kernel.records.schema import Account, Actor, Credential, Outbox


def chain_text(store):
    with store.connection() as connection:
        return "\n".join(" ".join(map(str, row)) for row in audit.rows(connection))


# ---------------------------------------------------------------- grants
def test_grants_are_listed_together_and_given_once(store, account, verdict):
    account("anna", ("manager", ["015182", "015146"]), ("citizen", ["*"]))
    events = verdict().events
    account("anna", ("manager", ["015146"]))
    assert verdict().events == events
    with store.reading(records.local_administrator()) as session:
        rows = [(g.account, g.role, g.units) for g in accounts.grants(session)]
    assert rows == [("anna", "citizen", ["*"]), ("anna", "manager", ["015146", "015182"])]


@pytest.mark.parametrize(
    ("role", "units", "days", "rule"),
    [
        ("king", ["015146"], {}, "unknown_role"),
        ("manager", [], {}, "bad_scope"),
        ("manager", ["*", "015146"], {}, "bad_scope"),
        (
            "manager",
            ["015146"],
            {"valid_from": dt.date(2026, 2, 1), "valid_to": dt.date(2026, 1, 31)},
            "bad_period",
        ),
    ],
)
def test_a_grant_that_makes_no_sense_leaves_nothing(store, admin, role, units, days, rule):
    with pytest.raises(UsageError) as caught, store.writing(admin) as session:
        accounts.add_grant(session, accounts.ensure_account(session, "anna"), role, units, **days)
    assert caught.value.rule == rule
    with store.reading(admin) as session:
        assert session.scalars(select(Account)).all() == []


def test_a_disabled_account_has_no_scope(store, admin, account):
    scope = account("anna", ("manager", ["*"]))
    with store.writing(admin) as session:
        accounts.disable(session, scope.account_id)
    with pytest.raises(RecordNotFound):
        store.scope("anna")


# ---------------------------------------------------------------- secrets
def test_a_secret_is_stored_as_a_hash_only(store, admin, account):
    scope = account("anna", ("manager", ["*"]))
    with store.writing(admin) as session:
        issued = [
            credentials.issue(session, kind, scope.account_id, minutes=5)
            for kind in ("token", "link", "session")
        ]
    with store.engine.connect() as connection:
        stored = str(connection.execute(text("SELECT * FROM credential")).all())
    for secret in issued:
        assert secret.secret not in stored + chain_text(store)
        assert len(secret.secret) >= 43
    with store.reading(admin) as session:
        assert credentials.resolve(session, "token", issued[0].secret).account_id == scope.account_id
        assert credentials.resolve(session, "session", issued[0].secret) is None
        assert credentials.resolve(session, "token", "x") is None


def test_a_link_works_once_even_when_two_try(store, admin, account):
    scope = account("anna", ("manager", ["*"]))
    with store.writing(admin) as session:
        link = credentials.issue(session, "link", scope.account_id, minutes=15)
    outcomes = []

    def follow():
        try:
            with store.writing(records.Scope.visitor()) as session:
                outcomes.append(credentials.use_link(session, link.secret).account_id)
        except ScopeError as error:
            outcomes.append(error.rule)

    threads = [threading.Thread(target=follow) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == sorted([scope.account_id, *["link_used_up"] * 3])


def test_what_has_expired_is_not_valid_and_swept(store, admin, account):
    scope = account("anna", ("manager", ["*"]))
    with store.writing(admin) as session:
        token = credentials.issue(session, "token", scope.account_id, minutes=-1)
        assert credentials.resolve(session, "token", token.secret) is None
        assert credentials.sweep(session) == 1
        assert session.scalars(select(Credential)).all() == []


def test_a_session_is_rotated_and_closed(store, admin, account):
    scope = account("anna", ("manager", ["*"]))
    with store.writing(admin) as session:
        first = credentials.open_session(session, scope.account_id, minutes=5, data={"csrf": "x"})
        second = credentials.rotate(session, first.secret, minutes=5)
        assert credentials.resolve(session, "session", first.secret) is None
        assert credentials.resolve(session, "session", second.secret).data == {"csrf": "x"}
        assert credentials.rotate(session, first.secret, minutes=5) is None
        credentials.close(session, second.secret)
        assert credentials.resolve(session, "session", second.secret) is None


# ---------------------------------------------------------------- erasure
def test_erasing_an_actor_leaves_nothing_of_it_and_a_valid_chain(store, admin, verdict):
    secrets_of_the_person = (
        "Maria Bianchi",
        "BNCMRA80A41F205X",
        "maria@example.org",
        "Dear Maria",
        "maria",
        "sub-7",
    )
    with store.writing(admin) as session:
        actor = accounts.create_actor(session, name="Maria Bianchi", fiscal_code="BNCMRA80A41F205X")
        account = accounts.create_account(session, "maria", actor=actor, oidc=("https://idp", "sub-7"))
        accounts.add_grant(session, account, "citizen", ["015146"])
        token = credentials.issue(session, "token", account.id, minutes=5)
        outbox.queue(
            session, "email", "maria@example.org", subject="Dear Maria", body="Dear Maria", to_actor=actor.id
        )
        assert accounts.read_actor(session, actor.id).fiscal_code_last4 == "205X"
        assert accounts.find_by_oidc(session, "https://idp", "sub-7").id == account.id
    assert "actor.read" in chain_text(store)
    with store.writing(admin) as session:
        erasure.erase_actor(session, actor.id)
    assert verdict().ok
    everything = chain_text(store)
    with store.engine.connect() as connection:
        for table in ("actor", "account", "outbox", "credential"):
            everything += str(connection.execute(text(f"SELECT * FROM {table}")).all())
    for word in (*secrets_of_the_person, token.secret):
        assert word not in everything
    with store.reading(admin) as session:
        assert session.get(Actor, actor.id).erased_at is not None
        with pytest.raises(RecordNotFound):
            accounts.find(session, "maria")
        with pytest.raises(RecordNotFound):
            erasure.erase_actor(session, "nobody")


# ---------------------------------------------------------------- messages
class Recorder:
    def __init__(self, failures=0):
        self.sent, self.failures = [], failures

    def send(self, address, subject, body):
        if self.failures:
            self.failures -= 1
            raise OSError("the server is away")
        self.sent.append((address, subject, body))


SENDER = records.Scope.system("outbox")


def test_a_message_exists_only_with_its_transaction(store, admin):
    def fail():
        with store.writing(admin) as session:
            outbox.queue(session, "email", "a@example.org", subject="s", body="b")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert outbox.send_waiting(store, SENDER, {"email": Recorder()}) == {"sent": 0, "put_off": 0, "failed": 0}


def test_messages_are_sent_once_and_only_over_the_channels_there_are(store, admin):
    with store.writing(admin) as session:
        outbox.queue(session, "email", "a@example.org", subject="s", body="b")
        outbox.queue(session, "pec", "b@example.org", subject="s", body="b")
    carrier = Recorder()
    assert outbox.send_waiting(store, SENDER, {"email": carrier})["sent"] == 1
    assert outbox.send_waiting(store, SENDER, {"email": carrier})["sent"] == 0
    assert carrier.sent == [("a@example.org", "s", "b")]


def test_a_message_is_tried_again_later_and_in_the_end_given_up(store, admin):
    with store.writing(admin) as session:
        identifier = outbox.queue(session, "email", "a@example.org", subject="s", body="b").id
    carrier, outcomes = Recorder(failures=99), []
    for _ in range(7):
        done = outbox.send_waiting(store, SENDER, {"email": carrier})
        outcomes += [name for name, n in done.items() if n]
        with store.writing(SENDER) as session:
            message = session.get(Outbox, identifier)
            if message.state == "waiting":
                assert message.next_try_at > message.created_at
                message.next_try_at = message.created_at  # the pause is over
    assert outcomes == ["put_off"] * 5 + ["failed"]
    assert (message.state, message.tries) == ("failed", 6)
    assert "away" in message.error

"""Scopes: whatever the grants and rows, nothing outside is returned, counted, changed or hinted at."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, exists, func, select, text, update
from sqlalchemy.orm import aliased

from contado.kernel import records
from contado.kernel.dates import local
from contado.kernel.errors import RecordNotFound, ScopeError, ScopeMissing
from contado.kernel.identifiers import ulid
from contado.kernel.records import rls
from contado.kernel.records.roles import OFFICE_ROLES, ROLES
from contado.kernel.records.schema import Document, FeatureVersion, Grant, Job
from contado.kernel.records.scopes import Scope, ScopedSession, now, scope_of

UNITS = ["015146", "015182", "015009", "park:1"]
TODAY = dt.date(2026, 6, 15)
DAYS = st.none() | st.dates(TODAY - dt.timedelta(2), TODAY + dt.timedelta(2))
GRANTS = st.lists(
    st.tuples(
        st.sampled_from(ROLES), st.lists(st.sampled_from(UNITS), min_size=1) | st.just(["*"]), DAYS, DAYS
    ),
    max_size=3,
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["document", "job", "feature"]),
        st.sampled_from([*UNITS, "*"]),
        st.sampled_from(["public", "org", "private"]),
        st.booleans(),
    ),
    max_size=10,
)


def row_of(kind, unit, visibility, owner):
    common = {"id": ulid(), "unit_id": unit, "account_id": owner, "created_at": now()}
    if kind == "document":
        return Document(**common, sha256="0" * 64, mime="text/plain", bytes=1, visibility=visibility)
    if kind == "job":
        return Job(
            **common,
            process="plan",
            request_json="{}",
            state="accepted",
            visibility=visibility,
            cancel_requested=0,
        )
    return FeatureVersion(**common, layer="l", fid=ulid(), version=1, sha256="0" * 64)


def expected(grants):
    """Roles and units that the grants give, written for reading."""
    valid = [g for g in grants if (g[2] is None or g[2] <= TODAY) and (g[3] is None or g[3] >= TODAY)]
    units = {u for role, units, _, _ in valid if role in OFFICE_ROLES for u in units}
    return bool(valid), units


def may_change(row, signed, units, account_id):
    own = signed and not isinstance(row, FeatureVersion) and row.account_id == account_id
    return own or "*" in units or row.unit_id in units


def may_see(row, signed, units, account_id):
    public = not isinstance(row, FeatureVersion) and row.visibility == "public"
    return public or may_change(row, signed, units, account_id)


def seen(session, cls):
    """The ids that every way of asking gives; they must agree."""
    plain = set(session.scalars(select(cls.id)))
    whole = {row.id for row in session.scalars(select(cls))}
    other = aliased(cls)
    through_alias = set(session.scalars(select(other.id)))
    inner = select(cls.id).subquery()
    through_subquery = set(session.scalars(select(cls.id).where(cls.id.in_(select(inner)))))
    assert plain == whole == through_alias == through_subquery
    assert session.scalar(select(func.count()).select_from(cls)) == len(plain)
    assert session.scalar(select(func.count(cls.id))) == len(plain)
    assert session.query(cls).count() == len(plain)
    return plain


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(grants=GRANTS, rows=ROWS)
def test_nothing_outside_the_scope_is_returned_counted_or_hinted_at(store, admin, grants, rows):
    name = f"account-{ulid()}"
    with store.writing(admin) as session:
        for cls in (Document, Job, FeatureVersion):
            session.execute(delete(cls))
        account = records.accounts.ensure_account(session, name)
        for role, units, first, last in grants:
            if first is None or last is None or first <= last:
                records.accounts.add_grant(session, account, role, units, valid_from=first, valid_to=last)
        stored = [row_of(kind, unit, shown, account.id if own else None) for kind, unit, shown, own in rows]
        session.add_all(stored)
    scope = store.scope(name, day=TODAY.isoformat())
    signed, units = expected(grants)
    assert scope.units == (frozenset({"*"}) if "*" in units else frozenset(units))
    visible = {r.id for r in stored if may_see(r, signed, units, account.id)}
    changeable = {r.id for r in stored if may_change(r, signed, units, account.id)}
    with store.reading(scope) as session:
        for cls in (Document, Job, FeatureVersion):
            assert seen(session, cls) == visible & {r.id for r in stored if isinstance(r, cls)}
        for row in stored:
            found = session.get(type(row), row.id)
            assert (found is not None) == (row.id in visible)
    for cls in (Document, Job, FeatureVersion):
        mine = changeable & {r.id for r in stored if isinstance(r, cls)}
        with store.writing(scope) as session:
            assert session.execute(update(cls).values(created_at=now())).rowcount == len(mine)
            assert set(session.scalars(delete(cls).returning(cls.id))) == mine


def test_an_account_without_a_valid_grant_sees_no_scoped_row(store, admin, account):
    scope = account("late", ("admin", ["*"]), valid_to=dt.date(2020, 1, 1))
    with store.writing(admin) as session:
        session.add(row_of("document", "015146", "private", scope.account_id))
    with store.reading(scope) as session:
        assert seen(session, Document) == set()
    assert (scope.roles, scope.units) == (frozenset(), frozenset())


@pytest.mark.parametrize("day", ["2026-01-01", "2026-01-31"])
def test_both_ends_of_a_grant_are_included(store, account, day):
    days = {"valid_from": dt.date(2026, 1, 1), "valid_to": dt.date(2026, 1, 31)}
    account("anna", ("manager", ["015146"]), **days)
    assert store.scope("anna", day=day).units == {"015146"}
    assert store.scope("anna", day="2025-12-31").units == frozenset()
    assert store.scope("anna", day="2026-02-01").units == frozenset()


def test_the_day_of_a_grant_is_the_local_one():
    instant = dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.UTC)
    assert local.legal_day(instant, "Europe/Rome").isoformat() == "2026-03-02"


@pytest.mark.parametrize("kind", ["document", "job", "feature"])
def test_rows_of_other_units_can_be_neither_added_nor_moved(store, account, kind):
    scope = account("anna", ("case_officer", ["015146"]))
    with pytest.raises(ScopeError), store.writing(scope) as session:
        session.add(row_of(kind, "015182", "public", None))
    with store.writing(scope) as session:
        session.add(row := row_of(kind, "015146", "public", None))
    with pytest.raises(ScopeError), store.writing(scope) as session:
        session.get(type(row), row.id).unit_id = "015182"
    with store.reading(scope) as session:
        assert session.get(type(row), row.id).unit_id == "015146"


def test_a_public_row_of_another_unit_is_read_only(store, admin, account):
    with store.writing(admin) as session:
        session.add(row := row_of("document", "015182", "public", None))
    for scope in (account("anna", ("manager", ["015146"])), Scope.visitor()):
        with pytest.raises(ScopeError), store.writing(scope) as session:
            session.get(Document, row.id).name = "mine"
        with pytest.raises(ScopeError), store.writing(scope) as session:
            session.delete(session.get(Document, row.id))


def test_a_wrong_id_and_one_outside_the_scope_get_the_same_answer(store, admin, account):
    scope = account("anna", ("manager", ["015146"]))
    with store.writing(admin) as session:
        job = records.jobs.create(session, "plan", {}, unit_id="015182")
    answers = []
    for identifier in (job.id, ulid()):
        with store.writing(scope) as session:
            for ask in (records.jobs.get, records.jobs.request_cancel):
                with pytest.raises(RecordNotFound) as caught:
                    ask(session, identifier)
                answers.append(str(caught.value).replace(identifier, "ID"))
    assert len(set(answers)) == 1


def test_statements_that_cannot_be_filtered_are_refused(store, account):
    scope = account("anna", ("manager", ["015146"]))
    with store.reading(scope) as session:
        for statement in (
            text("SELECT * FROM document"),
            select(Document.__table__),
            select(exists().where(Document.id == "x")),
            select(Grant.id, Document.__table__.c.id),
            select(Grant).where(Grant.id.in_(select(Document.__table__.c.id))),
            select(Grant).join(Document.__table__, text("true")),
            select(func.count()).select_from(Grant).join(Document.__table__, text("true")),
        ):
            with pytest.raises(ScopeMissing):
                session.execute(statement)


def test_a_session_without_a_scope_raises(store):
    with ScopedSession(store.engine) as session:
        with pytest.raises(ScopeMissing):
            session.scalars(select(Document))
        session.add(row_of("document", "015146", "public", None))
        with pytest.raises(ScopeMissing):
            session.flush()


def test_roles_without_an_office_open_no_unit():
    scope = scope_of("A", [("citizen", "015146"), ("producer", "*")], "2026-01-01")
    assert (scope.units, scope.owner_id) == (frozenset(), "A")


# ---------------------------------------------------------------- the second barrier
@pytest.fixture
def raw(database, tmp_path, monkeypatch):
    """A store of PostgreSQL with one row a table and unit, and a connection that forgets every filter."""
    import psycopg

    from contado.kernel.workspace import Workspace

    monkeypatch.setenv("CONTADO_DATABASE_URL", database)
    with records.open_store(Workspace.create(tmp_path / "city")) as store:
        with store.writing(records.local_administrator()) as session:
            for kind in ("document", "job", "feature"):
                session.add_all(row_of(kind, unit, "private", None) for unit in UNITS)
        with psycopg.connect(database) as connection:
            yield connection


TABLES = ("document", "job", "feature_version")


@pytest.mark.parametrize("table", TABLES)
def test_a_raw_connection_that_forgets_the_filter_gets_the_rows_of_its_scope_only(raw, table):
    def count(units=None):
        with raw.transaction():
            raw.execute(f"SET LOCAL ROLE {rls.APP_ROLE}")
            if units is not None:
                raw.execute("SELECT set_config('contado.units', %s, true)", [units])
            return raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    assert count() == 0
    assert [count(u) for u in ("-", "015146", "015146,park:1", "*", "01514", "")] == [0, 1, 2, 4, 0, 0]
    assert count() == 0  # a setting ends with its transaction


@pytest.mark.parametrize("table", TABLES)
def test_row_level_security_binds_changes_and_the_owner(raw, postgres, table):
    import psycopg

    with raw.transaction(force_rollback=True):
        raw.execute(f"SET LOCAL ROLE {rls.APP_ROLE}")
        raw.execute("SELECT set_config('contado.units', '015146', true)")
        assert raw.execute(f"UPDATE {table} SET created_at = 'x'").rowcount == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege), raw.transaction():
            raw.execute(f"UPDATE {table} SET unit_id = '015182'")
        assert raw.execute(f"DELETE FROM {table}").rowcount == 1
    if postgres.owner is not None:  # a superuser of a given server is bound by nothing
        assert raw.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_the_application_role_owns_nothing_and_bypasses_nothing(raw):
    role = raw.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = %s",
        [rls.APP_ROLE],
    ).fetchone()
    assert role == (False, False, False, False)
    owned = raw.execute(
        "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = %s", [rls.APP_ROLE]
    ).fetchone()
    assert owned == (0,)
    forced = raw.execute(
        "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
    ).fetchall()
    assert {name for (name,) in forced} == set(TABLES)


def test_the_application_role_only_adds_to_the_chain(raw):
    import psycopg

    for statement in ("UPDATE audit SET verb = 'x.y'", "DELETE FROM audit", "TRUNCATE audit"):
        with raw.transaction(force_rollback=True):
            raw.execute(f"SET LOCAL ROLE {rls.APP_ROLE}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege), raw.transaction():
                raw.execute(statement)
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"), raw.transaction():
            raw.execute(statement)

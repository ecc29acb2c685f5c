"""First schema of the records: actors, accounts, grants, chain, documents, jobs, versions, outbox."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from contado.kernel.records import rls

revision = "0001"
down_revision = None

TEXT = sa.Text()
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REAL: sa.Double[float] = sa.Double().with_variant(sa.REAL(), "sqlite")


def upgrade() -> None:
    """Create all tables, guard the chain, and on PostgreSQL put scoped tables under row-level security."""
    _people()
    _chain()
    _access()
    _scoped()
    _technical()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgres()
        _application_role()
    else:
        _guard_sqlite()
    op.execute("INSERT INTO schema_version (version) VALUES (1)")


def _table(name: str, *columns: Any) -> None:
    op.create_table(name, *columns, sqlite_strict=True)


def _key(name: str, kind: sa.types.TypeEngine[Any] = TEXT) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _text(*names: str, null: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=null) for name in names]


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, BIG, nullable=False)


def _one_of(name: str, column: str, *words: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=name)


def _refers(name: str, target: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, TEXT, sa.ForeignKey(target), nullable=null)


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{columns[0]}", table, list(columns))


def _people() -> None:
    _table("schema_version", _key("version", BIG))
    _table(
        "actor",
        _key("id"),
        *_text("kind"),
        *_text("name", "fiscal_code_hash", "fiscal_code_last4", "ipa_code", "erased_at", null=True),
        _one_of("actor_kind", "kind", "person", "body"),
    )
    _index("actor", "fiscal_code_hash")
    _table(
        "account",
        _key("id"),
        _refers("actor_id", "actor.id"),
        *_text("name", "oidc_issuer", "oidc_sub", null=True),
        *_text("created_at"),
        *_text("disabled_at", null=True),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("oidc_issuer", "oidc_sub", name="account_oidc"),
    )
    _index("account", "actor_id")


def _chain() -> None:
    _table(
        "audit",
        _key("seq", BIG),
        *_text("at", "actor", "verb", "object", "body_json", "prev_hash", "hash"),
    )


def _access() -> None:
    _table(
        "grant",
        _key("id"),
        _refers("account_id", "account.id"),
        *_text("role", "scope_unit_id"),
        *_text("valid_from", "valid_to", null=True),
    )
    _index("grant", "account_id")
    _table(
        "credential",
        _key("hash"),
        *_text("id", "kind"),
        _refers("account_id", "account.id"),
        *_text("created_at", "expires_at"),
        *_text("used_at", null=True),
        *_text("data_json"),
        sa.UniqueConstraint("id"),
        _one_of("credential_kind", "kind", "token", "link", "session"),
    )
    _index("credential", "account_id")
    _index("credential", "expires_at")


def _scoped() -> None:
    _table(
        "document",
        _key("id"),
        *_text("unit_id", "sha256"),
        *_text("name", null=True),
        *_text("mime"),
        _whole("bytes"),
        *_text("visibility"),
        _refers("account_id", "account.id", null=True),
        *_text("created_at"),
        *_text("retention_until", "erased_at", null=True),
        _one_of("document_visibility", "visibility", "public", "org", "private"),
    )
    _table(
        "job",
        _key("id"),
        *_text("unit_id", "process", "request_json", "state", "visibility"),
        _refers("account_id", "account.id", null=True),
        sa.Column("done", REAL),
        sa.Column("total", REAL),
        *_text("stage", "message", "best_json", "result_json", "result_path", null=True),
        *_text("created_at"),
        *_text("started_at", "ended_at", "worker", "heartbeat_at", null=True),
        _whole("cancel_requested"),
        _one_of("job_state", "state", "accepted", "running", "successful", "failed", "dismissed"),
        _one_of("job_visibility", "visibility", "public", "org", "private"),
    )
    _table(
        "feature_version",
        _key("id"),
        *_text("unit_id", "layer", "fid"),
        _whole("version"),
        *_text("body_json", null=True),
        *_text("sha256"),
        _refers("account_id", "account.id", null=True),
        *_text("created_at"),
        sa.UniqueConstraint("layer", "fid", "version", name="feature_version_once"),
    )
    for table in ("document", "job", "feature_version"):
        _index(table, "unit_id")
    _index("document", "sha256")
    _index("document", "retention_until")
    _index("job", "state", "id")


def _technical() -> None:
    _table(
        "outbox",
        _key("id"),
        *_text("channel"),
        _refers("to_actor", "actor.id", null=True),
        *_text("address", "subject", "body", "state"),
        _whole("tries"),
        *_text("next_try_at", "created_at"),
        *_text("sent_at", "error", null=True),
        _one_of("outbox_channel", "channel", "email", "pec", "webhook"),
        _one_of("outbox_state", "state", "waiting", "sending", "sent", "failed"),
    )
    _index("outbox", "to_actor")
    _index("outbox", "state", "next_try_at")
    _table("rate_counter", _key("key"), _whole("hits"), _whole("expires_s"))
    _table("setting", _key("key"), *_text("value_json", "updated_at"))


def _guard_sqlite() -> None:
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_no_{action.lower()} BEFORE {action} ON audit "
            f"BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END"
        )


def _guard_postgres() -> None:
    op.execute(
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit chain is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
    )


def _application_role() -> None:
    role = rls.APP_ROLE
    op.execute(
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
        f"THEN CREATE ROLE {role} NOLOGIN; END IF; "
        f"IF NOT pg_has_role(current_user, '{role}', 'member') THEN "
        f"EXECUTE 'GRANT {role} TO ' || quote_ident(current_user); END IF; END $$"
    )
    op.execute(f"GRANT SELECT, INSERT ON audit TO {role}")
    op.execute(f"GRANT SELECT ON schema_version TO {role}")
    changeable = ("actor", "account", "credential", '"grant"', "document", "job", "feature_version")
    for table in (*changeable, "outbox", "rate_counter", "setting"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role}")
    for table, own in (("document", True), ("job", True), ("feature_version", False)):
        for statement in rls.policies(table, own=own, public=own):
            op.execute(statement)

"""The tables of the records, the same on SQLite (STRICT) and PostgreSQL.

Identifiers are ULID text, instants UTC text (ISO 8601 with ``Z``), days ISO text, money whole cents, flags 0
or 1: what both stores keep bit for bit. The DDL that stores run is in ``migrations/``; a test compares it
with this module.

A class that derives from `Scoped` belongs to a municipality (``unit_id``, ``*`` = the whole territory): no
statement reaches its rows without a `contado.kernel.records.scopes.Scope`.
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = [
    "SCHEMA_VERSION",
    "Account",
    "Actor",
    "Audit",
    "Base",
    "Credential",
    "Document",
    "FeatureVersion",
    "Grant",
    "Job",
    "Outbox",
    "RateCounter",
    "SchemaVersion",
    "Scoped",
    "Setting",
]

SCHEMA_VERSION = 1
"""Number of the last migration; a store with a higher one is refused."""

Big = BigInteger().with_variant(Integer, "sqlite")
"""64 bits on both stores; a STRICT table of SQLite knows INTEGER only."""
Real: Double[float] = Double().with_variant(REAL, "sqlite")


class Base(DeclarativeBase):
    """Base of all records."""

    type_annotation_map: ClassVar = {str: Text, int: Big, float: Real}


STRICT = {"sqlite_strict": True}


class Scoped:
    """Mixin of a table whose rows belong to a municipality.

    ``own_rows`` says whether an account also reaches the rows that carry its own ``account_id``, and
    ``public_rows`` whether rows with ``visibility = 'public'`` may be read by everybody.
    """

    own_rows: ClassVar[bool] = False
    public_rows: ClassVar[bool] = False

    unit_id: Mapped[str] = mapped_column(index=True)


class SchemaVersion(Base):
    """One row: the version of the schema, read without SQLAlchemy by whoever opens a workspace."""

    __tablename__ = "schema_version"
    __table_args__ = (STRICT,)

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Actor(Base):
    """A person or body; everything else refers to it, so that erasing it leaves the rest standing."""

    __tablename__ = "actor"
    __table_args__ = (CheckConstraint("kind IN ('person', 'body')", name="actor_kind"), STRICT)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str | None]
    fiscal_code_hash: Mapped[str | None] = mapped_column(index=True)
    fiscal_code_last4: Mapped[str | None]
    ipa_code: Mapped[str | None]
    erased_at: Mapped[str | None]


class Account(Base):
    """Who signs in; ``name`` is what the command line calls it."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("oidc_issuer", "oidc_sub", name="account_oidc"), STRICT)

    id: Mapped[str] = mapped_column(primary_key=True)
    actor_id: Mapped[str] = mapped_column(ForeignKey("actor.id"), index=True)
    name: Mapped[str | None] = mapped_column(unique=True)
    oidc_issuer: Mapped[str | None]
    oidc_sub: Mapped[str | None]
    created_at: Mapped[str]
    disabled_at: Mapped[str | None]


class Grant(Base):
    """A role of an account over one unit, or ``*``; days are included at both ends, empty = open."""

    __tablename__ = "grant"
    __table_args__ = (STRICT,)

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str]
    scope_unit_id: Mapped[str]
    valid_from: Mapped[str | None]
    valid_to: Mapped[str | None]


class Audit(Base):
    """One link of the audit chain; see `contado.kernel.records.audit`."""

    __tablename__ = "audit"
    __table_args__ = (STRICT,)

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str]
    actor: Mapped[str]
    verb: Mapped[str]
    object: Mapped[str]
    body_json: Mapped[str]
    prev_hash: Mapped[str]
    hash: Mapped[str]


class Credential(Base):
    """A token, a sign-in link or a session; the secret itself is never stored."""

    __tablename__ = "credential"
    __table_args__ = (CheckConstraint("kind IN ('token', 'link', 'session')", name="credential_kind"), STRICT)

    hash: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[str]
    expires_at: Mapped[str] = mapped_column(index=True)
    used_at: Mapped[str | None]
    data_json: Mapped[str]


class Document(Scoped, Base):
    """An attachment; its bytes stand in ``files/`` under their SHA-256."""

    __tablename__ = "document"
    __table_args__ = (
        CheckConstraint("visibility IN ('public', 'org', 'private')", name="document_visibility"),
        STRICT,
    )
    own_rows = True
    public_rows = True

    id: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(index=True)
    name: Mapped[str | None]
    mime: Mapped[str]
    bytes: Mapped[int]
    visibility: Mapped[str]
    account_id: Mapped[str | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[str]
    retention_until: Mapped[str | None] = mapped_column(index=True)
    erased_at: Mapped[str | None]


class Job(Scoped, Base):
    """A process that runs in the background, with its progress and the best result so far."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint(
            "state IN ('accepted', 'running', 'successful', 'failed', 'dismissed')", name="job_state"
        ),
        CheckConstraint("visibility IN ('public', 'org', 'private')", name="job_visibility"),
        Index("ix_job_state", "state", "id"),
        STRICT,
    )
    own_rows = True
    public_rows = True

    id: Mapped[str] = mapped_column(primary_key=True)
    process: Mapped[str]
    request_json: Mapped[str]
    state: Mapped[str]
    visibility: Mapped[str]
    account_id: Mapped[str | None] = mapped_column(ForeignKey("account.id"))
    stage: Mapped[str | None]
    done: Mapped[float | None]
    total: Mapped[float | None]
    message: Mapped[str | None]
    best_json: Mapped[str | None]
    result_json: Mapped[str | None]
    result_path: Mapped[str | None]
    created_at: Mapped[str]
    started_at: Mapped[str | None]
    ended_at: Mapped[str | None]
    worker: Mapped[str | None]
    heartbeat_at: Mapped[str | None]
    cancel_requested: Mapped[int]


class FeatureVersion(Scoped, Base):
    """One version of an edited feature; the body is kept here, its SHA-256 in the audit chain."""

    __tablename__ = "feature_version"
    __table_args__ = (UniqueConstraint("layer", "fid", "version", name="feature_version_once"), STRICT)

    id: Mapped[str] = mapped_column(primary_key=True)
    layer: Mapped[str]
    fid: Mapped[str]
    version: Mapped[int]
    body_json: Mapped[str | None]
    sha256: Mapped[str]
    account_id: Mapped[str | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[str]


class Outbox(Base):
    """A message that waits to be sent, or was."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("channel IN ('email', 'pec', 'webhook')", name="outbox_channel"),
        CheckConstraint("state IN ('waiting', 'sending', 'sent', 'failed')", name="outbox_state"),
        Index("ix_outbox_state", "state", "next_try_at"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str]
    to_actor: Mapped[str | None] = mapped_column(ForeignKey("actor.id"), index=True)
    address: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    state: Mapped[str]
    tries: Mapped[int]
    next_try_at: Mapped[str]
    created_at: Mapped[str]
    sent_at: Mapped[str | None]
    error: Mapped[str | None]


class RateCounter(Base):
    """How often something was done within a window that ends at ``expires_s`` (seconds since 1970)."""

    __tablename__ = "rate_counter"
    __table_args__ = (STRICT,)

    key: Mapped[str] = mapped_column(primary_key=True)
    hits: Mapped[int]
    expires_s: Mapped[int]


class Setting(Base):
    """A value that the program keeps for itself; what people set stands in contado.toml."""

    __tablename__ = "setting"
    __table_args__ = (STRICT,)

    key: Mapped[str] = mapped_column(primary_key=True)
    value_json: Mapped[str]
    updated_at: Mapped[str]

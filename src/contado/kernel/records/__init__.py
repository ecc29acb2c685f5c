"""Transactional records: accounts and grants, audit chain, scopes, documents, jobs, messages.

>>> from contado.kernel import records                                      # doctest: +SKIP
>>> with records.open_store(workspace) as store:                            # doctest: +SKIP
...     with store.writing(store.scope("anna")) as session:
...         job = records.jobs.create(session, "plan", {"gap": 0.01}, unit_id="015146")

Importing this package imports SQLAlchemy; nothing of contado does so before records are asked for.
"""

from __future__ import annotations

from contado.kernel.records import (
    accounts,
    audit,
    backup,
    commits,
    credentials,
    devices,
    documents,
    erasure,
    features,
    jobs,
    outbox,
    rates,
    roles,
    schema,
    values,
)
from contado.kernel.records.access import Records
from contado.kernel.records.scopes import Scope, ScopedSession, local_administrator
from contado.kernel.records.store import Store, open_store, prepare

__all__ = [
    "Records",
    "Scope",
    "ScopedSession",
    "Store",
    "accounts",
    "audit",
    "backup",
    "commits",
    "credentials",
    "devices",
    "documents",
    "erasure",
    "features",
    "jobs",
    "local_administrator",
    "open_store",
    "outbox",
    "prepare",
    "rates",
    "roles",
    "schema",
    "values",
]

"""What the tests of the security list do again and again: sign in, read a form's token, open the records."""

from __future__ import annotations

import re

from contado.kernel import records
from contado.kernel.records.schema import Outbox
from contado.kernel.workspace import Workspace

HEADERS = {
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "x-request-id",
}
FEEDBACK = {"body": {"name": "City", "accessibility_contact": "a11y@example.org"}}


def signed_in(client, grant, account="anna"):
    """Sign a client in by a link that works once; return its session's secret."""
    got = client.get(grant("link", account)["path"])
    assert got.status_code == 303
    return client.cookies["contado_session"]


def token_of(text):
    return re.search(r'name="form_token" value="([^"]+)"', text)[1]


def store_of(city):
    return records.open_store(Workspace.open(city))


def messages(city):
    with store_of(city) as store, store.reading(records.Scope.system("test")) as session:
        return list(session.query(Outbox))

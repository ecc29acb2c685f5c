"""Devices: a token that is shown once, kept as a hash, taken back, and audited."""

from __future__ import annotations

import pytest

from contado.kernel import records
from contado.kernel.errors import RecordNotFound, UsageError
from contado.kernel.records import devices


@pytest.fixture
def session(store, admin):
    with store.writing(admin) as session:
        yield session


def test_a_token_opens_its_own_device_until_it_is_taken_back(session):
    token = devices.add(session, "box", subject="pseudonym", label="estimated")
    other = devices.add(session, "other", subject="pseudonym", label="simulated")
    assert devices.of_token(session, "box", token).subject == "pseudonym"
    for name, secret in (("box", other), ("nobody", token), ("box", "")):
        assert devices.of_token(session, name, secret) is None
    assert devices.revoke(session, "box").revoked_at is not None
    assert devices.of_token(session, "box", token) is None
    assert [(d.device_id, d.revoked_at is None) for d in devices.listed(session)] == [
        ("box", False),
        ("other", True),
    ]
    assert token not in str(devices.listed(session))


def test_a_device_has_one_token_at_a_time(session):
    first = devices.add(session, "box", subject="p", label="estimated")
    with pytest.raises(UsageError) as caught:
        devices.add(session, "box", subject="p", label="estimated")
    assert caught.value.rule == "device_exists"
    devices.revoke(session, "box")
    devices.revoke(session, "box")  # once more changes nothing
    second = devices.add(session, "box", subject="p", label="estimated")
    assert devices.of_token(session, "box", first) is None
    assert devices.of_token(session, "box", second) is not None
    verbs = [row.verb for row in session.query(records.schema.Audit) if row.object == "device:box"]
    assert verbs == ["device.added", "device.revoked", "device.added"]


def test_an_unknown_device_cannot_be_revoked(session):
    with pytest.raises(RecordNotFound, match="no device 'box'"):
        devices.revoke(session, "box")

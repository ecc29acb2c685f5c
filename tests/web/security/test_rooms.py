"""The rooms of the web's security by themselves: names, rates in lots, form tokens, refusals."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from contado.kernel import records
from contado.kernel.errors import SettingError
from contado.kernel.records import Scope, values
from contado.kernel.records.roles import ROLES
from contado.kernel.records.schema import RateCounter
from contado.kernel.settings import Limits, Session
from contado.kernel.workspace import Workspace
from contado.web.security import NotAllowed, Principal, SignInNeeded, require
from contado.web.security.forms import is_foreign
from contado.web.security.keeper import Keeper
from contado.web.security.rates import Rates
from contado.web.security.refusals import TooMany
from contado.web.security.roles import NAMES, name_of


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return Workspace.create(tmp_path_factory.mktemp("rooms") / "city").path


@pytest.fixture
def keeper(path):
    made = Keeper(lambda: records.open_store(Workspace.open(path)), Session)
    yield made
    made.store.close()


def request(principal=None, method="GET", **headers):
    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    state = {"principal": principal} if principal else {}
    return Request({"type": "http", "method": method, "path": "/", "headers": raw, "state": state})


def test_every_role_has_a_name_and_the_widest_is_shown():
    assert tuple(NAMES) == ROLES
    assert name_of({"citizen", "case_officer"}).en == "Case officer"
    assert name_of(()).it == "Senza ruolo"


def test_a_right_is_required_of_whoever_asks():
    scope = Scope(actor="account:x", account_id="x", roles=frozenset({"citizen"}))
    who = Principal(
        scope=scope,
        via="token",
        credential=records.credentials.SignedIn(id="1", account_id="x", expires_at="", data={}),
    )
    assert require(request(who), "job.read").account_id == "x"
    with pytest.raises(NotAllowed):
        require(request(who), "feature.updated")
    with pytest.raises(SignInNeeded):
        require(request(), "feature.updated")


def passes(rates):
    try:
        rates.check("api", "10.0.0.1")
    except TooMany:
        return False
    return True


def test_a_frequent_kind_is_counted_in_lots_and_never_beyond_its_limit(keeper):
    one, other = (Rates(keeper, lambda: Limits(api=120)) for _ in range(2))
    taken = sum(passes(rates) for _ in range(121) for rates in (one, other))
    assert 116 <= taken <= 120
    one.check("api", "10.0.0.2")
    with keeper.store.reading(keeper.scope) as session:
        keys = [row.key for row in session.query(RateCounter)]
    assert not any("10.0.0" in key for key in keys), "no network address is stored"


@pytest.mark.parametrize(
    ("method", "headers", "foreign"),
    [
        ("POST", {}, False),
        ("POST", {"origin": "http://here", "host": "here"}, False),
        ("POST", {"origin": "https://city.example", "host": "here"}, False),
        ("POST", {"origin": "http://there", "host": "here"}, True),
        ("POST", {"origin": "null", "host": "here"}, True),
        ("POST", {"sec_fetch_site": "same-origin"}, False),
        ("POST", {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, True),
        ("GET", {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, False),
        ("GET", {"sec_fetch_site": "same-site", "sec_fetch_mode": "cors"}, True),
    ],
)
def test_what_another_site_sends_is_known(method, headers, foreign):
    assert is_foreign(request(method=method, **headers), "https://city.example/") is foreign


def test_a_value_is_taken_once_and_ends(keeper):
    with keeper.store.writing(keeper.scope) as session:
        values.put_once(session, "a", {"n": 1}, minutes=1)
        values.put_once(session, "b", 2, minutes=-1)
        assert values.take_once(session, "a") == {"n": 1}
        assert values.take_once(session, "a") is None
        assert values.take_once(session, "b") is None


def test_a_workspace_without_a_key_signs_no_form(keeper, monkeypatch):
    monkeypatch.setattr(keeper.store, "key", "")
    with pytest.raises(SettingError):
        keeper.key("web.forms")

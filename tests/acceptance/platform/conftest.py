"""A small city that is served with sign-in: an issuer for development, accounts, an unpublished layer."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
import secrets
import shutil
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from contado.cli.app import run
from contado.kernel.workspace import Workspace
from invented.fixtures import client, pages, workspace  # noqa: F401 - fixtures

PLACES = {"a": ("015146", 9.19, 45.46), "b": ("015146", 9.18, 45.47), "c": ("015002", 8.92, 45.40)}
"""Rows of the unpublished layers: municipality and position."""


# ---------------------------------------------------------------- the issuer
class Issuer:
    """An OpenID Connect issuer that lets everybody in as `person`; `faults` makes it misbehave."""

    client_id = "contado-test"
    secret = "s3cret-of-the-client"

    def __init__(self) -> None:
        from joserfc import jwk

        self.person = {"sub": "sub-1", "name": "Anna Prova", "fiscalNumber": "TINIT-RSSMRA85T10A562S"}
        self.faults: dict[str, object] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.key, self.other_key = (
            jwk.ECKey.generate_key("P-256", {"kid": "1", "use": "sig"}, private=True) for _ in range(2)
        )
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.answer(self, parse_qs(urlsplit(self.path).query))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                issuer.answer(self, parse_qs(body))

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler, given: dict[str, list[str]]) -> None:
        query = {k: v[0] for k, v in given.items()}
        path = urlsplit(handler.path).path
        status, headers, body = {
            "/.well-known/openid-configuration": self.discovery,
            "/authorize": lambda: self.authorize(query),
            "/token": lambda: self.token(query, handler.headers.get("authorization", "")),
            "/userinfo": lambda: (200, {}, self.person | self.faults.get("userinfo", {})),
            "/jwks": lambda: (200, {}, {"keys": [self.key.as_dict(private=False)]}),
        }[path]()
        data = json.dumps(body).encode()
        handler.send_response(status)
        for name, value in {**headers, "content-type": "application/json"}.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def discovery(self):
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        found = {k: f"{self.address}/{v}" for k, v in names.items()}
        found |= {"issuer": self.address, "userinfo_endpoint": f"{self.address}/userinfo"}
        return 200, {}, found | self.faults.get("discovery", {})

    def authorize(self, query):
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        back = {"code": code, "state": query["state"]} | self.faults.get("back", {})
        return 302, {"location": f"{query['redirect_uri']}?{urlencode(back)}"}, {}

    def token(self, query, authorization):
        asked = self.codes.pop(query.get("code", ""), None)
        digest = hashlib.sha256(query.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        known = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        if (
            asked is None
            or challenge != asked["code_challenge"]
            or query.get("redirect_uri") != asked["redirect_uri"]
            or authorization != f"Basic {known}"
        ):
            return 400, {}, {"error": "invalid_grant"}
        return 200, {}, {"access_token": "x", "token_type": "Bearer", "id_token": self.id_token(asked)}

    def id_token(self, asked):
        from joserfc import jwt

        at = int(time.time())
        claims = {
            "iss": self.address,
            "sub": self.person["sub"],
            "aud": self.client_id,
            "iat": at,
            "exp": at + 300,
            "nonce": asked["nonce"],
        } | self.faults.get("claims", {})
        key = self.other_key if self.faults.get("key") else self.key
        return jwt.encode({"alg": "ES256", "kid": "1"}, claims, key)


@pytest.fixture
def issuer(monkeypatch):
    """An issuer on a free port of this machine; the client's secret is in the environment."""
    running = Issuer()
    monkeypatch.setenv("CONTADO_OIDC_CLIENT_SECRET", running.secret)
    yield running
    running.server.shutdown()
    running.server.server_close()


# ---------------------------------------------------------------- the city
def points():
    import geopandas as gpd
    from shapely import Point

    return gpd.GeoDataFrame(
        {
            "id": list(PLACES),
            "municipality": [code for code, _, _ in PLACES.values()],
            "note": [f"=note of {key}" for key in PLACES],
        },
        geometry=[Point(lon, lat) for _, lon, lat in PLACES.values()],
        crs="EPSG:4326",
    )


@pytest.fixture(scope="session")
def made_city(tmp_path_factory):
    """A workspace with a published and two unpublished layers, and four accounts."""
    path = tmp_path_factory.mktemp("secured") / "city"
    assert run(["init", str(path), "--json", "--quiet"]) == 0
    with Workspace.open(path).commit() as c:
        for name, access in (("open_points", "public"), ("org_points", "org"), ("own_points", "private")):
            c.layer(name, points(), access=access, label="simulated")
    for account, role, scope in (
        ("anna", "municipality_officer", "015146"),
        ("berta", "municipality_officer", "015002"),
        ("carla", "manager", "*"),
        ("dario", "citizen", "*"),
    ):
        words = ["grants", "add", account, role, "--scope", scope, "-w", str(path), "--json", "--quiet"]
        assert run(words) == 0
    return path


@pytest.fixture
def city(made_city, tmp_path):
    """A copy of that workspace for one test."""
    return shutil.copytree(made_city, tmp_path / "city")


@pytest.fixture
def settle(city):
    """Function that writes settings into contado.toml: theme=dict."""

    def write(**themes: dict[str, object]) -> None:
        text = (city / "contado.toml").read_text()
        for theme, values in themes.items():
            lines = "".join(f"{k} = {json.dumps(v)}\n" for k, v in values.items())
            head = f"[{theme}]\n"
            text = text.replace(head, head + lines) if head in text else f"{text}\n{head}{lines}"
        (city / "contado.toml").write_text(text)

    return write


@pytest.fixture
def grant(city, capsys):
    """Function that runs a verb of `contado grants` and returns its answer."""

    def ask(*words: str) -> dict[str, object]:
        capsys.readouterr()
        assert run(["grants", *words, "-w", str(city), "--json", "--quiet"]) == 0
        return json.loads(capsys.readouterr().out)

    return ask


@contextmanager
def serving(path):
    import uvicorn

    from contado.web.app import create

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create(path), log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


@pytest.fixture
def serve(city):
    """Function that serves the city on a free port and returns the address."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda: stack.enter_context(serving(city))


@pytest.fixture
def browser():
    """Function that makes an HTTP client with its own cookies, which follows nothing by itself."""
    import httpx2

    made = []

    def make(address: str = "", **options):
        made.append(httpx2.Client(base_url=address, follow_redirects=False, timeout=30, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def web(city):
    """Function from nothing to a client of the application in this process."""
    from starlette.testclient import TestClient

    from contado.web.app import create

    def make():
        return TestClient(
            create(city),
            base_url="http://127.0.0.1",
            follow_redirects=False,
            raise_server_exceptions=False,
        )

    return make


@pytest.fixture
def log():
    """Text of what the web logs."""
    stream, logger = io.StringIO(), logging.getLogger("contado.web")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    before, _ = logger.level, logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(before)

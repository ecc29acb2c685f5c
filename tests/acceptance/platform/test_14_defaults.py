"""Item 14: the security list of platform.md section 10: secrets, safe defaults, duties of a public site."""

from __future__ import annotations

import json
import subprocess

import pytest

from contado.kernel.workspace import Workspace
from invented.processes import server


@pytest.mark.item("platform", 14, "secrets in logs and contado.toml", "none")
def test_secrets_are_in_no_log_and_no_setting(web, grant, city, log, issuer, figure):
    client = web()
    path, token = grant("link", "anna")["path"], grant("token", "anna")["token"]
    client.get(path)
    client.get("/lavoro", headers={"authorization": f"Bearer {token}"})
    client.get("/accedi/ritorno", params={"code": "secret-code", "state": "secret-state"})
    secret = client.cookies["contado_session"]
    text = log.getvalue()
    assert '"/accedi/..."' in text
    for word in (path.rpartition("/")[2], token, secret, "secret-code", "secret-state", issuer.secret):
        assert word not in text
        assert word not in (city / "contado.toml").read_text()
    assert '"account"' in text, "the log names the account by its id"
    assert "anna" not in text
    figure("0 of 6")


@pytest.mark.item("platform", 14, "serve is safe by default", "127.0.0.1; public refused")
def test_public_needs_its_duties(settle, city, figure):
    def serve(*words):
        done = subprocess.run(server(city, *words), capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout

    for words in (["--public"], ["--host", "0.0.0.0"]):
        code, out = serve(*words)
        assert code == 2
        assert '"not_ready_for_public"' in out
        for name in ("body.name", "body.accessibility_statement", "body.accessibility_contact"):
            assert name in out
    assert Workspace.open(city).settings.web.host == "127.0.0.1"
    settle(body={"name": "City", "accessibility_contact": "a@example.org"})
    code, out = serve("--public")
    assert code == 2
    assert "body.accessibility_statement" in out
    assert "body.name" not in out
    figure("3 settings named")


def test_public_starts_when_they_are_filled_in(settle, city):
    settle(
        body={
            "name": "City",
            "accessibility_contact": "a@example.org",
            "accessibility_statement": "https://form.agid.gov.it/view/example",
        }
    )
    command = server(city, "--public")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            line = json.loads(process.stdout.readline())
        finally:
            process.terminate()
    assert line["url"].startswith("http://0.0.0.0:")
    assert process.returncode == 0

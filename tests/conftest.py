"""Shared fixtures: the open data beside the checkout, and the table of the definitions of done."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("CONTADO_SHARED", ROOT.parent / "shared")) / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--acceptance-table", action="store_true", help="print item, figure, goal, holds")


def shared_path(relative: str) -> Path:
    """Path of open test data, or a skip that says what is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"open test data shared/data/{relative} is not beside this checkout")
    return path


@pytest.fixture(scope="session")
def shared():
    """Function from a path below shared/data to the real path; skips when absent."""
    return shared_path


# ---------------------------------------------------------------- a real PostgreSQL
class Postgres:
    """A server for tests; of a cluster of our own the databases belong to a role that is no superuser."""

    def __init__(self, admin_url: str, owner: str | None) -> None:
        from sqlalchemy import make_url

        self.admin = make_url(admin_url).set(drivername="postgresql")
        self.owner = owner
        self._free: list[str] = []

    def database(self) -> str:
        """Address of an empty database; `release` it afterwards, so that few are made."""
        if self._free:
            name = self._free.pop()
            self.execute(
                "DROP SCHEMA public CASCADE",
                f"CREATE SCHEMA public AUTHORIZATION {self.owner or 'CURRENT_USER'}",
                "GRANT USAGE ON SCHEMA public TO PUBLIC",
                database=name,
            )
        else:
            name = f"contado_test_{secrets.token_hex(6)}"
            owned = f" OWNER {self.owner}" if self.owner else ""
            self.execute(f"CREATE DATABASE {name}{owned} TEMPLATE template0")
        return self._url(name, self.owner)

    def copy(self, url: str) -> str:
        """Address of a copy of a database that nobody is connected to; `drop` it afterwards."""
        name = f"contado_test_{secrets.token_hex(6)}"
        owned = f" OWNER {self.owner}" if self.owner else ""
        self.execute(f"CREATE DATABASE {name}{owned} TEMPLATE {url.rpartition('/')[2]}")
        return self._url(name, self.owner)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        self.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def release(self, url: str) -> None:
        """Hand a database back."""
        self._free.append(url.rpartition("/")[2])

    def execute(self, *statements: str, database: str | None = None) -> None:
        import psycopg

        with psycopg.connect(self._url(database, None), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def _url(self, database: str | None, user: str | None) -> str:
        url = self.admin.set(database=database or self.admin.database, username=user or self.admin.username)
        return url.render_as_string(hide_password=False)


def _programs() -> Path:
    """Folder of PostgreSQL's programs, or a skip."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = found[-1] if found else shutil.which("initdb")
    if initdb is None:
        pytest.skip("PostgreSQL is not installed and CONTADO_TEST_POSTGRES_URL is not set")
    return Path(initdb).parent


def _as_postgres(*words: object) -> None:
    """Run a program of PostgreSQL; it refuses to run as root."""
    prefix = ["runuser", "-u", "postgres", "--"] if getpass.getuser() == "root" else []
    subprocess.run(
        [*prefix, *map(str, words)],
        check=True,
        capture_output=True,
        cwd="/",
        env={**os.environ, "LC_ALL": "C"},
    )


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server: that of CONTADO_TEST_POSTGRES_URL, else a cluster of our own, fsync off."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    if given := os.environ.get("CONTADO_TEST_POSTGRES_URL"):
        yield Postgres(given, None)
        return
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="contado-postgres-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        if getpass.getuser() == "root":
            shutil.chown(folder, "postgres")
        data, log = folder / "data", folder / "log"
        _as_postgres(
            programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        _as_postgres(programs / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
        try:
            server = Postgres(f"postgresql://postgres@127.0.0.1:{port}/postgres", "contado_owner")
            server.execute("CREATE ROLE contado_owner LOGIN CREATEROLE")
            yield server
        finally:
            _as_postgres(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgres):
    """Address of an empty database of PostgreSQL."""
    url = postgres.database()
    yield url
    postgres.release(url)


PROGRAMME = {
    "interventions": """id,site,domain,municipality,cost_eur,benefit_eur,earliest_year,latest_year
I001,S002,trees,M2,179000,271000,2028,2029
I002,S001,lighting,M1,143000,140000,2027,2029
I003,S002,cycle,M2,136000,202000,2028,2029
I004,S003,building,M3,70000,83000,2027,2029
I005,S001,road,M1,156000,204000,2027,2029
I006,S003,trees,M3,93000,120000,2027,2029
I007,S001,road,M1,237000,503000,2027,2029
""",
    "funding_rules": """source,domains,max_rate,max_eur_per_intervention,cumulable
own,*,1.0,,True
regional,road;cycle;lighting,0.8,,True
pnrr,trees;desealing;cycle,1.0,172000,False
gse,building,0.65,,True
""",
    "budgets": """source,year,budget_eur
own,2027,115000
own,2028,104000
own,2029,88000
regional,2027,57000
regional,2028,91000
regional,2029,72000
pnrr,2027,62000
pnrr,2028,87000
pnrr,2029,95000
gse,2027,54000
gse,2028,63000
""",
    "relations": """kind,a,b,saving_eur
joint_worksite,I001,I003,16000
joint_worksite,I002,I005,17000
excludes,I005,I007,
joint_worksite,I004,I006,8000
requires,I006,I007,
""",
    "equity_floors": """municipality,min_spend_eur
M1,19000
M2,19000
M3,19000
M4,19000
""",
}
"""A small programme folder, file by file."""


@pytest.fixture
def programme(tmp_path):
    """Function that writes the programme folder with edits: file -> [(old text, new text)]; None drops it."""

    def write(edits, *, encoding="utf-8"):
        folder = tmp_path / f"programme{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for name, original in PROGRAMME.items():
            text = original
            for old, new in edits.get(name, ()):
                if old is None:
                    text = None
                    break
                assert old in text
                text = text.replace(old, new)
            if text is not None:
                (folder / f"{name}.csv").write_bytes(text.encode(encoding))
        return folder

    return write


@pytest.fixture(autouse=True)
def _answers_keep_their_schema(monkeypatch):
    """Check every answer that a test prints as JSON in this process against the verb's schema."""
    import jsonschema

    from contado.cli.render import Screen
    from contado.kernel.declare import answer_json, json_schema

    broken: list[str] = []
    shown = Screen.show

    def show(screen, verb, answer):
        shown(screen, verb, answer)
        if screen.as_json:
            checker = jsonschema.Draft202012Validator(json_schema(verb.answer))
            found = list(checker.iter_errors(json.loads(answer_json(answer))))
            broken.extend(f"{verb.name} {e.json_path}: {e.message[:200]}" for e in found[:3])

    monkeypatch.setattr(Screen, "show", show)
    yield
    assert not broken, "answers that break their schema: " + "; ".join(broken)


@pytest.fixture
def figure(record_property):
    """Call it with what an acceptance test measured; the text stands in the table."""

    def note(text: object) -> None:
        record_property("figure", str(text))

    return note


@pytest.fixture(autouse=True)
def _item_of_the_definition_of_done(request, record_property):
    if marker := request.node.get_closest_marker("item"):
        spec, number, what, goal = marker.args
        record_property("item", f"{spec}|{number}|{what}|{goal}")


def pytest_terminal_summary(terminalreporter, config) -> None:
    if not config.getoption("--acceptance-table"):
        return
    rows = []
    for outcome in ("passed", "failed", "skipped", "xfailed", "xpassed"):
        for report in terminalreporter.getreports(outcome):
            facts = dict(getattr(report, "user_properties", ()))
            if "item" in facts and (report.when == "call" or outcome in {"skipped", "failed"}):
                spec, number, what, goal = facts["item"].split("|")
                figure = facts.get("figure") or getattr(report, "wasxfail", "") or "-"
                holds = {"passed": "yes", "skipped": "not run"}.get(outcome, "NO")
                rows.append((spec, int(number), what, figure, goal, holds))
    terminalreporter.section("definition of done")
    for spec, number, what, figure, goal, holds in sorted(set(rows)):
        terminalreporter.write_line(f"{spec:9} {number:>2}  {what:52} {figure:42} {goal:34} {holds}")


FLAGS = (
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--use-gl=angle", "--use-angle=swiftshader"),
    "--enable-unsafe-swiftshader",
)


@pytest.fixture(scope="session")
def chromium():
    """Debian's chromium driven by playwright: one a process, for playwright refuses a second."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def profile(chromium, tmp_path):
    """Opens the browser with a profile that outlives its closing; close what it returned, then call it again."""
    opened = []

    def open_again(**options):
        context = chromium.browser_type.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=shutil.which("chromium"), args=list(FLAGS), **options
        )
        opened.append(context)
        return context

    yield open_again
    for context in opened:
        context.close()

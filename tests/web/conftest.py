"""A small workspace with municipalities, simulated roads and a programme, and a browser where there is one."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import math
import random
import shutil
import socket
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest

from contado.kernel import tables
from contado.kernel.settings import Body, Settings, TerritorySettings, WorkspaceSettings
from contado.kernel.territory import boundaries
from contado.kernel.workspace import Workspace

KINDS = ("pothole", "depression", "manhole")
TREATMENTS = {
    "wearing_4cm": ("Nuovo strato di usura, 4 cm", 18.0),
    "binder_wearing_10cm": ("Usura e binder, 10 cm", 43.0),
    "micro_surfacing": ("Microtappeto", 8.0),
    "crack_sealing": ("Sigillatura fessure", 2.0),
}
SOURCES = {"Fondi propri": 9.8e6, "Regione Lombardia": 6.0e6, "Fondi europei": 5.0e6}
YEARS = (2027, 2028, 2029)


def condition_class(index: float | None) -> str | None:
    if index is None:
        return None
    return "A" if index >= 70 else "B" if index >= 50 else "C" if index >= 30 else "D"


def make_sections(units, rng: random.Random, n: int):
    """Invented sections: short polylines inside municipalities, five of them on a road."""
    import geopandas as gpd
    from shapely import LineString

    rows = []
    centres = [(r.istat, r.geometry.representative_point()) for r in units.itertuples()]
    for i in range(n):
        road, part = divmod(i, 5)
        istat, centre = centres[(road * 37 + part) % len(centres)]
        angle, points = rng.uniform(0, math.tau), []
        x, y = centre.x, centre.y
        for _ in range(6):
            points.append((x, y))
            angle += rng.uniform(-0.5, 0.5)
            x, y = x + 0.0032 * math.cos(angle), y + 0.0022 * math.sin(angle)
        driven = rng.random() > 0.08
        iri = rng.lognormvariate(0.95, 0.45) if driven else None
        index = 100 * math.exp(-0.26 * max(0.0, iri - 1)) if iri else None
        spread = rng.uniform(0.06, 0.25)
        low, high = (iri * (1 - spread), iri * (1 + spread)) if iri else (None, None)
        worst, best = (100 * math.exp(-0.26 * max(0.0, v - 1)) if v else None for v in (high, low))
        rows.append(
            {
                "section_id": f"S{road + 1:03d}-{part + 1:02d}",
                "road_code": f"SP{road + 1}",
                "municipality": istat,
                "class": condition_class(index),
                "condition_index": index,
                "condition_low": worst,
                "condition_high": best,
                "iri_m_km": iri,
                "iri_low_m_km": low,
                "iri_high_m_km": high,
                "passes": rng.randint(3, 14) if driven else None,
                "last_on": dt.date(2026, 10, rng.randint(1, 31)) if driven else None,
                "priority": (1 - index / 100) * rng.uniform(0.85, 1.0) if index else None,
                "length_km": rng.uniform(0.7, 1.6),
                "uncertain": bool(iri) and condition_class(worst) != condition_class(best),
                "why": json.dumps(
                    {
                        "terms": [
                            {"term": t, "value": 1.0, "contribution": c}
                            for t, c in (("condition", 0.3), ("traffic", 0.1), ("accidents", None))
                        ]
                    }
                ),
                "label": "simulated",
                "geometry": LineString(points),
            }
        )
    return gpd.GeoDataFrame(rows, crs="EPSG:4326")


def make_anomalies(sections, rng: random.Random, n: int):
    import geopandas as gpd

    rows = []
    for i in range(n):
        section = sections.iloc[rng.randrange(len(sections))]
        rows.append(
            {
                "anomaly_id": f"A{i + 1:04d}",
                "section_id": section["section_id"],
                "kind": rng.choice(KINDS),
                "severity": rng.uniform(1, 10),
                "criticality": rng.choice(("giallo", "arancione", "rosso")),
                "p_exists": rng.uniform(0.5, 0.99),
                "height_mm": rng.uniform(15, 60),
                "state": rng.choice(("open", "confirmed")),
                "first_seen": dt.date(2026, 9, rng.randint(1, 30)),
                "last_seen": dt.date(2026, 10, rng.randint(1, 31)),
                "label": "simulated",
                "geometry": section.geometry.interpolate(rng.random(), normalized=True),
            }
        )
    return gpd.GeoDataFrame(rows, crs="EPSG:4326")


def make_indicators(units, rng: random.Random) -> list[dict]:
    rows = []
    for unit in units.itertuples():
        for indicator, middle, unit_name, method, label in (
            ("iri_m_km", 2.9, "m_km", "fusion of passes", "simulated"),
            ("anomalies_per_km", 0.8, "count_km", "no_interval: a count", "simulated"),
            ("trees_alive_count", 900.0, "count", "exact count", "measured"),
        ):
            value = middle * rng.uniform(0.4, 1.9)
            known = not (indicator == "anomalies_per_km" and unit.istat == "015002")
            bounded = indicator == "iri_m_km"
            rows.append(
                {
                    "subject_id": unit.istat,
                    "indicator": indicator,
                    "period": "2026-10",
                    "value": value if known else None,
                    "unit": unit_name,
                    "low": value * 0.85 if bounded and known else None,
                    "high": value * 1.15 if bounded and known else None,
                    "method": method if known else "no_interval: 7 edifici senza bollette",
                    "label": label,
                    "source_id": "test",
                }
            )
    return rows


def make_programme(sections, rng: random.Random) -> dict[str, list[dict]]:
    """Interventions by benefit over cost; the best are chosen until the budgets are spent."""
    options = []
    bad = sections[sections["class"].isin(["B", "C", "D"])]
    for _, section in bad.iterrows():
        kind = rng.choice(list(TREATMENTS))
        name, price = TREATMENTS[kind]
        cost = price * section["length_km"] * 7000
        ratio = rng.lognormvariate(0.45, 0.6)
        options.append((section, kind, name, cost, ratio))
    options.sort(key=lambda o: -o[4])
    left = {(s, y): b / 2 for s, b in SOURCES.items() for y in YEARS}
    interventions, programme, effects = [], [], []
    line = None
    for i, (section, kind, name, cost, ratio) in enumerate(options):
        key = f"manto_stradale:{section['section_id']}:{kind}"
        pot = next((k for k, v in left.items() if v >= cost), None) if i % 29 != 7 else None
        if pot:
            left[pot] -= cost
        elif line is None and i % 29 != 7:
            line = ratio
        price = line or 1.0
        interventions.append(
            {
                "id": key,
                "practice": "manto_stradale",
                "type": kind,
                "asset_id": f"manto_stradale:{section['section_id']}",
                "site_id": section["section_id"],
                "municipality": section["municipality"],
                "cost_eur": cost,
                "cost_low_eur": cost * 0.86,
                "cost_high_eur": cost * 1.17,
                "benefit_eur": cost * ratio,
                "earliest_year": 2027,
                "latest_year": 2029,
                "name": f"{name}, {section['section_id']}",
                "label": "simulated",
                "source_id": "test",
            }
        )
        effects.append(
            {
                "intervention_id": key,
                "indicator": "condition_index_km_y",
                "value": cost * ratio / 5e4,
                "unit": "index_km_y",
                "method": "test",
                "label": "simulated",
                "source_id": "test",
            }
        )
        programme.append((key, pot, cost, ratio, price, i))
    final = line or 1.0
    rows = [
        {
            "intervention_id": key,
            "source": pot[0] if pot else None,
            "year": pot[1] if pot else None,
            "start_year": pot[1] if pot else None,
            "amount_eur": cost if pot else None,
            "value_eur": cost * ratio,
            "margin_eur": cost * ratio - cost * final,
            "reason_code": "worth" if pot else ("excluded" if i % 29 == 7 else "budget"),
            "reason_it": "rende abbastanza"
            if pot
            else ("escluso: scelta un'altra strategia" if i % 29 == 7 else "fondi propri 2028 finiti"),
            "reason_en": "yields enough"
            if pot
            else ("excluded by another strategy" if i % 29 == 7 else "own funds of 2028 are spent"),
            "site_id": key,
            "selection_frequency": max(0.0, min(1.0, 0.5 + (ratio - final) / final)),
            "robustness": "core"
            if ratio > 1.4 * final
            else "borderline"
            if ratio > 0.6 * final
            else "exterior",
        }
        for key, pot, cost, ratio, _, i in programme
    ]
    value = sum(r["value_eur"] for r in rows if r["start_year"])
    return {
        "intervention": interventions,
        "effect": effects,
        "programme": rows,
        "price": [{"kind": "budget", "key": s, "year": y, "price": final} for s in SOURCES for y in YEARS],
        "budget": [{"source": s, "year": y, "budget_eur": b / 2} for s, b in SOURCES.items() for y in YEARS],
        "run": [
            {
                "run_id": "run-1",
                "verb": "plan",
                "status": "optimal",
                "value_eur": value,
                "bound_eur": value * 1.0012,
                "gap": 0.0012,
                "proof": "prices",
                "verified": True,
                "method": "milp",
                "solver": "HiGHS 1.15",
                "seed": 0,
            }
        ],
    }


def make_details(rows: list[dict], value: float):
    """What the run of make_programme keeps for readers: draws, worksites, value curve, one exact yes and no."""
    from contado.kernel.portfolio.breakeven import Explanation
    from contado.kernel.portfolio.details import Details, SitePair, Sturdiness
    from contado.kernel.portfolio.explain import Reason
    from contado.kernel.portfolio.increments import Increments, Step

    chosen = [r for r in rows if r["start_year"]]
    first, second = (r["intervention_id"] for r in chosen[:2])
    later = next(r["intervention_id"] for r in chosen if r["start_year"] == YEARS[1])
    out = next(r["intervention_id"] for r in rows if not r["start_year"] and r["reason_code"] == "budget")
    ids = [r["intervention_id"] for r in chosen]
    steps = [
        Step(scale=s, value=value * v, bound=value * v * 1.001, gap=0.001, chosen=ids[: round(len(ids) * v)])
        for s, v in ((0.5, 0.7), (0.75, 0.88), (1.0, 1.0))
    ]
    more = Step(scale=1.5, value=value * 1.1, bound=value * 1.11, gap=0.01, chosen=[*ids[1:], out])
    reason = Reason(code="outranked", it="no", en="no", value_eur=1.0, priced_cost_eur=1.0)
    exact = [
        Explanation(
            intervention_id=key,
            chosen=key == first,
            start_year=None,
            loss_if_forced_eur=None if key == first else 17_889.0,
            loss_if_removed_eur=11_020.0 if key == first else None,
            break_even_cost_eur=163_050.0,
            break_even_benefit_eur=None,
            because=[],
            reason=reason,
        )
        for key in (first, out)
    ]
    return Details(
        sturdiness=Sturdiness(
            draws=200,
            replan_method="lp_rounding",
            value_low_eur=value * 0.9,
            value_high_eur=value * 1.1,
            soft_value_share=1.0,
        ),
        worksites=[
            SitePair(a=first, b=second, site_id="site:1", saving_eur=1_500.0),
            SitePair(a=first, b=later, site_id="site:1", saving_eur=700.0),
            SitePair(a=second, b=out, off=True),
        ],
        increments=Increments(steps=[*steps, more], enters=[], nested=False),
        explanations=exact,
    )


def add_runs(commit, found: dict[str, list[dict]]) -> None:
    """Record the run of make_programme and an earlier one with other decisions."""
    import msgspec

    run, rows = found["run"][0], found["programme"]
    before = [dict(r) for r in rows]
    chosen = [r for r in before if r["start_year"]]
    for r in chosen[:3]:
        r.update(start_year=None, year=None, source=None, amount_eur=None)
    chosen[4].update(start_year=2030, year=2030)
    chosen[5].update(source="Fondi europei" if chosen[5]["source"] != "Fondi europei" else "Fondi propri")
    late = next(r for r in before if not r["start_year"] and r["reason_code"] == "budget")
    late.update(start_year=2028, year=2028, source="Fondi propri", amount_eur=1_000.0)
    for run_id, decided, share in ((run["run_id"], rows, 1.0), ("run-0", before, 0.9)):
        folder = f"runs/{run_id}"
        record = {
            "run_id": run_id,
            "inputs": {"intervention": "a" * 64, "budget": "b" * 64},
            "settings": {"gap_share": 0.002, "time_limit_s": 60.0, "discount_rate_share": 0.03},
            "versions": {"contado": "0.1.0"},
            "value_eur": run["value_eur"] * share,
            "bound_eur": run["bound_eur"] * share,
        }
        commit.file(f"{folder}/run.json", json.dumps(record).encode())
        commit.file(
            f"{folder}/programme.parquet", tables.parquet_bytes(tables.from_rows("programme", decided))
        )
        budgets = [b | {"budget_eur": b["budget_eur"] * share} for b in found["budget"]]
        for name, some in (("intervention", found["intervention"]), ("budget", budgets)):
            table = tables.from_rows(name, some)
            commit.file(f"{folder}/inputs/{name}.parquet", tables.parquet_bytes(table))
    details = make_details(rows, run["value_eur"])
    commit.file(f"runs/{run['run_id']}/details.json", msgspec.json.encode(details))


def make_workspace(path: Path, *, n_sections: int = 569, programme: bool = True, roads: bool = True) -> Path:
    rng = random.Random(7)
    units = boundaries.shipped().gdf
    settings = Settings(
        workspace=WorkspaceSettings(name="contado"),
        territory=TerritorySettings(name="Città metropolitana di Milano"),
        body=Body(
            name="Città metropolitana di Milano",
            office="Direzione Infrastrutture",
            contact="URP, da lunedì a giovedì 10–12 e 14–16",
            accessibility_contact="accessibilita@example.org",
        ),
    )
    workspace = Workspace.create(path, settings)
    with workspace.commit() as c:
        c.layer(
            "municipalities",
            units,
            title_it="Confini e residenti",
            title_en="Borders and residents",
            licence="CC BY 4.0",
            label="measured",
            updated_at="2023-01-01T00:00:00Z",
        )
        if roads:
            sections = make_sections(units, rng, n_sections)
            facts = {"licence": "CC BY 4.0", "label": "simulated", "updated_at": "2026-10-31T06:00:00Z"}
            c.layer(
                "manto_stradale_sections",
                sections,
                title_it="Sezioni stradali",
                title_en="Road sections",
                style={"kind": "classes", "column": "class", "uncertain": "uncertain"},
                **facts,
            )
            anomalies = make_anomalies(sections, rng, 400)
            c.layer(
                "manto_stradale_anomalies",
                anomalies,
                title_it="Anomalie aperte",
                title_en="Open anomalies",
                style={"kind": "shapes", "column": "kind"},
                **facts,
            )
            values = tables.from_rows("indicator_value", make_indicators(units, rng))
            c.table("indicator_value", values, practice="manto_stradale")
            c.table("source", tables.from_rows("source", [{"source_id": "test", "title": "test"}]))
        if roads and programme:
            found = make_programme(sections, rng)
            add_runs(c, found)
            for name, rows in found.items():
                practice = "manto_stradale" if name in {"intervention", "effect"} else None
                c.table(name, tables.from_rows(name, rows), practice=practice)
    return path


@pytest.fixture(scope="session")
def workspace(tmp_path_factory) -> Path:
    """A workspace with roads and a programme."""
    return make_workspace(tmp_path_factory.mktemp("web") / "city")


@pytest.fixture(scope="session")
def bare_workspace(tmp_path_factory) -> Path:
    """A workspace with municipalities only."""
    return make_workspace(tmp_path_factory.mktemp("web") / "bare", roads=False)


@pytest.fixture(scope="session")
def client(workspace):
    from starlette.testclient import TestClient

    from contado.web.app import create

    return TestClient(create(workspace), raise_server_exceptions=False)


@pytest.fixture(scope="session")
def bare_client(bare_workspace):
    from starlette.testclient import TestClient

    from contado.web.app import create

    return TestClient(create(bare_workspace), raise_server_exceptions=False)


class Wire:
    """Counts what leaves the server, workers of the page included: bodies as sent, headers as bytes."""

    def __init__(self, app) -> None:
        self.app = app
        self.sent = 0

    async def __call__(self, scope, receive, send) -> None:
        async def counted(message) -> None:
            self.sent += len(message.get("body", b""))
            self.sent += sum(len(k) + len(v) + 4 for k, v in message.get("headers", ()))
            await send(message)

        await self.app(scope, receive, counted)


def serve_in_thread(path: Path):
    """Yield the address of a server of the workspace on a free port, and what counts its bytes."""
    import uvicorn

    from contado.web.app import create

    listener = socket.create_server(("127.0.0.1", 0))
    wire = Wire(create(path))
    config = uvicorn.Config(wire, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", wire
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


@pytest.fixture(scope="session")
def served(workspace):
    yield from serve_in_thread(workspace)


@pytest.fixture(scope="session")
def address(served):
    return served[0]


@pytest.fixture(scope="session")
def wire(served):
    return served[1]


@pytest.fixture(scope="session")
def bare_served(bare_workspace):
    yield from serve_in_thread(bare_workspace)


@pytest.fixture(scope="session")
def bare_address(bare_served):
    return bare_served[0]


@pytest.fixture(scope="session")
def browser(chromium):
    """The browser, where the front end is built."""
    if not (Path(tables.__file__).parents[2] / "web/static/vendor/manifest.json").is_file():
        pytest.skip("the front end is not built: install without CONTADO_FRONTEND=skip")
    return chromium


@pytest.fixture(scope="session")
def axe(tmp_path_factory) -> str:
    """The source of axe-core at the locked version, its tarball checked against the lock."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on this machine to fetch axe-core with")
    frontend = Path(__file__).resolve().parents[2] / "frontend"
    entry = json.loads((frontend / "package-lock.json").read_text())["packages"]["node_modules/axe-core"]
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "pack", f"axe-core@{entry['version']}", "--silent", "--prefer-offline"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("axe-core cannot be fetched: the npm registry is out of reach")
    tarball = next(folder.glob("*.tgz"))
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    assert entry["integrity"] == f"sha512-{digest}"
    with tarfile.open(tarball) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


@pytest.fixture(scope="module")
def planning_city(workspace, tmp_path_factory) -> Path:
    """The workspace with records of its own: two accounts, and jobs in every state."""
    from contado.kernel import records

    path = tmp_path_factory.mktemp("planning") / "city"
    shutil.copytree(workspace, path)
    (path / "runs/run-2").mkdir()
    for part in ("run.json", "programme.parquet"):
        shutil.copy(path / "runs/run-0" / part, path / "runs/run-2" / part)
    shutil.copytree(path / "runs/run-0/inputs", path / "runs/run-2/inputs")
    (path / "runs/run-2/draft.json").write_text('{"draft": true}')
    view = Workspace.open(path)
    records.prepare(view)
    with records.open_store(view) as store, store.writing(records.local_administrator()) as session:
        for name, role in (("anna", "manager"), ("bruno", "citizen"), ("carla", "case_officer")):
            actor = records.accounts.create_actor(session, name=name)
            account = records.accounts.create_account(session, name, actor=actor)
            records.accounts.add_grant(session, account, role, ["*"])
    return path


@pytest.fixture(scope="module")
def planning_jobs(planning_city) -> dict[str, str]:
    """Jobs of anna: state -> id; the workers that ran them are of the test's making."""
    import msgspec

    from contado.kernel import records
    from contado.kernel.records import jobs

    best = {"plan": 147.2e6, "bound": 148.1e6, "gap": 0.006}
    answer = {"status": "optimal", "value": 147.2e6, "gap": 0.006, "programme": [], "candidates": 9}
    answer |= {
        "verified": True,
        "label": "simulated",
        "run": "run-2",
        "value_low": 131e6,
        "value_high": 166e6,
    }
    conflict = [{"rule": "floor", "key": "015146", "relax_eur": 1000.0}]
    endings = {
        "done": ("successful", {"exit_code": 0, "answer": answer}, "runs/run-2", None),
        "impossible": ("successful", {"answer": {"status": "infeasible", "conflict": conflict}}, None, None),
        "failed": ("failed", {"error": {"rule": "bad", "message": "Bad."}}, None, "bad"),
        "lost": ("failed", None, None, "worker_lost"),
        "stopped": ("dismissed", None, None, "asked"),
    }
    made = {}
    with records.open_store(Workspace.open(planning_city)) as store:
        anna, system = store.scope("anna"), records.Scope.system("jobs.worker")
        for name in (*endings, "running", "waiting"):
            with store.writing(anna) as session:
                asked = {"draft": True, "budget": ["Fondi propri 2027=390000.0"], "time_limit_s": 60.0}
                made[name] = jobs.create(session, "plan", asked).id
            if name == "waiting":
                continue
            with store.writing(system) as session:
                jobs.claim(session, "w")
                if name in {"running", "done"}:
                    jobs.progress(session, made[name], "w", stage="solve", done=41.0, total=60.0)
                    jobs.best(session, made[name], "w", best)
                if name in endings:
                    state, result, path, message = endings[name]
                    result = msgspec.json.decode(msgspec.json.encode(result))
                    jobs.finish(
                        session, made[name], "w", state, result=result, result_path=path, message=message
                    )
    return made


@pytest.fixture(scope="module")
def planning_address(planning_city):
    for address, _ in serve_in_thread(planning_city):
        yield address


@pytest.fixture(scope="module")
def sign_in(planning_city):
    """Function that gives an account a session and returns its secret."""
    from contado.kernel import records
    from contado.kernel.settings import Session
    from contado.web.security.keeper import Keeper

    def make(name: str) -> str:
        with records.open_store(Workspace.open(planning_city)) as store:
            return Keeper(lambda: store, Session).sign_in(store.scope(name).account_id, old=None).secret

    return make

"""A workspace with layers of every kind, tokens of two accounts, and a client of the API."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from contado.kernel import records
from contado.kernel.records import accounts, credentials
from contado.kernel.territory import boundaries, unit_tables
from contado.kernel.workspace import Workspace

MILANO = "015146"


def _places(n: int) -> gpd.GeoDataFrame:
    rows = [
        {
            "place_id": f"P{i:02}",
            "name": ["àncora", "Àncora", "zeta", "=SUM(A1)"][i % 4],
            "height_m": None if i % 5 == 4 else i * 0.5,
            "seats": None if i % 6 == 5 else i,
            "open": None if i % 7 == 6 else i % 2 == 0,
            "placed_on": dt.date(2020 + i % 3, 1, 31),
            "seen_at": pd.Timestamp(2026, 1, 1 + i % 20, 12, tz="UTC"),
            "_secret": "not shown",
            "geometry": shapely.Point(9.1 + i * 0.01, 45.4 + i * 0.005),
        }
        for i in range(n)
    ]
    frame = gpd.GeoDataFrame(rows, crs="EPSG:4326")
    frame["seats"] = frame["seats"].astype("Int64")
    frame["open"] = frame["open"].astype("boolean")
    return frame


def make_city(path) -> SimpleNamespace:
    """Make the workspace; layers ``plain`` has no ids, ``metres`` is stored in UTM, ``dated`` has intervals."""
    units = boundaries.shipped()
    workspace = Workspace.create(path)
    places = _places(20)
    with workspace.commit() as c:
        unit_tables.write(c, units)
        c.layer("places", places, title_en="Places", editable=True)
        c.layer("plain", places[["name", "geometry"]], editable=True)
        c.layer("metres", places.to_crs(32632))
        dated = places[["place_id", "geometry"]].assign(
            valid_from=places["placed_on"],
            valid_to=[None if i % 2 else dt.date(2023, 6, 30) for i in range(20)],
        )
        c.layer("dated", dated)
        c.layer("hidden", places, access="org", editable=True)
        c.layer("some_columns", places, style={"columns": ["name"]})
    tokens = {}
    with records.open_store(workspace) as store, store.writing(records.local_administrator()) as session:
        for name, role, scope in (
            ("anna", "municipality_officer", [MILANO]),
            ("capo", "manager", ["*"]),
            ("carla", "citizen", [MILANO]),
        ):
            account = accounts.ensure_account(session, name)
            accounts.add_grant(session, account, role, scope)
            secret = credentials.issue(session, "token", account.id, minutes=60).secret
            tokens[name] = {"authorization": f"Bearer {secret}"}
    return SimpleNamespace(path=workspace.path, tokens=tokens, places=places, workspace=workspace)


def client_of(city):
    from starlette.testclient import TestClient

    from contado.web.app import create

    return TestClient(create(city.path), raise_server_exceptions=False)


@pytest.fixture(scope="session")
def city(tmp_path_factory):
    """A workspace that no test changes."""
    return make_city(tmp_path_factory.mktemp("api") / "city")


@pytest.fixture(scope="session")
def api(city):
    """A client of the API of ``city``."""
    return client_of(city)


@pytest.fixture
def own_city(city, tmp_path):
    """A copy that a test may change."""
    import shutil

    path = tmp_path / "city"
    shutil.copytree(city.path, path)
    return SimpleNamespace(path=path, tokens=city.tokens, places=city.places, workspace=Workspace.open(path))


@pytest.fixture
def own(own_city):
    """A client of the API of ``own_city``."""
    return client_of(own_city)

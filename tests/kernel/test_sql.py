from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from contado.cli.app import run as main
from contado.kernel import sql
from contado.kernel.errors import DataError, ExtraMissing
from contado.kernel.workspace import WorkspaceView

SOURCE = Path(sql.__file__).parents[1]


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    city = tmp_path_factory.mktemp("sql") / "it's a city"
    assert main(["init", str(city), "--json"]) == 0
    return WorkspaceView(city)


def test_tables_and_layers_are_views(view):
    pytest.importorskip("duckdb")
    text = (
        "SELECT u.id, m.name FROM municipalities m JOIN territory_unit u ON u.istat6 = m.istat "
        "WHERE ST_Intersects(m.geometry, ST_Point(?, ?))"
    )
    found = sql.query(view, text, [9.19, 45.464])
    assert found["name"].to_pylist() == ["Milano"]
    assert sql.query(view, "SELECT count(*) AS n FROM municipalities")["n"].to_pylist() == [133]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("SELECT * FROM nothing", "bad_sql"),
        ("SELEKT 1", "bad_sql"),
        ("SELECT * FROM read_csv('/etc/passwd')", "bad_sql"),
        ("COPY (SELECT 1) TO 'x.csv'", "not_a_select"),
        ("SELECT 1; DROP VIEW municipalities", "not_a_select"),
        ("SET enable_external_access = true", "not_a_select"),
    ],
)
def test_nothing_else_is_read_or_written(view, text, rule):
    pytest.importorskip("duckdb")
    before = view.file_hashes()
    with pytest.raises(DataError) as error:
        sql.query(view, text)
    assert error.value.rule == rule
    assert view.file_hashes() == before


def test_without_the_extra(view, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "duckdb" else found(name))
    with pytest.raises(ExtraMissing, match="duckdb") as error:
        sql.query(view, "SELECT 1")
    assert "contado[sql]" in error.value.hint


def test_it_is_the_only_door_to_duckdb():
    files = [
        p for p in SOURCE.rglob("*.py") if re.search(r"^\s*(import|from) duckdb", p.read_text(), re.MULTILINE)
    ]
    assert files == [Path(sql.__file__)]

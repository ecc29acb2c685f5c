"""Item 1: workspace and territory."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import contado
from contado.cli.app import run
from contado.kernel.territory import boundaries

SOURCE = Path(contado.__file__).parent


def init(capsys, *words):
    capsys.readouterr()
    code = run(["init", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.item("platform", 1, "init: Milan", "133 / 3,219,391 / 1,575.03 +-0.01 / 2 parts / 7,131")
def test_the_shipped_territory(tmp_path, capsys, figure):
    code, answer = init(capsys, tmp_path / "city")
    assert code == 0
    assert (answer["units"], answer["residents"], answer["parts"]) == (133, 3_219_391, 2)
    assert answer["area_km2"] == pytest.approx(1575.03, abs=0.01)
    assert answer["vertices"] == 7131
    assert (answer["gaps_km2"], answer["overlaps_km2"]) == (0, 0)
    figure(
        f"{answer['units']} / {answer['residents']:,} / {answer['area_km2']:,.2f} / {answer['parts']} / {answer['vertices']:,}"
    )


@pytest.mark.item("platform", 1, "init: Lombardy", "1,503 / 9,947,125 / 23,854.54 / 4")
def test_lombardy(tmp_path, capsys, shared, figure):
    code, answer = init(
        capsys, tmp_path / "lombardy", "--units", shared("platform/comuni_lombardia_2023.parquet")
    )
    assert code == 0
    assert (answer["units"], answer["residents"], answer["parts"]) == (1503, 9_947_125, 4)
    assert answer["area_km2"] == pytest.approx(23_854.54, abs=0.01)
    assert answer["overlaps_km2"] == 0
    holes = (
        answer["gaps_km2"]
        + boundaries.load(shared("platform/comuni_lombardia_2023.parquet")).summary().enclosed_km2
    )
    assert holes == pytest.approx(8.16, abs=0.005)
    figure(f"{answer['units']:,} / {answer['residents']:,} / {answer['area_km2']:,.2f} / {answer['parts']}")


@pytest.mark.item("platform", 1, "GeoJSON and GeoParquet", "same units")
def test_two_formats_give_the_same_units(tmp_path, capsys, shared, figure):
    _, a = init(capsys, tmp_path / "a", "--units", shared("platform/comuni_cm_milano_2023.geojson"))
    _, b = init(capsys, tmp_path / "b", "--units", shared("platform/comuni_cm_milano_2023.parquet"))
    for key in ("units", "residents", "parts", "vertices"):
        assert a[key] == b[key]
    assert a["area_km2"] == pytest.approx(b["area_km2"], abs=0.01)
    one, two = (boundaries.from_workspace(contado.open(tmp_path / name)) for name in "ab")
    assert one.codes == two.codes == boundaries.shipped().codes
    assert one.gdf["name"].tolist() == two.gdf["name"].tolist()
    figure(f"{a['units']} units, {abs(a['area_km2'] - b['area_km2']):.4f} km2 apart")


@pytest.mark.item("platform", 1, "Milan in the code of the territory", "0 lines")
def test_nothing_in_the_code_names_the_shipped_territory(figure):
    folders = ("kernel/territory", "kernel/workspace", "verbs/territory")
    files = [f for folder in folders for f in (SOURCE / folder).rglob("*.py")]
    files += [SOURCE / "verbs/init.py", SOURCE / "verbs/locate.py", SOURCE / "kernel/practice.py"]
    found = [
        (f.name, line)
        for f in files
        for line in _code(f)
        if re.search(r"\bmilan(o)?\b|\b015\b|0151\d\d", line, re.IGNORECASE)
    ]
    assert not found
    figure("0 lines")


def _code(file):
    """Lines of code: comments and docstrings (whose examples may show a real place) left out."""
    import ast

    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            node.body[0] = ast.Pass()
    return ast.unparse(tree).splitlines()

"""Two programmes side by side."""

import json

from contado.cli.app import run


def line(key, year, **cents):
    paid = [{"source": s, "amount_eur": c} for s, c in cents.items()]
    return {"intervention_id": key, "start_year": year, "value_eur": 10.0, "payments": paid}


def test_added_removed_moved_refunded(tmp_path, capsys):
    before = {"value": 30.0, "programme": [line("A", 2027, own=5), line("B", 2027), line("C", 2028, own=1)]}
    after = {"programme": [line("A", 2027, own=4, region=1), line("C", 2029, own=1), line("D", 2027)]}
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for file, plan in zip(files, (before, after), strict=True):
        file.write_text(json.dumps(plan))
    assert run(["portfolio", "compare", *map(str, files), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "findings": [],
        "added": ["D"],
        "removed": ["B"],
        "moved": [{"id": "C", "from_year": 2028, "to_year": 2029}],
        "refunded": ["A"],
        "value_difference": 0.0,
    }


def test_a_file_without_programme_is_refused(tmp_path, capsys):
    file = tmp_path / "a.json"
    for text, code in (("{}", 2), ("[1]", 2), ("{", 2)):
        file.write_text(text)
        assert run(["portfolio", "compare", str(file), str(file), "--json"]) == code
        assert json.loads(capsys.readouterr().out)["error"]["rule"] == "bad_plan"

import datetime as dt
import json
import math

import pytest

from contado.cli.app import run


@pytest.fixture
def ask(tmp_path, capsys):
    def call(verb, text, *options, code=0):
        file = tmp_path / "input.csv"
        file.write_text(text)
        assert run(["monitoring", verb, str(file), *options, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return call


def meter(name, *, first=dt.date(2025, 1, 1), days=730, scale=1.0, heat=3.0):
    lines = []
    for i in range(days):
        day = first + dt.timedelta(days=i)
        temperature = (
            13 - 11 * math.cos(2 * math.pi * (day.timetuple().tm_yday - 20) / 365) + 3 * math.sin(7 * i)
        )
        energy = (50 + heat * max(15 - temperature, 0)) * (0.8 if day.year > 2025 else 1)
        energy += math.sin(31 * i * i)
        lines.append(f"{name},{day},{energy * scale:.3f},{temperature:.2f}\n")
    return lines


HEAD = "meter,date,energy_kwh,temperature_degc\n"
EVENT = ("--event", "2026-01-01")


def test_savings(ask):
    answer = ask("savings", HEAD + "".join(meter("b") + meter("a")), *EVENT)
    assert [m["meter"] for m in answer["meters"]] == ["a", "b"]
    first = answer["meters"][0]
    assert first["model"] == "hdd"
    assert first["saving_share"] == pytest.approx(0.2, abs=0.005)
    assert first["saving_low_kwh"] < first["saving_kwh"] < first["saving_high_kwh"]
    assert (first["days_used"], first["days_missing"], first["flags"]) == (730, 0, [])
    assert (answer["confidence"], answer["false_alarm"], answer["findings"]) == (0.9, 0.01, [])


def test_a_bad_meter_is_flagged_and_the_others_are_answered(ask):
    rows = meter("good") + meter("short", first=dt.date(2025, 6, 1), days=500)
    rows += meter("zero", scale=0.0)
    twice = meter("twice")
    text = meter("text")
    text[3] = "text,2025-01-04,abc,5\n"
    answer = ask("savings", HEAD + "".join(rows + twice + twice[:1] + text), *EVENT)
    flags = {m["meter"]: [f["flag"] for f in m["flags"]] for m in answer["meters"]}
    assert flags == {
        "good": [],
        "short": ["short_baseline"],
        "text": ["bad_number"],
        "twice": ["duplicate_dates"],
        "zero": ["all_zero"],
    }
    figures = {m["meter"]: m["saving_kwh"] for m in answer["meters"]}
    assert [name for name, saved in figures.items() if saved is not None] == ["good"]
    assert sorted(f["row"] for f in answer["findings"]) == ["short", "text", "twice", "zero"]
    ask("savings", HEAD + "".join(rows), *EVENT, "--strict", code=2)


def test_no_meter_left_is_refused(ask):
    error = ask("savings", HEAD + "".join(meter("zero", scale=0.0)), *EVENT, code=2)["error"]
    assert error["rule"] == "all_zero"
    assert "zero" in error["message"]


def test_adjustments(ask):
    rows = HEAD + "".join(meter("a"))
    plain = ask("savings", rows, *EVENT)["meters"][0]["saving_kwh"]
    more = ask("savings", rows, *EVENT, "--adjustment", "a=100")["meters"][0]
    assert (more["adjustment_kwh"], more["saving_kwh"]) == (100, pytest.approx(plain + 100))
    assert ask("savings", rows, *EVENT, "--adjustment", "b=1", code=2)["error"]["rule"] == "unknown_meter"
    assert ask("savings", rows, *EVENT, "--adjustment", "a", code=2)["error"]["rule"] == "bad_value"


def test_savings_needs_its_columns(ask):
    error = ask("savings", "meter,date,energy\na,2025-01-01,1\n", *EVENT, code=2)["error"]
    assert error["rule"] == "missing_column"


PANEL = "unit,group,period,value\n" + "".join(
    f"{unit},{group},{year},{value}\n"
    for unit, group, values in [
        ("A", "treated", (10, 11, 6, 6)),
        ("B", "treated", (12, 12, 8, 7)),
        ("C", "control", (11, 11, 10, 11)),
        ("D", "control", (9, 9, 9, 9)),
        ("E", "control", (10, 9, 10, 9)),
        ("F", "control", (10, 10, 10, 11)),
        ("G", "control", (10, 12, 11, 11)),
    ]
    for year, value in zip((2024, 2025, 2026, 2027), values, strict=True)
)


def test_compare(ask):
    answer = ask("compare", PANEL, "--event", "2026")
    hand = ((27 / 4) - (45 / 4)) - ((101 / 10) - (101 / 10))
    assert answer["effect"] == pytest.approx(hand)
    assert (answer["n_treated"], answer["n_control"]) == (2, 5)
    assert (answer["p_value"], answer["assignments"]) == (pytest.approx(1 / 21), 21)
    assert answer["low"] < hand < answer["high"]
    assert 0 < answer["pretrend_p"] <= 1
    assert answer["reason"] is None


def test_one_treated_unit_without_control(ask):
    answer = ask("compare", "unit,group,period,value\nA,treated,1,10\nA,treated,2,7\n", "--event", "2")
    assert (answer["effect"], answer["low"], answer["high"]) == (-3, None, None)
    assert "no control" in answer["reason"]
    assert [f["rule"] for f in answer["findings"]] == ["no_control"]


@pytest.mark.parametrize(
    ("old", "new", "event", "rule"),
    [
        ("A,treated,2024", "A,treatd,2024", "2026", "unknown_group"),
        ("A,treated,2024", "A,control,2024", "2026", "two_groups"),
        ("A,treated,2024", "A,treated,2025", "2026", "duplicate_period"),
        ("", "", "2030", "bad_period"),
        ("", "", "2024", "bad_period"),
        (",treated,", ",control,", "2026", "no_treated"),
        ("A,treated,2024,10", "A,treated,2024,ten", "2026", "bad_number"),
    ],
)
def test_panels_that_cannot_be_used(ask, old, new, event, rule):
    error = ask("compare", PANEL.replace(old, new), "--event", event, code=2)["error"]
    assert error["rule"] == rule
    assert error["hint"]


def test_a_unit_seen_on_one_side_only_is_set_aside(ask):
    answer = ask("compare", PANEL + "H,control,2024,5\n", "--event", "2026")
    assert answer["n_control"] == 5
    assert [(f["rule"], f["row"]) for f in answer["findings"]] == [("one_sided_unit", "H")]


OBSERVED = """domain,planned_eur,realised_eur
road,100,118
road,200,214
road,150,171
building,300,303
building,250,260
trees,80,112
"""


def test_update(ask):
    answer = ask("update", OBSERVED)
    assert [(d["domain"], d["n"]) for d in answer["domains"]] == [("building", 2), ("road", 3), ("trees", 1)]
    assert answer["s2"] > 0
    assert answer["tau2"] > 0
    assert answer["rows_set_aside"] == 0


def test_works_without_a_ratio_are_set_aside_and_named(ask):
    answer = ask("update", OBSERVED + "road,0,5\ntrees,10,\n")
    assert answer["rows_set_aside"] == 2
    assert [f["row"] for f in answer["findings"] if f["rule"] == "not_positive"] == [8, 9]
    assert answer["domains"] == ask("update", OBSERVED)["domains"]
    ask("update", OBSERVED + "road,0,5\n", "--strict", code=2)
    assert ask("update", "domain,planned_eur,realised_eur\n", code=2)["error"]["rule"] == "empty_table"


def test_one_work_a_domain_gives_no_interval(ask):
    answer = ask("update", "domain,planned_eur,realised_eur\nroad,100,110\n")
    assert answer["domains"][0]["low"] is None
    assert [f["rule"] for f in answer["findings"]] == ["no_spread"]

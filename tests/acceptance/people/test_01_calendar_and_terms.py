"""People, items 1 and 2: calendar, terms and their explanation, as far as the kernel answers them."""

from __future__ import annotations

import csv
import datetime as dt
import json

import holidays as package
import pytest

from contado.kernel.dates import Calendar, conference, easter, find, term
from contado.kernel.dates.rules import shipped

STEPS = ("convene", "integration_request", "opinion", "sync_meeting", "conclusion")
KEYS = ("max_convened", "max_integration_request", "max_opinions", "max_sync_meeting", "max_conclusion")


@pytest.mark.item("people", 1, "reference cases of the conference", "6 of 6, every day")
def test_the_reference_cases(shared, figure):
    cases = json.loads(shared("platform/termini_casi.json").read_text(encoding="utf-8"))["cases"]
    right = 0
    for case in cases:
        day = {
            k: v and dt.date.fromisoformat(v)
            for k, v in case["input"].items()
            if k in {"received", "convened"}
        }
        path = conference(
            **day, sensitive=case["input"]["sensitive"], suspension_days=case["input"]["suspension_days"]
        )
        told = dict(zip(KEYS, (path.steps[s].due.isoformat() for s in STEPS), strict=True))
        told |= {"regime": path.regime, "convened": path.convened.isoformat()}
        right += told == case["expected"]
    figure(f"{right} of {len(cases)}")
    assert right == len(cases) == 6


@pytest.mark.item(
    "people", 1, "rows of the open term table found by regime, step, sensitivity, day", "27 of 27"
)
def test_every_row_is_reachable(shared, figure):
    with shared("platform/termini_procedimenti.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [
        find(
            row["regime"],
            row["step"],
            sensitive=row["sensitive_interest"] == "yes",
            on=dt.date.fromisoformat(row["valid_from"]),
        )
        for row in rows
    ]
    right = sum(
        (str(r.days), r.day_type) == (row["days"], row["day_type"])
        for r, row in zip(found, rows, strict=True)
    )
    figure(f"{right} of {len(rows)}")
    assert right == len(rows) == 27


@pytest.mark.item(
    "people", 1, "holidays against the package, Milan, 2000-2040", "equal; three Easters of the page"
)
def test_holidays(figure):
    equal = sum(
        set(Calendar().holidays(y)) == set(package.Italy(subdiv="MI", years=y)) for y in range(2000, 2041)
    )
    figure(f"{equal} of 41 years")
    assert equal == 41
    days = [easter(y).isoformat() for y in (2026, 2038, 1943)]
    assert days == ["2026-04-05", "2038-04-25", "1943-04-25"]


@pytest.mark.slow
@pytest.mark.item(
    "people", 1, "terms of 1e6 files against a loop over the holidays package", "20x, identical"
)
def test_terms_of_a_million_files(bench, figure):
    (peer,) = bench("procedures/deadlines").run(1_000_000)["peers"]
    figure(f"{peer['ratio']:.0f}x")
    assert peer["identical"]
    assert peer["ratio"] >= 20


@pytest.mark.item(
    "people", 2, "explanations name rule, norm and shifts in it and en; unconfirmed rows say so", "all rows"
)
def test_explanations(figure):
    said = {"it": "da confermare sul testo della norma", "en": "to be confirmed against the text of the norm"}
    for rule in shipped():
        found = term(rule, dt.date(2026, 12, 6))
        for lang in ("it", "en"):
            text = found.text(lang)
            assert rule.norm in text
            assert (said[lang] in text) == (rule.status == "to_confirm")
            assert all(getattr(shift.reason, lang) in text for shift in found.shifts)
    figure(f"{len(shipped())} rows, 2 languages")

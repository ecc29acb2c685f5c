import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pytest

from contado.kernel import monitoring
from contado.kernel.errors import ColumnNotFound, DataError

EVENT = dt.date(2026, 1, 1)


def table(*meters):
    """Rows of meters: (name, first day, temperature, energy)."""
    rows = {"meter": [], "date": [], "energy_kwh": [], "temperature_degc": []}
    for name, first, temperature, energy in meters:
        rows["meter"] += [name] * len(energy)
        rows["date"] += [first + dt.timedelta(days=i) for i in range(len(energy))]
        rows["energy_kwh"] += [None if e is None else float(e) for e in energy]
        rows["temperature_degc"] += [float(t) for t in temperature]
    types = {"meter": pa.string(), "date": pa.date32(), "energy_kwh": pa.float64()}
    types["temperature_degc"] = pa.float64()
    return pa.table({k: pa.array(v, types[k]) for k, v in rows.items()})


def one(*meter, **options):
    return monitoring.savings(table(meter), event=EVENT, **options)[0]


START = EVENT - dt.timedelta(days=365)


def flags(answer):
    return [f.flag for f in answer.flags]


def test_the_interval_is_the_formula_of_the_page(invented):
    temperature, energy, _ = invented("heating", 4)
    answer = one("m", START, temperature, energy)
    fitted = monitoring.fit(temperature[:365], energy[:365])
    rows = fitted.design(temperature[:365])
    g = fitted.design(temperature[365:]).sum(axis=0)
    residual = energy[:365] - fitted.predict(temperature[:365])
    s2, rho = residual @ residual / (365 - 3), fitted.autocorrelation
    variance = s2 * (1 + rho) / (1 - rho) * (g @ np.linalg.inv(rows.T @ rows) @ g + 365)
    half = (answer.saving_high_kwh - answer.saving_low_kwh) / 2
    assert half == pytest.approx(1.6491 * math.sqrt(variance), rel=1e-3)  # Student, 362 degrees, 90 %
    assert answer.saving_kwh == pytest.approx(fitted.predict(temperature[365:]).sum() - energy[365:].sum())
    assert answer.saving_share == pytest.approx(answer.saving_kwh / answer.baseline_kwh)


def test_an_agreed_adjustment_is_added(invented):
    temperature, energy, _ = invented("heating", 4)
    plain = one("m", START, temperature, energy)
    adjusted = one("m", START, temperature, energy, adjustments={"m": 500.0})
    assert adjusted.saving_kwh == pytest.approx(plain.saving_kwh + 500)
    assert adjusted.baseline_kwh == plain.baseline_kwh


def test_missing_days_are_counted_and_row_order_does_not_matter(invented):
    temperature, energy, _ = invented("both", 2)
    holes = [None if i % 7 == 3 else e for i, e in enumerate(energy)]
    rows = table(("m", START, temperature, holes))
    shuffled = rows.take(np.random.default_rng(0).permutation(rows.num_rows))
    first, second = (monitoring.savings(t, event=EVENT)[0] for t in (rows, shuffled))
    assert first == second
    gaps = holes.count(None)
    assert (first.days_missing, first.days_used) == (gaps, 730 - gaps)
    assert "missing_days" in flags(first)


def test_a_bad_meter_is_refused_and_the_others_are_answered(invented):
    temperature, energy, _ = invented("heating", 6)
    short = EVENT - dt.timedelta(days=240)
    rows = table(
        ("good", START, temperature, energy),
        ("short", short, temperature[125:], energy[125:]),
        ("zero", START, temperature, energy * 0),
        ("fahrenheit", START, temperature * 1.8 + 32, energy),
        ("twice", START, temperature, energy),
        ("twice", START, temperature[:1], energy[:1]),
        ("before", START, temperature[:365], energy[:365]),
    )
    answers = {m.meter: m for m in monitoring.savings(rows, event=EVENT)}
    refused = {name: m.refusal.rule for name, m in answers.items() if m.refusal}
    assert refused == {
        "short": "short_baseline",
        "zero": "all_zero",
        "fahrenheit": "bad_temperature",
        "twice": "duplicate_dates",
        "before": "no_reporting",
    }
    assert all(answers[n].saving_kwh is None and flags(answers[n]) == [rule] for n, rule in refused.items())
    assert answers["good"] == one("good", START, temperature, energy)


def test_nine_months_are_accepted(invented):
    temperature, energy, _ = invented("heating", 6)
    answer = one("m", EVENT - dt.timedelta(days=275), temperature[90:], energy[90:])
    assert answer.refusal is None
    assert "short_baseline" not in flags(answer)


def test_temperatures_beyond_the_baseline_are_flagged_with_their_first_day(invented):
    temperature, energy, _ = invented("heating", 6)
    temperature = temperature.copy()
    temperature[400] = temperature[:365].min() - 5
    flag = next(
        f for f in one("m", START, temperature, energy).flags if f.flag == "temperature_outside_baseline"
    )
    assert flag.date == START + dt.timedelta(days=400)


def test_bills_are_dated_by_their_first_day():
    starts = [dt.date(2025 + m // 12, m % 12 + 1, 1) for m in range(25)]
    days = np.diff([d.toordinal() for d in starts])
    temperature = 13 - 11 * np.cos(2 * np.pi * np.arange(24) / 12)
    daily = (50 + 4 * np.clip(15 - temperature, 0, None)) * np.where(np.arange(24) < 12, 1, 0.8)
    rows = pa.table(
        {
            "meter": ["m"] * 25,
            "date": pa.array(starts, pa.date32()),
            "energy_kwh": [*(daily * days), None],
            "temperature_degc": [*temperature, None],
        }
    )
    answer = monitoring.savings(rows, event=EVENT)[0]
    assert (answer.model, answer.days_used, answer.days_missing) == ("hdd", 730, 0)
    assert answer.saving_share == pytest.approx(0.2, abs=1e-6)


def test_a_bill_across_the_event_belongs_to_neither_side():
    starts = [dt.date(2025 + m // 12, m % 12 + 1, 1) for m in range(25)]
    days = np.diff([d.toordinal() for d in starts])
    rows = pa.table(
        {
            "meter": ["m"] * 25,
            "date": pa.array(starts, pa.date32()),
            "energy_kwh": [*(10.0 * days), None],
            "temperature_degc": [10.0] * 24 + [None],
        }
    )
    answer = monitoring.savings(rows, event=dt.date(2025, 12, 15))[0]
    assert (answer.days_used, answer.days_missing) == (730 - 31, 31)


def test_tables_that_cannot_be_used():
    with pytest.raises(ColumnNotFound):
        monitoring.savings(table().drop_columns("meter"), event=EVENT)
    with pytest.raises(DataError) as raised:
        monitoring.savings(table(), event=EVENT)
    assert raised.value.rule == "empty_table"

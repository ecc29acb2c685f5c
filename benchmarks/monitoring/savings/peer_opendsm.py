"""opendsm's daily model (the CalTRACK family) on the same meters."""

import time

import numpy as np
import pandas as pd
from opendsm.eemeter import DailyBaselineData, DailyModel, DailyReportingData
from peers import serve


def savings(given):
    """Return the saving share of each meter; rows come in pairs, before and after."""
    start = time.process_time()
    frames = [
        frame(*row) for row in zip(given["day"], given["temperature_degc"], given["energy_d"], strict=True)
    ]
    found = [saving(before, after) for before, after in zip(frames[::2], frames[1::2], strict=True)]
    return {"share": np.array(found), "cpu_s": time.process_time() - start}


def frame(day, temperature_degc, energy_d):
    index = pd.date_range("2025-01-01", periods=730, tz="UTC")[day]
    return pd.DataFrame({"temperature": temperature_degc * 1.8 + 32, "observed": energy_d}, index=index)


def saving(before, after):
    data = DailyBaselineData(before, is_electricity_data=True)
    model = DailyModel().fit(data, ignore_disqualification=True)
    reporting = DailyReportingData(after, is_electricity_data=True)
    predicted = model.predict(reporting, ignore_disqualification=True)["predicted"].sum()
    return 1 - after["observed"].sum() / predicted


if __name__ == "__main__":
    serve(savings)

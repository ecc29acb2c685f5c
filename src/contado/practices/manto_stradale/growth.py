"""How fast the roads of the workspace become rougher: the deterioration model on the body's own drives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from contado.engines.pavement.deterioration import GrowthModel, fit, history_of
from contado.engines.pavement.deterioration.family import family_of
from contado.engines.pavement.deterioration.history import season_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from contado.kernel.workspace import WorkspaceView

__all__ = ["family", "fitted", "life_of", "surface_age_y"]

_YEAR_D = 365.25

Row = dict[str, Any]


def family(section: Row, on: date) -> str:
    """Return the family of a section on a day."""
    return family_of(
        surface=section["surface"], aadt=section["aadt"], age_y=surface_age_y(section["built_on"], on), on=on
    )


def surface_age_y(laid_on: date | None, on: date) -> float | None:
    """Return the age of a surface; None where it is unknown."""
    return None if laid_on is None else max(0.0, (on - laid_on).days / _YEAR_D)


def life_of(section: str, works_before: int) -> str:
    """Return the name of a section's surface after so many works: each life has a slope of its own."""
    return f"{section}#{works_before}"


def fitted(workspace: WorkspaceView, sections: Mapping[str, Row], on: date) -> GrowthModel:
    """Return the growth fitted on what drives read until the day ``on``; a month's drives are one campaign.

    Parameters
    ----------
    workspace
        For the observations of cells and the works.
    sections
        Rows of ``pavement_lrs_section`` by id.
    on
        Last day that counts.
    """
    seen = workspace.read("pavement_cell_obs")
    names = ["section_id", "cell", "t_utc", "iri_m_km"]
    frame = seen.select(names).to_pandas()
    frame["t_utc"] = pd.to_datetime(frame["t_utc"], utc=True)
    end = pd.Timestamp(on, tz="UTC") + pd.Timedelta(days=1)
    known = frame["section_id"].isin(list(sections)) & frame["iri_m_km"].notna() & (frame["t_utc"] < end)
    frame = frame[known]
    days = frame["t_utc"].dt.tz_localize(None).to_numpy("datetime64[D]")
    lives = _lives(frame["section_id"].tolist(), days, workspace.read("pavement_works").to_pylist(), on)
    months = days.astype("datetime64[M]").astype(str)
    return fit(
        history_of(
            pa.table(
                {
                    "section": pa.array(lives, pa.string()),
                    "from_m": pa.array(frame["cell"].astype(str).tolist(), pa.string()),
                    "age_years": (days - np.datetime64(on)).astype(float) / _YEAR_D,
                    "iri_m_km": frame["iri_m_km"].to_numpy(float),
                    "campaign": pa.array(months.tolist(), pa.string()),
                    "season": pa.array([season_of(int(m[5:7])) for m in months.tolist()], pa.string()),
                    "family": pa.array([family(sections[s], on) for s in frame["section_id"]], pa.string()),
                }
            )
        )
    )


def _lives(
    section: Sequence[str], days: np.ndarray[Any, np.dtype[np.datetime64]], works: Sequence[Row], on: date
) -> list[str]:
    """Return the life of the surface that each observation read: works on any part of a section begin a new one."""
    done: dict[str, list[np.datetime64]] = {}
    for work in works:
        if work["date"] <= on:
            done.setdefault(work["section_id"], []).append(np.datetime64(work["date"]))
    return [life_of(s, sum(day <= d for day in done.get(s, ()))) for s, d in zip(section, days, strict=True)]

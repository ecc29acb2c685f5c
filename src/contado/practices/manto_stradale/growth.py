"""How fast the roads of the workspace become rougher: the deterioration model on the body's own drives."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from contado.engines.pavement.deterioration import GrowthModel, fit, history_of
from contado.engines.pavement.deterioration.family import family_of
from contado.engines.pavement.deterioration.history import season_of
from contado.engines.pavement.state.lives import legal_days, lived

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import pandas as pd

    from contado.engines.pavement.state.lives import Days
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
        Last legal day that counts.
    """
    seen = workspace.read("pavement_cell_obs")
    names = ["section_id", "cell", "t_utc", "iri_m_km"]
    frame = seen.select(names).to_pandas()
    days = legal_days(frame["t_utc"], workspace.settings.territory.timezone)
    known = frame["section_id"].isin(list(sections)) & frame["iri_m_km"].notna() & (days <= np.datetime64(on))
    frame, days = frame[known], days[known]
    lives = _lives(frame["section_id"], days, workspace.read("pavement_works").to_pylist(), on)
    families = {s: family(sections[s], on) for s in frame["section_id"].unique()}
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
                    "family": pa.array(frame["section_id"].map(families), pa.string()),
                }
            )
        )
    )


def _lives(section: pd.Series[str], days: Days, works: Sequence[Row], on: date) -> list[str]:
    """Return the life of the surface that each observation read: works on any part of a section begin a new one."""
    done: dict[str, list[date]] = defaultdict(list)
    for work in works:
        if work["date"] <= on:
            done[work["section_id"]].append(work["date"])
    before = np.zeros(len(section), np.int64)
    for name, rows in section.groupby(section).indices.items():
        if name in done:
            before[rows] = lived(days[rows], np.array(done[str(name)], "datetime64[D]"))
    return [life_of(s, n) for s, n in zip(section, before.tolist(), strict=True)]

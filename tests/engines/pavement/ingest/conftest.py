"""Drives that several files load."""

from __future__ import annotations

import pytest

from contado.engines.pavement import simulate


@pytest.fixture(scope="session")
def drives(tmp_path_factory):
    """Two cars, twice along 900 m."""
    folder = tmp_path_factory.mktemp("simulated") / "drives"
    simulate.drives(folder, seed=3, length_m=900, vehicles=2, passes=2)
    return folder

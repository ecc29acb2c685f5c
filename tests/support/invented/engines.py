"""The engines of scale that are here."""

from __future__ import annotations

import importlib.util
import shutil

import pytest


def available(engine: str) -> None:
    """Skip with the reason where an engine is not there."""
    if engine == "dask":
        pytest.importorskip("distributed")
    if engine == "spark":
        if shutil.which("java") is None:
            pytest.skip("no Java here")
        if importlib.util.find_spec("pyspark") is None:
            pytest.skip("pyspark is not installed: pip install 'contado[spark]'")

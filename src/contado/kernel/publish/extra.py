"""Packages of the extra ``publish``, imported on use."""

from __future__ import annotations

import importlib
from typing import Any

from contado.kernel.errors import ExtraMissing

__all__ = ["needed"]


def needed(package: str) -> Any:
    """Import a package or module of the extra.

    Raises
    ------
    ExtraMissing
        It is not installed; the hint names the extra.
    """
    try:
        return importlib.import_module(package)
    except ImportError:
        raise ExtraMissing.from_extra("export report", "publish", package.partition(".")[0]) from None

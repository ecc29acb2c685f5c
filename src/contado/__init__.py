"""contado: the open platform for a metropolitan city's ecological transition.

Diagnose the territory, choose the programme, carry it out, measure what it did.

    >>> import contado
    >>> city = contado.open("milano")                       # doctest: +SKIP
    >>> city.read("indicator_value").num_rows               # doctest: +SKIP

Kernel rooms and engines load on use: `contado.portfolio` is `contado.kernel.portfolio`,
and engines are imported as ``from contado.engines import pavement``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    from contado.kernel.workspace import Workspace

__version__ = "0.1.0"

__all__ = ["__version__", "open"]

_ROOMS = (
    "dates",
    "funding",
    "appraisal",
    "monitoring",
    "portfolio",
    "practice",
    "programme",
    "publish",
    "records",
    "solver",
    "tables",
    "territory",
    "workspace",
)


def open(path: str | os.PathLike[str]) -> Workspace:  # noqa: A001 - `contado.open("milano")` is the product's front door
    """Open an existing workspace folder.

    Raises
    ------
    WorkspaceError
        The folder is no workspace, is damaged, or was written by a newer program.
    """
    from contado.kernel.workspace import Workspace

    return Workspace.open(path)


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"contado.kernel.{name}")
    if name == "testing":
        return importlib.import_module("contado.testing")
    raise AttributeError(f"module 'contado' has no attribute {name!r}")

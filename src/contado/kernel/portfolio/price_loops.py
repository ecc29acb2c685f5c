"""Which loops the price method runs on: compiled where numba is installed, numpy otherwise."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Literal

from contado.kernel.errors import UsageError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Path", "loops", "path_of"]

Path = Literal["compiled", "numpy"]


def path_of(wanted: Path | None = None) -> Path:
    """Return the path to take: the one wanted, else the fastest at hand.

    Raises
    ------
    UsageError
        Compiled loops are wanted where there is no compiler.
    """
    compiler = importlib.util.find_spec("numba") is not None
    if wanted == "compiled" and not compiler:
        raise UsageError(
            "The run was made with compiled loops, and there is no compiler here.",
            hint="install the extra roads",
        )
    return wanted or ("compiled" if compiler else "numpy")


def loops(path: Path) -> ModuleType:
    """Return the module whose functions do the loops: `price_kernels` or `price_plain`."""
    if path == "numpy":
        from contado.kernel.portfolio import price_plain

        return price_plain
    from contado.kernel.portfolio import price_kernels

    return price_kernels

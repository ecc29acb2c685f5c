"""The one door to numba: kernels are compiled once and kept on disk.

numba raises at import where it finds no folder it may write its cache to; so a folder is chosen first.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["njit"]

F = TypeVar("F", bound="Callable[..., Any]")


def njit(**options: Any) -> Callable[[F], F]:
    """Decorate a kernel: compiled by numba on first call, cached on disk, no object mode.

    Raises
    ------
    ImportError
        numba is not installed (extra ``roads``).
    """
    if "NUMBA_CACHE_DIR" not in os.environ and not os.access(Path(__file__).parent, os.W_OK):
        os.environ["NUMBA_CACHE_DIR"] = str(Path(tempfile.gettempdir()) / "contado-numba")
    import numba

    decorate: Callable[[F], F] = numba.njit(cache=True, **options)
    return decorate

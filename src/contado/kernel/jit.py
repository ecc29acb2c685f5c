"""The one door to numba: kernels are compiled once and kept on disk.

numba raises at import where it finds no folder it may write its cache to; so a folder is chosen first.
It also recompiles a kernel only when the kernel's own file changes, not when a kernel it calls does; so
the folder is named after the content of every package that holds kernels.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["leaf", "njit"]

F = TypeVar("F", bound="Callable[..., Any]")


def njit(**options: Any) -> Callable[[F], F]:
    """Decorate a kernel: compiled by numba on first call, cached on disk, no object mode.

    Raises
    ------
    ImportError
        numba is not installed (extra ``roads``).
    """
    folder = str(_folder())
    import numba

    vars(numba.config)["CACHE_DIR"] = folder  # the variable is made at run time, from the environment
    decorate: Callable[[F], F] = numba.njit(cache=True, **options)
    return decorate


def leaf(**options: Any) -> Callable[[F], F]:
    """Decorate a kernel that allocates nothing, as `njit` does, without reference counts.

    Counting the references of each array at each call costs several times the work of a small kernel
    that is handed dozens of arrays. Division by zero follows IEEE 754, as in numpy.

    Raises
    ------
    ImportError
        numba is not installed (extra ``roads``).
    """
    return njit(_nrt=False, error_model="numpy", **options)


@cache
def _folder() -> Path:
    """Return the cache folder of the kernels as they are now."""
    root = Path(__file__).parents[1]
    beside = root / "__pycache__"
    writable = os.access(beside if beside.is_dir() else root, os.W_OK)
    base = os.environ.get("NUMBA_CACHE_DIR") or (
        beside if writable else Path(tempfile.gettempdir()) / "contado"
    )
    return Path(base) / f"kernels-{_content(root)}"


def _content(root: Path) -> str:
    """Return a short hash of all modules of the packages that hold kernels."""
    texts = {path: path.read_bytes() for path in root.rglob("*.py")}
    packages = {path.parent for path, text in texts.items() if b"@njit" in text or b"@leaf" in text}
    digest = hashlib.sha256()
    for path in sorted(path for path in texts if path.parent in packages):
        digest.update(path.name.encode() + texts[path])
    return digest.hexdigest()[:12]

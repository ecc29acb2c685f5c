"""The door to numba: where compiled kernels are kept, and what a leaf is."""

from __future__ import annotations

import numpy as np
import pytest

from contado.kernel import jit


def test_the_cache_is_named_after_what_the_kernels_say(tmp_path):
    (tmp_path / "room").mkdir()
    (tmp_path / "other").mkdir()
    kernel, beside, apart = (tmp_path / p for p in ("room/a.py", "room/state.py", "other/b.py"))
    kernel.write_text("@njit()\ndef f(): ...\n")
    beside.write_text("SIZE = 1\n")
    apart.write_text("X = 1\n")
    before = jit._content(tmp_path)
    apart.write_text("X = 2\n")
    assert jit._content(tmp_path) == before
    beside.write_text("SIZE = 2\n")
    assert jit._content(tmp_path) != before


def test_the_cache_stands_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    jit._folder.cache_clear()
    assert jit._folder().parent == tmp_path
    monkeypatch.undo()
    jit._folder.cache_clear()


@pytest.mark.parametrize("decorate", [jit.njit, jit.leaf])
def test_a_kernel_computes(decorate):
    @decorate()
    def total(values):
        result = 0.0
        for value in values:
            result += value
        return result

    assert total(np.arange(4.0)) == 6.0
    assert total.signatures


def test_a_leaf_divides_as_numpy_does():
    @jit.leaf()
    def divide(a, b):
        return a / b

    assert divide(1.0, 0.0) == np.inf

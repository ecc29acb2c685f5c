"""Public names: every `__all__` is true and without repeats (ruff keeps it sorted)."""

import importlib
import pkgutil

import pytest

import contado


def modules() -> list[str]:
    found = pkgutil.walk_packages(contado.__path__, "contado.")
    scripts = ("__main__", "migrations.env")  # what another program runs, not what anybody imports
    return [m.name for m in found if not m.name.endswith(scripts)]


@pytest.mark.parametrize("name", modules())
def test_exported_names_exist(name):
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", None)
    if exported is None:
        return
    assert len(set(exported)) == len(exported)
    for member in exported:
        assert getattr(module, member) is not None or member.isupper()

"""Public names: every `__all__` is sorted and true."""

import importlib
import pkgutil

import pytest

import contado


def modules() -> list[str]:
    found = pkgutil.walk_packages(contado.__path__, "contado.")
    return [m.name for m in found if not m.name.endswith("__main__")]


@pytest.mark.parametrize("name", modules())
def test_exported_names_exist_and_are_sorted(name):
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", None)
    if exported is None:
        return
    assert sorted(exported) == list(exported)
    for member in exported:
        assert getattr(module, member) is not None or member.isupper()

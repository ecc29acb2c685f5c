"""The registry of practices: names, duplicates, plug-ins that break."""

from __future__ import annotations

import inspect
from importlib.metadata import EntryPoint

import pytest

from contado.kernel import practice
from contado.kernel.errors import PracticeError


class Sound:
    name = "sound"

    def diagnose(self, workspace, *, on, seed=0, progress=None): ...
    def propose(self, workspace, diagnosis, *, on, seed=0, progress=None): ...
    def monitor(self, workspace, programme, *, on, seed=0, progress=None): ...

    def register_pages(self):
        return [
            practice.PageSpec(
                plain_it="Prova",
                plain_en="Trial",
                official="Prova",
                column="offices",
                opens_with_it="una prova",
                opens_with_en="a trial",
                button_it="Apri",
                button_en="Open",
            )
        ]


class Broken(Sound):
    name = "broken"

    def register_feeds(self):
        raise RuntimeError("no feed today")


def entry(name, attribute, module="sound_module"):
    return EntryPoint(name=name, value=f"{module}:{attribute}", group=practice.GROUP)


@pytest.fixture
def sound_module(monkeypatch):
    import sys
    import types

    module = types.ModuleType("sound_module")
    module.Sound, module.Broken = Sound, Broken
    monkeypatch.setitem(sys.modules, "sound_module", module)


def test_public_names_are_sorted_and_exist():
    names = practice.__all__
    constants = [n for n in names if n.isupper()]
    assert names[: len(constants)] == sorted(constants)
    assert all(hasattr(practice, n) for n in names)


def test_every_hook_is_documented_and_returns_nothing_by_default():
    hooks = practice.Hooks()
    declared = [n for n in vars(practice.Hooks) if n.startswith("register_")]
    assert tuple(declared) == practice.HOOKS
    for name in practice.HOOKS:
        assert inspect.getdoc(getattr(hooks, name))
        assert getattr(hooks, name)() == ()


def test_a_registration_carries_what_the_hooks_return():
    registration = practice.Registry().add(Sound)
    assert (registration.name, registration.pages[0].plain_en, registration.layers) == ("sound", "Trial", ())


def test_a_name_stands_once():
    registry = practice.Registry()
    registry.add(Sound)
    with pytest.raises(PracticeError) as caught:
        registry.add(type("Other", (Sound,), {}))
    assert caught.value.rule == "duplicate_practice"


@pytest.mark.parametrize("name", [None, "", "With Space", "è"])
def test_a_name_without_form_is_refused(name):
    with pytest.raises(PracticeError, match="no valid name"):
        practice.Registry().add(type("Odd", (Sound,), {"name": name}))


def test_a_class_without_a_function_is_refused():
    with pytest.raises(PracticeError, match="lacks monitor"):
        practice.Registry().add(type("Half", (Sound,), {"name": "half", "monitor": None}))


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (entry("broken", "Broken"), "broken_practice"),
        (entry("absent", "Absent"), "broken_practice"),
        (entry("nowhere", "Sound", "no_such_module"), "broken_practice"),
        (entry("another", "Sound"), "practice_name"),
    ],
)
def test_a_broken_plug_in_is_reported_and_the_others_work(sound_module, bad, rule):
    registry = practice.discover([bad, entry("sound", "Sound")])
    assert list(registry) == ["sound"]
    assert [(f.rule, f.row) for f in registry.findings] == [(rule, bad.name)]


def test_a_duplicate_plug_in_is_refused_and_reported(sound_module):
    registry = practice.discover([entry("sound", "Sound"), entry("sound", "Sound", "sound_module ")])
    assert list(registry) == ["sound"]
    assert [f.rule for f in registry.findings] == ["duplicate_practice"]


def test_an_unknown_practice_names_the_nearest():
    registry = practice.Registry()
    registry.add(Sound)
    with pytest.raises(PracticeError) as caught:
        registry["sund"]
    assert (caught.value.rule, caught.value.hint) == ("unknown_practice", "did you mean sound?")


def test_results_are_frozen():
    diagnosis = practice.Diagnosis({})
    with pytest.raises(AttributeError):
        diagnosis.tables = {}

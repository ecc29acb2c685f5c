"""Reasons with names in place of keys."""

from __future__ import annotations

import pytest

from contado.kernel.portfolio.told import in_names, never_chosen

TITLES = {"biciplan:S03:cycle_lane": "Corsia ciclabile, Corso Vittoria"}
SOURCES = {"own": "Fondi propri", "regional": "Regione"}


@pytest.mark.parametrize(
    ("reason", "code", "told"),
    [
        (
            "In programma nel 2028, pagato da regional, own.",
            "chosen",
            "In programma nel 2028, pagato da Regione, Fondi propri.",
        ),
        (
            "In the programme in 2028, paid by own, eu.",
            "chosen",
            "In the programme in 2028, paid by Fondi propri, eu.",
        ),
        (
            "Escluso: è stato scelto biciplan:S03:cycle_lane.",
            "excluded_by",
            "Escluso: è stato scelto Corsia ciclabile, Corso Vittoria.",
        ),
        ("Richiede toy:own, che resta fuori.", "requires_unfunded", "Richiede toy:own, che resta fuori."),
        ("rende abbastanza", "worth", "rende abbastanza"),
        ("", "chosen", None),
        (None, None, None),
    ],
)
def test_keys_become_names(reason, code, told):
    assert in_names(reason, code, TITLES, SOURCES) == told


def test_one_and_several_that_no_draw_chose_are_told():
    assert never_chosen(0, "it") is None
    assert never_chosen(1, "it") == "L’altro candidato non è scelto in nessuna prova."
    assert never_chosen(1040, "it") == "Gli altri 1.040 candidati non sono scelti in nessuna prova."
    assert never_chosen(1040, "en") == "The other 1,040 candidates are chosen in no draw."

"""What every answer of the road engine's contract holds."""

from __future__ import annotations

import pytest

from contado.verbs import load

CONTRACT = [
    "network",
    "reference",
    "match",
    "iri",
    "simulate",
    "read",
    "process",
    "fuse",
    "segment",
    "condition",
    "strategies",
    "programme",
    "trial",
    "trial-power",
    "trial-published",
    "lifecycle",
    "cam",
    "map",
    "replay",
    "report",
    "load",
    "demo",
]


@pytest.mark.parametrize("name", CONTRACT)
def test_every_answer_has_label_findings_and_seconds(name):
    answer = load(f"pavement {name}").answer
    assert {"label", "findings", "compute_s"} <= set(answer.__struct_fields__)

"""Findings of many sections in one each: a note that is counted stays a note."""

from __future__ import annotations

from types import SimpleNamespace

from contado.engines.pavement.ingest.noticed import noticed
from contado.kernel.errors import Finding


def found(severity, rule):
    return Finding(severity=severity, rule=rule, message=f"{rule}.")


def test_sections_are_counted_by_rule_and_severity():
    stood, blind = found("note", "not_measurable"), found("warning", "not_measurable")
    results = [SimpleNamespace(findings=[stood, blind]), SimpleNamespace(findings=[stood])]
    read = SimpleNamespace(findings=[found("note", "file_ignored")], drives=[])
    told = noticed([read, read], results)
    assert [(f.severity, f.rule, f.message[:2]) for f in told] == [
        ("note", "file_ignored", "fi"),
        ("note", "not_measurable", "2 "),
        ("warning", "not_measurable", "1 "),
    ]

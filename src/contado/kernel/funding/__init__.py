"""Funding: sources and dated rules -> euros with article and formula, for any date."""

from __future__ import annotations

from contado.kernel.funding.evaluate import Evaluation, Funded, Part, SourceAmount, evaluate
from contado.kernel.funding.mix import best_mix
from contado.kernel.funding.predicate import parse
from contado.kernel.funding.rules import OWN, Amount, Rule, read_rules

__all__ = [
    "OWN",
    "Amount",
    "Evaluation",
    "Funded",
    "Part",
    "Rule",
    "SourceAmount",
    "best_mix",
    "evaluate",
    "parse",
    "read_rules",
]

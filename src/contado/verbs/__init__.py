"""Everything a user can ask for, declared once.

`INDEX` is the static list of names with their one-line help, so that the command line answers ``--help``
without importing anything heavy. The verb ``pavement iri`` stands in `contado.verbs.pavement.iri` as
``VERB``; dashes become underscores and a Python keyword takes a final underscore.
"""

from __future__ import annotations

import importlib
import keyword
from typing import TYPE_CHECKING, Any

from contado.kernel.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from contado.kernel.declare import Verb

__all__ = ["GROUPS", "INDEX", "load", "names"]

INDEX: Mapping[str, str | Mapping[str, str]] = {
    "init": "Create a workspace of a territory",
    "demo": "Build the demonstration workspace",
    "import": "Bring a layer, raster, weather file or timetable into the workspace",
    "export": {
        "layer": "Write a layer to a file",
        "schede": "Write the sheets of the workspace's three-year programme",
        "report": "Write the report of the workspace's programme",
    },
    "serve": "Show the workspace in a browser",
    "locate": "Say which municipality a point lies in",
    "territory": {
        "unit": "Look up municipalities by code or name",
    },
    "catalogue": {
        "export": "Write the catalogue of open data (DCAT-AP_IT)",
        "read": "List the datasets of a DCAT catalogue",
    },
    "grants": {
        "add": "Give an account a role over municipalities",
        "import": "Give the grants of a CSV, all rows or none",
        "list": "List who may do what where",
        "token": "Make a bearer token of an account",
        "link": "Make a sign-in link of an account that works once",
    },
    "audit": {
        "verify": "Recompute the audit chain and say what does not hold",
        "head": "Print the last link of the audit chain, to be kept elsewhere as an anchor",
    },
    "records": {
        "backup": "Write a consistent copy of the records and attachments",
        "restore": "Verify a backup and put it in its place",
        "retention": "Delete what has outlived its retention day, and say what",
    },
    "tiles": {
        "render": "Write live vector tiles of a layer",
        "build": "Write all tiles of a layer as one PMTiles file",
    },
    "frontend": {
        "check": "Check the third-party files of the web pages",
    },
    "diagnose": "Let a practice measure the territory",
    "propose": "Let a practice propose interventions",
    "monitor": "Let a practice measure what was done",
    "plan": "Choose the programme of the workspace under its budgets",
    "front": "List all nondominated programmes of the workspace",
    "explain": "Say why an intervention is in the workspace's programme or not",
    "robust": "Say how sturdy the workspace's programme is under draws",
    "why": "Show where a number comes from",
    "rerun": "Repeat a recorded run and compare the bytes",
    "tables": {
        "check": "Check tables against their schemas",
        "schema": "Describe the schemas of the tables",
        "import": "Bring a folder of tables into the workspace",
    },
    "practice": {
        "list": "List the registered practices",
        "check": "Run the conformance suite on a practice",
    },
    "funding": {
        "evaluate": "Say what each source may pay for each intervention on a day",
    },
    "appraisal": {
        "cba": "Appraise costs and benefits over the years",
        "report": "Write the report of a cost-benefit analysis, with the DNSH section",
        "mcda": "Compare alternatives on many criteria",
    },
    "programme": {
        "export": "Write the sheets of a plan, ready to file",
        "publish": "Make a recorded run the programme of the workspace",
        "record": "Take in what the offices report: commitments, payments, works, observations",
        "codes": "Check project codes",
    },
    "monitoring": {
        "savings": "Say what each meter saved after an event",
        "compare": "Compare what changed with units where nothing was done",
        "update": "Correct planned costs by what works really cost",
    },
    "portfolio": {
        "solve": "Choose the best programme of a folder, with a bound and prices",
        "verify": "Recompute a plan from its folder and say what it breaks",
        "explain": "Say why an intervention is in the best programme or not, in figures",
        "front": "List all nondominated plans of several objectives",
        "robust": "Say which projects stay whatever the weights, scores, costs and benefits",
        "increments": "Plan at larger and smaller budgets and say what enters when",
        "alternatives": "List plans nearly as good as the best that decide otherwise",
        "compare": "Show what changes from one programme to another",
    },
    "pavement": {
        "network": "Read a street network and count it",
        "reference": "Convert between chainages and points of a route",
        "match": "Match GNSS traces to the street network",
        "iri": "Compute the International Roughness Index of a profile",
        "simulate": "Simulate drives over an invented road",
        "read": "Read drives as phones and loggers write them",
        "process": "Turn drives into roughness cells and anomalies",
        "screen": "Pass over an archive of drives: where each shook, without a network",
        "fuse": "Fuse the cells of many passes into one state",
        "validate": "Check estimated roughness against a survey that calibrated nothing",
        "segment": "Cut cells into homogeneous segments",
        "condition": "Grade segments and rank them",
        "strategies": "List the treatments each segment could get",
        "programme": "Choose a strategy a segment under yearly budgets, with bound and reasons",
        "load": "Bring a folder of drives into the workspace",
        "trial": "Say what a trial pavement shows against its control sections",
        "trial-power": "Say which effect a planned trial can find",
        "trial-published": "Read a published trial: yearly losses and what they cannot tell",
        "lifecycle": "Compare mixes over their life: annual cost, break-even life, gases",
        "cam": "Check the recycled share of a mix against the minimum criteria of a day",
        "map": "Draw a state of roads as one HTML file",
        "replay": "Show drives moving along their route in one HTML file",
        "report": "Write the report of a state of roads",
        "demo": "Go from simulated drives to a map and a programme, with nothing at hand",
        "watch": "Bring drives into the workspace as their files appear",
        "device-add": "Give a device a token with which it sends drives while they go on",
        "device-revoke": "Take a device's token back",
        "device-list": "List the devices that may send drives",
        "observations": "Take in what cameras, citizens and inspectors saw on the road",
        "evidence": "Say when a defect was seen, was not seen, was repaired, and who said so",
    },
    "bench": "Time contado beside its peers",
}

GROUPS: Mapping[str, str] = {
    "export": "Layers out of the workspace",
    "territory": "Municipalities and their codes",
    "catalogue": "The catalogue of open data",
    "grants": "Accounts, their roles and municipalities",
    "audit": "The audit chain of the records",
    "records": "Backup and restore of the records",
    "tiles": "Vector tiles of the workspace's layers",
    "frontend": "Third-party files of the web pages",
    "tables": "Check and describe tables",
    "practice": "List and check practices",
    "funding": "Sources of money and their dated rules",
    "appraisal": "Cost-benefit and multi-criteria appraisal",
    "programme": "The three-year programme: filing, codes, what was realised",
    "monitoring": "Before and after: savings, comparisons, realised costs",
    "portfolio": "Choose among interventions or options under budgets",
    "pavement": "Road sensing: network, drives, roughness, anomalies, condition",
}


def names() -> Iterator[str]:
    """Yield the full name of every verb, in the order of the index."""
    for name, entry in INDEX.items():
        if isinstance(entry, str):
            yield name
        else:
            yield from (f"{name} {verb}" for verb in entry)


def load(name: str) -> Verb[Any, Any]:
    """Import and return the verb called ``name`` ("pavement iri").

    Raises
    ------
    UsageError
        There is no such verb; the hint names the nearest.
    """
    if name not in set(names()):
        raise UsageError(
            f"There is no verb {name!r}.",
            rule="unknown_verb",
            hint=did_you_mean(name, names()) or "contado --help",
        )
    parts = [part.replace("-", "_") for part in name.split()]
    parts = [f"{part}_" if keyword.iskeyword(part) else part for part in parts]
    verb: Verb[Any, Any] = importlib.import_module("contado.verbs." + ".".join(parts)).VERB
    return verb

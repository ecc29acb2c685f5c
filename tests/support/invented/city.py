"""A small workspace with municipalities, simulated roads and a programme."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from contado.kernel import tables
from contado.kernel.settings import Body, Pavement, Settings, TerritorySettings, WorkspaceSettings
from contado.kernel.territory import boundaries
from contado.kernel.workspace import Workspace
from invented.fieldcheck import add_field_check
from invented.past import add_outcome, add_past
from invented.programme import make_programme
from invented.roads import make_anomalies, make_indicators, make_sections
from invented.runs import add_runs
from invented.trials import add_trials

if TYPE_CHECKING:
    from pathlib import Path


def make_workspace(path: Path, *, n_sections: int = 569, programme: bool = True, roads: bool = True) -> Path:
    rng = random.Random(7)
    units = boundaries.shipped().gdf
    settings = Settings(
        workspace=WorkspaceSettings(name="contado"),
        territory=TerritorySettings(name="Città metropolitana di Milano"),
        body=Body(
            name="Città metropolitana di Milano",
            office="Direzione Infrastrutture",
            contact="URP, da lunedì a giovedì 10–12 e 14–16",
            accessibility_contact="accessibilita@example.org",
        ),
        pavement=Pavement(citizen_reports=True),
    )
    workspace = Workspace.create(path, settings)
    with workspace.commit() as c:
        c.layer(
            "municipalities",
            units,
            title_it="Confini e residenti",
            title_en="Borders and residents",
            licence="CC BY 4.0",
            label="measured",
            updated_at="2023-01-01T00:00:00Z",
        )
        if roads:
            sections = make_sections(units, rng, n_sections)
            facts = {"licence": "CC BY 4.0", "label": "simulated", "updated_at": "2026-10-31T06:00:00Z"}
            c.layer(
                "manto_stradale_sections",
                sections,
                title_it="Sezioni stradali",
                title_en="Road sections",
                style={"kind": "classes", "column": "class", "uncertain": "uncertain"},
                **facts,
            )
            anomalies = make_anomalies(sections, rng, 400)
            c.layer(
                "manto_stradale_anomalies",
                anomalies,
                title_it="Anomalie aperte",
                title_en="Open anomalies",
                style={"kind": "shapes", "column": "kind"},
                **facts,
            )
            values = tables.from_rows("indicator_value", make_indicators(units, rng))
            c.table("indicator_value", values, practice="manto_stradale")
            c.table("source", tables.from_rows("source", [{"source_id": "test", "title": "test"}]))
            add_past(c, sections, anomalies)
            add_field_check(c)
        if roads and programme:
            found = make_programme(sections, rng)
            add_runs(c, found)
            add_outcome(c, found["intervention"])
            for name, rows in found.items():
                practice = "manto_stradale" if name in {"intervention", "effect"} else None
                c.table(name, tables.from_rows(name, rows), practice=practice)
    if roads:
        add_trials(workspace)
    return path

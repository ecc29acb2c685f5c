"""Sensori manto stradale: from the cars of the inspectors to a list of roads to repair, and what it did.

`diagnose` reads what drives told (tables ``pavement_cell_obs`` and ``pavement_anomaly_obs``, written by
``contado pavement load``), fuses it into the state of every road section on a day, cuts sections into
homogeneous segments, grades and ranks them, keeps the state of each day on which cars drove, and checks what cars
estimated against the campaigns of a profiler. `propose`
offers every treatment that a segment's condition allows, with cost, years, benefit to the users and
effects; the planner chooses at most one a segment.
`monitor` compares roughness before and after the works of a programme and feeds what they showed back
into the catalogue of treatments.

Everything here is estimated from body accelerations (or simulated): no figure is a surveyor's measure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from contado.practices.manto_stradale.ids import NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import pyarrow as pa

    from contado.kernel.practice import (
        Diagnosis,
        FeedSpec,
        IndicatorSpec,
        LayerSpec,
        Outcome,
        PageSpec,
        Programme,
        Proposal,
    )
    from contado.kernel.progress import Progress
    from contado.kernel.workspace import Workspace, WorkspaceView

__all__ = ["MantoStradale"]


class MantoStradale:
    """The practice of road sensing; see the module."""

    name: ClassVar[str] = NAME

    def diagnose(
        self,
        workspace: WorkspaceView,
        *,
        on: date,
        seed: int = 0,  # noqa: ARG002 - nothing here is random
        progress: Progress | None = None,
    ) -> Diagnosis:
        """Return state, segments and indicators of the roads on the day ``on``."""
        from contado.engines.pavement.state.settings import FuseSettings
        from contado.engines.pavement.validation import of_workspace
        from contado.kernel.practice import Diagnosis
        from contado.practices.manto_stradale import history, ids, indicators, state

        if progress is not None:
            progress("fuse", 0, 2)
        forced = state.forced_cuts(workspace)
        found = state.snapshot(workspace, on, forced)
        if progress is not None:
            progress("grade", 1, 2)
        checks, told = of_workspace.checks(workspace, on, FuseSettings.of(workspace.settings.pavement))
        tables = {
            "asset": indicators.assets(found),
            "indicator_value": indicators.indicator_values(found),
            "pavement_segment": state.segment_table(found),
            **history.tables_of(workspace, on, progress, forced=forced),
            **of_workspace.tables_of(checks, ids.DRIVES),
        }
        if found.sections:
            tables["source"] = ids.sources(workspace.read("pavement_treatment"))
        return Diagnosis(tables, [*state.notes(found), *told])

    def propose(
        self,
        workspace: WorkspaceView,
        diagnosis: Diagnosis,
        *,
        on: date,
        seed: int = 0,  # noqa: ARG002 - nothing here is random
        progress: Progress | None = None,  # noqa: ARG002 - it takes a moment
    ) -> Proposal:
        """Return the treatments that each segment's condition allows in the years that budgets may pay."""
        from contado.kernel.practice import Proposal
        from contado.practices.manto_stradale import ids, proposal

        found, findings = proposal.proposals(workspace, diagnosis.tables["pavement_segment"], on)
        if found["intervention"].num_rows:
            found["source"] = ids.sources(workspace.read("pavement_treatment"))
        return Proposal(found, findings)

    def monitor(
        self,
        workspace: WorkspaceView,
        programme: Programme,
        *,
        on: date,
        seed: int = 0,  # noqa: ARG002 - nothing here is random
        progress: Progress | None = None,  # noqa: ARG002 - it takes a moment
    ) -> Outcome:
        """Return roughness before and after the works of the programme that have ended."""
        from contado.kernel.practice import Outcome
        from contado.practices.manto_stradale import outcome

        found, findings = outcome.outcomes(workspace, programme, on)
        return Outcome(found, findings)

    def layers(self, workspace: WorkspaceView, *, on: date) -> Mapping[str, pa.Table]:
        """Return the rows of the registered layers on the day ``on``."""
        from contado.practices.manto_stradale import layers, state

        return layers.tables_of(state.snapshot(workspace, on))

    def toy(self, workspace: Workspace) -> None:
        """Add three short roads of the toy territory, two of them driven."""
        from contado.practices.manto_stradale.toy import write

        write(workspace)

    def register_layers(self) -> Sequence[LayerSpec]:
        """Return the layers of sections and anomalies."""
        from contado.practices.manto_stradale.layers import SPECS

        return SPECS

    def register_indicators(self) -> Sequence[IndicatorSpec]:
        """Return the indicators of the roads."""
        from contado.practices.manto_stradale.registration import INDICATORS

        return INDICATORS

    def register_pages(self) -> Sequence[PageSpec]:
        """Return the words of the practice's page."""
        from contado.practices.manto_stradale.registration import PAGE

        return (PAGE,)

    def register_feeds(self) -> Sequence[FeedSpec]:
        """Return the feed of open anomalies."""
        from contado.practices.manto_stradale.registration import FEED

        return (FEED,)

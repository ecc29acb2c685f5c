"""Asfalto Gipave: trial pavements, what they show against control sections, and what they cost over their life.

`diagnose` compares the growth of roughness of treated and control sections (tables ``pavement_trial``,
``pavement_trial_section``, ``pavement_trial_obs``), gives effect, interval, placebo p and a verdict, and the life-cycle
cost, gases and minimum criteria of the mixes (``pavement_trial_mix``). `propose` offers a mix only where its effect
is demonstrated, on control sections that are due; else it says which sections and years are missing. `monitor`
tells the effect again once works of the programme have been measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from contado.practices.gipave.ids import NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import pyarrow as pa

    from contado.kernel.practice import (
        Diagnosis,
        IndicatorSpec,
        LayerSpec,
        Outcome,
        PageSpec,
        Programme,
        Proposal,
    )
    from contado.kernel.progress import Progress
    from contado.kernel.workspace import Workspace, WorkspaceView

__all__ = ["Gipave"]


class Gipave:
    """The practice of trial pavements; see the module."""

    name: ClassVar[str] = NAME

    def diagnose(
        self,
        workspace: WorkspaceView,
        *,
        on: date,
        seed: int = 0,
        progress: Progress | None = None,  # noqa: ARG002 - it takes a moment
    ) -> Diagnosis:
        """Return what the trials show on the day ``on``."""
        from contado.kernel.practice import Diagnosis
        from contado.practices.gipave import evaluation, ids, obstacles, results

        found = evaluation.trials(workspace, on, seed)
        years, _ = obstacles.years_of(workspace, found, on)
        tables = {
            "asset": results.assets(found),
            "indicator_value": results.indicator_values(found, on),
            "pavement_trial_result": results.result_table(found, on, years),
            "pavement_trial_lifecycle": results.lifecycle_table(found, on),
        }
        if found:
            tables["source"] = ids.sources()
        return Diagnosis(tables, [f for t in found for f in t.findings])

    def propose(
        self,
        workspace: WorkspaceView,
        diagnosis: Diagnosis,  # noqa: ARG002 - the trials are read again, with their panels
        *,
        on: date,
        seed: int = 0,
        progress: Progress | None = None,  # noqa: ARG002 - it takes a moment
    ) -> Proposal:
        """Return the demonstrated mixes on sections that are due, and what the other trials lack."""
        from contado.kernel.practice import Proposal
        from contado.practices.gipave import evaluation, ids, obstacles, proposal

        found = evaluation.trials(workspace, on, seed)
        years, beyond = obstacles.years_of(workspace, found, on)
        made, findings = proposal.proposals(found, years)
        if made["intervention"].num_rows:
            made["source"] = ids.sources()
        return Proposal(made, [*beyond, *findings])

    def monitor(
        self,
        workspace: WorkspaceView,
        programme: Programme,
        *,
        on: date,
        seed: int = 0,
        progress: Progress | None = None,  # noqa: ARG002 - it takes a moment
    ) -> Outcome:
        """Return the effect of the trials whose works have been measured since they began."""
        from contado.kernel.practice import Outcome
        from contado.practices.gipave import evaluation, outcome

        found = evaluation.trials(workspace, on, seed)
        return Outcome(*outcome.outcomes(workspace, programme, found, on))

    def layers(self, workspace: WorkspaceView, *, on: date) -> Mapping[str, pa.Table]:
        """Return the rows of the registered layer on the day ``on``."""
        from contado.practices.gipave import evaluation, layers

        return layers.tables_of(evaluation.trials(workspace, on, 0))

    def toy(self, workspace: Workspace) -> None:
        """Add two simulated trials: one that shows an effect, one of one section an arm."""
        from contado.practices.gipave.toy import write

        write(workspace)

    def register_layers(self) -> Sequence[LayerSpec]:
        """Return the layer of trial sections."""
        from contado.practices.gipave.layers import SPECS

        return SPECS

    def register_indicators(self) -> Sequence[IndicatorSpec]:
        """Return the indicators of trials and mixes."""
        from contado.practices.gipave.registration import INDICATORS

        return INDICATORS

    def register_pages(self) -> Sequence[PageSpec]:
        """Return the words of the practice's page."""
        from contado.practices.gipave.registration import page

        return (page(),)

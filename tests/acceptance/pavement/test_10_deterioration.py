"""Definition of done of the road engine, item 10: growth of roughness from the control sections of the trial."""

from __future__ import annotations

import pyarrow.compute as pc
import pytest

from contado.engines.pavement.deterioration import fit, history_of
from contado.kernel import tables


@pytest.mark.item("pavement", 10, "growth of log IRI of the control sections", "0.075 +- 0.005 per year")
def test_growth_of_the_control_sections(shared, figure):
    panel = tables.read(shared("roads/trial/panel.csv.gz")).table
    control = panel.filter(pc.equal(panel["group"], "control"))
    model = fit(history_of(control))
    figure(
        f"{model.overall.mean:.4f} +- {model.overall.sd:.4f}; sections differ by {model.between_sections:.4f}"
    )
    assert model.overall.sections == 40
    assert abs(model.overall.mean - 0.075) <= 0.005
    assert abs(model.overall.mean - 0.075) <= 2 * model.overall.sd

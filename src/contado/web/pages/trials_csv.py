"""What trial pavements show, as CSV: it needs no line of the sections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contado.web.files import csv_answer
from contado.web.page import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request
    from starlette.responses import Response

    from contado.web.data.trials import Trial
    from contado.web.site import Site

__all__ = ["TABLES", "table"]


def table(request: Request, site: Site) -> Response:
    """Return one table of all trials as CSV; parameters are of no account."""
    name = request.path_params["table"]
    if name not in TABLES:
        raise NotFound(name)
    header, make = TABLES[name]
    return csv_answer(request, header.split(), make(site), f"prove-{name}.csv")


def _measured(site: Site) -> Iterator[Trial]:
    for t in site.trials:
        yield from (x for x in (t, *t.others) if x.verdict is not None)


def _results(site: Site) -> Iterator[tuple[Any, ...]]:
    for t in _measured(site):
        facts = (t.id, t.name.it, t.metric, t.details.metric.per_year.en, t.verdict)
        growth = (t.control_growth, t.treated_growth, t.detectable)
        counts = (t.treated, t.control, t.campaigns, t.details.counted_epochs, t.last_on, t.label)
        yield (*facts, *t.effect, t.p, t.permutations, *growth, *counts)


def _campaigns(site: Site) -> Iterator[tuple[Any, ...]]:
    for t in _measured(site):
        scale = t.details.metric.scale
        for e in t.details.events:
            band = (None if end is None else scale * end for end in (e.low95, e.high95))
            facts = (t.id, t.metric, t.details.metric.unit, e.age_years, e.treated_value, e.control_value)
            yield (*facts, scale * e.difference, *band, e.counted)


TABLES: dict[str, tuple[str, Callable[[Site], Iterator[tuple[Any, ...]]]]] = {
    "esiti": (
        """trial_id name metric unit verdict effect effect_low effect_high placebo_p permutations control_growth
        treated_growth detectable treated_sections control_sections campaigns campaigns_counted last_on label""",
        _results,
    ),
    "campagne": (
        "trial_id metric unit age_years treated_value control_value difference chance_low chance_high counted",
        _campaigns,
    ),
}
"""Header and rows of each table."""

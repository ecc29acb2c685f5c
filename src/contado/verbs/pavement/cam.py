"""contado pavement cam."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec

from contado.kernel.dates import today
from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option
from contado.verbs.pavement._dialect import accepted

__all__ = ["VERB", "CamAnswer", "CamRequest"]


class CamRequest(Request, frozen=True, kw_only=True):
    """A mix in, its check against the criteria of a day out."""

    mix: Annotated[Path, argument("mix: layer, recycled_share (0 to 1; empty = not known)")]
    on: Annotated[date | None, option("day whose criteria count; default today")] = None


class LayerRow(msgspec.Struct, kw_only=True):
    """One layer; ``ok`` and ``minimum`` are null where the share or a rule of that day is not known."""

    layer: str
    recycled_share: float | None
    minimum: float | None
    ok: bool | None
    article: str | None


class CamAnswer(LabelledAnswer, kw_only=True):
    """Layers in the order of the file, and the version of the criteria (register, and the decree that amended it)."""

    layers: list[LayerRow]
    rule_version: str | None
    compute_s: float


def _run(request: CamRequest, context: Context) -> CamAnswer:
    import time

    from contado.engines.pavement import columns
    from contado.engines.pavement.assessment import cam
    from contado.engines.pavement.labels import label_of_file
    from contado.kernel import tables

    read = tables.read(request.mix)
    on = request.on or today()
    began = time.perf_counter()
    found, version, notes = cam.check_mix(read.table, on, name=request.mix.name, lines=read.lines)
    seconds = time.perf_counter() - began
    ignored = columns.unknown(read.table, cam.COLUMNS, request.mix.name)
    return CamAnswer(
        label=label_of_file(read.table, request.mix),
        compute_s=seconds,
        findings=accepted(context, [*read.findings, *ignored, *notes]),
        layers=[msgspec.convert(row, LayerRow, from_attributes=True) for row in found],
        rule_version=version,
    )


VERB = Verb(
    name="pavement cam",
    help="Check the recycled share of a mix against the minimum criteria of a day",
    request=CamRequest,
    answer=CamAnswer,
    run=_run,
    examples=("contado pavement cam mix.csv --on 2026-01-15",),
)

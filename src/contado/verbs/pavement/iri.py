"""contado pavement iri."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from contado.kernel.declare import Context, LabelledAnswer, Request, Verb, argument, option

__all__ = ["VERB", "IriAnswer", "IriRequest"]


class IriRequest(Request, frozen=True, kw_only=True):
    """Profile in, segments out."""

    profile: Annotated[Path, argument("profile: .txt with two columns x y, or .csv/.parquet with x_m, y_m")]
    segment_m: Annotated[
        float,
        option(
            "length of a segment",
            unit="m",
            gt=0,
            question_it="Quanto è lungo un tratto?",
            question_en="How long is a segment?",
        ),
    ] = 100.0
    start_m: Annotated[
        float | None, option("where the first segment begins; default the first point", unit="m")
    ] = None


class Segment(msgspec.Struct, kw_only=True):
    """A complete segment and its IRI."""

    from_m: float
    to_m: float
    iri_m_km: float


class SpacingFacts(msgspec.Struct, kw_only=True):
    """Spacing of the profile's points [m]."""

    min: float
    median: float
    max: float


class IriAnswer(LabelledAnswer, kw_only=True):
    """IRI of the complete segments, their mean, and what the profile is like."""

    segments: list[Segment]
    iri_m_km: float | None
    samples: int
    spacing_m: SpacingFacts
    compute_s: float


def _run(request: IriRequest, context: Context) -> IriAnswer:
    from contado.engines.pavement import iri, read_profile

    profile = read_profile(request.profile)
    result = iri(profile.x_m, profile.y_m, segment_m=request.segment_m, start_m=request.start_m)
    columns = (result.from_m.tolist(), result.to_m.tolist(), result.iri_m_km.tolist())
    spacing = result.spacing_m
    return IriAnswer(
        label=profile.label,
        segments=[Segment(from_m=a, to_m=b, iri_m_km=v) for a, b, v in zip(*columns, strict=True)],
        iri_m_km=result.mean_m_km,
        samples=result.samples,
        spacing_m=SpacingFacts(min=spacing.min, median=spacing.median, max=spacing.max),
        compute_s=result.compute_s,
        findings=context.accept([*profile.findings, *result.findings]),
    )


VERB = Verb(
    name="pavement iri",
    help="Compute the International Roughness Index of a profile",
    request=IriRequest,
    answer=IriAnswer,
    run=_run,
    extra="roads",
    needs=("numba",),
    examples=("contado pavement iri profile_1.txt --segment-m 100 --start-m 478.5 --json",),
)

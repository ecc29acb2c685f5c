"""Settings of map matching, each with its unit and the reason for its default."""

from __future__ import annotations

from dataclasses import dataclass, fields

from contado.kernel.errors import UsageError

__all__ = ["MatchSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchSettings:
    """How traces are matched; the default suits a car's GNSS receiver in the open.

    References
    ----------
    P. Newson, J. Krumm, "Hidden Markov map matching through noise and sparseness", ACM SIGSPATIAL 2009,
    doi:10.1145/1653771.1653818 (emission and transition; scale of the transition = ``sigma_m`` here).
    """

    sigma_m: float = 5.0
    """Standard deviation of a position [m]."""
    anchor_spacing_sigma: float = 3.0
    """Points nearer than this many sigma to the previous anchor are placed afterwards, not decoded:
    their error is correlated, so they would be counted as evidence that they are not."""
    wide_sigma_m: float = 15.0
    """From this sigma on the spacing is ``wide_spacing_sigma`` [m]."""
    wide_spacing_sigma: float = 2.0
    min_radius_m: float = 50.0
    """Candidates lie within max(this, ``radius_sigma`` sigma) [m]."""
    radius_sigma: float = 4.0
    max_candidates: int = 12
    """Directed candidates of an anchor: its six to eight nearest pieces of street."""
    creep_sigma: float = 2.0
    """Going back this far on one edge costs nothing."""
    stub_sigma: float = 2.0
    """A first or last edge on which less than this lies is no part of the route: a start near a node is
    no evidence for the edge behind it."""
    limit_factor: float = 2.0
    """A route between anchors is at most factor x straight + sigmas x sigma + slack."""
    far_m: float = 100.0
    """From this straight distance on the factor is ``far_factor``: between sparse points the hairpins of a
    mountain road are longer than twice the straight line [m]."""
    far_factor: float = 4.0
    limit_sigma: float = 10.0
    limit_slack_m: float = 30.0
    sparse_m: float = 50.0
    """Anchors this far apart come from sparse fixes: no car drives so far in a second [m]."""
    detour_share: float = 0.15
    """Between sparse fixes half of the routes round corners, and are longer than the straight line by this
    share of the leg on average: 0.13 to 0.17 on real drives in Curitiba and on simulated ones on mountain roads,
    thinned to 10 and 30 s."""
    jolt_m2_s3: float = 2.4
    """Usual spectral density of a car's acceleration: between fixes 10 s apart its place differs from uniform
    motion by 20 m, as on real drives in the city of Curitiba [m2/s3]. Each chain is also asked for its own."""
    bridge_m: float = 100.0
    """A stretch without candidates or route is bridged up to this length [m]; longer ones stay open."""
    bridge_anchors: int = 3
    break_nats: float = 40.0
    """A chain breaks where going on is less likely than the best state before by so much: the fixes go where
    no way leads, as at a turn that the map forbids or lacks. A fix nine sigma off costs as much."""
    beam: float = 18.0
    """States this many nats below the best are not continued."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 < value < 1e6:
                raise UsageError(
                    f"{field.name} is {value!r}: it must be positive.",
                    rule="bad_value",
                    hint="a car's receiver in the open has sigma_m 5",
                    field=field.name,
                )

    @property
    def spacing_m(self) -> float:
        """Least distance between anchors [m]."""
        wide = self.sigma_m >= self.wide_sigma_m
        return self.sigma_m * (self.wide_spacing_sigma if wide else self.anchor_spacing_sigma)

    @property
    def radius_m(self) -> float:
        """Radius within which candidates lie [m]."""
        return max(self.min_radius_m, self.radius_sigma * self.sigma_m)

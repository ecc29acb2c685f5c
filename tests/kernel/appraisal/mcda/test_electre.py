"""ELECTRE I and II on published examples; III and TRI against references written for reading."""

import json

import numpy as np
import pytest

from contado.kernel.appraisal import mcda
from contado.kernel.errors import UsageError

ARAGON = [
    [6, 5, 28, 5, 5],
    [4, 2, 25, 10, 9],
    [5, 7, 35, 9, 6],
    [6, 1, 27, 6, 7],
    [6, 8, 30, 7, 9],
    [5, 6, 26, 4, 8],
]
ARAGON_SENSE, ARAGON_WEIGHTS = ["max", "max", "min", "max", "max"], [0.25, 0.25, 0.1, 0.2, 0.2]


def close(found, expected, atol):
    for row, wanted in zip(found, expected, strict=True):
        for cell, want in zip(row, wanted, strict=True):
            assert cell is None if want is None else cell == pytest.approx(want, abs=atol)


def test_electre_1_on_the_published_example(shared):
    cases = json.loads(shared("planning/mcda/published_examples.json").read_text())
    (case,) = [c for c in cases if c["method"] == "ELECTRE I"]
    found = mcda.electre_1(
        case["matrix"], case["sense"], case["weights"], normalisation=case["normalisation"]
    )
    close(found.concordance, case["expected"]["concordance"], case["atol"])
    assert found.kernel == case["expected"]["kernel"]


def test_discordance_of_the_published_example():
    """Cebrián, Porcar (2009), Revista de Métodos Cuantitativos para la Economía y la Empresa 7, 31-56."""
    expected = [
        [None, 0.5052, 0.4042, 0.1883, 0.42857, 0.2825],
        [0.4286, None, 0.7143, 0.2589, 0.8571, 0.5714],
        [0.1696, 0.2825, None, 0.1938, 0.2825, 0.2180],
        [0.5714, 0.4042, 0.8571, None, 1.0, 0.7143],
        [0.0485, 0.3031, 0.2021, 0.0727, None, 0.0969],
        [0.1295, 0.6063, 0.5052, 0.2021, 0.3031, None],
    ]
    found = mcda.electre_1(ARAGON, ARAGON_SENSE, ARAGON_WEIGHTS, normalisation="sum")
    close(found.discordance, expected, 0.001)


def test_a_stricter_electre_1_keeps_more():
    """Barba-Romero, Pomerol (1997), Decisiones multicriterio, p. 216."""
    sizes = [
        len(mcda.electre_1(ARAGON, ARAGON_SENSE, ARAGON_WEIGHTS, normalisation="sum", p=p, q=q).kernel)
        for p, q in [(0.5, 0.5), (0.6, 0.4), (0.7, 0.3), (0.8, 0.2), (0.89, 0.1), (0.94, 0.05), (1, 0)]
    ]
    assert sizes == sorted(sizes)


def test_a_sum_of_weights_at_the_level_outranks():
    weights = [0.25, 0.2, 0.2, 0.35]  # 0.25 + 0.2 + 0.2 = 0.65 up to rounding
    found = mcda.electre_1([[2, 2, 2, 1.9], [1, 1, 1, 2]], ["max"] * 4, weights)
    assert found.kernel == [0]


def test_electre_2_on_published_examples():
    """Cebrián, Porcar (2009); Wang, Triantaphyllou (2008), Omega 36(1), 45-63."""
    found = mcda.electre_2(ARAGON, ARAGON_SENSE, ARAGON_WEIGHTS, normalisation="sum")
    assert found.rank == [6, 3, 2, 5, 1, 4]
    assert found.score == [5.0, 2.5, 2.0, 4.0, 1.0, 3.0]
    matrix = [
        [1, 2, 1, 5, 2, 2, 4],
        [3, 5, 3, 5, 3, 3, 3],
        [3, 5, 3, 5, 3, 2, 2],
        [1, 2, 2, 5, 1, 1, 1],
        [1, 1, 3, 5, 4, 1, 5],
    ]
    weights = [0.0780, 0.1180, 0.1570, 0.3140, 0.2350, 0.0390, 0.0590]
    found = mcda.electre_2(matrix, ["max"] * 7, weights)
    assert (found.rank, found.score) == ([4, 1, 3, 5, 2], [3.0, 1.0, 2.0, 4.0, 1.5])


def test_a_circle_of_outranking_ties():
    circle = [[3, 2, 1], [2, 1, 3], [1, 3, 2]]
    found = mcda.electre_2(circle, ["max"] * 3, p=(0.6, 0.5, 0.35), q=(1.0, 0.5))
    assert found.rank == [1, 1, 1]


@pytest.mark.parametrize(
    "levels", [{"p": (0.5, 0.6, 0.7)}, {"q": (0.3, 0.4)}, {"p": (0.5, 0.4)}, {"p": (1.5, 0.4, 0.3)}]
)
def test_levels_that_rise_or_leave_the_unit_interval_are_refused(levels):
    with pytest.raises(UsageError) as caught:
        mcda.electre_2(ARAGON, ARAGON_SENSE, **levels)
    assert caught.value.rule == "bad_mcda_input"


def sigma_of(a, b, w, q, p, v):
    """Credibility that a is at least as good as b, criterion by criterion (Figueira, Mousseau, Roy 2005)."""
    agree, against = [], []
    for k in range(len(w)):
        s = b[k] - a[k]
        agree.append(1.0 if s <= q[k] else 0.0 if s >= p[k] else (p[k] - s) / (p[k] - q[k]))
        if v[k] is None or s <= p[k]:
            against.append(0.0)
        else:
            against.append(1.0 if s >= v[k] else (s - p[k]) / (v[k] - p[k]))
    overall = sum(x * y for x, y in zip(w, agree, strict=True)) / sum(w)
    result = overall
    for d in against:
        if d > overall + 1e-12:
            result *= (1 - d) / (1 - overall)
    return result


def distil(sigma, *, best_first):
    """Ranks of one distillation, with sets and loops."""
    left, place, ranks = set(range(len(sigma))), 1, {}
    while left:
        chosen = set(left)
        level = max((sigma[a][b] for a in chosen for b in chosen if a != b), default=0)
        while len(chosen) > 1:
            limit = level - (0.3 - 0.15 * level)
            level = max(
                (sigma[a][b] for a in chosen for b in chosen if a != b and sigma[a][b] < limit - 1e-12),
                default=0,
            )
            quality = dict.fromkeys(chosen, 0)
            for a in chosen:
                for b in chosen - {a}:
                    if (
                        sigma[a][b] > level + 1e-12
                        and sigma[a][b] > sigma[b][a] + 0.3 - 0.15 * sigma[a][b] + 1e-12
                    ):
                        quality[a] += 1
                        quality[b] -= 1
            wanted = max(quality.values()) if best_first else min(quality.values())
            chosen = {a for a in chosen if quality[a] == wanted}
            if level == 0:
                break
        for a in chosen:
            ranks[a] = place
        left -= chosen
        place += 1
    return [ranks[i] for i in range(len(sigma))]


@pytest.mark.parametrize("seed", range(12))
def test_electre_3_equals_the_reference(seed):
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(3, 9)), int(rng.integers(2, 6))
    matrix, weights = rng.integers(0, 30, (n, m)).astype(float), rng.integers(1, 5, m)
    q, p = [1.0] * m, [4.0] * m
    v = [None if rng.random() < 0.3 else 15.0 for _ in range(m)]
    found = mcda.electre_3(matrix, ["max"] * m, weights, q=q, p=p, v=v)
    sigma = [[sigma_of(a, b, weights, q, p, v) for b in matrix] for a in matrix]
    close(
        found.credibility,
        [[None if i == j else s for j, s in enumerate(r)] for i, r in enumerate(sigma)],
        1e-9,
    )
    rounded = np.round(sigma, 12).tolist()
    upward = distil(rounded, best_first=False)
    assert found.descending == distil(rounded, best_first=True)
    assert found.ascending == [max(upward) + 1 - r for r in upward]


def test_electre_3_relations_are_the_common_part_of_the_two_rankings():
    rng = np.random.default_rng(3)
    found = mcda.electre_3(rng.integers(0, 30, (8, 3)), ["max"] * 3, q=1, p=4, v=15)
    opposite = {"P": "N", "N": "P", "I": "I", "R": "R"}
    for i, row in enumerate(found.relation):
        for j, word in enumerate(row):
            assert opposite[word] == found.relation[j][i]
            if word == "P":
                assert found.rank[i] < found.rank[j]
                assert found.descending[i] <= found.descending[j]
                assert found.ascending[i] <= found.ascending[j]


def test_electre_3_without_thresholds_is_one_of_true_criteria():
    found = mcda.electre_3([[2, 1], [1, 2]], ["max", "max"], [3, 1])
    assert found.credibility == [[None, 0.75], [0.25, None]]
    assert found.rank == [1, 2]


TICINO = [
    [-120, -284, 5, 3.5, 18],
    [-150, -269, 2, 4.5, 24],
    [-100, -413, 4, 5.5, 17],
    [-60, -596, 6, 8.0, 20],
    [-30, -1321, 8, 7.5, 16],
    [-80, -734, 5, 4.0, 21],
    [-45, -982, 7, 8.5, 13],
]
PROFILES = [[-100, -1000, 4, 4, 15], [-50, -500, 7, 7, 20]]
THRESHOLDS = {"q": [15, 80, 1, 0.5, 1], "p": [40, 350, 3, 3.5, 5], "v": [100, 850, 5, 4.5, 8]}


def test_electre_tri_sorts_the_road_projects_of_ticino():
    """Maystre, Pictet, Simos (1994), Méthodes multicritères ELECTRE; lambda 0.75, categories 1 to 3 there."""
    found = mcda.electre_tri(
        TICINO, ["max"] * 5, [25, 45, 10, 12, 8], profiles=PROFILES, cut=0.75, **THRESHOLDS
    )
    assert [c + 1 for c in found.pessimistic] == [2, 1, 2, 3, 1, 2, 2]
    assert [c + 1 for c in found.optimistic] == [2, 3, 2, 3, 2, 2, 2]


def test_electre_tri_does_not_mind_how_a_cost_is_written():
    costs = [[-r[0], -r[1], *r[2:]] for r in TICINO]
    bounds = [[-r[0], -r[1], *r[2:]] for r in PROFILES]
    sense = ["min", "min", "max", "max", "max"]
    found = mcda.electre_tri(costs, sense, [25, 45, 10, 12, 8], profiles=bounds, cut=0.75, **THRESHOLDS)
    assert found.pessimistic == [1, 0, 1, 2, 0, 1, 1]


@pytest.mark.parametrize("seed", range(6))
def test_electre_tri_equals_the_definition(seed):
    rng = np.random.default_rng(seed)
    matrix, bounds = rng.uniform(0, 20, (12, 3)), np.array([[5.0] * 3, [10.0] * 3, [15.0] * 3])
    q, p, v, cut, w = [0.5] * 3, [2.0] * 3, [9.0] * 3, 0.7, [3, 2, 2]
    found = mcda.electre_tri(matrix, ["max"] * 3, w, profiles=bounds, q=q, p=p, v=v, cut=cut)
    for i, a in enumerate(matrix):
        outranks = [sigma_of(a, b, w, q, p, v) >= cut for b in bounds]
        outranked = [sigma_of(b, a, w, q, p, v) >= cut for b in bounds]
        assert found.pessimistic[i] == max((h + 1 for h in range(3) if outranks[h]), default=0)
        above = [h for h in range(3) if outranked[h] and not outranks[h]]
        assert found.optimistic[i] == (above[0] if above else 3)
        assert found.pessimistic[i] <= found.optimistic[i]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"profiles": PROFILES[::-1]}, "worse than the one before"),
        ({"profiles": PROFILES, "cut": 0.4}, "below 0.5"),
        ({"profiles": PROFILES, "q": 5, "p": 1}, "0 <= q <= p"),
        ({"profiles": PROFILES, "q": [1, 2]}, "5 thresholds"),
        ({"profiles": [[1, 2]]}, "2 criteria, the matrix 5"),
    ],
)
def test_profiles_and_thresholds_that_do_not_fit_are_refused(more, said):
    with pytest.raises(UsageError, match=said) as caught:
        mcda.electre_tri(TICINO, ["max"] * 5, **more)
    assert caught.value.rule == "bad_mcda_input"

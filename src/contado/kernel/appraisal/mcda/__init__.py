"""Multi-criteria methods for few alternatives and many opinions: one method a module.

Every method takes a matrix (alternatives x criteria), the sense of each criterion (``max`` or ``min``),
weights (scaled to sum 1) and a normalisation (``none``, ``sum``, ``vector``, ``minmax``). Indices count
from 0, ranks from 1.

>>> from contado.kernel.appraisal import mcda
>>> mcda.topsis([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]], ["max"] * 3, [0.3, 0.4, 0.3]).rank
[3, 2, 1, 4]
"""

from __future__ import annotations

from contado.kernel.appraisal.mcda.ahp import ahp
from contado.kernel.appraisal.mcda.common import normalise, rank
from contado.kernel.appraisal.mcda.electre import electre_1, electre_2
from contado.kernel.appraisal.mcda.electre_fuzzy import electre_3, electre_tri
from contado.kernel.appraisal.mcda.promethee import promethee
from contado.kernel.appraisal.mcda.smaa import draw_weights, selection_share, smaa
from contado.kernel.appraisal.mcda.topsis import topsis
from contado.kernel.appraisal.mcda.vikor import vikor
from contado.kernel.appraisal.mcda.wsm import wsm

__all__ = [
    "ahp",
    "draw_weights",
    "electre_1",
    "electre_2",
    "electre_3",
    "electre_tri",
    "normalise",
    "promethee",
    "rank",
    "selection_share",
    "smaa",
    "topsis",
    "vikor",
    "wsm",
]

"""Trees that order candidates by one feature: a ranker whose lists can be told by eye."""

import numpy as np

from embeat_serve.contract.schema import EVIDENCE_CHANNELS, GENRE_VECTOR_SIZE
from embeat_serve.ranking.tree_ensemble import MAX_LEAVES, TreeEnsemble
from embeat_serve.ranking.tree_ranker import (
    FEATURES_WITH_TITLE,
    GROUPS,
    CalibratedTrees,
    TreeRanker,
)

NO_GENRE_VECTORS = np.zeros((0, GENRE_VECTOR_SIZE), np.float32)


def ranker_by(feature: str, thresholds: list[float], sign: float = 1.0) -> TreeRanker:
    """A ranker under which a candidate scores one more for each threshold its feature exceeds."""
    return TreeRanker(trees_by(feature, thresholds, sign), CalibratedTrees(), NO_GENRE_VECTORS)


def trees_by(feature: str, thresholds: list[float], sign: float = 1.0) -> CalibratedTrees:
    """The trees of ``ranker_by``."""
    place, inner = FEATURES_WITH_TITLE.index(feature), MAX_LEAVES - 1
    shape = (inner, len(thresholds))
    features, limits = np.zeros(shape, np.int16), np.full(shape, np.inf, np.float32)
    kept = np.full(shape, 0xFFFF, np.uint16)
    features[0], limits[0], kept[0] = place, thresholds, 0xFFFE
    leaves = np.zeros((len(thresholds), MAX_LEAVES, len(EVIDENCE_CHANNELS)))
    leaves[:, 1, GROUPS[place]] = sign
    # Probabilities of .12 to .88: nearer to 1, two of them could be the same number.
    ensemble = TreeEnsemble(features, limits, kept, leaves, 0.0)
    return CalibratedTrees(ensemble, 4 / len(thresholds), -2 * sign)

"""Lower the scores of songs that have no style in common with the seeds.

Playlists mix styles, so the trees take a hit of another style for a good answer. To who listens,
one song that jars costs more than a hit earns.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from embeat_serve.ranking.candidates import CandidateTable
from embeat_serve.ranking.tree_features import FEATURES, UNKNOWN

FULL_STYLE = 0.75
"""Nearness of genres from which on two songs are of one style. In blind tests language models found
24% of the songs below .54 unfit, 13% of those up to .75, and 8% of those above."""

UNKNOWN_STYLE = 0.5
"""How far a song of unknown genres is of the style of seeds whose genres are known."""

_IN_COMMON, _NEARNESS, _SAME_ARTIST, _RELATED = (
    FEATURES.index(name)
    for name in ("genre_similarity", "highest_genre_nearness", "same_artist", "related_artist")
)


def penalise_off_style(
    table: CandidateTable, features: NDArray[np.float32], penalty: float
) -> CandidateTable:
    """The candidates with scores times ``1 - penalty * (1 - style_fit)``, but for blocked ones.

    Args:
        table: n candidates.
        features: (n, 27), see ``tree_features.tree_features``.
        penalty: see ``RecallOptions.off_style_penalty``.
    """
    factors = 1 - penalty * (1 - style_fit(features)) * (table.blocked < 0)
    return replace(
        table,
        channel_scores=table.channel_scores * factors[:, None],
        metadata_scores=table.metadata_scores * factors[:, None],
    )


def style_fit(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n,) how far candidates are of the style of the seeds, 0..1.

    It is 1 for songs by artists of the seeds or by artists related to them, and where no genre is
    known of seeds or candidates; ``UNKNOWN_STYLE`` where only those of the candidate are unknown;
    else the nearness of genres to the nearest seed, or what genres they have in common, as a share
    of ``FULL_STYLE``, at most 1.
    """
    in_common = features[:, _IN_COMMON].astype(np.float64)
    is_unknown = in_common == UNKNOWN
    genres = np.maximum(in_common, features[:, _NEARNESS])
    if is_unknown.all():
        return np.ones(len(genres))
    fit = np.where(is_unknown, UNKNOWN_STYLE, np.clip(genres / FULL_STYLE, 0, 1))
    is_near = (features[:, _SAME_ARTIST] > 0) | (features[:, _RELATED] > 0)
    return np.where(is_near, 1.0, fit)

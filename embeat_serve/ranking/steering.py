"""The dials of a list: familiar to adventurous, hidden gems to hits.

At 0 a dial changes nothing. Turned, it scales scores, and with them every contribution, so that
these still sum to the score; nothing is left out by a dial alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from embeat_serve.options import RecallOptions
from embeat_serve.ranking.candidates import Candidate

HITS_REACH = 0.9
"""Share of its score that the least wanted candidate loses with the dial turned all the way."""

ADVENTURE_REACH = 0.6
"""The same of the other dial."""

FAMILIAR_SHARES = 0.35, 0.5
"""Least and greatest share of the seed's own artists at -1."""


def steer_options(options: RecallOptions) -> RecallOptions:
    """Rules as the dials want them.

    An adventurous list owes the seed's artists nothing, up to a list without them; a familiar
    one has more of them. A list of hidden gems owes popular songs nothing.
    """
    turned, gems = options.adventure, min(options.hits, 0.0)
    if turned == 0 and gems == 0:
        return options
    least, most = options.same_artist_min_share, options.same_artist_max_share
    if turned > 0:
        least, most = least * (1 - turned), most * (1 - turned)
    else:
        aims = zip((least, most), FAMILIAR_SHARES, strict=True)
        least, most = (share - turned * max(aim - share, 0.0) for share, aim in aims)
    return replace(
        options,
        same_artist_min_share=least,
        same_artist_max_share=most,
        popular_min_share=options.popular_min_share * (1 + gems),
    )


def steer_scores(
    candidates: Sequence[Candidate], seed_artists: Collection[int], options: RecallOptions
) -> None:
    """Scale the scores of candidates, with payload, by the dials.

    Popularity counts by its percentile among the candidates (unknown as 0). Familiar is what is
    popular and has much evidence, half and half, and all by the seeds' own artists.
    """
    if not candidates or (options.hits == 0 and options.adventure == 0):
        return
    popular = percentiles(np.array([candidate.popularity or 0 for candidate in candidates]))
    factors = _tilt(popular, options.hits * HITS_REACH)
    if options.adventure != 0:
        own = [not set(seed_artists).isdisjoint(item.artist_codes) for item in candidates]
        scores = np.array([candidate.score for candidate in candidates])
        familiar = np.where(own, 1.0, (popular + percentiles(scores)) / 2)
        factors = factors * _tilt(familiar, -options.adventure * ADVENTURE_REACH)
    for candidate, factor in zip(candidates, factors.tolist(), strict=True):
        candidate.scale(factor)


def percentiles(values: NDArray) -> NDArray[np.float64]:
    """Share of ``values`` (n,) below each, ties counted half: float64 in 0..1."""
    ordered = np.sort(values)
    below, upto = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return (below + upto) / (2 * len(values))


def _tilt(shares: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    """Factors up to 1: the greatest shares keep theirs where ``by`` is above 0, else the least."""
    return 1 - abs(by) * (1 - shares if by > 0 else shares)

"""Adjust rules and scores to what a caller asks for: the dials and the dislikes.

A dial goes from familiar to adventurous, the other from hidden gems to hits. At 0 it changes
nothing. Scores are scaled, and every contribution with them, so that contributions still sum to
the score. Nothing is left out by steering alone.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from embeat_serve.options import RecallOptions
from embeat_serve.ranking.candidates import Candidate

HITS_REACH = 0.9
"""Share of its score that the least wanted candidate loses with the dial ``hits`` at its end."""

ADVENTURE_REACH = 0.6
"""The same for the dial ``adventure``."""

FAMILIAR_SHARES = 0.35, 0.5
"""Least and greatest share of the seed's own artists where ``adventure`` is -1."""

DISLIKED_ARTIST_FACTOR = 0.5
"""Remaining share of the score of a song by an artist of a disliked one."""


def steer_options(options: RecallOptions) -> RecallOptions:
    """List rules as the dials want them.

    An adventurous list owes the seed's artists nothing, and at 1 holds none of their songs; a
    familiar one holds more of them. A list of hidden gems owes popular songs nothing.
    """
    adventure, gems = options.adventure, min(options.hits, 0.0)
    if adventure == 0 and gems == 0:
        return options
    least, most = options.same_artist_min_share, options.same_artist_max_share
    if adventure > 0:
        least, most = least * (1 - adventure), most * (1 - adventure)
    else:
        aims = zip((least, most), FAMILIAR_SHARES, strict=True)
        least, most = (share - adventure * max(aim - share, 0.0) for share, aim in aims)
    return replace(
        options,
        same_artist_min_share=least,
        same_artist_max_share=most,
        popular_min_share=options.popular_min_share * (1 + gems),
    )


def steer_scores(
    candidates: Sequence[Candidate], seed_artists: Collection[int], options: RecallOptions
) -> None:
    """Scale the scores of candidates by the dials.

    ``hits`` goes by the percentile of popularity among the candidates (unknown as 0).
    ``adventure`` goes by familiarity: 1 for a song by the seed's artists, else the mean of the
    percentiles of popularity and of score.
    """
    if not candidates or (options.hits == 0 and options.adventure == 0):
        return
    popularity = percentiles(np.array([candidate.popularity or 0 for candidate in candidates]))
    factors = _factors(popularity, options.hits * HITS_REACH)
    if options.adventure != 0:
        own = [not set(seed_artists).isdisjoint(item.artist_codes) for item in candidates]
        scores = np.array([candidate.score for candidate in candidates])
        familiarity = np.where(own, 1.0, (popularity + percentiles(scores)) / 2)
        factors = factors * _factors(familiarity, -options.adventure * ADVENTURE_REACH)
    for candidate, factor in zip(candidates, factors.tolist(), strict=True):
        candidate.scale(factor)


def demote_artists(
    candidates: Iterable[Candidate], artists: Collection[int], seed_artists: Collection[int]
) -> None:
    """Lower the scores of songs by ``artists`` of disliked songs that are not seed artists."""
    disliked = set(artists).difference(seed_artists)
    if not disliked:
        return
    for candidate in candidates:
        if not disliked.isdisjoint(candidate.artist_codes):
            candidate.scale(DISLIKED_ARTIST_FACTOR)


def percentiles(values: NDArray[np.number]) -> NDArray[np.float64]:
    """(n,) share of ``values`` (n,) below each, ties counted half: float64 in 0..1."""
    ordered = np.sort(values)
    below, up_to = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return (below + up_to) / (2 * len(values))


def _factors(shares: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Factors up to 1; above a reach of 0 the greatest shares keep theirs, below it the least."""
    return 1 - abs(reach) * (1 - shares if reach > 0 else shares)

"""Which candidates are worth reading the payload of."""

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import CHANNELS
from embeat_serve.options import RecallOptions
from embeat_serve.ranking.candidates import CandidateTable

MARGIN = 10
"""Songs more than the rules ask for, so that short lists have a choice, too."""

AMPLE = 5
"""Candidates read per song asked for: what caps, copies and remixes can use up."""

_OWN = CHANNELS.index("same_artist")


def shortlist(fused: CandidateTable, options: RecallOptions, k: int) -> NDArray[np.intp]:
    """Rows of the candidates worth reading: more than the rules can use up.

    Without rules, the best 2k and a few, since copies of the seed and unpopular songs are left
    out. With them, the best ``AMPLE`` times k, of which at most twice as many of the seed's
    artist as may stay, and the first k/2 of every channel (so that popular songs, light in
    weight, are there when the list lacks them) and of those held back by every setting.

    Returns:
        (m,) those that the limits let through, best first, then, where these are too few, the
        best of the others.
    """
    if not options.diversify:
        return np.arange(min(len(fused.ids), 2 * k + MARGIN))
    own = fused.found[:, _OWN]
    groups = _groups(fused)
    own_limit = 2 * int(options.same_artist_max_share * k) + MARGIN
    # Until the limit is reached it keeps nothing out, so where that is can be read off a first
    # pass without it.
    taken = own & _taken(groups, np.ones(len(own), bool), k)
    blocked = own & (np.cumsum(taken) - taken >= own_limit)
    chosen = _taken(groups, ~blocked, k)
    spare = np.flatnonzero(~chosen)[: max(0, AMPLE * k - int(chosen.sum()))]
    return np.concatenate([np.flatnonzero(chosen), spare])


def _groups(fused: CandidateTable) -> NDArray[np.bool_]:
    """(n, groups) which share of the shortlist each candidate counts for: its channels', or that
    of what holds it back."""
    held = fused.held_back[:, None] == np.arange(len(fused.holders))
    free = fused.found & (fused.held_back < 0)[:, None]
    return np.concatenate([free, held], axis=1)


def _taken(groups: NDArray[np.bool_], allowed: NDArray[np.bool_], k: int) -> NDArray[np.bool_]:
    """(n,) of what is allowed the first of every group, and the first of all.

    As long as a group's first ones are not all taken every allowed one of it is, so counting what
    is allowed counts what was taken.
    """
    member = groups & allowed[:, None]
    before = np.cumsum(member, axis=0) - member
    leads = (member & (before <= k // 2)).any(axis=1)
    return allowed & (leads | (np.cumsum(allowed) - allowed < AMPLE * k))

"""Choose the candidates that are worth reading the payload of."""

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import EVIDENCE_CHANNELS
from embeat_serve.options import RecallOptions
from embeat_serve.ranking.candidates import CandidateTable
from embeat_serve.retrieval.request import POOL_FACTOR

MARGIN = 10
"""Songs more than the list rules ask for, so that short lists have a choice, too."""

_SAME_ARTIST = EVIDENCE_CHANNELS.index("same_artist")


def preselect(table: CandidateTable, options: RecallOptions, k: int) -> NDArray[np.intp]:
    """Rows of the candidates worth reading: more than the list rules can use up.

    Without rules these are the best 2k and a few, since copies of the seed and unpopular songs
    are left out. With them they are the best ``POOL_FACTOR`` times k. Of the seed's artist there
    are at most twice as many as may stay. The first k/2 of every channel are there (so that
    popular songs, light in weight, are there when the list lacks them), and of those that each
    rule blocks.

    Returns:
        (m,) rows that the limits let through, best first, then, where these are too few, the
        best of the others.
    """
    if not options.diversify:
        return np.arange(min(len(table.ids), 2 * k + MARGIN))
    is_same_artist = table.found[:, _SAME_ARTIST]
    groups = _groups(table)
    limit = 2 * int(options.same_artist_max_share * k) + MARGIN
    # Until the limit is reached it keeps nothing out, so where that is can be read off a first
    # pass without it.
    chosen_artist = is_same_artist & _choose(groups, np.ones(len(table.ids), bool), k)
    is_over_limit = is_same_artist & (np.cumsum(chosen_artist) - chosen_artist >= limit)
    is_chosen = _choose(groups, ~is_over_limit, k)
    spare = np.flatnonzero(~is_chosen)[: max(0, POOL_FACTOR * k - int(is_chosen.sum()))]
    return np.concatenate([np.flatnonzero(is_chosen), spare])


def _groups(table: CandidateTable) -> NDArray[np.bool_]:
    """(n, groups) whose share each candidate counts for: its channels' or its blocking rule's."""
    by_rule = table.blocked[:, None] == np.arange(len(table.blocking_rules))
    by_channel = table.found & (table.blocked < 0)[:, None]
    return np.concatenate([by_channel, by_rule], axis=1)


def _choose(groups: NDArray[np.bool_], is_allowed: NDArray[np.bool_], k: int) -> NDArray[np.bool_]:
    """(n,) the first allowed of every group, and the first of all.

    As long as a group's first ones are not all chosen, every allowed one of it is, so counting
    what is allowed counts what was chosen.
    """
    members = groups & is_allowed[:, None]
    before = np.cumsum(members, axis=0) - members
    is_leading = (members & (before <= k // 2)).any(axis=1)
    return is_allowed & (is_leading | (np.cumsum(is_allowed) - is_allowed < POOL_FACTOR * k))

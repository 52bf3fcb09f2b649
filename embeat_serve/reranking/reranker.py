"""From scored candidates to the list: rules, then order.

Start here to follow a list: ``ranked_tracks`` leaves out what may never be there, ``selection``
chooses, ``sequencing`` and ``harmonic`` order.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from embeat_serve.filters.compiled import NO_FILTER, CompiledFilter
from embeat_serve.options import RecallOptions
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.reranking.constraints import ListRequest
from embeat_serve.reranking.harmonic import harmonic_order
from embeat_serve.reranking.ranked_tracks import LazyList, RankedTrack, by_score, ranked_tracks
from embeat_serve.reranking.relaxation import constraints_of
from embeat_serve.reranking.selection import select
from embeat_serve.reranking.selection_state import ListLimits, SelectionState
from embeat_serve.reranking.sequencing import Arrangement, arrange, broken_rules
from embeat_serve.seeds.models import Seed
from embeat_serve.seeds.seed_features import artists_of_seeds


class Reranked(NamedTuple):
    """A list, and what it does not keep to."""

    candidates: list[Candidate]
    """In the order of the list."""
    relaxed: list[str]
    """Names of the rules and filters that had to give way; all others hold."""


def rerank(
    candidates: Iterable[Candidate],
    seeds: Sequence[Seed],
    options: RecallOptions,
    *,
    k: int,
    filters: CompiledFilter = NO_FILTER,
    disliked: Sequence[Seed] = (),
) -> Reranked:
    """The list of ``k`` songs, or fewer if candidates run out.

    Args:
        candidates: with payload, in any order.
        seeds: songs that the list shall be like; neither they nor copies of them are listed.
        options: the rules. Without ``diversify`` the list is the candidates by score, and no
            filter gives way.
        k: length wanted.
        filters: of the request.
        disliked: songs that are never listed, nor copies of them.
    """
    tracks = LazyList(ranked_tracks(candidates, seeds, options, filters=filters, disliked=disliked))
    if not options.diversify:
        return _by_score_alone(tracks, options, k, filters)
    seed_artists = artists_of_seeds(seeds)
    selection = select(
        tracks,
        constraints_of(ListRequest(seeds, options, filters)),
        SelectionState(ListLimits.of(options, seeds, k), seed_artists),
    )
    ordered, broken = _order(selection.tracks, options)
    return Reranked(
        [track.candidate for track in ordered],
        [*selection.broken, *selection.unmet, *filters.unmet, *broken],
    )


def _by_score_alone(
    tracks: Iterable[RankedTrack], options: RecallOptions, k: int, filters: CompiledFilter
) -> Reranked:
    best = list(islice((track for track in tracks if track.passes_without_rules), k))
    ordered = harmonic_order(best) if options.order == "harmonic" else best
    return Reranked([track.candidate for track in ordered], list(filters.unmet))


def _order(tracks: Iterable[RankedTrack], options: RecallOptions) -> Arrangement[RankedTrack]:
    best_first = sorted(tracks, key=lambda track: by_score(track.candidate))
    arrangement = arrange(best_first, options.max_artist_run, options.distinct_first)
    if options.order != "harmonic":
        return arrangement
    mixed = harmonic_order(arrangement.songs)
    return Arrangement(mixed, broken_rules(mixed, options.max_artist_run))

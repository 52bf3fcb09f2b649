"""Fallback candidates: near by sound, but of other genres or outside the filters.

They carry the rule that blocks them, and enter a list that stays short once that rule is relaxed.
"""

from collections.abc import Iterable

from embeat_serve.retrieval.channel import (
    ChannelResult,
    HitsByKey,
    Purpose,
    QueryKey,
    ids_of,
    scores_of,
)
from embeat_serve.retrieval.negative_feedback import demote_similar, similarity_to_disliked
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.stores.query import Query

MAX_FALLBACK_SEEDS = 3
"""Seeds that fallback candidates are fetched for."""

GENRE_RULE = "genre"
"""Rule that blocks tracks of other genres than the seed's."""


class Fallback:
    """Nearest tracks of any genre, and where one filter after the other gives way."""

    name = "acoustic"

    def queries(self, request: RetrievalRequest) -> Iterable[tuple[QueryKey, Query]]:
        """Queries per seed: any genre, then without the first filter, the first two, and so on.

        None without the acoustic channel or without list rules, which alone can be relaxed.
        """
        if self.name not in request.options.channels or not request.options.diversify:
            return
        limit = 2 * request.k
        for position, seed in enumerate(request.seeds[:MAX_FALLBACK_SEEDS]):
            if request.genres(seed):
                everywhere = request.filter_of_any_popularity()
                key = QueryKey(self.name, Purpose.OTHER_GENRES, position)
                yield key, request.nearest(seed, limit, everywhere)
            rules = tuple(request.filters.rules)
            for number, rule in enumerate(rules, start=1):
                everywhere = request.filter_of_any_popularity(relaxed=rules[:number])
                key = QueryKey(self.name, Purpose.RELAXED_FILTERS, position, rule=rule)
                yield key, request.nearest(seed, limit, everywhere)

    def results(self, request: RetrievalRequest, hits: HitsByKey) -> Iterable[ChannelResult]:
        """Tracks by cosine, under the rule that blocks them."""
        disliked = similarity_to_disliked(hits)
        for position in range(min(len(request.seeds), MAX_FALLBACK_SEEDS)):
            keys = {GENRE_RULE: QueryKey(self.name, Purpose.OTHER_GENRES, position)}
            for rule in request.filters.rules:
                keys[rule] = QueryKey(self.name, Purpose.RELAXED_FILTERS, position, rule=rule)
            for rule, key in keys.items():
                tracks = hits.get(key, ())
                result = ChannelResult(
                    self.name, position, ids_of(tracks), scores_of(tracks), blocked_by=rule
                )
                yield demote_similar(result, disliked, request.options.dislike_weight)

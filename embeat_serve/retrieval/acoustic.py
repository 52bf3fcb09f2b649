"""Channel ``acoustic``: the tracks that sound most like a seed, within each of its genres."""

from collections.abc import Iterable

from embeat_serve.contract.schema import TrackField
from embeat_serve.retrieval.channel import (
    ChannelResult,
    HitsByKey,
    Purpose,
    QueryKey,
    best_hits,
    ids_of,
    scores_of,
)
from embeat_serve.retrieval.negative_feedback import (
    demote_similar,
    near_disliked_queries,
    similarity_to_disliked,
)
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.stores.query import Match, Query


class Acoustic:
    """Nearest neighbours by acoustic vector; a seed without genre is compared with all tracks."""

    name = "acoustic"

    def queries(self, request: RetrievalRequest) -> Iterable[tuple[QueryKey, Query]]:
        """One query per seed and genre, and one per disliked song."""
        for position, seed in enumerate(request.seeds):
            genres = request.genres(seed)
            limit = request.limit_per_genre(self.name, len(genres))
            for genre in genres or (None,):
                where = () if genre is None else (Match(TrackField.GENRE_CODES, (genre,)),)
                key = QueryKey(self.name, Purpose.CANDIDATES, position, genre)
                yield key, request.nearest(seed, limit, request.candidate_filter(*where))
        yield from near_disliked_queries(request)

    def results(self, request: RetrievalRequest, hits: HitsByKey) -> Iterable[ChannelResult]:
        """Tracks by cosine, those that sound like a disliked song further down."""
        disliked = similarity_to_disliked(hits)
        for position in range(len(request.seeds)):
            of_genres = [
                hits[QueryKey(self.name, Purpose.CANDIDATES, position, genre)]
                for genre in self.searched_genres(request, hits, position) or (None,)
            ]
            best = best_hits(of_genres, request.limit(self.name))
            result = ChannelResult(self.name, position, ids_of(best), scores_of(best))
            yield demote_similar(result, disliked, request.options.dislike_weight)

    def searched_genres(
        self, request: RetrievalRequest, hits: HitsByKey, position: int
    ) -> tuple[int, ...]:
        """Genres of a seed whose hits count: all that were searched."""
        return request.genres(request.seeds[position])

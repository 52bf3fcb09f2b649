"""Channel ``genre_popular``: the most popular tracks of a seed's genres, ordered by sound."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.retrieval.channel import (
    ChannelResult,
    HitsByKey,
    Purpose,
    QueryKey,
    best_hits,
    ids_of,
)
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.stores.query import Filter, Hit, Ids, Match, Query


class GenrePopular:
    """Most popular tracks of each genre of the seeds; a genre that seeds share is read once."""

    name = "genre_popular"

    def queries(self, request: RetrievalRequest) -> Iterable[tuple[QueryKey, Query]]:
        """One query per genre, and one for the seeds' vectors."""
        limits: dict[int, int] = {}
        for seed in request.seeds:
            genres = request.genres(seed)
            for genre in genres:
                limits.setdefault(genre, request.limit_per_genre(self.name, len(genres)))
        for genre, limit in limits.items():
            where = Match(TrackField.GENRE_CODES, (genre,))
            yield (
                QueryKey(self.name, Purpose.CANDIDATES, genre=genre),
                Query(
                    Collection.TRACKS,
                    limit,
                    order_by=TrackField.POPULARITY_RANK,
                    filter=request.candidate_filter(where),
                    payload=request.payload or False,
                    with_vector=True,
                ),
            )
        if limits and (codes := request.seed_codes):
            yield (
                QueryKey(self.name, Purpose.SEED_VECTORS),
                Query(
                    Collection.TRACKS, len(codes), filter=Filter((Ids(codes),)), with_vector=True
                ),
            )

    def results(self, request: RetrievalRequest, hits: HitsByKey) -> Iterable[ChannelResult]:
        """Popular tracks of each seed's genres, by cosine to the seed."""
        of_seeds = hits.get(QueryKey(self.name, Purpose.SEED_VECTORS), ())
        vectors = {hit.id: hit.vector for hit in of_seeds}
        for position, seed in enumerate(request.seeds):
            of_genres = [
                hits[QueryKey(self.name, Purpose.CANDIDATES, genre=genre)]
                for genre in self.searched_genres(request, hits, position)
            ]
            popular = best_hits(of_genres, request.limit(self.name))
            vector = seed.vector if seed.code is None else vectors.get(seed.code)
            yield ChannelResult(self.name, position, *order_by_cosine(popular, vector))

    def searched_genres(
        self, request: RetrievalRequest, hits: HitsByKey, position: int
    ) -> tuple[int, ...]:
        """Genres of a seed whose hits count: all that were searched."""
        return request.genres(request.seeds[position])


def order_by_cosine(
    hits: Sequence[Hit], vector: NDArray[np.float32] | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Order hits by the cosine of their vectors to a vector, greatest first.

    Returns:
        (n,) ids and (n,) cosines. Hits without a vector come last, in order, with NaN.
    """
    ids = ids_of(hits)
    cosines = np.full(len(hits), np.nan)
    vectors = {row: hit.vector for row, hit in enumerate(hits) if hit.vector is not None}
    if vector is None or not vectors:
        return ids, cosines
    matrix = np.stack(list(vectors.values()))
    lengths = np.linalg.norm(matrix, axis=1) * np.linalg.norm(vector)
    cosines[list(vectors)] = matrix @ vector / np.maximum(lengths, 1e-12)
    order = np.argsort(-cosines, kind="stable")
    return ids[order], cosines[order]

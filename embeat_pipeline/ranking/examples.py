"""Make the examples that trees learn from: queries, answered by lists that do not know them.

Every candidate is looked at through the functions that serve: lists are merged by the playlist
channel, and features computed by ``embeat_serve.ranking.tree_features``.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.common.parquet import read_vectors
from embeat_pipeline.common.progress import progress
from embeat_pipeline.interactions.playlists import Playlists
from embeat_pipeline.interactions.queries import QuerySet, draw_queries
from embeat_pipeline.ranking.artist_songs import ArtistSongs
from embeat_pipeline.ranking.config import RankingConfig
from embeat_pipeline.ranking.folds import Fold
from embeat_pipeline.ranking.seed_lists import SeedLists
from embeat_pipeline.ranking.songs import SongTable
from embeat_pipeline.ranking.training_set import TrainingSet
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.neighbour_codec import NeighbourList
from embeat_serve.ranking.tree_features import PlaylistEvidence, tree_features
from embeat_serve.retrieval.playlist import playlist_results

PLAYLISTS_AT_ONCE = 200
"""Playlists whose seeds' lists are in memory together: some 7,000 lists, 100 MB."""


class QueryCandidates(NamedTuple):
    """Candidates of one query, with what neighbour lists say of them."""

    seeds: NDArray[np.int64]
    ids: NDArray[np.int64]
    evidence: NDArray[np.float32]
    hits: NDArray[np.bool_]
    playlist: np.uint64
    targets: int


def collect(lake: LakePaths, fold: Fold, config: RankingConfig) -> TrainingSet:
    """Draw queries from the held-out playlists of a fold, and look at their candidates.

    A query without candidates is left out: there is nothing to order.
    """
    artist_songs = ArtistSongs.read(lake)
    lists = SeedLists(fold.model, artist_songs.artists)
    held_out = fold.held_out
    found: list[QueryCandidates] = []
    with progress("ranking examples", len(held_out), "playlists") as advance:
        for start in range(0, len(held_out), PLAYLISTS_AT_ONCE):
            some = held_out.select(np.arange(start, min(start + PLAYLISTS_AT_ONCE, len(held_out))))
            found += _candidates(some, lists, artist_songs, config)
            advance(len(some))
    codes = [codes for one in found for codes in (one.seeds, one.ids)]
    songs = SongTable.read(lake, np.unique(np.concatenate([np.zeros(0, np.int64), *codes])), config)
    genre_vectors = read_vectors(lake.table("genre_vectors"), "vector")
    return TrainingSet.concatenate([_examples(one, songs, genre_vectors) for one in found])


def _candidates(
    playlists: Playlists, lists: SeedLists, artist_songs: ArtistSongs, config: RankingConfig
) -> Iterator[QueryCandidates]:
    query_sets = [
        draw_queries(playlists, number, config.seed + draw)
        for number, draws in config.draws
        for draw in range(draws)
    ]
    seeds = [queries.seeds.ravel() for queries in query_sets]
    of_seed = lists.lists_of(np.unique(np.concatenate(seeds)))
    for queries in query_sets:
        for row in range(len(queries)):
            candidates = _candidates_of(queries, row, of_seed, artist_songs, config)
            if len(candidates.ids):
                yield candidates


def _candidates_of(
    queries: QuerySet,
    row: int,
    of_seed: Mapping[int, NeighbourList],
    artist_songs: ArtistSongs,
    config: RankingConfig,
) -> QueryCandidates:
    seeds = queries.seeds[row]
    lists = [of_seed.get(code) for code in seeds.tolist()]
    results = playlist_results(lists, seeds.tolist(), config.candidates)
    others = artist_songs.most_popular(seeds, config.artist_candidates)
    ids = np.setdiff1d(np.concatenate([others, *(one.ids for one in results)]), seeds)
    evidence = PlaylistEvidence.of(results, ids, len(seeds))
    targets = queries.targets[[row]].indices
    return QueryCandidates(
        seeds, ids, evidence.columns, np.isin(ids, targets), queries.keys[row], len(targets)
    )


def _examples(
    query: QueryCandidates, songs: SongTable, genre_vectors: NDArray[np.float32]
) -> TrainingSet:
    seeds = songs.rows(query.seeds)
    features = tree_features(
        PlaylistEvidence(query.evidence),
        songs.select(seeds),
        songs.related_of(seeds),
        songs.select(songs.rows(query.ids)),
        genre_vectors,
    )
    return TrainingSet(
        features,
        query.hits,
        np.array([len(query.ids)]),
        np.array([query.playlist], np.uint64),
        np.array([len(query.seeds)]),
        np.array([query.targets]),
    )

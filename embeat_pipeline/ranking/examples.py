"""Make the examples that trees learn from: queries, answered by lists that do not know them.

Every candidate is looked at through the functions that serve: lists are merged by the playlist
channel, and features computed by ``embeat_serve.ranking.tree_features``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from embeat_pipeline.ranking.title_tracks import TitleCandidates, TitleTracks
from embeat_pipeline.ranking.training_set import TrainingSet
from embeat_serve.contract.lake import LakePaths
from embeat_serve.ranking.title_features import TITLE_FEATURES, title_features
from embeat_serve.ranking.tree_features import UNKNOWN, PlaylistEvidence, tree_features
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.retrieval.playlist import playlist_results
from embeat_serve.titles.title_model import TitleProfile

PLAYLISTS_AT_ONCE = 200
"""Playlists whose seeds' lists are in memory together: some 7,000 lists, 100 MB."""


class QueryCandidates(NamedTuple):
    """Candidates of one query, with what neighbour lists say of them."""

    seeds: NDArray[np.int64]
    ids: NDArray[np.int64]
    is_for_seeds: NDArray[np.bool_]
    """Whether they are candidates without the title, too."""
    evidence: NDArray[np.float32]
    hits: NDArray[np.bool_]
    playlist: np.uint64
    targets: int
    title: TitleProfile | None
    """None: the query is asked without one."""


@dataclass(frozen=True)
class Examples:
    """What trees learn from."""

    by_seeds: TrainingSet
    """Queries by seeds alone; the columns of the title are ``UNKNOWN``."""
    with_title: TrainingSet
    """Some of these queries, asked with the name of the playlist as well."""

    @classmethod
    def concatenate(cls, parts: Sequence["Examples"]) -> "Examples":
        """Those of several folds, end to end."""
        return cls(
            TrainingSet.concatenate([part.by_seeds for part in parts]),
            TrainingSet.concatenate([part.with_title for part in parts]),
        )


def collect(lake: LakePaths, fold: Fold, config: RankingConfig) -> Examples:
    """Draw queries from the held-out playlists of a fold, and look at their candidates.

    A query without candidates is left out: there is nothing to order.
    """
    artist_songs = ArtistSongs.read(lake)
    sources = CandidateSources(
        SeedLists(fold.model, artist_songs.artists), artist_songs, TitleTracks.of(fold)
    )
    held_out = fold.held_out
    found: list[QueryCandidates] = []
    with progress("ranking examples", len(held_out), "playlists") as advance:
        for start in range(0, len(held_out), PLAYLISTS_AT_ONCE):
            rows = np.arange(start, min(start + PLAYLISTS_AT_ONCE, len(held_out)))
            found += _candidates(held_out.select(rows), fold.titles[rows], sources, config)
            advance(len(rows))
    codes = [codes for one in found for codes in (one.seeds, one.ids)]
    songs = SongTable.read(lake, np.unique(np.concatenate([np.zeros(0, np.int64), *codes])), config)
    genre_vectors = read_vectors(lake.table("genre_vectors"), "vector")
    parts = [_examples(one, songs, genre_vectors, sources.titles) for one in found]
    return Examples.concatenate(parts)


class CandidateSources(NamedTuple):
    """Where the candidates of a fold come from."""

    lists: SeedLists
    artist_songs: ArtistSongs
    titles: TitleTracks


def _candidates(
    playlists: Playlists, titles: NDArray[np.str_], sources: CandidateSources, config: RankingConfig
) -> Iterator[QueryCandidates]:
    query_sets = [
        (draw, draw_queries(playlists, number, config.seed + draw))
        for number, draws in config.draws
        for draw in range(draws)
    ]
    of_seed = sources.lists.lists_of(
        np.unique(np.concatenate([queries.seeds.ravel() for _, queries in query_sets]))
    )
    of_titles = [
        sources.titles.candidates(title, config.title_candidates) for title in titles.tolist()
    ]
    for draw, queries in query_sets:
        for row, playlist in enumerate(queries.playlists.tolist()):
            lists = [of_seed.get(code) for code in queries.seeds[row].tolist()]
            results = playlist_results(lists, queries.seeds[row].tolist(), config.candidates)
            others = sources.artist_songs.most_popular(queries.seeds[row], config.artist_candidates)
            for_seeds = np.concatenate([others, *(one.ids for one in results)])
            of_title = of_titles[playlist] if draw < config.title_draws else None
            query = _query_candidates(queries, row, results, for_seeds, of_title)
            if len(query.ids):
                yield query


def _query_candidates(
    queries: QuerySet,
    row: int,
    results: Sequence[ChannelResult],
    for_seeds: NDArray[np.int64],
    of_title: TitleCandidates | None,
) -> QueryCandidates:
    seeds = queries.seeds[row]
    found = for_seeds if of_title is None else np.concatenate([for_seeds, of_title.ids])
    ids = np.setdiff1d(found, seeds)
    targets = queries.targets[[row]].indices
    return QueryCandidates(
        seeds,
        ids,
        np.isin(ids, for_seeds),
        PlaylistEvidence.of(results, ids, len(seeds)).columns,
        np.isin(ids, targets),
        queries.keys[row],
        len(targets),
        None if of_title is None else of_title.title,
    )


def _examples(
    query: QueryCandidates,
    songs: SongTable,
    genre_vectors: NDArray[np.float32],
    titles: TitleTracks,
) -> Examples:
    seeds, candidates = songs.rows(query.seeds), songs.select(songs.rows(query.ids))
    features = tree_features(
        PlaylistEvidence(query.evidence),
        songs.select(seeds),
        songs.related_of(seeds),
        candidates,
        genre_vectors,
    )
    no_title = np.full((len(query.ids), len(TITLE_FEATURES)), UNKNOWN, np.float32)
    by_seeds = _training_set(query, np.concatenate([features, no_title], axis=1))
    by_seeds = by_seeds.of_candidates(query.is_for_seeds)
    if query.title is None:
        return Examples(by_seeds, TrainingSet.concatenate([]))
    of_seeds, of_candidates = map(titles.vectors_of, (query.seeds, query.ids))
    of_title = title_features(
        query.title, of_seeds, of_candidates, query.ids, candidates, genre_vectors
    )
    with_title = _training_set(query, np.concatenate([features, of_title], axis=1))
    return Examples(by_seeds, with_title)


def _training_set(query: QueryCandidates, features: NDArray[np.float32]) -> TrainingSet:
    return TrainingSet(
        features,
        query.hits,
        np.array([len(query.ids)]),
        np.array([query.playlist], np.uint64),
        np.array([len(query.seeds)]),
        np.array([query.targets]),
    )

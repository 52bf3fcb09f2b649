"""Score candidates by the second stage: the trees of the release, where they apply, and style."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.schema import VECTOR_SIZE, Collection
from embeat_serve.ranking.candidates import CandidateTable
from embeat_serve.ranking.scoring import TitleRole
from embeat_serve.ranking.style import penalise_off_style
from embeat_serve.ranking.title_features import title_features
from embeat_serve.ranking.tree_features import (
    PlaylistEvidence,
    SongColumns,
    related_codes,
    tree_features,
)
from embeat_serve.ranking.tree_ranker import applies
from embeat_serve.recommendation_plan import RecommendationRequest
from embeat_serve.release import Release
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.stores.base import VectorStore


def score_by_second_stage(
    release: Release,
    request: RecommendationRequest,
    table: CandidateTable,
    results: Sequence[ChannelResult],
    payloads: Mapping[int, TrackPayload],
    vectors: Mapping[int, NDArray[np.float32]],
) -> CandidateTable:
    """Score the candidates by the trees of the release, where these apply, and by their style.

    Upstream's list, one made from a title alone, and a release without trees keep the scores of
    the first stage. With a title beside the seeds this takes a store call, for playlist vectors.

    Args:
        release: gives trees and playlist vectors.
        request: gives the seeds, the title and options.
        table: candidates, scored by the first stage.
        results: of all channels.
        payloads: by track code, of each candidate.
        vectors: acoustic vectors (64,) by track code, of candidates and seeds as far as known.
    """
    ranker = release.tree_ranker
    if ranker is None or request.options.upstream is not None:
        return table
    if request.title_role is TitleRole.ALONE:
        return table
    songs, ids = request.seeds.songs, table.ids.tolist()
    seeds = [song.payload for song in songs]
    seed_vectors = [song.vector if song.code is None else vectors.get(song.code) for song in songs]
    columns = SongColumns.of([payloads[id] for id in ids], [vectors.get(id) for id in ids])
    features = tree_features(
        PlaylistEvidence.of(results, table.ids, len(songs)),
        SongColumns.of(seeds, seed_vectors),
        related_codes(seeds),
        columns,
        ranker.genre_vectors,
    )
    if applies(results, is_artist=request.is_artist):
        of_title = None
        if request.title is not None and ranker.has_title_trees:
            codes = request.retrieval().seed_codes
            of_seeds, of_candidates = _playlist_vectors(release.store, codes, ids)
            of_title = title_features(
                request.title, of_seeds, of_candidates, table.ids, columns, ranker.genre_vectors
            )
        table = ranker.rescore(table, features, len(songs), of_title)
    return penalise_off_style(table, features, request.options.off_style_penalty)


def _playlist_vectors(
    store: VectorStore, seeds: Sequence[int], candidates: Sequence[int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(s, 64) and (n, 64) playlist vectors of seeds and candidates, 0 where a track has none."""
    codes = [*seeds, *candidates]
    vectors = np.zeros((len(codes), VECTOR_SIZE), np.float32)
    hits = store.retrieve(Collection.TRACKS_PLAYLIST, codes, (), with_vector=True)
    found = {hit.id: hit.vector for hit in hits if hit.vector is not None}
    rows = [row for row, code in enumerate(codes) if code in found]
    if rows:
        vectors[rows] = [found[codes[row]] for row in rows]
    return vectors[: len(seeds)], vectors[len(seeds) :]

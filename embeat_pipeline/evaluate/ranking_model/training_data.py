"""Query the channels of a release with tracks of held-out playlists, as matrices to fit on."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.common.progress import progress
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.interactions.playlists import Playlists, uniform
from embeat_pipeline.interactions.queries import MIN_TRACKS, QuerySet, draw_queries
from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.schema import CHANNELS, Collection
from embeat_serve.errors import SeedNotFound
from embeat_serve.options import RecallOptions
from embeat_serve.ranking.features import (
    CHANNEL_FEATURES,
    FEATURES,
    METADATA_FIELDS,
    metadata_features,
)
from embeat_serve.ranking.model import DEFAULT_MODEL, SEED_REGIMES, confidence_weight
from embeat_serve.ranking.scoring import RankedChannel, confidence_of, rank_channels, regime_of
from embeat_serve.recommender import Recommender
from embeat_serve.stores.base import VectorStore

WIDTH = len(CHANNELS) * len(FEATURES)
"""Weights of one kind of seed."""


@dataclass(frozen=True)
class FitOptions:
    """Which queries the weights are fitted to, and how."""

    draws: tuple[tuple[int, int], ...] = ((1, 4), (5, 2), (25, 1))
    """Pairs of a number of seeds, and how often that many are drawn from a playlist."""
    cold_queries: int = 300
    """Number of queries with one track that is in no training playlist."""
    k: int = 100
    """Length of list that channels are queried for."""
    candidates: int = 100
    """Candidates of a query, the best ones by the default model without their payload. A list of
    twenty is chosen from about as many."""
    l2: float = 3e-3
    """Penalty on squared weights."""
    least_place: float = 0.02
    """Smallest weight of a channel's ranks, so that the order within a channel always counts."""
    folds: int = 5
    """Parts of the cross-validation."""
    min_queries: int = 100
    """A kind of seed with fewer queries keeps its default weights."""
    least_gain: float = 0.0
    """Fitted weights are used from this gain of nDCG@20 in cross-validation on."""
    seed: int = 0
    """Seed of the queries and of the folds."""


@dataclass(frozen=True)
class TrainingData:
    """Candidates of many queries, in the order of the queries."""

    features: NDArray[np.float64]
    """(n, channels * features), scaled by the confidence of the playlist channel."""
    hits: NDArray[np.bool_]
    """(n,) whether a candidate is in the rest of the playlist."""
    starts: NDArray[np.int64]
    """(q + 1,) position of the first candidate of each query."""
    kinds: NDArray[np.int64]
    """(q,) position in ``SEED_REGIMES``."""
    playlists: NDArray[np.uint64]
    """(q,) key of the playlist that each query was drawn from."""
    targets: NDArray[np.int64]
    """(q,) number of tracks in the rest of the playlist."""

    def select(self, rows: NDArray[np.bool_]) -> "TrainingData":
        """The queries of a (q,) mask."""
        sizes = np.diff(self.starts)
        candidates = np.repeat(rows, sizes)
        starts = np.concatenate([[0], np.cumsum(sizes[rows])])
        return TrainingData(
            self.features[candidates],
            self.hits[candidates],
            starts,
            self.kinds[rows],
            self.playlists[rows],
            self.targets[rows],
        )


@dataclass(frozen=True)
class QueryData:
    """Candidates of one query, see ``TrainingData``."""

    features: NDArray[np.float64]
    hits: NDArray[np.bool_]
    kind: int
    playlist: np.uint64
    targets: int


def fitting_queries(
    train: Playlists, validation: Playlists, options: FitOptions
) -> Iterator[QuerySet]:
    """Draw queries from validation playlists, and then some for tracks in no training playlist."""
    for count, draws in options.draws:
        for draw in range(draws):
            yield draw_queries(validation, count, options.seed + draw)
    cold = _cold_queries(train, validation, options)
    if len(cold):
        yield cold


def _cold_queries(train: Playlists, validation: Playlists, options: FitOptions) -> QuerySet:
    """Queries whose one seed is in a validation playlist and in no training playlist."""
    is_cold = train.frequency() == 0
    matrix = validation.tracks
    rows = np.repeat(np.arange(len(validation)), validation.sizes)
    usable = np.flatnonzero(is_cold[matrix.indices] & (validation.sizes >= MIN_TRACKS)[rows])
    lots = uniform(np.arange(len(usable), dtype=np.uint64), options.seed)
    entries = np.sort(usable[np.argsort(lots)[: options.cold_queries]])
    playlist = rows[entries]
    seeds = matrix.indices[entries].astype(np.int64)[:, None]
    row = np.arange(len(entries))
    ones = np.ones(len(entries), matrix.dtype)
    seed_matrix = sparse.csr_array((ones, (row, seeds[:, 0])), shape=(len(row), matrix.shape[1]))
    targets = sparse.csr_array(matrix[playlist] - seed_matrix)
    targets.eliminate_zeros()
    return QuerySet(playlist, validation.keys[playlist], seeds, targets)


def collect_training_data(
    recommender: Recommender,
    queries: Sequence[QuerySet],
    catalogue: Catalogue,
    options: FitOptions,
) -> TrainingData:
    """Query the channels of a release; queries whose seeds it does not have are left out.

    Args:
        recommender: of the release.
        queries: sets of queries.
        catalogue: of the release's lake.
        options: see ``FitOptions``.
    """
    collected: list[QueryData] = []
    with (
        recommender.opened() as release,
        progress("evidence", sum(map(len, queries)), "queries") as advance,
    ):
        for query_set in queries:
            for row, ids in enumerate(catalogue.ids(query_set.seeds)):
                advance(1)
                query = query_set.select(np.array([row]))
                with suppress(SeedNotFound):
                    collected.append(_query_data(recommender, release.store, query, ids, options))
    sizes = [len(query.hits) for query in collected]
    return TrainingData(
        np.concatenate([np.zeros((0, WIDTH)), *(query.features for query in collected)]),
        np.concatenate([np.zeros(0, bool), *(query.hits for query in collected)]),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.array([query.kind for query in collected], np.int64),
        np.array([query.playlist for query in collected], np.uint64),
        np.array([query.targets for query in collected], np.int64),
    )


def _query_data(
    recommender: Recommender,
    store: VectorStore,
    query: QuerySet,
    ids: Sequence[str],
    options: FitOptions,
) -> QueryData:
    """Candidates of one query.

    Raises:
        SeedNotFound: the release has none of the seeds.
    """
    recall = replace(RecallOptions(), diversify=False)
    seeds, targets = query.seeds[0], query.targets.indices
    results = recommender.channel_results(ids, options.k, recall)
    regime = SEED_REGIMES.index(regime_of(results, len(ids)))
    confidence = confidence_weight(confidence_of(results))
    codes, evidence = evidence_matrix(rank_channels(results))
    is_candidate = ~np.isin(codes, seeds)
    weights = DEFAULT_MODEL.weights[regime] * confidence
    scores = np.einsum("ncf,cf->n", evidence, weights)
    order = np.lexsort((codes, -np.where(is_candidate, scores, -1.0)))
    best = order[: min(options.candidates, int(is_candidate.sum()))]
    features = with_payload(evidence[best], codes[best], seeds, store) * confidence
    return QueryData(
        features.reshape(len(best), WIDTH),
        np.isin(codes[best], targets),
        regime,
        query.keys[0],
        len(targets),
    )


def evidence_matrix(
    ranked: Mapping[str, RankedChannel],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Put the evidence of all channels into one matrix.

    Args:
        ranked: channel -> its ranked tracks.

    Returns:
        (n,) codes of all tracks, ascending, and (n, channels, features) evidence. The features
        that come from the payload are 0.
    """
    ids = [of_channel.ids for of_channel in ranked.values()]
    codes = np.unique(np.concatenate(ids)) if ids else np.zeros(0, np.int64)
    matrix = np.zeros((len(codes), len(CHANNELS), len(FEATURES)))
    for channel, of_channel in ranked.items():
        rows = np.searchsorted(codes, of_channel.ids)
        matrix[rows, CHANNELS.index(channel), : len(CHANNEL_FEATURES)] = of_channel.features
    return codes, matrix


def with_payload(
    matrix: NDArray[np.float64],
    codes: NDArray[np.int64],
    seeds: NDArray[np.int64],
    store: VectorStore,
) -> NDArray[np.float64]:
    """Add the features that come from the payload, for the channels that returned a track.

    Args:
        matrix: (n, channels, features), see ``evidence_matrix``.
        codes: (n,) track codes of its rows.
        seeds: track codes of the seeds.
        store: of the release.

    Returns:
        (n, channels, features).
    """
    hits = store.retrieve(Collection.TRACKS, [*codes.tolist(), *seeds.tolist()], METADATA_FIELDS)
    payloads = {hit.id: cast(TrackPayload, hit.payload) for hit in hits}
    tracks, of_seeds = (
        [payloads.get(code, TrackPayload()) for code in of.tolist()] for of in (codes, seeds)
    )
    complete = matrix.copy()
    is_found = matrix[:, :, [FEATURES.index("found")]]
    complete[:, :, len(CHANNEL_FEATURES) :] = (
        is_found * metadata_features(of_seeds, tracks)[:, None]
    )
    return complete

"""What a release's channels find for tracks of held-out playlists, as matrices to fit on."""

from collections.abc import Iterator
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


@dataclass(frozen=True)
class FitOptions:
    """Which evidence is gathered, and how weights are fitted to it."""

    draws: tuple[tuple[int, int], ...] = ((1, 4), (5, 2), (25, 1))
    """Numbers of seeds, and how often that many are drawn from a playlist."""
    cold_queries: int = 300
    """Queries with one track that is in no training playlist."""
    k: int = 100
    """Length of list that channels are asked for."""
    candidates: int = 100
    """Of a query, the best by the default model and what channels say; what a list of twenty
    chooses from."""
    l2: float = 3e-3
    """Penalty on squared weights."""
    least_place: float = 0.02
    """Weight that a place has at least, so that no order within a channel is lost."""
    folds: int = 5
    min_queries: int = 100
    """Of a kind; with fewer it keeps its default weights."""
    seed: int = 0


@dataclass(frozen=True)
class Material:
    """Candidates of many queries, ordered by query."""

    features: NDArray[np.float64]
    """(n, channels * features), times ``confidence_weight``."""
    hits: NDArray[np.bool_]
    """(n,) whether a candidate is in the rest of the playlist."""
    starts: NDArray[np.int64]
    """(q + 1,) where the candidates of each query begin."""
    kinds: NDArray[np.int64]
    """(q,) position in ``SEED_REGIMES``."""
    playlists: NDArray[np.uint64]
    """(q,) key of the playlist each was drawn from."""
    targets: NDArray[np.int64]
    """(q,) tracks to be found."""

    def select(self, rows: NDArray[np.bool_]) -> "Material":
        """Queries of a mask (q,)."""
        sizes = np.diff(self.starts)
        kept = np.repeat(rows, sizes)
        starts = np.concatenate([[0], np.cumsum(sizes[rows])])
        return Material(
            self.features[kept],
            self.hits[kept],
            starts,
            self.kinds[rows],
            self.playlists[rows],
            self.targets[rows],
        )


def fitting_queries(
    train: Playlists, validation: Playlists, options: FitOptions
) -> Iterator[QuerySet]:
    """Some tracks of each validation playlist, then tracks that no training playlist holds."""
    for count, draws in options.draws:
        for draw in range(draws):
            yield draw_queries(validation, count, options.seed + draw)
    unseen = train.frequency() == 0
    matrix = validation.tracks
    rows = np.repeat(np.arange(len(validation)), validation.sizes)
    usable = np.flatnonzero(unseen[matrix.indices] & (validation.sizes >= MIN_TRACKS)[rows])
    lots = uniform(np.arange(len(usable), dtype=np.uint64), options.seed)
    chosen = np.sort(usable[np.argsort(lots)[: options.cold_queries]])
    if len(chosen):
        of_playlist = rows[chosen]
        seeds = matrix.indices[chosen].astype(np.int64)[:, None]
        row = np.arange(len(chosen))
        ones = np.ones(len(chosen), matrix.dtype)
        own = sparse.csr_array((ones, (row, seeds[:, 0])), shape=(len(row), matrix.shape[1]))
        targets = sparse.csr_array(matrix[of_playlist] - own)
        targets.eliminate_zeros()
        yield QuerySet(of_playlist, validation.keys[of_playlist], seeds, targets)


def gather(
    recommender: Recommender, queries: list[QuerySet], catalogue: Catalogue, options: FitOptions
) -> Material:
    """Ask a release what its channels find for each query.

    Args:
        recommender: of the release.
        queries: what to ask.
        catalogue: of its lake.
        options: see ``FitOptions``.
    """
    recall = replace(RecallOptions(), diversify=False)
    features: list[NDArray[np.float64]] = []
    hits: list[NDArray[np.bool_]] = []
    about: list[tuple[int, np.uint64, int]] = []
    with (
        recommender.opened() as release,
        progress("evidence", sum(map(len, queries)), "queries") as advance,
    ):
        for drawn in queries:
            for row, ids in enumerate(catalogue.ids(drawn.seeds)):
                advance(1)
                try:
                    answers = recommender.channel_results(ids, options.k, recall)
                except SeedNotFound:
                    continue
                of_kind = SEED_REGIMES.index(regime_of(answers, len(ids)))
                swayed = confidence_weight(confidence_of(answers))
                codes, found = evidence_matrix(rank_channels(answers))
                free = ~np.isin(codes, drawn.seeds[row])
                weights = DEFAULT_MODEL.weights[of_kind] * swayed
                scores = np.einsum("ncf,cf->n", found, weights)
                order = np.lexsort((codes, -np.where(free, scores, -1.0)))
                kept = order[: min(options.candidates, int(free.sum()))]
                whole = with_payload(found[kept], codes[kept], drawn.seeds[row], release.store)
                targets = drawn.targets[[row]].indices
                features.append((whole * swayed).reshape(len(kept), WIDTH))
                hits.append(np.isin(codes[kept], targets))
                about.append((of_kind, drawn.keys[row], len(targets)))
    sizes = [len(of_query) for of_query in hits]
    kinds, keys, targets = zip(*about, strict=True) if about else ((), (), ())
    return Material(
        np.concatenate(features) if features else np.zeros((0, WIDTH)),
        np.concatenate(hits) if hits else np.zeros(0, bool),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.array(kinds, np.int64),
        np.array(keys, np.uint64),
        np.array(targets, np.int64),
    )


def evidence_matrix(
    ranked: dict[str, RankedChannel],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Tracks that any channel found, and (n, channels, features) what the channels say of each;
    what their payload says is left 0."""
    ids = [found.ids for found in ranked.values()]
    codes = np.unique(np.concatenate(ids)) if ids else np.zeros(0, np.int64)
    matrix = np.zeros((len(codes), len(CHANNELS), len(FEATURES)))
    for channel, found in ranked.items():
        rows = np.searchsorted(codes, found.ids)
        matrix[rows, CHANNELS.index(channel), : len(CHANNEL_FEATURES)] = found.features
    return codes, matrix


def with_payload(
    matrix: NDArray[np.float64],
    codes: NDArray[np.int64],
    seeds: NDArray[np.int64],
    store: VectorStore,
) -> NDArray[np.float64]:
    """``matrix`` (n, channels, features) with what the payload of its tracks says, in the rows of
    the channels that found them.

    Args:
        matrix: see ``evidence_matrix``.
        codes: (n,) of its tracks.
        seeds: codes of the seeds.
        store: of the release.
    """
    asked = [*codes.tolist(), *seeds.tolist()]
    hits = store.retrieve(Collection.TRACKS, asked, METADATA_FIELDS)
    payloads = {hit.id: cast(TrackPayload, hit.payload) for hit in hits}
    tracks, of_seeds = (
        [payloads.get(code, TrackPayload()) for code in of.tolist()] for of in (codes, seeds)
    )
    whole = matrix.copy()
    found = matrix[:, :, [FEATURES.index("found")]]
    told = metadata_features(of_seeds, tracks)
    whole[:, :, len(CHANNEL_FEATURES) :] = found * told[:, None]
    return whole

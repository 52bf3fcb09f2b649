from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from embeat_pipeline.evaluate.ranking_model.fit import cross_validate, fit_weights, ndcg_at_k
from embeat_pipeline.evaluate.ranking_model.training_data import (
    WIDTH,
    FitOptions,
    TrainingData,
    evidence_matrix,
    fitting_queries,
    with_payload,
)
from embeat_pipeline.interactions.playlists import Playlists, id_keys
from embeat_pipeline.interactions.ranking_metrics import ranking_metrics
from embeat_serve.contract.schema import CHANNELS, TrackField
from embeat_serve.ranking.features import FEATURES
from embeat_serve.ranking.model import DEFAULT_MODEL, SEED_REGIMES, SeedRegime
from embeat_serve.ranking.scoring import RankedChannel
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.query import Hit

OPTIONS = FitOptions(min_queries=20)
DEFAULT = DEFAULT_MODEL.weights[SEED_REGIMES.index(SeedRegime.SINGLE)].ravel()


def column(channel: str, feature: str) -> int:
    return CHANNELS.index(channel) * len(FEATURES) + FEATURES.index(feature)


def material(queries: int, telling: int | None, seed: int = 0) -> TrainingData:
    """Candidates of which a share is hit: by lot, or where one feature is high."""
    random = np.random.default_rng(seed)
    sizes = random.integers(5, 40, queries)
    features = random.random((sizes.sum(), WIDTH))
    chance = np.full(len(features), 0.15)
    if telling is not None:
        chance = features[:, telling] ** 4
    hits = random.random(len(features)) < chance
    starts = np.concatenate([[0], np.cumsum(sizes)])
    keys = np.arange(queries, dtype=np.uint64) // 2
    targets = np.maximum(np.add.reduceat(hits, starts[:-1]), 1) + random.integers(0, 3, queries)
    return TrainingData(features, hits, starts, np.full(queries, 1), keys, targets)


def test_what_tells_gets_the_weight():
    telling = column("related_artist", "strength")
    weights = fit_weights(material(300, telling), DEFAULT, OPTIONS)
    assert weights.argmax() == telling
    assert weights[telling] > 2 * np.delete(weights, telling).max()


def test_no_weight_is_negative_and_no_order_is_lost():
    for telling in (None, column("playlist", "found")):
        weights = fit_weights(material(100, telling), DEFAULT, OPTIONS)
        assert (weights >= 0).all()
        places = weights.reshape(len(CHANNELS), -1)[:, FEATURES.index("place")]
        assert (places >= OPTIONS.least_place).all()


def test_weights_that_help_are_taken():
    found, weights = cross_validate(
        material(200, column("acoustic", "popularity")), DEFAULT, OPTIONS
    )
    assert found["fitted"]
    assert weights is not None
    assert found["cross_validated"] > found["default"]
    assert found["difference"][1] > 0


def test_weights_that_do_not_help_are_not_taken():
    """The default is right already; forty queries are too few to find out anything better."""
    telling = column("playlist", "strength")
    best = np.zeros(WIDTH)
    best[telling] = 1.0
    found, weights = cross_validate(material(40, telling), best, OPTIONS)
    assert weights is None
    assert not found["fitted"]
    assert found["difference"][0] < 0


def test_few_queries_keep_the_default():
    found, weights = cross_validate(material(19, None), DEFAULT, OPTIONS)
    assert weights is None
    assert found == {"queries": 19, "fitted": False}


def test_two_fits_agree_to_the_bit():
    one, other = (fit_weights(material(50, None), DEFAULT, OPTIONS) for _ in range(2))
    assert (one == other).all()


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_ndcg_is_that_of_the_evaluation(seed):
    drawn = material(6, None, seed)
    scores = np.random.default_rng(seed).random(len(drawn.hits))
    ours = ndcg_at_k(drawn, scores)
    sizes = np.diff(drawn.starts)
    width = int(drawn.targets.max() + sizes.max() + 1)
    ranked = np.full((6, sizes.max()), -1, np.int64)
    targets = np.zeros((6, width), np.float32)
    for query in range(6):
        rows = slice(drawn.starts[query], drawn.starts[query + 1])
        order = np.argsort(-scores[rows], kind="stable")
        ranked[query, : sizes[query]] = order
        hits = np.flatnonzero(drawn.hits[rows])
        missed = np.arange(width - (drawn.targets[query] - len(hits)), width)
        targets[query, [*hits, *missed]] = 1
    theirs = ranking_metrics(ranked, sparse.csr_array(targets))["ndcg@20"]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


class Shelf:
    """A store that knows the payload of the tracks 0..9."""

    def retrieve(self, collection: str, ids: Sequence[int], payload: Sequence[str]) -> list[Hit]:
        assert {TrackField.POPULARITY, TrackField.YEAR}.issubset(payload)
        written = {TrackField.YEAR: 2000}
        return [
            Hit(id, 0.0, payload={**written, TrackField.POPULARITY: 10 * id})
            for id in ids
            if id < 10
        ]


def test_evidence_of_a_track_stands_in_its_row():
    ranked = {
        "playlist": RankedChannel(
            np.array([7, 2]), np.array([[1, 1, 0.5, 0.7], [1, 0.9, 0.1, 0.3]])
        ),
        "acoustic": RankedChannel(np.array([2]), np.array([[1, 1, 0, 0]])),
    }
    codes, matrix = evidence_matrix(ranked)
    assert codes.tolist() == [2, 7]
    whole = with_payload(matrix, codes, np.array([5]), cast(VectorStore, Shelf()))
    cells = whole.reshape(2, WIDTH)
    assert cells[0, column("acoustic", "found")] == 1
    assert cells[1, column("acoustic", "found")] == 0
    assert cells[1, column("playlist", "strength")] == 0.5
    assert cells[1, column("playlist", "popularity")] == pytest.approx(0.7)
    assert cells[1, column("acoustic", "popularity")] == 0
    assert cells[0, column("acoustic", "year_similarity")] == 1
    assert (
        cells[0, column("playlist", "popularity_similarity")]
        < cells[1, column("playlist", "popularity_similarity")]
    )


def test_queries_hold_cold_tracks_too():
    random = np.random.default_rng(0)
    cells = random.random((40, 60)) < 0.4
    cells[:20, 50:] = False  # ten tracks that only the validation playlists hold
    every = Playlists(
        id_keys(pl.Series([str(i) for i in range(40)])), sparse.csr_array(cells.astype(np.float32))
    )
    first = np.arange(40) < 20
    train, validation = every.select(first), every.select(~first)
    options = replace(OPTIONS, draws=((1, 1),), cold_queries=15)
    *drawn, cold = fitting_queries(train, validation, options)
    assert [len(queries) for queries in drawn] == [20]
    assert len(cold) == 15
    assert (cold.seeds >= 50).all()
    rows = np.arange(len(cold))
    whole = validation.tracks.toarray()[cold.playlists]
    whole[rows, cold.seeds[:, 0]] = 0
    assert (cold.targets.toarray() == whole).all()

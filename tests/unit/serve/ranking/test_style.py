import numpy as np
import pytest

from embeat_serve.options import RecallOptions
from embeat_serve.ranking.model import DEFAULT_MODEL
from embeat_serve.ranking.scoring import ScoringContext, score_channels
from embeat_serve.ranking.style import UNKNOWN_STYLE, penalise_off_style, style_fit
from embeat_serve.ranking.tree_features import FEATURES, UNKNOWN
from tests.support.plain_scoring import result_of


def features(**columns: list[float]) -> np.ndarray:
    values = np.zeros((len(next(iter(columns.values()))), len(FEATURES)), np.float32)
    for name, column in columns.items():
        values[:, FEATURES.index(name)] = column
    return values


def test_genres_artists_and_relations_are_style():
    rows = features(
        genre_similarity=[0, 0.3, 0.9, UNKNOWN, 0, 0],
        same_artist=[0, 0, 0, 0, 0.2, 0],
        related_artist=[0, 0, 0, 0, 0, 0.5],
    )
    assert style_fit(rows) == pytest.approx([0, 0.4, 1, UNKNOWN_STYLE, 1, 1])


def test_genres_that_are_near_are_of_one_style_without_any_in_common():
    rows = features(
        genre_similarity=[0, 0, 0, 0.6, 0.6],
        highest_genre_nearness=[-0.2, 0.3, 0.8, 0.3, UNKNOWN],
    )
    assert style_fit(rows) == pytest.approx([0, 0.4, 1, 0.8, 0.8])


def test_where_no_genre_is_known_style_says_nothing():
    assert style_fit(features(genre_similarity=[UNKNOWN, UNKNOWN])).tolist() == [1, 1]


def test_songs_of_another_style_lose_their_share_of_the_score():
    results = [
        result_of("playlist", 0, {1: 0.9, 2: 0.8, 3: 0.7}),
        result_of("acoustic", 0, {4: None}, "genre", cosine=0.9),
    ]
    table = score_channels(results, ScoringContext(RecallOptions(), DEFAULT_MODEL).scorer(results))
    rows = features(genre_similarity=[0.0, 0.75, UNKNOWN, 0.0])
    scaled = penalise_off_style(table, rows, 0.4)
    factors = np.where(table.blocked < 0, [0.6, 1, 0.8, 0.6], 1)
    assert scaled.scores == pytest.approx(table.scores * factors)
    assert penalise_off_style(table, rows, 0.0).scores == pytest.approx(table.scores)

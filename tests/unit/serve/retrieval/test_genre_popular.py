import numpy as np
import pytest

from embeat_serve.options import RecallOptions
from embeat_serve.retrieval.channel import Purpose, QueryKey
from embeat_serve.retrieval.genre_popular import GenrePopular, order_by_cosine
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.stores.query import Hit, Ids
from tests.support.retrieval import queries_of, results_of, seed

OPTIONS = RecallOptions(other_factor=2)
VECTORS = QueryKey("genre_popular", Purpose.SEED_VECTORS)


def key(genre: int) -> QueryKey:
    return QueryKey("genre_popular", Purpose.CANDIDATES, genre=genre)


def test_a_genre_that_seeds_share_is_read_once():
    request = RetrievalRequest([seed(1), seed(2, genre_codes=[8, 9])], OPTIONS, 20)
    queries = queries_of(GenrePopular(), request)
    assert list(queries) == [key(7), key(8), key(9), VECTORS]
    assert queries[key(8)].order_by == "popularity_rank"
    assert queries[VECTORS].filter.must == (Ids((1, 2)),)


def test_many_genres_share_what_is_asked_for():
    request = RetrievalRequest([seed(genre_codes=[7, 8, 9, 10])], OPTIONS, 20)
    assert queries_of(GenrePopular(), request)[key(7)].limit == 20


def test_seeds_without_genre_ask_for_nothing():
    assert not queries_of(GenrePopular(), RetrievalRequest([seed(genre_codes=[])], OPTIONS, 20))


def test_popular_songs_are_ordered_by_sound():
    vectors = np.eye(3, dtype=np.float32)
    hits = [Hit(4, 90, {}, vectors[0]), Hit(5, 80, {}, None), Hit(6, 70, {}, vectors[1])]
    ids, cosines = order_by_cosine(hits, vectors[1])
    assert ids.tolist() == [6, 4, 5]
    assert cosines == pytest.approx(np.array([1, 0, np.nan]), nan_ok=True)
    assert order_by_cosine(hits, None)[0].tolist() == [4, 5, 6]


def test_each_seed_compares_with_its_own_vector():
    vectors = np.eye(2, dtype=np.float32)
    request = RetrievalRequest([seed(1), seed(2)], OPTIONS, 20)
    hits = {
        key(7): [Hit(20, 90, {}, vectors[0]), Hit(30, 80, {}, vectors[1])],
        VECTORS: [Hit(1, 0, {}, vectors[0]), Hit(2, 0, {}, vectors[1])],
    }
    first, second = results_of(GenrePopular(), request, hits)
    assert (first.ids.tolist(), second.ids.tolist()) == ([20, 30], [30, 20])

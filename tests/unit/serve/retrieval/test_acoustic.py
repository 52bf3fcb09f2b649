import numpy as np

from embeat_serve.options import RecallOptions
from embeat_serve.retrieval.acoustic import Acoustic
from embeat_serve.retrieval.channel import Purpose, QueryKey
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.seeds.models import Seed
from embeat_serve.stores.query import Hit, Match
from tests.support.retrieval import queries_of, results_of, seed

OPTIONS = RecallOptions()


def key(genre: int | None, position: int = 0) -> QueryKey:
    return QueryKey("acoustic", Purpose.CANDIDATES, position, genre)


def test_each_genre_of_a_seed_is_searched_by_itself():
    queries = queries_of(Acoustic(), RetrievalRequest([seed()], OPTIONS, 20))
    assert set(queries) == {key(7), key(8)}
    assert queries[key(7)].filter.must == (Match("genre_codes", (7,)),)
    assert queries[key(7)].like == 1


def test_a_seed_without_genre_is_compared_with_all():
    queries = queries_of(Acoustic(), RetrievalRequest([seed(genre_codes=[])], OPTIONS, 20))
    assert set(queries) == {key(None)}
    assert queries[key(None)].filter.must == ()


def test_a_song_from_outside_is_compared_by_its_own_vector():
    outside = Seed({}, vector=np.ones(64, np.float32))
    queries = queries_of(Acoustic(), RetrievalRequest([outside], OPTIONS, 20))
    assert queries[key(None)].vector is outside.vector
    assert queries[key(None)].like is None


def test_genres_are_merged_by_cosine():
    request = RetrievalRequest([seed()], OPTIONS, 20)
    hits = {key(7): [Hit(20, 0.9, {}), Hit(30, 0.5, {})], key(8): [Hit(40, 0.7, {})]}
    (result,) = results_of(Acoustic(), request, hits)
    assert result.ids.tolist() == [20, 40, 30]
    assert result.cosines is not None
    assert result.cosines.tolist() == [0.9, 0.7, 0.5]


def test_what_sounds_like_a_disliked_song_comes_later():
    request = RetrievalRequest([seed()], OPTIONS, 20, disliked=[seed(2)])
    near = QueryKey("acoustic", Purpose.NEAR_DISLIKED, 0)
    assert queries_of(Acoustic(), request)[near].like == 2
    hits = {key(7): [Hit(20, 0.9, {}), Hit(30, 0.5, {})], near: [Hit(20, 0.8, {})]}
    (result,) = results_of(Acoustic(), request, hits)
    assert result.ids.tolist() == [30, 20]

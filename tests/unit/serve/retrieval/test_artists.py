from embeat_serve.options import RecallOptions
from embeat_serve.retrieval.artists import RelatedArtist, SameArtist
from embeat_serve.retrieval.channel import Purpose, QueryKey
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.stores.query import Hit, Match
from tests.support.retrieval import queries_of, results_of, seed

OPTIONS = RecallOptions()
SAME = QueryKey("same_artist", Purpose.CANDIDATES, 0)
RELATED = QueryKey("related_artist", Purpose.CANDIDATES, 0)


def test_songs_of_the_artist_and_of_related_ones_are_asked_for():
    request = RetrievalRequest([seed()], OPTIONS, 20)
    same = queries_of(SameArtist(), request)[SAME]
    assert Match("artist_codes", (5,)) in same.filter.must
    related = queries_of(RelatedArtist(), request)[RELATED]
    assert Match("artist_codes", (6, 9)) in related.filter.must


def test_a_seed_without_sound_goes_by_popularity():
    request = RetrievalRequest([seed(energy=None)], OPTIONS, 20)
    assert queries_of(SameArtist(), request)[SAME].order_by == "popularity_rank"
    (result,) = results_of(SameArtist(), request, {SAME: [Hit(9, 80, {})]})
    assert (result.ids.tolist(), result.cosines) == ([9], None)


def test_artists_of_disliked_songs_are_not_asked_for():
    request = RetrievalRequest([seed()], OPTIONS, 20, disliked=[seed(2, artist_codes=[5, 9])])
    assert not queries_of(SameArtist(), request)
    related = queries_of(RelatedArtist(), request)[RELATED]
    assert Match("artist_codes", (6,)) in related.filter.must

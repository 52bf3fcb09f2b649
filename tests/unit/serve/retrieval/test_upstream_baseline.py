import pytest

from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.retrieval.acoustic import Acoustic
from embeat_serve.retrieval.channel import Purpose, QueryKey
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.retrieval.retriever import PRODUCT_CHANNELS, channels_of
from embeat_serve.retrieval.upstream_baseline import (
    VectorPlaylist,
    VotedAcoustic,
    VotedGenrePopular,
    upstream_channels,
    vote_genre,
)
from embeat_serve.stores.query import Hit
from embeat_serve.upstream_options import UpstreamOptions
from tests.support.retrieval import queries_of, results_of, seed

UPSTREAM = UpstreamOptions(genre_vote=True, playlist_neighbours=False)
VECTORS = QueryKey("playlist", Purpose.CANDIDATES, 0)


def acoustic(genre: int) -> QueryKey:
    return QueryKey("acoustic", Purpose.CANDIDATES, 0, genre)


def neighbour(*genres: int, id: int = 0) -> Hit:
    return Hit(id, 0.9, {"genre_codes": list(genres)})


@pytest.mark.parametrize(
    ("neighbours", "winners"),
    [
        ([], (7, 8)),
        ([neighbour(7), neighbour(8)], (7, 8)),
        ([neighbour(8), neighbour(8), neighbour(7)], (8,)),
        ([neighbour(8)], (8,)),
        ([neighbour(3), neighbour(4)], (7, 8)),
        ([neighbour(7, 8), neighbour(8, 8)], (8,)),
    ],
)
def test_the_genre_needs_twice_the_votes(neighbours: list[Hit], winners: tuple[int, ...]):
    assert vote_genre((7, 8), neighbours, ratio=2.0) == winners


def test_upstreams_channels_take_the_place_of_the_products():
    request = RetrievalRequest([seed()], PRESETS["upstream"], 20)
    kinds = [type(channel) for channel in channels_of(request)]
    assert [VotedAcoustic, VotedGenrePopular, VectorPlaylist] == [kinds[i] for i in (0, 1, 4)]
    assert upstream_channels(PRODUCT_CHANNELS, UpstreamOptions()) == PRODUCT_CHANNELS
    assert channels_of(RetrievalRequest([seed()], RecallOptions(), 20)) == PRODUCT_CHANNELS


def test_neighbours_below_the_cut_off_are_blocked():
    options = RecallOptions(channels=("playlist",), upstream=UPSTREAM)
    hits = [Hit(2, 0.8, {}), Hit(3, 0.75, {}), Hit(4, 0.74, {})]
    near, far = results_of(
        VectorPlaylist(UPSTREAM), RetrievalRequest([seed()], options, 20), {VECTORS: hits}
    )
    assert (near.ids.tolist(), near.blocked_by) == ([2, 3], None)
    assert (far.ids.tolist(), far.blocked_by) == ([4], "playlist_min_cosine")


def test_the_cut_off_is_of_the_cosine_without_the_weight():
    request = RetrievalRequest([seed()], RecallOptions(upstream=UPSTREAM), 20)
    hit = Hit(2, 0.4, {"playlist_weight": 0.5})
    near, _ = results_of(VectorPlaylist(UPSTREAM), request, {VECTORS: [hit]})
    assert near.cosines is not None
    assert near.cosines.tolist() == [0.8]


def test_the_vote_picks_among_the_answers():
    request = RetrievalRequest([seed()], RecallOptions(upstream=UPSTREAM), 20)
    hits = {
        VECTORS: [neighbour(8, id=2), neighbour(8, id=3)],
        acoustic(7): [Hit(20, 0.99, {})],
        acoustic(8): [Hit(30, 0.5, {})],
    }
    (voted,) = results_of(VotedAcoustic(UPSTREAM), request, hits)
    assert voted.ids.tolist() == [30]
    (undecided,) = results_of(Acoustic(), request, hits)
    assert undecided.ids.tolist() == [20, 30]


def test_the_vote_is_asked_for_without_the_playlist_channel():
    options = RecallOptions(channels=("acoustic",), upstream=UPSTREAM)
    (channel,) = channels_of(RetrievalRequest([seed()], options, 20))
    assert VECTORS in queries_of(channel, RetrievalRequest([seed()], options, 20))
    assert VECTORS not in queries_of(Acoustic(), RetrievalRequest([seed()], options, 20))

import numpy as np
import pytest

from embeat_serve.contract.neighbour_codec import NeighbourList
from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.options import RecallOptions
from embeat_serve.retrieval.channel import Purpose, QueryKey
from embeat_serve.retrieval.playlist import Playlist
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.stores.query import Hit, Ids
from tests.support.retrieval import packed, queries_of, results_of, seed

OPTIONS = RecallOptions()
LISTS = QueryKey("playlist", Purpose.NEIGHBOUR_LISTS)
ARTIST_LISTS = QueryKey("playlist", Purpose.ARTIST_NEIGHBOUR_LISTS)
DISLIKED_LISTS = QueryKey("playlist", Purpose.DISLIKED_NEIGHBOUR_LISTS)
HYDRATION = QueryKey("playlist", Purpose.HYDRATION)


def test_lists_of_seeds_and_of_their_artists_are_asked_for():
    queries = queries_of(Playlist(), RetrievalRequest([seed()], OPTIONS, 20))
    assert set(queries) == {LISTS, ARTIST_LISTS}
    assert queries[LISTS].collection == Collection.TRACKS_PLAYLIST
    assert queries[LISTS].filter.must == (Ids((1,)),)
    assert queries[ARTIST_LISTS].filter.must == (Ids((5,)),)


def test_two_seeds_that_agree_outweigh_one_that_insists():
    request = RetrievalRequest([seed(1), seed(2)], OPTIONS, 1)
    hits = {
        LISTS: [
            Hit(1, 0, {TrackField.NEIGHBOURS: packed({9: 255, 8: 150, 2: 120})}),
            Hit(2, 0, {TrackField.NEIGHBOURS: packed({7: 255, 8: 150, 1: 90})}),
        ]
    }
    first, second = results_of(Playlist(), request, hits)
    assert (first.ids.tolist(), second.ids.tolist()) == ([9, 8], [7, 8])
    assert first.strengths == pytest.approx(np.array([255, 150]) / 255)
    assert first.shared is not None
    assert first.shared.tolist() == [9, 8]
    assert first.als == pytest.approx(np.array([127, 75]) / 255)
    assert first.log_counts == pytest.approx(np.array([85, 50]) / 12)


def test_a_seed_in_no_playlist_is_spoken_for_by_its_artist():
    own = {TrackField.NEIGHBOURS: packed({9: 255}), TrackField.NEIGHBOUR_CONFIDENCE: 0.8}
    hits = {
        LISTS: [Hit(1, 0, own)],
        ARTIST_LISTS: [Hit(5, 0, {ArtistField.NEIGHBOURS: packed({8: 255})})],
    }
    request = RetrievalRequest([seed(1), seed(2)], OPTIONS, 20)
    first, second = results_of(Playlist(), request, hits)
    assert (first.ids.tolist(), first.confidence) == ([9], 0.8)
    assert (second.ids.tolist(), second.confidence) == ([8], 0.0)


def test_payload_of_an_artists_list_comes_with_its_tracks():
    strengths = np.array([1, 0.9, 0.5], np.float32)
    neighbours = NeighbourList(np.array([8, 1, 9], np.uint32), strengths, strengths, 0.0)
    request = RetrievalRequest(
        [seed(1)], OPTIONS, 20, artist_neighbours=neighbours, payload=("track_id",)
    )
    queries = queries_of(Playlist(), request)
    assert set(queries) == {HYDRATION}
    assert queries[HYDRATION].filter.must == (Ids((8, 9)),)
    assert queries[HYDRATION].payload == ("track_id",)
    (result,) = results_of(Playlist(), request, {})
    assert result.ids.tolist() == [8, 9]


def test_what_is_played_with_a_disliked_song_loses_strength():
    request = RetrievalRequest([seed()], OPTIONS, 20, disliked=[seed(2)])
    hits = {
        LISTS: [Hit(1, 0, {TrackField.NEIGHBOURS: packed({9: 255, 8: 100})})],
        DISLIKED_LISTS: [Hit(2, 0, {TrackField.NEIGHBOURS: packed({9: 200})})],
    }
    (result,) = results_of(Playlist(), request, hits)
    assert result.ids.tolist() == [8, 9]
    without = RetrievalRequest([seed()], RecallOptions(dislike_weight=0.0), 20, disliked=[seed(2)])
    assert DISLIKED_LISTS not in queries_of(Playlist(), without)

from dataclasses import replace

import numpy as np
import pytest

from embeat_serve.contract.schema import TITLE_CHANNEL, Collection, TrackField
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.retrieval.channel import Purpose, QueryKey
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.retrieval.retriever import channels_of
from embeat_serve.retrieval.title import PHRASE_WEIGHT, Title
from embeat_serve.stores.query import Hit
from embeat_serve.titles.phrase_tracks import TitleMatches
from embeat_serve.titles.title_model import TitleProfile
from tests.support.retrieval import seed

AXIS = np.eye(64, dtype=np.float32)[0]
PROFILE = TitleProfile("rainy evening", 0.5, AXIS, AXIS, np.eye(32, dtype=np.float32)[0])
KEY = QueryKey(TITLE_CHANNEL, Purpose.CANDIDATES)


def request(title: TitleProfile | None = PROFILE, k: int = 20) -> RetrievalRequest:
    return RetrievalRequest([seed(1)], RecallOptions(), k, title=title)


def hit(code: int, score: float, weight: float | None) -> Hit:
    return Hit(code, score, {} if weight is None else {TrackField.PLAYLIST_WEIGHT: weight})


def test_a_title_joins_the_channels_of_a_request():
    assert [channel.name for channel in channels_of(request())][-1] == TITLE_CHANNEL
    assert TITLE_CHANNEL not in [channel.name for channel in channels_of(request(None))]
    assert not list(Title().queries(request(None)))


def test_the_nearest_playlist_vectors_are_asked_for_without_the_seeds():
    ((key, query),) = Title().queries(request())
    assert key == KEY
    assert query.collection == Collection.TRACKS_PLAYLIST
    assert query.vector is AXIS
    assert query.filter.must_not
    assert not isinstance(query.payload, bool)
    assert TrackField.PLAYLIST_WEIGHT in query.payload


def test_a_long_list_asks_for_more():
    (_, short), (_, long) = (next(iter(Title().queries(request(k=k)))) for k in (20, 500))
    assert short.limit == 128
    assert long.limit == 1_000


def test_the_weight_of_a_track_counts_twice():
    hits = {KEY: [hit(1, 0.5, 0.4), hit(2, 0.4, 0.8), hit(3, -0.1, 0.9), hit(4, 0.1, None)]}
    (result,) = Title().results(request(), hits)
    assert result.channel == TITLE_CHANNEL
    assert result.ids.tolist() == [2, 1, 4, 3]
    assert result.strengths == pytest.approx(0.5 * np.array([0.32, 0.2, 0.1, 0]) / 0.32)


def test_playlists_of_such_names_bring_tracks_and_count():
    shares = np.array([0.09, 0, 0.04, 0.06], np.float32)
    tracks, counts = np.array([1, 2, 7, 8]), np.array([4, 0, 3, 2])
    title = replace(PROFILE, matches=TitleMatches("rainy", 9, tracks, counts, shares))
    hits = {KEY: [hit(2, 0.5, 1.0), hit(3, 0.4, 1.0)]}
    (result,) = Title().results(request(title), hits)
    # Track 1 is the seed. Track 8 is in more playlists than 7; the best fit comes first.
    assert result.ids.tolist() == [2, 3, 8, 7]
    by_fit, by_share = 1 - PHRASE_WEIGHT, PHRASE_WEIGHT
    assert result.strengths == pytest.approx(
        0.5 * np.array([by_fit, 0.8 * by_fit, by_share, by_share * 4 / 6])
    )
    assert result.shared is not None
    assert result.shared.tolist() == [0, 0, 2, 3]


def test_upstreams_channels_take_a_title_too():
    of_upstream = RetrievalRequest([seed(1)], PRESETS["upstream"], 20, title=PROFILE)
    assert TITLE_CHANNEL in [channel.name for channel in channels_of(of_upstream)]

import numpy as np
import pytest

from embeat_serve.contract.schema import CHANNELS
from embeat_serve.ranking.tree_features import (
    FEATURE_CHANNELS,
    FEATURES,
    UNKNOWN,
    PlaylistEvidence,
    SongColumns,
    related_codes,
    tree_features,
)
from embeat_serve.retrieval.channel import ChannelResult
from tests.support.payloads import track_payload


def result(seed: int, strengths: dict[int, float], confidence: float = 0.5) -> ChannelResult:
    ids = np.array(list(strengths), np.int64)
    values = np.array(list(strengths.values()))
    return ChannelResult(
        "playlist",
        seed,
        ids,
        strengths=values,
        shared=(10 * values).astype(np.int64),
        confidence=confidence,
        als=values / 2,
        log_counts=np.log2(1 + ids),
    )


def vector(*values: float) -> np.ndarray:
    return np.array([*values, *np.zeros(64 - len(values))], np.float32)


GENRE_VECTORS = np.array([vector(), vector(1), vector(0.3, 0.4), vector(0, 1)])[:, :32]
"""Of genres 0 to 3; nothing is known of genre 0."""


def features(results, ids, seeds, candidates, seed_vectors=None, vectors=None) -> dict:
    columns = tree_features(
        PlaylistEvidence.of(results, np.array(ids, np.int64), len(seeds)),
        SongColumns.of(seeds, seed_vectors or [None] * len(seeds)),
        related_codes(seeds),
        SongColumns.of(candidates, vectors or [None] * len(candidates)),
        GENRE_VECTORS,
    )
    assert columns.shape == (len(ids), len(FEATURES))
    assert columns.dtype == np.float32
    return {name: columns[:, place].tolist() for place, name in enumerate(FEATURES)}


def test_every_feature_counts_for_a_channel():
    assert set(FEATURE_CHANNELS.values()) == set(CHANNELS)


def test_lists_of_several_seeds_are_summed_up():
    results = [result(0, {1: 0.8, 2: 0.4}), result(1, {1: 0.2, 3: 0.6}, confidence=0.9)]
    found = features(results, [1, 2, 3, 9], [track_payload()] * 2, [track_payload()] * 4)
    assert found["strength"] == pytest.approx([0.5, 0.2, 0.3, 0])
    assert found["relative_strength"] == pytest.approx([1, 0.4, 0.6, 0])
    assert found["highest_strength"] == pytest.approx([0.8, 0.4, 0.6, 0])
    assert found["place"] == pytest.approx(np.log1p([0, 2, 1, 3]))
    assert found["share_of_lists"] == pytest.approx([1, 0.5, 0.5, 0])
    assert found["shared_playlists"] == pytest.approx(np.log1p([5, 2, 3, 0]))
    assert found["most_shared_playlists"] == pytest.approx(np.log1p([8, 4, 6, 0]))
    assert found["als"] == pytest.approx([0.25, 0.1, 0.15, 0])
    assert found["playlist_count"] == pytest.approx([1, np.log2(3), 2, UNKNOWN])
    assert found["seeds"] == pytest.approx([np.log1p(2)] * 4)
    assert found["confidence"] == pytest.approx([0.7] * 4)
    assert found["highest_confidence"] == pytest.approx([0.9] * 4)


def test_other_channels_and_blocked_tracks_are_no_evidence_of_playlists():
    blocked = result(0, {5: 0.5})._replace(blocked_by="genre")
    acoustic = result(0, {5: 0.5})._replace(channel="acoustic")
    found = features([blocked, acoustic], [5], [track_payload()], [track_payload()])
    assert found["strength"] == [0]
    assert found["confidence"] == [0]


def test_metadata_is_compared_with_all_seeds():
    seeds = [
        track_payload(
            artist_codes=[7],
            album_code=3,
            popularity=40,
            year=1990,
            genre_codes=[1],
            related_artist_codes="8 9",
        ),
        track_payload(artist_codes=[8], album_code=4, popularity=60, year=2000, genre_codes=[2]),
    ]
    candidates = [
        track_payload(artist_codes=[7, 8], album_code=3, popularity=70, year=2005, genre_codes=[1]),
        track_payload(artist_codes=[9], album_code=5, popularity=30, year=1995, genre_codes=[3]),
    ]
    found = features([], [1, 2], seeds, candidates)
    assert found["same_artist"] == [0.5, 0]
    assert found["same_album"] == [0.5, 0]
    assert found["related_artist"] == [0, 0.5]
    assert found["genre_similarity"] == pytest.approx([0.5**0.5, 0])
    assert found["genre_nearness"] == pytest.approx([0.8, 0.4])
    assert found["highest_genre_nearness"] == pytest.approx([1, 0.8])
    assert found["popularity"] == [70, 30]
    assert found["seed_popularity"] == [50, 50]
    assert found["popularity_difference"] == [20, -20]
    assert found["year"] == [2005, 1995]
    assert found["year_difference"] == [10, 0]


def test_what_is_not_known_is_marked():
    found = features([], [1], [{}], [{}])
    unknown = ["popularity", "seed_popularity", "year", "year_difference", "cosine"]
    unknown += ["genre_similarity", "genre_nearness", "highest_genre_nearness", "highest_cosine"]
    assert {found[name][0] for name in unknown} == {UNKNOWN}
    assert found["same_artist"] == found["same_album"] == found["related_artist"] == [0]


def test_unknown_artists_and_albums_are_not_the_same():
    found = features([], [1], [track_payload(artist_codes=[])], [track_payload(artist_codes=[])])
    assert found["same_artist"] == [0]


def test_sound_is_compared_by_the_cosine_of_vectors_of_any_length():
    seeds, candidates = [track_payload()] * 2, [track_payload()] * 2
    found = features(
        [],
        [1, 2],
        seeds,
        candidates,
        [vector(2, 0), vector(0, 3)],
        [vector(0.5, 0), None],
    )
    assert found["cosine"] == pytest.approx([0.5, UNKNOWN])
    assert found["highest_cosine"] == pytest.approx([1, UNKNOWN])


def test_a_seed_without_a_vector_counts_for_no_cosine():
    found = features(
        [], [1], [track_payload()] * 2, [track_payload()], [vector(1, 0), None], [vector(1, 0)]
    )
    assert found["cosine"] == pytest.approx([1])


def test_a_seed_of_an_unknown_genre_counts_for_no_nearness():
    seeds = [track_payload(genre_codes=[0]), track_payload(genre_codes=[1])]
    candidates = [track_payload(genre_codes=[2]), track_payload(genre_codes=[0])]
    found = features([], [1, 2], seeds, candidates)
    assert found["genre_nearness"] == pytest.approx([0.6, UNKNOWN])
    assert found["highest_genre_nearness"] == pytest.approx([0.6, UNKNOWN])

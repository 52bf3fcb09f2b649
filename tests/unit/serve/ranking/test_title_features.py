import numpy as np
import pytest

from embeat_serve.ranking.title_features import TITLE_FEATURES, title_features
from embeat_serve.ranking.tree_features import UNKNOWN, SongColumns
from embeat_serve.titles.phrase_tracks import TitleMatches
from embeat_serve.titles.title_model import TitleProfile
from tests.support.payloads import track_payload


def vector(*values: float, size: int = 64) -> np.ndarray:
    return np.array([*values, *np.zeros(size - len(values))], np.float32)


TITLE = TitleProfile(
    "rain",
    0.8,
    vector(1),
    vector(0, 1),
    vector(0, 0, 1, size=32),
    TitleMatches("rain", 9, np.array([7]), np.array([3]), np.array([0.25], np.float32)),
)
GENRE_VECTORS = np.array([vector(1, size=32), vector(0, 0, 2, size=32)])


def features(seeds: list, candidates: list, songs: SongColumns, ids: list[int]) -> dict:
    columns = title_features(
        TITLE,
        np.array(seeds, np.float32).reshape(-1, 64),
        np.array(candidates, np.float32).reshape(-1, 64),
        np.array(ids),
        songs,
        GENRE_VECTORS,
    )
    assert columns.shape == (len(ids), len(TITLE_FEATURES))
    assert columns.dtype == np.float32
    return {name: columns[:, place].tolist() for place, name in enumerate(TITLE_FEATURES)}


def test_vectors_that_point_where_the_title_does_fit_and_long_ones_fit_better():
    candidates = [vector(1), vector(0.5), vector(0.3, 0.4), vector()]
    songs = SongColumns.of([track_payload()] * 4, [None] * 4)
    found = features([], candidates, songs, [1, 2, 3, 4])
    assert found["title_fit"] == pytest.approx([1, 0.25, 0.15, UNKNOWN])
    assert found["relative_title_fit"] == pytest.approx([1, 0.25, 0.15, UNKNOWN])
    assert found["title_cosine"] == pytest.approx([1, 1, 0.6, UNKNOWN])
    assert found["title_place"][:3] == pytest.approx(np.log1p([0, 1, 2]))
    assert found["title_place"][3] == UNKNOWN
    assert found["seed_title_fit"] == [UNKNOWN] * 4
    assert found["title_knowledge"] == pytest.approx([0.8] * 4)


def test_sound_and_genres_speak_for_songs_in_no_playlist():
    payloads = [track_payload(genre_codes=[1]), track_payload(genre_codes=[0]), track_payload()]
    songs = SongColumns.of(payloads, [vector(0, 3), vector(2), None])
    found = features([], [vector()] * 3, songs, [1, 2, 3])
    assert found["title_sound"] == pytest.approx([1, 0, UNKNOWN])
    assert found["title_genre"] == pytest.approx([1, 0, UNKNOWN])


def test_playlists_with_the_name_are_counted():
    songs = SongColumns.of([track_payload()] * 2, [None] * 2)
    found = features([], [vector(1)] * 2, songs, [7, 8])
    assert found["title_playlists"] == pytest.approx([np.log1p(3), 0])
    assert found["title_share"] == pytest.approx([0.25, 0])


def test_seeds_that_have_a_vector_say_whether_they_fit_the_title():
    songs = SongColumns.of([track_payload()], [None])
    found = features([vector(1), vector(0, 1), vector()], [vector(1)], songs, [1])
    assert found["seed_title_fit"] == pytest.approx([0.5])


def test_no_candidates_have_no_features():
    found = features([], [], SongColumns.of([], []), [])
    assert found["title_fit"] == []

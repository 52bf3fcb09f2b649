import numpy as np

from embeat_serve.seeds.representative_tracks import medoids, outliers, select_representative_tracks
from embeat_serve.stores.query import Hit

ARTIST = 7


def song(id: int, name: str, vector: list[float], artists: tuple[int, ...] = (ARTIST,)) -> Hit:
    payload = {"track_name": name, "artist_codes": list(artists), "popularity": 100 - id}
    return Hit(id, 0.0, payload, np.array(vector, np.float32))


def cosine_distances(points: np.ndarray) -> np.ndarray:
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    return 1 - unit @ unit.T


def test_every_centre_gives_songs_the_best_known_first():
    loud = [song(i, f"Loud {i}", [1, 0.01 * i, 0]) for i in range(12)]
    quiet = [song(i, f"Quiet {i}", [0, 0.01 * (i - 12), 1]) for i in range(12, 18)]
    chosen = select_representative_tracks([*loud, *quiet], ARTIST, 6)
    ids = [hit.id for hit in chosen]
    assert ids == sorted(ids)
    assert ids[0] == 0
    assert 1 <= sum(id >= 12 for id in ids) <= 3  # a third of the songs


def test_a_song_far_from_all_others_is_left_out_unless_it_is_well_known():
    rng = np.random.default_rng(0)
    near = [song(i, f"Song {i}", [1, *(0.05 * rng.normal(size=2))]) for i in range(20)]
    odd = [-1.0, 0.0, 0.0]
    near[8], near[1] = song(8, "Interview", odd), song(1, "The hit", [0, -1, 0])
    ids = [hit.id for hit in select_representative_tracks(near, ARTIST, 15)]
    assert 8 not in ids
    assert 1 in ids


def test_editions_count_once_and_guests_come_last():
    hits = [
        song(0, "Feature", [1, 0, 0], (3, ARTIST)),
        song(1, "Hit", [1, 0, 0]),
        song(2, "Hit - Live", [1, 0, 0]),
        song(3, "Other", [1, 0, 0]),
    ]
    assert [hit.id for hit in select_representative_tracks(hits, ARTIST, 2)] == [1, 3]
    assert [hit.id for hit in select_representative_tracks(hits, ARTIST, 5)] == [1, 3, 0]


def test_no_more_than_a_quarter_are_outliers_and_groups_are_found():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(40, 8))
    assert outliers(cosine_distances(points)).sum() <= 10
    apart = np.vstack([rng.normal(c, 0.05, (8, 3)) for c in np.eye(3) * 4])
    nearest = medoids(cosine_distances(apart))
    assert len(set(nearest[:8])) == len(set(nearest[8:16])) == len(set(nearest[16:])) == 1
    assert len(set(nearest)) == 3

"""Of a little-known artist genres say most; of a well-known one, playlists."""

import numpy as np
from scipy import sparse

from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.inputs import NeighbourInputs
from embeat_pipeline.playlists.neighbours.model import NeighbourModel
from embeat_serve.contract.schema import GENRE_VECTOR_SIZE

SEED, HIT, SAME_GENRE = range(3)
"""One track of one artist each: the hit is of another genre than the other two."""


def ranked(shared: int) -> list[int]:
    """Neighbours of the seed, best first, where it is in ``shared`` playlists, each with the hit.

    The hit is in 300 playlists, the other track in 20 in which the seed is not. Playlists are
    filled up to 100 tracks by tracks of unknown artists, each in no other playlist.
    """
    playlists = 320
    rows = [np.arange(shared), np.arange(300), np.arange(300, playlists)]
    own = [100 - sum(row in of_track for of_track in rows) for row in range(playlists)]
    fillers = np.repeat(np.arange(playlists), own)
    row = np.concatenate([*rows, fillers])
    words = [np.full(len(of_track), word) for word, of_track in enumerate(rows)]
    column = np.concatenate([*words, 3 + np.arange(len(fillers))])
    tracks = 3 + len(fillers)
    matrix = sparse.csr_array(
        (np.ones(len(row), np.float32), (row, column)), shape=(playlists, tracks)
    )
    inputs = NeighbourInputs(
        track_codes=np.arange(tracks, dtype=np.uint32),
        playlists=matrix,
        vectors=np.zeros((tracks, 64), np.float32),
        artists=np.concatenate([[0, 1, 2], np.full(len(fillers), -1)]),
        albums=np.full(tracks, -1),
        genres=sparse.csr_array(np.array([[1, 0], [0, 1], [1, 0]], np.float32)),
        genre_vectors=np.eye(2, GENRE_VECTOR_SIZE, dtype=np.float32),
        related=sparse.csr_array(np.zeros((3, 3), np.float32)),
        artist_vectors=np.zeros((3, 64), np.float32),
    )
    lists = NeighbourModel(inputs, NeighbourConfig()).of_tracks(np.array([SEED]))
    columns = lists.columns[0][np.argsort(-lists.single_seed[0].astype(int), kind="stable")]
    return [int(word) for word in columns if word in (HIT, SAME_GENRE)]


def test_one_playlist_in_common_with_a_hit_does_not_outweigh_the_genre() -> None:
    assert ranked(shared=1)[0] == SAME_GENRE


def test_many_playlists_in_common_do() -> None:
    assert ranked(shared=200)[0] == HIT

"""Cells of sound."""

import numpy as np

from embeat_pipeline.genres.acoustic_clusters import NEAREST, sound_cells, standardised


def test_artists_that_sound_alike_share_cells() -> None:
    random = np.random.default_rng(0)
    group = np.repeat(np.arange(5), 40)
    features = (random.normal(0, 1, (5, 6))[group] * 10 + random.normal(0, 0.1, (200, 6))).astype(
        np.float32
    )
    found = sound_cells(np.arange(200, dtype=np.uint32), features, cells=512, seed=0)
    assert found.num_rows == 200 * NEAREST
    cells = np.asarray(found["cell"]).reshape(200, NEAREST)
    # Cells are few, so the last of an artist's nearest may lie in another group.
    members = np.array(
        [np.bincount(group[(cells == cell).any(axis=1)], minlength=5) for cell in range(25)]
    )
    assert members.max(axis=1).sum() > 0.85 * members.sum()
    again = sound_cells(np.arange(200, dtype=np.uint32), features, cells=512, seed=0)
    assert again.equals(found)


def test_few_artists_and_none() -> None:
    one = sound_cells(np.array([7], np.uint32), np.ones((1, 3), np.float32), cells=8, seed=0)
    assert one.to_pydict() == {"cell": [0], "artist_code": [7]}
    none = sound_cells(np.zeros(0, np.uint32), np.zeros((0, 3), np.float32), cells=8, seed=0)
    assert none.num_rows == 0


def test_unknown_features_count_as_the_mean() -> None:
    features = np.array([[1, np.nan, 5], [3, 2, 5], [5, 4, 5]], np.float32)
    found = standardised(features)
    assert found[0, 1] == 0
    assert np.allclose(found[:, 2], 0)
    assert np.allclose(found[:, 0].std(), 1, atol=1e-6)

"""Clusters of artists by sound."""

import numpy as np

from embeat_pipeline.genres.acoustic_clusters import NEAREST, cluster_artists, standardise


def test_artists_that_sound_alike_share_clusters() -> None:
    random = np.random.default_rng(0)
    group = np.repeat(np.arange(5), 40)
    features = (random.normal(0, 1, (5, 6))[group] * 10 + random.normal(0, 0.1, (200, 6))).astype(
        np.float32
    )
    table = cluster_artists(np.arange(200, dtype=np.uint32), features, clusters=512, seed=0)
    assert table.num_rows == 200 * NEAREST
    clusters = np.asarray(table["cluster"]).reshape(200, NEAREST)
    # Clusters are few, so the last of an artist's nearest may lie in another group.
    members = np.array(
        [
            np.bincount(group[(clusters == cluster).any(axis=1)], minlength=5)
            for cluster in range(25)
        ]
    )
    assert members.max(axis=1).sum() > 0.85 * members.sum()
    again = cluster_artists(np.arange(200, dtype=np.uint32), features, clusters=512, seed=0)
    assert again.equals(table)


def test_few_artists_and_none() -> None:
    one = cluster_artists(np.array([7], np.uint32), np.ones((1, 3), np.float32), clusters=8, seed=0)
    assert one.to_pydict() == {"cluster": [0], "artist_code": [7]}
    none = cluster_artists(np.zeros(0, np.uint32), np.zeros((0, 3), np.float32), clusters=8, seed=0)
    assert none.num_rows == 0


def test_unknown_features_count_as_the_mean() -> None:
    features = np.array([[1, np.nan, 5], [3, 2, 5], [5, 4, 5]], np.float32)
    columns = standardise(features)
    assert columns[0, 1] == 0
    assert np.allclose(columns[:, 2], 0)
    assert np.allclose(columns[:, 0].std(), 1, atol=1e-6)

"""Cluster artists by their mean audio features.

The clusters are found by k-means (Lloyd 1982) on standardised features. An artist belongs to the
nearest few clusters, so that neighbours on both sides of a border still share one.
"""

import warnings
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

SAMPLE = 20_000
"""Artists on which the clusters are found."""
ITERATIONS = 8
NEAREST = 4
"""Clusters per artist."""
BLOCK = 4_096
"""Artists whose distances are computed at a time."""
MIN_ARTISTS_PER_CLUSTER = 8


def cluster_artists(
    artist: NDArray[np.uint32], features: NDArray[np.float32], *, clusters: int, seed: int
) -> pa.Table:
    """Assign artists to clusters.

    Args:
        artist: (n,) codes.
        features: (n, d) mean audio features in any units; NaN counts as the mean.
        clusters: number of clusters; there are fewer if there are few artists.
        seed: seed of the draw of the first centres.

    Returns:
        Columns ``cluster`` and ``artist_code``, ``NEAREST`` rows per artist.
    """
    points = standardise(features)
    count = min(clusters, -(-len(points) // MIN_ARTISTS_PER_CLUSTER))
    random = np.random.default_rng(seed)
    sample = points[random.permutation(len(points))[:SAMPLE]]
    near = min(NEAREST, count)
    nearest = nearest_centres(points, find_centres(sample, count), near)
    return pa.table(
        {
            "cluster": nearest.ravel().astype(np.uint64),
            "artist_code": np.repeat(artist.astype(np.uint32), near),
        }
    )


def find_centres(sample: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """(count, d) centres of the clusters of ``sample``, starting from its first rows."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    if not count:
        return sample[:0]
    settings: dict[str, Any] = {"n_init": 1, "max_iter": ITERATIONS, "tol": 0}
    k_means = KMeans(count, init=sample[:count], **settings)  # pyright: ignore[reportArgumentType]
    # Threads add up sums in an order of their own: with one, results are always the same.
    with threadpool_limits(1), warnings.catch_warnings():
        # Several artists may have the same features, so clusters may be empty.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return k_means.fit(sample).cluster_centers_


def standardise(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring columns to mean 0 and deviation 1; missing values and constant columns become 0."""
    is_present = np.isfinite(features)
    count = np.maximum(is_present.sum(axis=0), 1)
    filled = np.where(is_present, features, 0).astype(np.float64)
    centred = np.where(is_present, filled - filled.sum(axis=0) / count, 0)
    deviation = np.sqrt((centred**2).sum(axis=0) / count)
    return (centred / np.where(deviation > 1e-9, deviation, 1)).astype(np.float32)


def nearest_centres(
    points: NDArray[np.float32], centres: NDArray[np.float32], count: int
) -> NDArray[np.intp]:
    """(n, count) rows of the nearest centres of each point, in no particular order."""
    squares = (centres**2).sum(axis=1)
    nearest = np.empty((len(points), count), np.intp)
    for start in range(0, len(points), BLOCK):
        distance = squares - 2 * points[start : start + BLOCK] @ centres.T
        if count < len(centres):
            partitioned = np.argpartition(distance, count, axis=1)
            nearest[start : start + BLOCK] = partitioned[:, :count]
        else:
            nearest[start : start + BLOCK] = np.arange(count)
    return nearest

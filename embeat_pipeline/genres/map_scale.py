"""Derive the scale S of the centroid score from the genre map."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

UPSTREAM = 0.015
"""Upstream's constant, used for maps that are too small to derive a scale from."""
MERGES = 2
"""How often genres, then groups of them, are joined with their nearest neighbours."""
MIN_CLUSTERS = 20
"""Fewest clusters whose median distance is used."""


def derived_scale(places: NDArray[np.float64]) -> float:
    """Half the median distance between neighbouring clusters of genres.

    Every genre is joined with its nearest neighbour; a connected set becomes a group at its mean
    place. Groups are joined in the same way, which gives clusters of about eleven similar genres.
    On the map that upstream used, S becomes 0.011.

    Args:
        places: (n, 2) coordinates on the map, 0..1.

    Returns:
        S in units of the map.
    """
    from scipy.spatial import KDTree

    clusters = np.unique(places, axis=0)
    for _ in range(MERGES):
        if len(clusters) >= 2:
            clusters = _joined(clusters)
    if len(clusters) < MIN_CLUSTERS:
        return UPSTREAM
    distance = np.asarray(KDTree(clusters).query(clusters, 2)[0])
    return float(np.median(distance[:, 1]) / 2)


def map_scale(genre_map: Path) -> float:
    """Scale S of the table ``genre_map``."""
    import polars as pl

    places = pl.read_parquet(genre_map, columns=["x", "y"]).drop_nulls()
    return derived_scale(places.to_numpy().astype(np.float64))


def _joined(places: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    count = len(places)
    nearest = np.asarray(KDTree(places).query(places, 2)[1])
    edges = (np.ones(count), (np.arange(count), nearest[:, 1]))
    number, group = connected_components(coo_matrix(edges, shape=(count, count)), directed=False)
    size = np.bincount(group, minlength=number)
    return np.stack([np.bincount(group, places[:, axis]) / size for axis in (0, 1)], axis=1)

"""The baselines: how each is fitted, and over which values its parameters are tuned.

An opponent counts only where it is as good as its method gets, so the ranges reach beyond the best
values that were found on real playlists.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.evaluate.systems.base import ITEM_KNN, Scorer
from embeat_pipeline.evaluate.systems.content import (
    ArtistCooccurrence,
    ArtistOptions,
    NearestVectors,
    raw_features,
)
from embeat_pipeline.evaluate.systems.ease import MAX_PLAYLISTS, Ease, EaseOptions
from embeat_pipeline.evaluate.systems.item_knn import ItemKnn, ItemKnnOptions, Popularity
from embeat_pipeline.evaluate.systems.matrix_factorization import (
    Als,
    SvdOptions,
    TruncatedSvd,
)
from embeat_pipeline.evaluate.systems.tuning import Axes
from embeat_pipeline.interactions.implicit_als import AlsOptions
from embeat_serve.contract.lake import LakePaths

ITEM_KNN_AXES: Axes = {
    "popularity": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8),
    "length": (0.0, 0.25, 0.5, 0.75),
    "shrinkage": (0.0, 2.0, 5.0, 10.0, 20.0, 50.0),
    "neighbours": (100, 1_000, 10_000),
}
ALS_AXES: Axes = {
    "alpha": (5.0, 10.0, 20.0, 40.0, 80.0),
    "regularization": (0.01, 0.1, 1.0, 10.0, 100.0),
    "factors": (32, 64, 128, 256),
}
EASE_AXES: Axes = {"ridge": (300.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0)}
SVD_AXES: Axes = {"factors": (16, 32, 64, 128)}
ARTIST_AXES: Axes = {
    "popularity": (0.3, 0.5, 0.7, 0.9),
    "length": (0.0, 0.25, 0.5, 0.75),
    "shrinkage": (0.0, 5.0, 20.0),
}


@dataclass(frozen=True)
class BaselineInputs:
    """What the baselines are fitted to."""

    train: sparse.csr_array
    """(playlists, catalogue) binary."""
    main_artist: NDArray[np.int64]
    """(catalogue,) artist codes."""
    lake: LakePaths
    """For the audio features of its tracks."""
    seed: int = 0
    """Of what a baseline draws at random."""


@dataclass(frozen=True)
class Baseline:
    """A model that a release is compared with."""

    name: str
    fit: Callable[[BaselineInputs, Any], Scorer]
    """Fits the model under some options."""
    start: Callable[[int], Any] = lambda seed: None
    """Options that the search starts from, for a seed; None where there is nothing to tune."""
    axes: Axes = field(default_factory=dict)
    applies: Callable[[BaselineInputs], bool] = lambda inputs: True
    """Whether it can be fitted here."""


POPULARITY = Baseline("popularity", lambda inputs, options: Popularity(inputs.train))
ITEM_KNN_BASELINE = Baseline(
    ITEM_KNN,
    lambda inputs, options: ItemKnn(inputs.train, options),
    lambda seed: ItemKnnOptions(popularity=0.2, length=0.5),
    ITEM_KNN_AXES,
)
SVD = Baseline(
    "truncated SVD",
    lambda inputs, options: TruncatedSvd(inputs.train, options),
    lambda seed: SvdOptions(64, seed),
    SVD_AXES,
)
ALS = Baseline(
    "ALS",
    lambda inputs, options: Als(inputs.train, options),
    lambda seed: AlsOptions(factors=64, regularization=10.0, alpha=20.0, seed=seed),
    ALS_AXES,
)
EASE = Baseline(
    "EASE",
    lambda inputs, options: Ease(inputs.train, options),
    lambda seed: EaseOptions(),
    EASE_AXES,
    applies=lambda inputs: inputs.train.shape[0] <= MAX_PLAYLISTS,
)
ARTISTS = Baseline(
    "artist co-occurrence x popularity",
    lambda inputs, options: ArtistCooccurrence(inputs.train, inputs.main_artist, options),
    lambda seed: ArtistOptions(),
    ARTIST_AXES,
)
FEATURES = Baseline(
    "raw audio features", lambda inputs, options: NearestVectors(raw_features(inputs.lake))
)

BASELINES: Mapping[str, Baseline] = {
    baseline.name: baseline
    for baseline in (POPULARITY, ITEM_KNN_BASELINE, SVD, ALS, EASE, ARTISTS, FEATURES)
}
"""Name -> baseline, in the order of the report."""

"""Predict from votes how likely an artist is to list a genre: calibrated logistic regression.

As in naive Bayes, each source adds how much more frequent the genre is among its votes than among
all artists; here with learned weights. They are fitted by Newton's method with a ridge penalty
(Hastie, Tibshirani & Friedman 2009, 4.4.1). On this data that takes 1.8 s, scikit-learn's
``newton-cholesky`` 3.0 s for the same quality.

Isotonic regression (Zadrozny & Elkan 2002) then maps probabilities to how often artists outside the
fit listed such a genre. There is one curve for an artist's best genre, one for its second, its
third, and the rest, since the best of many predictions looks better than it is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.genres.vote_features import SOURCES, VoteFeatures

SHRINKAGE = 2.0
"""Number of votes that the prior counts as."""
INPUTS_PER_SOURCE = 6
VOTES_CAST = 2
"""Place among a source's inputs of the number of its votes, which is the same for all genres."""
RIDGE = 1.0
"""Weight of the penalty on the squared weights of standardised inputs."""
MAX_STEPS = 12
"""Largest number of steps of Newton's method."""
TOLERANCE = 1e-2
"""Newton's method stops when no weight of a standardised input changes by more."""
BLOCK = 32_768
"""Rows whose inputs are in memory at a time."""
RANK_GROUPS = 4
"""Number of calibration curves: ranks 0, 1, 2, and 3 or more."""
ROWS_PER_KNOT = 150
"""Fewest held-out rows behind each point of a calibration curve."""
MAX_KNOTS = 60
FIT_FOLDS, CALIBRATION_FOLD, CHECK_FOLD = (0, 1, 2), 3, 4

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GenreModel:
    """Weights of the regression, and a calibration curve per group of ranks."""

    weights: Array
    """(f,) weights of ``regression_inputs``, which are not standardised."""
    intercept: float
    curves: tuple[tuple[Array, Array], ...]
    """Per group of ranks, ascending raw probabilities and the calibrated ones."""

    def predict(self, evidence: VoteFeatures) -> tuple[Array, NDArray[np.int64], NDArray[np.intp]]:
        """Predict confidence, rank and strongest source of each row.

        Returns:
            (n,) calibrated probability, which never rises with rank; (n,) rank of the genre for
            its artist, 0 = best; (n,) place in ``SOURCES`` of the source that adds most to the
            log-odds.
        """
        raw, strongest = self.predict_raw(evidence)
        rank = ranks(evidence.artist, evidence.genre, raw)
        confidence = raw.copy()
        for group, (stated, actual) in enumerate(self.curves):
            rows = rank == group if group < RANK_GROUPS - 1 else rank >= group
            confidence[rows] = np.interp(raw[rows], stated, actual)
        return non_increasing(evidence.artist, rank, confidence), rank, strongest

    def predict_raw(self, evidence: VoteFeatures) -> tuple[Array, NDArray[np.intp]]:
        """Predict uncalibrated probability and strongest source of each row."""
        odds = np.empty(len(evidence))
        strongest = np.empty(len(evidence), np.intp)
        for start in range(0, len(evidence), BLOCK):
            rows = slice(start, start + BLOCK)
            weighted = regression_inputs(evidence.select(rows)) * self.weights
            odds[rows] = weighted.sum(axis=1) + self.intercept
            by_source = weighted[:, 2:].reshape(len(weighted), 2, len(SOURCES), INPUTS_PER_SOURCE)
            by_source[..., VOTES_CAST] = 0  # favours no genre
            strongest[rows] = np.where(
                evidence.totals[rows] > 0, by_source.sum(axis=(1, 3)), -np.inf
            ).argmax(axis=1)
        return sigmoid(odds), strongest


def regression_inputs(evidence: VoteFeatures) -> Array:
    """(n, 2 + 12 s) inputs of the regression for s sources.

    These are the log prior of the genre, and 6 inputs per source: the log lift of the shrunk vote
    share over the prior, the share, the log of the number of votes, the first two times the third,
    and lift times log prior. They are 0 if the source has no votes. All of them come a second time,
    then 0 if the artist has no related artists: what other sources add depends on that.
    """
    prior = evidence.prior[:, None]
    log_prior = np.log(prior)
    share = (evidence.votes + SHRINKAGE * prior) / (evidence.totals + SHRINKAGE)
    lift = np.log(share / prior)
    share = np.where(evidence.totals > 0, share, 0)
    size = np.log1p(evidence.totals)
    stacked = np.stack(
        [lift, share, size, lift * size, share * size, lift * log_prior], axis=2
    ).reshape(len(evidence), -1)
    is_related = evidence.totals[:, :1] > 0
    return np.concatenate(
        [log_prior, log_prior * is_related, stacked, stacked * is_related], axis=1
    )


def fit(labelled: VoteFeatures) -> GenreModel:
    """Fit a model on some folds of labelled artists and calibrate it on another fold."""
    from threadpoolctl import threadpool_limits

    # For blocks this small, several threads take ten times as long if other work is running.
    with threadpool_limits(1, "blas"):
        weights, intercept = fit_regression(labelled.select(np.isin(labelled.fold, FIT_FOLDS)))
    held_out = labelled.select(labelled.fold == CALIBRATION_FOLD)
    uncalibrated = GenreModel(weights, intercept, ())
    raw, _ = uncalibrated.predict_raw(held_out)
    rank = np.minimum(ranks(held_out.artist, held_out.genre, raw), RANK_GROUPS - 1)
    curves = tuple(
        calibration_curve(raw[rank == group], held_out.listed[rank == group])
        for group in range(RANK_GROUPS)
    )
    return GenreModel(weights, intercept, curves)


def fit_regression(evidence: VoteFeatures) -> tuple[Array, float]:
    """Fit weights of ``regression_inputs`` and the intercept."""
    blocks = [slice(start, start + BLOCK) for start in range(0, len(evidence), BLOCK)]
    # Single precision suffices within a block. Steps and sums over blocks are double.
    inputs = [regression_inputs(evidence.select(rows)).astype(np.float32) for rows in blocks]
    sums = [block.sum(axis=0, dtype=np.float64) for block in inputs]
    mean = np.sum(sums, axis=0) / len(evidence)
    squares = [((block - mean) ** 2).sum(axis=0) for block in inputs]
    variance = np.sum(squares, axis=0) / len(evidence)
    deviation = np.sqrt(np.where(variance > 1e-12, variance, 1))
    inputs = [
        np.c_[(block - mean) / deviation, np.ones(len(block))].astype(np.float32)
        for block in inputs
    ]
    weights = np.zeros(len(mean) + 1)
    penalty = np.full(len(weights), RIDGE)
    penalty[-1] = 1e-9
    for _ in range(MAX_STEPS):
        slope, curvature = penalty * weights, np.diag(penalty)
        for rows, block in zip(blocks, inputs, strict=True):
            probability = sigmoid(block @ weights.astype(np.float32))
            slope = slope + block.T @ (probability - evidence.listed[rows])
            curvature = curvature + (block * (probability * (1 - probability))[:, None]).T @ block
        step = np.linalg.solve(curvature, slope)
        weights -= step
        if np.abs(step).max() < TOLERANCE:
            break
    unscaled = weights[:-1] / deviation
    return unscaled, float(weights[-1] - unscaled @ mean)


def calibration_curve(raw: Array, listed: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Fit a non-decreasing curve from raw probability to the share of listed genres.

    Args:
        raw: (n,) raw probabilities.
        listed: (n,) whether the genre is listed.

    Returns:
        Raw and calibrated probability of each knot, for linear interpolation. A knot is a mean
        over at least ``ROWS_PER_KNOT`` rows; the curve is the identity if there are fewer rows.
    """
    from scipy.optimize import isotonic_regression

    if len(raw) < ROWS_PER_KNOT:
        return np.array([0.0, 1.0]), np.array([0.0, 1.0])
    order = np.argsort(raw, kind="stable")
    count = min(MAX_KNOTS, len(raw) // ROWS_PER_KNOT)
    knot = np.arange(len(raw)) * count // len(raw)
    size = np.bincount(knot)
    stated = np.bincount(knot, raw[order]) / size
    actual = np.bincount(knot, listed[order].astype(np.float64)) / size
    return stated, np.asarray(isotonic_regression(actual, weights=size).x)


def predict_from_shares(
    evidence: VoteFeatures,
) -> tuple[Array, NDArray[np.int64], NDArray[np.intp]]:
    """Predict without a model, if too few artists are labelled; returns as ``GenreModel.predict``.

    Confidence is the largest share of the votes of a source, shrunk towards 0.
    """
    share = evidence.votes / (evidence.totals + 1)
    confidence = share.max(axis=1, initial=0)
    return confidence, ranks(evidence.artist, evidence.genre, confidence), share.argmax(axis=1)


def ranks(artist: NDArray[np.uint32], genre: NDArray[np.uint32], value: Array) -> NDArray[np.int64]:
    """(n,) rank of each row among those of its artist: highest value first, then lowest code."""
    order = np.lexsort((genre, -value, artist))
    ordered = artist[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)])
    lengths = np.diff(np.r_[starts, len(ordered)])
    rank = np.empty(len(artist), np.int64)
    rank[order] = np.arange(len(artist)) - np.repeat(starts, lengths)
    return rank


def non_increasing(artist: NDArray[np.uint32], rank: NDArray[np.int64], value: Array) -> Array:
    """(n,) values, each lowered to the smallest of the same artist's values of better rank."""
    order = np.lexsort((rank, artist))
    lowered = value[order]
    place = rank[order]
    # One rank at a time for all artists. Ranks beyond share one non-decreasing curve, so their
    # values fall already.
    for group in range(1, RANK_GROUPS):
        rows = np.flatnonzero(place == group)
        lowered[rows] = np.minimum(lowered[rows], lowered[rows - 1])
    rest = np.flatnonzero(place >= RANK_GROUPS)
    lowered[rest] = np.minimum(lowered[rest], lowered[rest - place[rest] + RANK_GROUPS - 1])
    result = np.empty_like(value)
    result[order] = lowered
    return result


def sigmoid(odds: Array) -> Array:
    """Probability from log-odds."""
    return 1 / (1 + np.exp(-np.clip(odds, -30, 30)))

"""How likely an artist is to list a genre, given the votes: logistic regression, calibrated.

Sources are combined as by naive Bayes, with weights learned: each adds how much more frequent
the genre is among its votes than among all artists. Fitted by Newton's method with a ridge
penalty (Hastie, Tibshirani & Friedman 2009, 4.4.1). What comes out is then mapped to how often
such a genre was listed by artists the fit had not seen, by isotonic regression (Zadrozny & Elkan
2002), separately for an artist's best genre, its second, its third and the rest: the best of
many looks better than it is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.genres.vote_features import SOURCES, Evidence

SHRINKAGE = 2.0
"""Votes that the prior counts for."""
PER_SOURCE = 6
VOTES_CAST = 2
RIDGE = 1.0
STEPS = 12
SMALL_STEP = 1e-2
"""Newton's method has converged when no weight of a standardised feature moves more."""
BLOCK = 32_768
"""Rows whose features are held at a time."""
RANK_GROUPS = 4
KNOT_ROWS = 150
"""Held-out rows behind each point of the calibration curve, at least."""
FITTED, CALIBRATED, CHECKED = (0, 1, 2), 3, 4
"""Folds of teachers."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GenreModel:
    """Weights of the features, and a curve per rank from raw to calibrated probability."""

    weights: Array
    """(f,) of the features as they are."""
    intercept: float
    curves: tuple[tuple[Array, Array], ...]
    """Raw probabilities, ascending, and what they turned out to be."""

    def predict(self, evidence: Evidence) -> tuple[Array, NDArray[np.int64], NDArray[np.intp]]:
        """Confidence, rank and strongest source of each row.

        Returns:
            (n,) calibrated probability, never rising with rank; (n,) rank within its artist,
            0 = best; (n,) place in ``SOURCES`` of what adds most to the row's log-odds.
        """
        raw, strongest = self.raw(evidence)
        rank = ranks(evidence.artist, evidence.genre, raw)
        confidence = raw.copy()
        for group, (stated, actual) in enumerate(self.curves):
            rows = rank == group if group < RANK_GROUPS - 1 else rank >= group
            confidence[rows] = np.interp(raw[rows], stated, actual)
        return falling(evidence.artist, rank, confidence), rank, strongest

    def raw(self, evidence: Evidence) -> tuple[Array, NDArray[np.intp]]:
        """Uncalibrated probability and strongest source of each row."""
        odds = np.empty(len(evidence))
        strongest = np.empty(len(evidence), np.intp)
        for start in range(0, len(evidence), BLOCK):
            rows = slice(start, start + BLOCK)
            weighted = features(evidence.take(rows)) * self.weights
            odds[rows] = weighted.sum(axis=1) + self.intercept
            by_source = weighted[:, 2:].reshape(len(weighted), 2, len(SOURCES), PER_SOURCE)
            by_source[..., VOTES_CAST] = 0  # speaks for no genre in particular
            strongest[rows] = np.where(
                evidence.totals[rows] > 0, by_source.sum(axis=(1, 3)), -np.inf
            ).argmax(axis=1)
        return sigmoid(odds), strongest


def features(evidence: Evidence) -> Array:
    """(n, 2 + 2 x 6s) inputs of the regression.

    The genre's log prior; then by source the log lift of the shrunk vote share over the prior,
    the share, the log of the votes cast, the first two times the third, and lift times log
    prior, all 0 where the source is silent. All of them a second time where the artist has
    related artists, else 0: what the others still add depends on that.
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


def fit(teachers: Evidence) -> GenreModel:
    """Model of what teachers list, calibrated on teachers it was not fitted on."""
    from threadpoolctl import threadpool_limits

    # Threads that wait for one another over blocks this small cost ten times the work where
    # something else is running.
    with threadpool_limits(1, "blas"):
        weights, intercept = regression(teachers.take(np.isin(teachers.fold, FITTED)))
    held_out = teachers.take(teachers.fold == CALIBRATED)
    plain = GenreModel(weights, intercept, ())
    raw, _ = plain.raw(held_out)
    rank = np.minimum(ranks(held_out.artist, held_out.genre, raw), RANK_GROUPS - 1)
    curves = tuple(
        curve(raw[rank == group], held_out.listed[rank == group]) for group in range(RANK_GROUPS)
    )
    return GenreModel(weights, intercept, curves)


def regression(evidence: Evidence) -> tuple[Array, float]:
    """Weights of ``features`` and the intercept."""
    blocks = [slice(start, start + BLOCK) for start in range(0, len(evidence), BLOCK)]
    # Single precision is enough for a step; steps and sums over blocks are double.
    inputs = [features(evidence.take(rows)).astype(np.float32) for rows in blocks]
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
    for _ in range(STEPS):
        slope, curvature = penalty * weights, np.diag(penalty)
        for rows, block in zip(blocks, inputs, strict=True):
            chance = sigmoid(block @ weights.astype(np.float32))
            slope = slope + block.T @ (chance - evidence.listed[rows])
            curvature = curvature + (block * (chance * (1 - chance))[:, None]).T @ block
        step = np.linalg.solve(curvature, slope)
        weights -= step
        if np.abs(step).max() < SMALL_STEP:
            break
    plain = weights[:-1] / deviation
    return plain, float(weights[-1] - plain @ mean)


def curve(raw: Array, listed: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Monotone map from raw probability to the share that is listed, as points to interpolate.

    Knots are means over at least ``KNOT_ROWS`` rows; the identity where there are fewer.
    """
    from scipy.optimize import isotonic_regression

    if len(raw) < KNOT_ROWS:
        return np.array([0.0, 1.0]), np.array([0.0, 1.0])
    order = np.argsort(raw, kind="stable")
    count = min(60, len(raw) // KNOT_ROWS)
    knot = np.arange(len(raw)) * count // len(raw)
    size = np.bincount(knot)
    stated = np.bincount(knot, raw[order]) / size
    actual = np.bincount(knot, listed[order].astype(np.float64)) / size
    return stated, np.asarray(isotonic_regression(actual, weights=size).x)


def shares(evidence: Evidence) -> tuple[Array, NDArray[np.int64], NDArray[np.intp]]:
    """What stands in for a model where too few artists are labelled; as ``GenreModel.predict``.

    Confidence is the largest share of a source's votes, shrunk towards 0.
    """
    share = evidence.votes / (evidence.totals + 1)
    confidence = share.max(axis=1, initial=0)
    return confidence, ranks(evidence.artist, evidence.genre, confidence), share.argmax(axis=1)


def ranks(artist: NDArray[np.uint32], genre: NDArray[np.uint32], value: Array) -> NDArray[np.int64]:
    """(n,) place of each row among its artist's, highest value first, then lowest code."""
    order = np.lexsort((genre, -value, artist))
    ordered = artist[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)])
    lengths = np.diff(np.r_[starts, len(ordered)])
    rank = np.empty(len(artist), np.int64)
    rank[order] = np.arange(len(artist)) - np.repeat(starts, lengths)
    return rank


def falling(artist: NDArray[np.uint32], rank: NDArray[np.int64], value: Array) -> Array:
    """Each value cut to the smallest that precedes it by rank at the same artist."""
    order = np.lexsort((rank, artist))
    cut = value[order]
    place = rank[order]
    # Rank by rank, all artists at once; beyond the ranks with curves of their own the same
    # rising curve is applied to falling values.
    for group in range(1, RANK_GROUPS):
        rows = np.flatnonzero(place == group)
        cut[rows] = np.minimum(cut[rows], cut[rows - 1])
    rest = np.flatnonzero(place >= RANK_GROUPS)
    cut[rest] = np.minimum(cut[rest], cut[rest - place[rest] + RANK_GROUPS - 1])
    result = np.empty_like(value)
    result[order] = cut
    return result


def sigmoid(odds: Array) -> Array:
    """Probability of log-odds."""
    return 1 / (1 + np.exp(-np.clip(odds, -30, 30)))

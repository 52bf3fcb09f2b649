"""Initial track vectors: a truncated singular value decomposition of the playlist matrix."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.playlists.config import Track2VecConfig
from embeat_pipeline.playlists.corpus import Corpus

ITERATIONS = 3
"""Power iterations: each one sharpens the subspace."""
OVERSAMPLING = 16
"""Dimensions of the subspace beyond the rank."""


def factorise(corpus: Corpus, size: int, config: Track2VecConfig) -> NDArray[np.float32]:
    """Return unit vectors of every track of the vocabulary, (v, size) float32.

    They are rows of V S, where U S V^T approximates the playlist x track matrix with entries
    n^-length_exponent (c + count_shift)^-count_exponent (n: length of the playlist, c: playlists
    of the track). Where the matrix has fewer than ``size`` directions, the rest is 0.
    """
    row = np.maximum(corpus.lengths, 1).astype(np.float32) ** -config.length_exponent
    column = (corpus.counts + config.count_shift).astype(np.float32) ** -config.count_exponent
    values = np.asarray(np.repeat(row, corpus.lengths) * column[corpus.words], np.float32)
    directions, strengths = randomised_svd(corpus.matrix(values), size, config.seed)
    vectors = np.zeros((len(corpus.track_codes), size), np.float32)
    vectors[:, : len(strengths)] = directions * strengths
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(np.float32).tiny)


def randomised_svd(
    matrix: sparse.csr_matrix, rank: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return right singular vectors (columns, at most rank) and singular values, largest first.

    Subspace iteration from a random start (Halko, Martinsson and Tropp 2011, algorithm 4.4).
    """
    rank = min(rank, *matrix.shape)
    width = min(rank + OVERSAMPLING, *matrix.shape)
    transposed = matrix.T.tocsr()
    start = np.random.default_rng(seed).standard_normal((matrix.shape[1], width))
    sketch = matrix @ start.astype(np.float32)
    for _ in range(ITERATIONS):
        basis, _ = np.linalg.qr(sketch)
        row_basis, _ = np.linalg.qr(transposed @ basis)
        sketch = matrix @ row_basis
    basis, _ = np.linalg.qr(sketch)
    left, strengths, _ = np.linalg.svd(transposed @ basis, full_matrices=False)
    return left[:, :rank], strengths[:rank]

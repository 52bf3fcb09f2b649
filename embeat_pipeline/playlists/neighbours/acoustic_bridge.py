"""Relate artists without playlists to playlists, through artists that sound like them.

An artist in no playlist and of no known genre still has acoustic vectors; for an artist in few
playlists there is little other evidence.
"""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.common.parquet import ROW_GROUP_SIZE
from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_serve.contract.schema import VECTOR_SIZE

BLOCK_SCORES = 1 << 24
"""Similarities computed at a time: 64 MB."""


class AcousticBridge:
    """Similarity of an artist to others: a mean over its acoustically nearest references.

    sum over the ``acoustic_artists`` nearest references r of w_r s_r, where w is the softmax of
    the cosines over ``acoustic_temperature``, and s_r holds the cosines of r with the
    ``reference_neighbours`` artists that it shares most playlists with.

    Args:
        vectors: (catalogue, d) float32 unit vectors, or 0 where an artist has none.
        artists: (a,) ascending codes of the artists that are in playlists.
        by_artist: (a, playlists) float32, 1 where a playlist holds an artist.
        by_playlist: (playlists, a) float32, the transpose with weighted rows.
        config: limits, and the temperature of the softmax.
        block_scores: similarities computed at a time; bounds memory and changes no result.
    """

    def __init__(
        self,
        vectors: NDArray[np.float32],
        artists: NDArray[np.int64],
        by_artist: sparse.csr_array,
        by_playlist: sparse.csr_array,
        config: NeighbourConfig,
        block_scores: int = BLOCK_SCORES,
    ):
        self._vectors, self._config, self._block_scores = vectors, config, block_scores
        self._has_vector: NDArray[np.bool_] = np.asarray(vectors.any(axis=1))
        counts = np.diff(by_artist.indptr)
        eligible = np.flatnonzero(self._has_vector[artists])
        frequent = np.argsort(-counts[eligible], kind="stable")[: config.max_references]
        positions = np.sort(eligible[frequent])
        self.references = artists[positions]
        """(r,) ascending codes of the reference artists."""
        self._reference_vectors = np.ascontiguousarray(vectors[self.references].T)
        self._similarity = most_similar(
            by_artist, by_playlist, positions, config.reference_neighbours, block_scores
        )

    def has_reference(self, artists: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return (b,) whether there is any other artist to compare each artist with."""
        others = len(self.references) - np.isin(artists, self.references)
        return self._has_vector[artists] & (others > 0)

    def similarity(self, artists: NDArray[np.int64]) -> sparse.csr_array:
        """Return (b, a) similarities of artists (b,) of the catalogue to those in playlists."""
        shape = (len(artists), self._similarity.shape[1])
        number = min(self._config.acoustic_artists, len(self.references))
        if number == 0:
            return sparse.csr_array(np.zeros(shape, np.float32))
        block = max(1, self._block_scores // len(self.references))
        parts = [
            self._nearest_weights(artists[start : start + block], number) @ self._similarity
            for start in range(0, max(len(artists), 1), block)
        ]
        return sparse.csr_array(sparse.vstack(parts))

    def _nearest_weights(self, artists: NDArray[np.int64], number: int) -> sparse.csr_array:
        """Return (b, r) softmax weights of the nearest references; 0 for artists without vector."""
        cosines = self._vectors[artists] @ self._reference_vectors
        position = np.searchsorted(self.references, artists)
        own = np.flatnonzero(np.equal(np.append(self.references, -1)[position], artists))
        cosines[own, position[own]] = -np.inf
        nearest, columns = torch.topk(torch.from_numpy(cosines), number, dim=1)
        logits = nearest.numpy() / self._config.acoustic_temperature
        # Only an artist who is the only reference has no finite logit.
        highest = np.where(np.isfinite(logits[:, :1]), logits[:, :1], 0)
        weights = np.exp(logits - highest)
        weights[~self._has_vector[artists]] = 0
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
        offsets = np.arange(len(artists) + 1) * number
        content = (weights.ravel().astype(np.float32), columns.numpy().ravel(), offsets)
        return sparse.csr_array(content, shape=cosines.shape)


def most_similar(
    by_artist: sparse.csr_array,
    by_playlist: sparse.csr_array,
    rows: NDArray[np.intp],
    number: int,
    block_scores: int = BLOCK_SCORES,
) -> sparse.csr_array:
    """Return the highest cosines of some artists with all artists in playlists.

    Args:
        by_artist: (a, playlists), 1 where a playlist holds an artist.
        by_playlist: (playlists, a), the transpose with weighted rows.
        rows: (r,) positions of the artists.
        number: cosines kept per row.
        block_scores: cosines computed at a time.

    Returns:
        (r, a) float32.
    """
    width = by_artist.shape[0]
    number = min(number, width)
    root = 1 / np.sqrt(np.maximum(np.diff(by_artist.indptr), 1)).astype(np.float32)
    block = max(1, block_scores // max(width, 1))
    parts: list[sparse.csr_array] = [sparse.csr_array(np.zeros((0, width), np.float32))]
    for start in range(0, len(rows), block):
        block_rows = rows[start : start + block]
        product = (by_artist[block_rows] @ by_playlist).toarray()
        scores = product * root * root[block_rows][:, None]
        values, columns = torch.topk(torch.from_numpy(scores), number, dim=1)
        offsets = np.arange(len(block_rows) + 1) * number
        content = (values.numpy().ravel(), columns.numpy().ravel().astype(np.int32), offsets)
        part = sparse.csr_array(content, shape=scores.shape)
        part.eliminate_zeros()
        parts.append(part)
    return sparse.csr_array(sparse.vstack(parts))


def mean_artist_vectors(
    track_vectors: Path,
    main_artists: NDArray[np.int64],
    artists: int,
    batch_rows: int = ROW_GROUP_SIZE,
) -> NDArray[np.float32]:
    """Return (artists, 64) directions of the mean acoustic vector of each artist's tracks.

    Args:
        track_vectors: path of that table.
        main_artists: (tracks,) code of each track's main artist, negative where unknown.
        artists: number of artists in the catalogue.
        batch_rows: rows read at a time; bounds memory.

    Returns:
        float32 rows of length 1; 0 where an artist has no track with a vector.
    """
    sums = np.zeros((artists, VECTOR_SIZE), np.float32)
    start = 0
    with pq.ParquetFile(track_vectors) as file:
        for batch in file.iter_batches(batch_rows, columns=["acoustic"]):
            column = batch.column(0)
            owners = main_artists[start : start + len(column)]
            start += len(column)
            valid = np.asarray(column.is_valid())
            # Flattening leaves out nulls.
            vectors = column.flatten().to_numpy().reshape(-1, VECTOR_SIZE)
            has_owner = owners[valid] >= 0
            unique, position = np.unique(owners[valid][has_owner], return_inverse=True)
            ones = np.ones(len(position), np.float32)
            offsets = np.arange(len(position) + 1)
            shape = (len(position), len(unique))
            membership = sparse.csr_array((ones, position, offsets), shape=shape)
            sums[unique] += membership.T @ vectors[has_owner]
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return sums / np.maximum(lengths, np.finfo(np.float32).tiny)

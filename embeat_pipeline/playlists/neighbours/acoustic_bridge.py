"""A bridge from sound to playlists: what is played with the artists that sound like an artist.

An artist in no playlist, and of no known genre, still has a sound; one in few playlists has
little else that can be relied on.
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
"""Similarities held at a time: 64 MB."""


class SoundBridge:
    """Mean of what the artists nearest by sound say, the nearer the more.

    sum over the ``sound_artists`` nearest r of w_r s_r, where w is the softmax of the cosines over
    ``sound_temperature``, and s_r holds the ``reference_neighbours`` artists that r shares most
    playlists with.

    Args:
        sounds: (catalogue, d) float32 of length 1, or 0 where an artist has no sound.
        artists: (a,) ascending codes of the artists that are in playlists.
        together: (a, playlists) float32, 1 where a playlist holds an artist.
        weighted: (playlists, a) float32, the same the other way round, rows times their weight.
        config: how many artists are listened to.
    """

    def __init__(
        self,
        sounds: NDArray[np.float32],
        artists: NDArray[np.int64],
        together: sparse.csr_array,
        weighted: sparse.csr_array,
        config: NeighbourConfig,
    ):
        self._sounds, self._config = sounds, config
        self._has_sound: NDArray[np.bool_] = np.asarray(sounds.any(axis=1))
        counts = np.diff(together.indptr)
        heard = np.flatnonzero(self._has_sound[artists])
        most = np.argsort(-counts[heard], kind="stable")[: config.max_references]
        positions = np.sort(heard[most])
        self._references = artists[positions]
        """(r,) ascending codes of the artists that are listened to."""
        self._sounds_of_references = np.ascontiguousarray(sounds[self._references].T)
        self._said = most_similar(together, weighted, positions, config.reference_neighbours)

    def is_heard(self, artists: NDArray[np.integer]) -> NDArray[np.bool_]:
        """(b,) whether anybody sounds like each artist."""
        others = len(self._references) - np.isin(artists, self._references)
        return self._has_sound[artists] & (others > 0)

    def similarity(self, artists: NDArray[np.int64]) -> sparse.csr_array:
        """(b, a) of artists (b,) of the catalogue to those in playlists."""
        shape = (len(artists), self._said.shape[1])
        number = min(self._config.sound_artists, len(self._references))
        if number == 0:
            return sparse.csr_array(np.zeros(shape, np.float32))
        block = max(1, BLOCK_SCORES // len(self._references))
        parts = [
            self._weights(artists[start : start + block], number) @ self._said
            for start in range(0, max(len(artists), 1), block)
        ]
        return sparse.csr_array(sparse.vstack(parts))

    def _weights(self, artists: NDArray[np.int64], number: int) -> sparse.csr_array:
        """(b, r) of the nearest references, each row's sum 1; 0 of artists without a sound."""
        cosines = self._sounds[artists] @ self._sounds_of_references
        place = np.searchsorted(self._references, artists)
        own = np.flatnonzero(np.equal(np.append(self._references, -1)[place], artists))
        cosines[own, place[own]] = -np.inf
        nearest, columns = torch.topk(torch.from_numpy(cosines), number, dim=1)
        found = nearest.numpy() / self._config.sound_temperature
        # Only an artist who is the only reference has nobody near.
        best = np.where(np.isfinite(found[:, :1]), found[:, :1], 0)
        weights = np.exp(found - best)
        weights[~self._has_sound[artists]] = 0
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
        offsets = np.arange(len(artists) + 1) * number
        content = (weights.ravel().astype(np.float32), columns.numpy().ravel(), offsets)
        return sparse.csr_array(content, shape=cosines.shape)


def most_similar(
    together: sparse.csr_array,
    weighted: sparse.csr_array,
    rows: NDArray[np.intp],
    number: int,
) -> sparse.csr_array:
    """Cosines of some rows of ``together`` with all of them, the ``number`` highest of each.

    Args:
        together: (a, playlists), 1 where a playlist holds an artist.
        weighted: (playlists, a), the same the other way round, rows times their weight.
        rows: (r,) positions among the artists.
        number: kept of each row.

    Returns:
        (r, a) float32.
    """
    width = together.shape[0]
    number = min(number, width)
    root = 1 / np.sqrt(np.maximum(np.diff(together.indptr), 1)).astype(np.float32)
    block = max(1, BLOCK_SCORES // max(width, 1))
    parts: list[sparse.csr_array] = [sparse.csr_array(np.zeros((0, width), np.float32))]
    for start in range(0, len(rows), block):
        chosen = rows[start : start + block]
        scores = (together[chosen] @ weighted).toarray() * root * root[chosen][:, None]
        values, columns = torch.topk(torch.from_numpy(scores), number, dim=1)
        offsets = np.arange(len(chosen) + 1) * number
        content = (values.numpy().ravel(), columns.numpy().ravel().astype(np.int32), offsets)
        part = sparse.csr_array(content, shape=scores.shape)
        part.eliminate_zeros()
        parts.append(part)
    return sparse.csr_array(sparse.vstack(parts))


def sounds_of_artists(
    track_vectors: Path, main_artists: NDArray[np.int64], artists: int
) -> NDArray[np.float32]:
    """(artists, 64) direction of the mean acoustic vector of each artist's tracks.

    Reads the table a row group at a time.

    Args:
        track_vectors: the table.
        main_artists: (tracks,) code of each track's main artist, negative where unknown.
        artists: of the catalogue.

    Returns:
        Rows of length 1; 0 where an artist has no track with a vector.
    """
    sums = np.zeros((artists, VECTOR_SIZE), np.float32)
    start = 0
    with pq.ParquetFile(track_vectors) as file:
        for batch in file.iter_batches(ROW_GROUP_SIZE, columns=["acoustic"]):
            column = batch.column(0)
            owners = main_artists[start : start + len(column)]
            start += len(column)
            valid = np.asarray(column.is_valid())
            # Flattening leaves out what is null.
            vectors = column.flatten().to_numpy().reshape(-1, VECTOR_SIZE)
            known = owners[valid] >= 0
            unique, place = np.unique(owners[valid][known], return_inverse=True)
            ones = np.ones(len(place), np.float32)
            offsets = np.arange(len(place) + 1)
            member = sparse.csr_array((ones, place, offsets), shape=(len(place), len(unique)))
            sums[unique] += member.T @ vectors[known]
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return sums / np.maximum(lengths, np.finfo(np.float32).tiny)

"""Doubt what few playlists say of two songs that have no style in common."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.artists import ArtistSource
from embeat_pipeline.playlists.neighbours.inputs import UNKNOWN, NeighbourInputs
from embeat_serve.contract.schema import LEAST_GENRE_LENGTH


class StyleFit:
    """How far a candidate is of the style of a track: 0..1.

    It is 1 for the track's own artist, for artists related to it, and where the genres of the
    track's artist are unknown; ``unknown_style`` where those of the candidate's are; else the
    nearness of their genres, as a share of ``full_style``, at most 1. Genres are near whose mean
    genre vectors have a high cosine, or that are largely the same.
    """

    def __init__(self, inputs: NeighbourInputs, artists: ArtistSource, config: NeighbourConfig):
        self._shift = np.float32(config.style_shift)
        self._full = np.float32(config.full_style)
        self._unknown = np.float32(config.unknown_style)
        self._counts, self._artist_of_word = inputs.counts, inputs.artists
        self._artists = artists
        self._has_genre = np.diff(artists.genres.indptr) > 0
        self._genres, self._genre_vectors = inputs.genres, inputs.genre_vectors
        self._candidate_places = self._places(artists.codes).T.copy()
        self._related = sparse.csr_array(inputs.related[:, artists.codes])

    def factors(self, words: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return (b, c) factors of what playlists say of candidates as neighbours of ``words``.

        1 - (1 - fit) style_shift / (n + style_shift) for a track (b,) in n playlists: a song that
        is in one playlist with a hit of another style has little to do with it.
        """
        unique, row = np.unique(self._artist_of_word[words], return_inverse=True)
        doubt = self._shift / (self._counts[words] + self._shift)
        misfit = np.take((1 - self._of_artists(unique))[row], self._artists.of_column, axis=1)
        return np.asarray(1 - misfit * doubt[:, None], np.float32)

    def _of_artists(self, artists: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return (a, positions + 1) fits of the vocabulary's artists to artists (a,) of it."""
        codes = self._artists.codes
        width = len(codes)
        fit = np.ones((len(artists), width + 1), np.float32)
        rows = np.flatnonzero((artists != UNKNOWN) & self._has_genre[artists])
        own = artists[rows]
        nearness = np.clip(self._nearness(own) / self._full, 0, 1)
        fit[rows, :width] = np.where(self._has_genre[codes], nearness, self._unknown)
        fit[rows, width] = self._unknown
        related = self._related[own].tocoo()
        fit[rows[related.row], related.col] = 1
        fit[rows, np.searchsorted(codes, own)] = 1
        return fit

    def _nearness(self, artists: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return (a, positions) nearness of genres of artists (a,) to the vocabulary's."""
        in_common = self._artists.genre_cosines(artists).toarray()
        return np.maximum(self._places(artists) @ self._candidate_places, in_common)

    def _places(self, artists: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return (a, 32) mean genre vectors of artists (a,), of length 1, or 0 where unknown.

        128 bytes each: 256 MB for two million artists.
        """
        means = self._genres[artists] @ self._genre_vectors
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        return np.where(
            lengths >= LEAST_GENRE_LENGTH, means / np.maximum(lengths, LEAST_GENRE_LENGTH), 0
        )

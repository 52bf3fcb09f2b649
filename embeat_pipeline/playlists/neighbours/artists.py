"""Source: artists that share playlists or genres, the artist itself, and acoustically near ones."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.playlists.config import NeighbourConfig, SourceWeights
from embeat_pipeline.playlists.neighbours.acoustic_bridge import AcousticBridge
from embeat_pipeline.playlists.neighbours.inputs import UNKNOWN, NeighbourInputs
from embeat_pipeline.playlists.neighbours.source import Candidates, scale_rows


class ArtistSource:
    """Similarity of two artists times c_t^artist_popularity, for c_t playlists of a candidate.

    It covers every artist of the catalogue, so it also serves tracks in no playlist. The genres
    and the acoustic similarity of an artist in c playlists count
    confidence_shift / (c + confidence_shift): one playlist in common says little, so the list of a
    little-known artist stays in its genres, and what is popular beside it does not lead.
    """

    def __init__(self, inputs: NeighbourInputs, candidates: Candidates, config: NeighbourConfig):
        has_artist = inputs.artists != UNKNOWN
        self.codes = np.unique(inputs.artists[has_artist])
        """Artists of the vocabulary, ascending; "position" means an index into them."""
        width = len(self.codes)
        position = np.where(has_artist, np.searchsorted(self.codes, inputs.artists), width)
        # One more column, all zero, for tracks of an unknown artist.
        self.of_column = position[candidates.columns]
        """(c,) position of each candidate's artist; one more than there are where unknown."""
        shape = (len(has_artist), width)
        ones = np.ones(int(has_artist.sum()), np.float32)
        membership = sparse.csr_array(
            (ones, (np.flatnonzero(has_artist), position[has_artist])), shape=shape
        )
        by_playlist = (inputs.playlists @ membership).tocsr()
        by_playlist.data[:] = 1
        self._counts = np.bincount(by_playlist.indices, minlength=width).astype(np.float32)
        self._playlists = by_playlist.T.tocsr()
        self._weighted = scale_rows(by_playlist, inputs.lengths**-config.length_exponent)
        self.bridge = AcousticBridge(
            inputs.artist_vectors, self.codes, self._playlists, self._weighted, config
        )
        self._shift = np.float32(config.confidence_shift)
        self.genres = normalised_genres(inputs)
        """(artists of the catalogue, genres), see ``normalised_genres``."""
        self._candidate_genres = self.genres[self.codes].T.tocsr()
        self._popularity = inputs.counts[candidates.columns] ** np.float32(config.artist_popularity)

    def playlists_of(self, artists: NDArray[np.integer]) -> sparse.csr_array:
        """Return (b, playlists) with 1 where a playlist holds a track of an artist (b,)."""
        row, position = self._positions(artists)
        sizes = np.zeros(len(artists), np.int64)
        playlists = self._playlists[position]
        sizes[row] = np.diff(playlists.indptr)
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        shape = (len(artists), playlists.shape[1])
        return sparse.csr_array((playlists.data, playlists.indices, offsets), shape=shape)

    def has_evidence(self, artists: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return (a,) whether playlists, genres or sound say anything of each artist."""
        has_genre = np.diff(self.genres.indptr)[artists] > 0
        return np.isin(artists, self.codes) | has_genre | self.bridge.has_reference(artists)

    def genre_cosines(self, artists: NDArray[np.integer]) -> sparse.csr_array:
        """Return (b, positions) cosines of genres of artists (b,) with those of the vocabulary."""
        return sparse.csr_array(self.genres[artists] @ self._candidate_genres)

    def scores(
        self,
        artists: NDArray[np.int64],
        weights: Sequence[SourceWeights],
        *,
        with_acoustic: bool = False,
    ) -> list[NDArray[np.float32]]:
        """Return (b, c) scores of the candidates for each artist (b,), one per set of weights."""
        unique, row = np.unique(artists, return_inverse=True)
        return [
            np.asarray(
                np.take(similarity[row], self.of_column, axis=1) * self._popularity, np.float32
            )
            for similarity in self.similarity(unique, weights, with_acoustic=with_acoustic)
        ]

    def similarity(
        self,
        artists: NDArray[np.int64],
        weights: Sequence[SourceWeights],
        *,
        with_acoustic: bool = False,
    ) -> list[NDArray[np.float32]]:
        """Return (b, positions + 1) similarities of artists (b,) to those of the vocabulary.

        One array per set of weights; zero for ``UNKNOWN``. Acoustic similarity counts only
        ``with_acoustic``.
        """
        width = len(self.codes)
        has_code = np.flatnonzero(artists != UNKNOWN)
        genres = self.genre_cosines(artists[has_code]).tocoo()
        row, position = self._positions(artists)
        overlap = (self._playlists[position] @ self._weighted).tocoo()
        cosine = overlap.data / np.sqrt(
            self._counts[position[overlap.row]] * self._counts[overlap.col]
        )
        doubt = np.ones(len(artists), np.float32)
        doubt[row] = self._shift / (self._counts[position] + self._shift)
        of_genre = has_code[genres.row]
        similarities = [np.zeros((len(artists), width + 1), np.float32) for _ in weights]
        for one, similarity in zip(weights, similarities, strict=True):
            similarity[of_genre, genres.col] = one.genre_weight * doubt[of_genre] * genres.data
            similarity[row[overlap.row], overlap.col] += one.artist_weight * cosine
            similarity[row, position] += one.same_artist_weight
        if with_acoustic and any(one.acoustic_weight for one in weights):
            acoustic = self.bridge.similarity(artists[has_code]).tocoo()
            target = has_code[acoustic.row]
            for one, similarity in zip(weights, similarities, strict=True):
                similarity[target, acoustic.col] += (
                    one.acoustic_weight * doubt[target] * acoustic.data
                )
        return similarities

    def _positions(self, artists: NDArray[np.integer]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return which of ``artists`` are in playlists, and their positions there."""
        position = np.searchsorted(self.codes, artists)
        is_there = np.append(self.codes, UNKNOWN)[position] == artists
        row = np.flatnonzero(is_there & (artists != UNKNOWN))
        return row, position[row]


def normalised_genres(inputs: NeighbourInputs) -> sparse.csr_array:
    """Return genres of every artist, weighted by rarity, each row of length 1 (or 0)."""
    artists = inputs.genres.shape[0]
    has_artist = inputs.artists != UNKNOWN
    entries = np.bincount(
        inputs.artists[has_artist], weights=inputs.counts[has_artist], minlength=artists
    )
    has_genre = inputs.genres.copy()
    has_genre.data = np.ones_like(has_genre.data)
    # Inverse document frequency over playlist entries; 50 keeps rare genres finite.
    rarity = np.log((entries.sum() + 50) / (has_genre.T @ entries + 50)).astype(np.float32)
    genres = inputs.genres.copy()
    genres.data = genres.data * rarity[genres.indices]
    lengths = np.sqrt(genres.multiply(genres).sum(axis=1))
    return scale_rows(genres, (1 / np.maximum(lengths, 1e-12)).astype(np.float32))

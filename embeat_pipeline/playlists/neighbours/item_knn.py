"""What speaks for a track as the neighbour of another track or of an artist.

Every source answers for a block of rows at once with a dense (b, c) matrix over the c candidates,
so memory is bounded by the block, however many tracks there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.playlists.config import NeighbourConfig, SourceWeights
from embeat_pipeline.playlists.neighbours.acoustic_bridge import SoundBridge

UNKNOWN = -1
"""Code of an artist or album that the catalogue does not know."""


@dataclass(frozen=True)
class NeighbourInputs:
    """Playlists over a vocabulary of v tracks, and what is known of those tracks."""

    track_codes: NDArray[np.uint32]
    """(v,) ascending; a word is a position in it."""
    playlists: sparse.csr_array
    """(playlists, v) float32, 1 where a playlist holds a track however often."""
    vectors: NDArray[np.float32]
    """(v, d) of the length their belief gives them; zero where a track has none."""
    artists: NDArray[np.int64]
    """(v,) main artist of each track, or ``UNKNOWN``."""
    albums: NDArray[np.int64]
    """(v,) album of each track, or ``UNKNOWN``."""
    genres: sparse.csr_array
    """(artists of the catalogue, genres) float32: how much each genre is the artist's."""
    sounds: NDArray[np.float32]
    """(artists of the catalogue, d) of length 1; zero where an artist has no sound."""

    @cached_property
    def counts(self) -> NDArray[np.float32]:
        """(v,) playlists each track is in."""
        found = np.bincount(self.playlists.indices, minlength=len(self.track_codes))
        return found.astype(np.float32)

    @cached_property
    def by_track(self) -> sparse.csr_array:
        """(v, playlists) the same as ``playlists``, a row a track."""
        return sparse.csr_array(self.playlists.T)

    @cached_property
    def witness(self) -> NDArray[np.float32]:
        """(playlists,) tracks of each, at least 1."""
        return np.maximum(np.diff(self.playlists.indptr), 1).astype(np.float32)


class Candidates(NamedTuple):
    """The tracks that can be neighbours."""

    columns: NDArray[np.intp]
    """(c,) words, ascending."""
    playlists: sparse.csr_array
    """(playlists, c) of ``Material.playlists``."""

    @classmethod
    def most_frequent(cls, material: NeighbourInputs, number: int) -> Self:
        """Those in most playlists."""
        frequent = np.argsort(-material.counts, kind="stable")[:number]
        columns = np.sort(frequent)
        if len(columns) == len(material.counts):
            return cls(columns, material.playlists)
        return cls(columns, sparse.csr_array(material.playlists[:, columns]))


class ScoreAccumulator(NamedTuple):
    """Where what sources say of a block of b rows is added up: (b, c) scores under one blend."""

    blend: SourceWeights
    scores: NDArray[np.float32]


class Source(Protocol):
    """What speaks for neighbours of tracks."""

    def add_to(self, sinks: Sequence[ScoreAccumulator], words: NDArray[np.intp]) -> None:
        """Add what speaks for every candidate as a neighbour of ``words`` (b,)."""
        ...


class TrackSource:
    """Tracks in the same playlists (item-kNN; Sarwar et al. 2001).

    (sum over common playlists of n^-a) / (sqrt(c_s c_t) + shrinkage) * c_t^popularity, for n
    tracks in a playlist and c playlists of a track.
    """

    def __init__(self, material: NeighbourInputs, candidates: Candidates, config: NeighbourConfig):
        self._config, self._counts, self._columns = config, material.counts, candidates.columns
        self._tracks = material.by_track
        self._weighted = weighted_rows(
            candidates.playlists, material.witness**-config.length_exponent
        )

    def add_to(self, sinks: Sequence[ScoreAccumulator], words: NDArray[np.intp]) -> None:
        """Add what speaks for every candidate as a neighbour of ``words`` (b,)."""
        together = (self._tracks[words] @ self._weighted).tocoo()
        row, column = together.row, together.col
        count = self._counts[self._columns[column]]
        root = np.sqrt(self._counts[words[row]] * count)
        cosine = together.data / (root + np.float32(self._config.shrinkage))
        for blend, scores in sinks:
            value = np.float32(blend.track_weight) * cosine
            scores[row, column] += value * count ** np.float32(blend.popularity)


class VectorSource:
    """Dot product of the row's unit vector with the candidate's believed one."""

    def __init__(self, material: NeighbourInputs, candidates: Candidates, config: NeighbourConfig):
        lengths = np.linalg.norm(material.vectors, axis=1, keepdims=True)
        self._seeds = np.asarray(material.vectors / np.maximum(lengths, 1e-12), np.float32)
        self._candidates = np.ascontiguousarray(material.vectors[candidates.columns].T)

    def add_to(self, sinks: Sequence[ScoreAccumulator], words: NDArray[np.intp]) -> None:
        """Add what speaks for every candidate as a neighbour of ``words`` (b,)."""
        similar = self._seeds[words] @ self._candidates
        for blend, scores in sinks:
            scores += np.float32(blend.vector_weight) * similar


class AlbumSource:
    """Tracks of one album, the more popular the better."""

    def __init__(self, material: NeighbourInputs, candidates: Candidates, config: NeighbourConfig):
        self._albums = material.albums
        of_column = material.albums[candidates.columns]
        self._order = np.argsort(of_column, kind="stable")
        self._sorted = of_column[self._order]
        self._popularity = material.counts[candidates.columns] ** np.float32(
            config.artist_popularity
        )

    def add_to(self, sinks: Sequence[ScoreAccumulator], words: NDArray[np.intp]) -> None:
        """Add what speaks for every candidate as a neighbour of ``words`` (b,)."""
        wanted = self._albums[words]
        first = np.searchsorted(self._sorted, wanted)
        number = np.searchsorted(self._sorted, wanted, side="right") - first
        number[wanted == UNKNOWN] = 0
        row = np.repeat(np.arange(len(words)), number)
        within = np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number)
        column = self._order[first[row] + within]
        for blend, scores in sinks:
            scores[row, column] += np.float32(blend.album_weight) * self._popularity[column]


class ArtistSource:
    """What the artist says: artists in the same playlists, of the same genres, and itself, and
    artists in the same playlists as those that sound like it.

    Similarity of two artists times c_t^artist_popularity. It answers for every artist of the
    catalogue, so for tracks in no playlist, too. What sound says of an artist in c playlists
    counts confidence_shift / (c + confidence_shift).
    """

    def __init__(self, material: NeighbourInputs, candidates: Candidates, config: NeighbourConfig):
        known = material.artists != UNKNOWN
        self._artists = np.unique(material.artists[known])
        """Artists of the vocabulary, ascending; "position" means a place among them."""
        width = len(self._artists)
        position = np.where(known, np.searchsorted(self._artists, material.artists), width)
        # One more column, all zero, for tracks of an unknown artist.
        self._of_column = position[candidates.columns]
        shape = (len(known), width)
        ones = np.ones(int(known.sum()), np.float32)
        membership = sparse.csr_array((ones, (np.flatnonzero(known), position[known])), shape=shape)
        together = (material.playlists @ membership).tocsr()
        together.data[:] = 1
        self._counts = np.bincount(together.indices, minlength=width).astype(np.float32)
        self._playlists = together.T.tocsr()
        self._weighted = weighted_rows(together, material.witness**-config.length_exponent)
        self._sound = SoundBridge(
            material.sounds, self._artists, self._playlists, self._weighted, config
        )
        self._shift = np.float32(config.confidence_shift)
        self._genres = normalised_genres(material, config)
        self._candidate_genres = self._genres[self._artists].T.tocsr()
        self._popularity = material.counts[candidates.columns] ** np.float32(
            config.artist_popularity
        )

    def playlists_of(self, artists: NDArray[np.integer]) -> sparse.csr_array:
        """(b, playlists) 1 where a playlist holds a track of each artist (b,)."""
        place = np.searchsorted(self._artists, artists)
        listed = np.flatnonzero(np.append(self._artists, UNKNOWN)[place] == artists)
        sizes = np.zeros(len(artists), np.int64)
        held = self._playlists[place[listed]]
        sizes[listed] = np.diff(held.indptr)
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        shape = (len(artists), held.shape[1])
        return sparse.csr_array((held.data, held.indices, offsets), shape=shape)

    def has_evidence(self, artists: NDArray[np.integer]) -> NDArray[np.bool_]:
        """(a,) whether anything is known of each artist."""
        listed = np.isin(artists, self._artists) | (np.diff(self._genres.indptr)[artists] > 0)
        return listed | self._sound.is_heard(artists)

    def similarity(
        self, artists: NDArray[np.int64], blends: Sequence[SourceWeights], by_sound: bool = False
    ) -> list[NDArray[np.float32]]:
        """(b, positions + 1) of artists (b,) to the vocabulary's; zero for ``UNKNOWN``.

        Sound speaks only where ``by_sound``.
        """
        width = len(self._artists)
        rows = np.flatnonzero(artists != UNKNOWN)
        shared = (self._genres[artists[rows]] @ self._candidate_genres).tocoo()
        place = np.searchsorted(self._artists, artists)
        listed = np.flatnonzero(np.append(self._artists, UNKNOWN)[place] == artists)
        listed = listed[artists[listed] != UNKNOWN]
        own = place[listed]
        together = (self._playlists[own] @ self._weighted).tocoo()
        similar = together.data / np.sqrt(
            self._counts[own[together.row]] * self._counts[together.col]
        )
        found = [np.zeros((len(artists), width + 1), np.float32) for _ in blends]
        for blend, one in zip(blends, found, strict=True):
            one[rows[shared.row], shared.col] = blend.genre_weight * shared.data
            one[listed[together.row], together.col] += blend.artist_weight * similar
            one[listed, own] += blend.same_artist_weight
        if by_sound and any(blend.sound_weight for blend in blends):
            sounding = self._sound.similarity(artists[rows]).tocoo()
            row = rows[sounding.row]
            doubt = np.ones(len(artists), np.float32)
            doubt[listed] = self._shift / (self._counts[own] + self._shift)
            for blend, one in zip(blends, found, strict=True):
                one[row, sounding.col] += blend.sound_weight * doubt[row] * sounding.data
        return found

    def scores(
        self, artists: NDArray[np.int64], blends: Sequence[SourceWeights], by_sound: bool = False
    ) -> list[NDArray[np.float32]]:
        """(b, c) what each artist (b,) says of the candidates, for each of the blends."""
        unique, row = np.unique(artists, return_inverse=True)
        return [
            np.asarray(
                np.take(similar[row], self._of_column, axis=1) * self._popularity, np.float32
            )
            for similar in self.similarity(unique, blends, by_sound)
        ]


def weighted_rows(matrix: sparse.csr_array, weights: NDArray[np.float32]) -> sparse.csr_array:
    """The matrix with each row times its weight."""
    values = matrix.data * np.repeat(weights, np.diff(matrix.indptr)).astype(np.float32)
    return sparse.csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def normalised_genres(material: NeighbourInputs, config: NeighbourConfig) -> sparse.csr_array:
    """Genres of each artist of the catalogue, common ones lighter, rows of length 1 (or 0)."""
    artists = material.genres.shape[0]
    known = material.artists != UNKNOWN
    entries = np.bincount(
        material.artists[known], weights=material.counts[known], minlength=artists
    )
    belongs = material.genres.copy()
    belongs.data = np.ones_like(belongs.data)
    # Inverse document frequency over entries of playlists; 50 keeps rare genres finite.
    rarity = np.log((entries.sum() + 50) / (belongs.T @ entries + 50)).astype(np.float32)
    genres = material.genres.copy()
    genres.data = genres.data * rarity[genres.indices]
    lengths = np.sqrt(genres.multiply(genres).sum(axis=1))
    return weighted_rows(genres, (1 / np.maximum(lengths, 1e-12)).astype(np.float32))

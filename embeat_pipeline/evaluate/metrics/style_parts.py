"""How near a song is in style to a seed, in parts: genres, era, scene and sound, each 0..1.

Distances have no natural scale, so each is turned into a share: of how many random pairs of tracks
of the catalogue are at least as far apart. Nobody has to say how many years make another era.
What is not known of one of both tracks is NaN, and counts neither for nor against the song. The
language of a song and its label are in no table, so they have no part here.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.common.parquet import read_vectors
from embeat_pipeline.evaluate.systems.content import raw_features
from embeat_serve.contract.lake import LakePaths

PARTS = ("genres", "era", "scene", "sound")
"""Parts of the style fit, in the order of the rows of ``PairStyle.parts``."""
RANDOM_PAIRS = 50_000
"""Random pairs of tracks that distances are compared with."""


@dataclass(frozen=True)
class StyleTables:
    """What the tables of a lake say of n tracks, of a artists, and of one more who is unknown."""

    artist: NDArray[np.int64]
    """(n,) code of the main artist; a where there is none."""
    genres: sparse.csr_array
    """(a + 1, genres) 1 where an artist has a genre, listed or predicted."""
    genre_vectors: NDArray[np.float32]
    """(a + 1, 32) mean genre vector of the artist, of length 1; zero where it is not known."""
    places: NDArray[np.float64]
    """(a + 1, 2) mean place of the artist's genres on the map; NaN where none has one."""
    related: sparse.csr_array
    """(a + 1, a + 1) 1 where the row's artist names the column's as related."""
    years: NDArray[np.float32]
    """(n,) year of release; NaN where unknown."""
    sound: NDArray[np.float32]
    """(n, d) audio features of length 1; zero where unknown."""


class PairStyle(NamedTuple):
    """Style of p songs in relation to one seed each."""

    parts: NDArray[np.float64]
    """(4, p) see ``PARTS``; NaN where unknown."""
    knows_genres: NDArray[np.bool_]
    """(p,) whether genres of both main artists are known."""
    shares_genre: NDArray[np.bool_]
    """(p,) whether both have a genre in common."""
    genre_nearness: NDArray[np.float64]
    """(p,) cosine of their mean genre vectors, or of their sets of genres, whichever is more; NaN
    where genres are unknown."""
    is_related: NDArray[np.bool_]
    """(p,) whether the artists are the same, or one names the other as related."""


def read_style_tables(lake: LakePaths) -> StyleTables:
    """Read tracks, artists and genres of a lake, with the vectors and the map of genres."""
    artists = pq.read_metadata(lake.table("artists")).num_rows
    tracks = pl.read_parquet(lake.table("tracks"), columns=["artist_codes", "release_year"])
    main = tracks["artist_codes"].list.first().cast(pl.Int64).fill_null(artists).to_numpy()
    places = pl.read_parquet(lake.table("genre_map"), columns=["x", "y"])
    size = artists + 1
    genres = _pairs_matrix(lake, "artist_genres", ("artist_code", "genre_code"), places.height)
    sound = raw_features(lake)
    length = np.linalg.norm(sound, axis=1, keepdims=True)
    return StyleTables(
        artist=main,
        genres=genres,
        genre_vectors=_mean_vectors(genres, read_vectors(lake.table("genre_vectors"), "vector")),
        places=_mean_places(genres, places.cast(pl.Float64).to_numpy()),
        related=_pairs_matrix(
            lake, "related_artists", ("artist_code", "related_artist_code"), size
        ),
        years=tracks["release_year"].cast(pl.Float32).fill_null(np.nan).to_numpy(),
        sound=np.divide(sound, length, out=np.zeros_like(sound), where=length > 0),
    )


class StyleParts:
    """Measures the parts of the style of pairs of tracks.

    *Genres* is the cosine of the sets of genres of the main artists, or the nearness of their mean
    places on the genre map, whichever is more. *Era* is the nearness of the years of release.
    *Scene* is 1 for the same artist and for artists of whom one names the other as related, else
    the cosine of the sets of artists that each names (itself among them). *Sound* is the nearness
    of the directions of standardised audio features, which no model has learned. Nearness is
    the share of ``RANDOM_PAIRS`` random pairs that are at least as far apart: 1 is the nearest.
    """

    def __init__(self, tables: StyleTables, seed: int = 0):
        self._tables = tables
        own = sparse.eye_array(tables.related.shape[0], dtype=np.float32, format="csr")
        self._named = sparse.csr_array(tables.related + own)
        self._has_relations = np.diff(tables.related.indptr) > 0
        self._has_genre = np.diff(tables.genres.indptr) > 0
        random = np.random.default_rng(seed)
        left, right = random.integers(len(tables.artist), size=(2, RANDOM_PAIRS))
        self._reference = {
            name: np.sort(values[~np.isnan(values)])
            for name, values in self._distances(left, right).items()
        }

    def of_pairs(self, seeds: NDArray[np.int64], songs: NDArray[np.int64]) -> PairStyle:
        """Measure songs (p,) in relation to seeds (p,), both track codes."""
        tables = self._tables
        left, right = tables.artist[seeds], tables.artist[songs]
        near = {
            name: nearness(values, self._reference[name])
            for name, values in self._distances(seeds, songs).items()
        }
        knows_genres = self._has_genre[left] & self._has_genre[right]
        genres = np.where(knows_genres, _set_cosines(tables.genres, left, right), np.nan)
        is_artist = left < tables.related.shape[0] - 1
        is_related = is_artist & (
            (left == right)
            | _has_entry(tables.related, left, right)
            | _has_entry(tables.related, right, left)
        )
        has_scene = self._has_relations[left] & self._has_relations[right]
        scene = np.where(has_scene, _set_cosines(self._named, left, right), np.nan)
        return PairStyle(
            parts=np.stack(
                [
                    np.fmax(genres, near["place"]),
                    near["year"],
                    np.where(is_related, 1.0, scene),
                    near["sound"],
                ]
            ),
            knows_genres=knows_genres,
            shares_genre=knows_genres & (genres > 0),
            genre_nearness=np.fmax(
                genres, (tables.genre_vectors[left] * tables.genre_vectors[right]).sum(axis=1)
            ),
            is_related=is_related,
        )

    def _distances(
        self, left: NDArray[np.int64], right: NDArray[np.int64]
    ) -> dict[str, NDArray[np.float64]]:
        tables = self._tables
        years = np.abs(tables.years[left] - tables.years[right])
        artists = tables.artist
        apart = tables.places[artists[left]] - tables.places[artists[right]]
        one, other = tables.sound[left], tables.sound[right]
        has_sound = one.any(axis=1) & other.any(axis=1)
        return {
            "place": np.hypot(apart[:, 0], apart[:, 1]),
            "year": years.astype(np.float64),
            "sound": np.where(has_sound, np.linalg.norm(one - other, axis=1), np.nan),
        }


def nearness(distances: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the reference distances that are at least as large as each distance: (p,).

    Args:
        distances: (p,) NaN where unknown.
        reference: (r,) ascending; nothing is known where it is empty.
    """
    if not len(reference):
        return np.full(len(distances), np.nan)
    share = 1 - np.searchsorted(reference, distances) / len(reference)
    return np.where(np.isnan(distances), np.nan, share)


def _pairs_matrix(
    lake: LakePaths, table: str, columns: tuple[str, str], width: int
) -> sparse.csr_array:
    """(artists + 1, width) float32 ones at the pairs of codes of a table."""
    rows = pq.read_metadata(lake.table("artists")).num_rows + 1
    pairs = pl.read_parquet(lake.table(table), columns=list(columns)).unique()
    row, column = (pairs[name].cast(pl.Int64).to_numpy() for name in columns)
    ones = np.ones(len(row), np.float32)
    matrix = sparse.csr_array((ones, (row, column)), shape=(rows, width))
    matrix.sort_indices()
    return matrix


def _mean_vectors(genres: sparse.csr_array, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, 32) mean of the vectors (genres, 32) of each row's genres, of length 1; zero if 0."""
    total = np.asarray(genres @ vectors)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-6)


def _mean_places(genres: sparse.csr_array, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows, 2) mean of the places (genres, 2) of each row's genres, those without one left out."""
    has_place = ~np.isnan(places).any(axis=1, keepdims=True)
    counted = np.asarray(has_place, np.float64)
    number = np.asarray(genres @ counted)
    total = np.asarray(genres @ np.where(has_place, places, 0.0))
    return np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)


def _set_cosines(
    sets: sparse.csr_array, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(p,) cosines of rows ``left`` and ``right`` (p,) of a binary matrix; 0 for empty ones."""
    sizes = np.diff(sets.indptr).astype(np.float64)
    shared = np.asarray(sets[left].multiply(sets[right]).sum(axis=1)).ravel()
    return shared / np.sqrt(np.maximum(sizes[left] * sizes[right], 1))


def _has_entry(
    matrix: sparse.csr_array, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """(p,) whether the matrix has an entry at each place."""
    ones = np.ones(len(rows), np.float32)
    shape = (len(rows), matrix.shape[1])
    wanted = sparse.csr_array((ones, columns, np.arange(len(rows) + 1)), shape=shape)
    return np.asarray(matrix[rows].multiply(wanted).sum(axis=1)).ravel() > 0

"""Features of a candidate that the trees of the second stage read.

``PlaylistEvidence`` sums up what neighbour lists say, ``SongColumns`` holds what payload and sound
say. The pipeline fills both from its tables and the serving code from a release, so that training
and serving compute features by the same function: ``tree_features``.
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.schema import VECTOR_SIZE, TrackField, related_artists
from embeat_serve.ranking.genre_similarity import genre_nearness, genre_similarity, pad_lists
from embeat_serve.retrieval.channel import ChannelResult

FEATURE_CHANNELS = {
    # The neighbour lists of the seeds, and how much they can be believed.
    "strength": "playlist",
    "relative_strength": "playlist",
    "highest_strength": "playlist",
    "place": "playlist",
    "share_of_lists": "playlist",
    "shared_playlists": "playlist",
    "most_shared_playlists": "playlist",
    "als": "playlist",
    "relative_als": "playlist",
    "als_place": "playlist",
    "playlist_count": "playlist",
    "seeds": "playlist",
    "confidence": "playlist",
    "highest_confidence": "playlist",
    "same_artist": "same_artist",
    "same_album": "same_artist",
    "related_artist": "related_artist",
    "genre_similarity": "genre_popular",
    "genre_nearness": "genre_popular",
    "highest_genre_nearness": "genre_popular",
    "popularity": "genre_popular",
    "seed_popularity": "genre_popular",
    "popularity_difference": "genre_popular",
    "year": "genre_popular",
    "year_difference": "genre_popular",
    "cosine": "acoustic",
    "highest_cosine": "acoustic",
}
"""Feature -> channel that its contribution counts for, in the order of the columns."""

FEATURES = tuple(FEATURE_CHANNELS)
"""Names of the columns of ``tree_features``."""

UNKNOWN = -1.0
"""Value of a feature that is not known."""


class PlaylistEvidence(NamedTuple):
    """What the neighbour lists of some seeds say of n candidates."""

    columns: NDArray[np.float32]
    """(n, 14) the features of the channel ``playlist``."""

    @classmethod
    def of(cls, results: Sequence[ChannelResult], ids: NDArray[np.int64], seeds: int) -> Self:
        """Read the results of the playlist channel.

        Args:
            results: of all channels.
            ids: (n,) track codes; a track on no list has strength 0 and the place after the last.
            seeds: number of seeds.
        """
        lists = [one for one in results if one.channel == "playlist" and one.blocked_by is None]
        tracks, row = np.unique(
            np.concatenate([np.zeros(0, np.int64), *(one.ids for one in lists)]),
            return_inverse=True,
        )
        number = len(tracks)
        strengths, shared, als, counts = (_end_to_end(lists, name) for name in _OF_LIST)
        strength, shared_sum, als_sum = (
            np.bincount(row, values, number) / seeds for values in (strengths, shared, als)
        )
        highest, most_shared, playlists = (
            _greatest(values, row, number) for values in (strengths, shared, counts)
        )
        confidences = np.zeros(seeds)
        confidences[[one.seed for one in lists]] = [one.confidence for one in lists]
        of_track = np.column_stack(
            [
                strength,
                strength / max(strength.max(initial=0), 1e-9),
                highest,
                np.log1p(places(strength)),
                np.bincount(row, minlength=number) / seeds,
                np.log1p(shared_sum),
                np.log1p(most_shared),
                als_sum,
                als_sum / max(als_sum.max(initial=0), 1e-9),
                np.log1p(places(als_sum)),
                playlists,
            ]
        )
        off_list = np.zeros((1, of_track.shape[1]))
        off_list[0, _PLACES] = np.log1p(number)
        off_list[0, _PLAYLIST_COUNT] = UNKNOWN
        found = np.minimum(np.searchsorted(tracks, ids), max(number - 1, 0))
        is_found = np.append(tracks, -1)[found] == ids
        evidence = np.concatenate([of_track, off_list])[np.where(is_found, found, number)]
        of_seeds = [np.log1p(seeds), confidences.mean(), confidences.max()]
        return cls(np.column_stack([evidence, np.tile(of_seeds, (len(ids), 1))]).astype(np.float32))


_OF_LIST = ("strengths", "shared", "als", "log_counts")
_PLACES = [FEATURES.index(name) for name in ("place", "als_place")]
_PLAYLIST_COUNT = FEATURES.index("playlist_count")


def _end_to_end(lists: Sequence[ChannelResult], name: str) -> NDArray[np.float64]:
    """A column of all lists, end to end; 0 where a list lacks it."""
    columns = (getattr(one, name) for one in lists)
    known = [
        np.zeros(len(one.ids)) if column is None else np.asarray(column, np.float64)
        for one, column in zip(lists, columns, strict=True)
    ]
    return np.concatenate([np.zeros(0), *known])


def _greatest(
    values: NDArray[np.float64], row: NDArray[np.intp], number: int
) -> NDArray[np.float64]:
    """(number,) greatest value of each row; 0 for none."""
    greatest = np.zeros(number)
    np.maximum.at(greatest, row, values)
    return greatest


def places(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n,) how many values are greater than each."""
    return len(values) - np.searchsorted(np.sort(values), values, side="right").astype(np.float64)


class SongColumns(NamedTuple):
    """Metadata and sound of n songs."""

    artists: NDArray[np.int64]
    """(n,) code of the main artist, -1 where unknown."""
    albums: NDArray[np.int64]
    """(n,) -1 where unknown."""
    popularity: NDArray[np.float32]
    """(n,) 0..100, NaN where unknown."""
    years: NDArray[np.float32]
    """(n,) NaN where unknown."""
    genres: NDArray[np.int64]
    """(n, m) genre codes, best first, -1 after the last."""
    vectors: NDArray[np.float32]
    """(n, 64) acoustic unit vectors, 0 where a song has none."""

    @classmethod
    def of(
        cls, payloads: Sequence[TrackPayload], vectors: Sequence[NDArray[np.float32] | None]
    ) -> Self:
        """Read n payloads and n acoustic vectors of any length."""
        artists = [next(iter(payload.get(TrackField.ARTIST_CODES, ())), -1) for payload in payloads]
        albums = [payload.get(TrackField.ALBUM_CODE, -1) for payload in payloads]
        numbers = [
            (payload.get(TrackField.POPULARITY), payload.get(TrackField.YEAR))
            for payload in payloads
        ]
        popularity, years = np.array(numbers, np.float32).reshape(-1, 2).T
        return cls(
            np.array(artists, np.int64),
            np.array(albums, np.int64),
            popularity,
            years,
            pad_lists([payload.get(TrackField.GENRE_CODES, ()) for payload in payloads]),
            unit_vectors(vectors),
        )


def unit_vectors(vectors: Sequence[NDArray[np.float32] | None]) -> NDArray[np.float32]:
    """(n, 64) vectors scaled to length 1; 0 where there is none."""
    missing = np.zeros(VECTOR_SIZE, np.float32)
    matrix = np.array([missing if one is None else one for one in vectors], np.float32)
    matrix = matrix.reshape(-1, VECTOR_SIZE)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.where(lengths > 0, lengths, 1), np.float32)


def related_codes(seeds: Sequence[TrackPayload]) -> NDArray[np.int64]:
    """Codes of the related artists of each seed, end to end: once for each seed that has them."""
    codes = [code for seed in seeds for code in dict.fromkeys(related_artists(seed))]
    return np.array(codes, np.int64)


def tree_features(
    evidence: PlaylistEvidence,
    seeds: SongColumns,
    related: NDArray[np.int64],
    candidates: SongColumns,
    genre_vectors: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Features of n candidates for s seeds.

    Args:
        evidence: of the candidates.
        seeds: s songs.
        related: see ``related_codes``.
        candidates: n songs.
        genre_vectors: (genres, 32) by genre code.

    Returns:
        (n, 27) float32, columns as in ``FEATURES``; ``UNKNOWN`` where a value is not known.
    """
    number = len(seeds.artists)
    popularity, years = _mean(seeds.popularity), _mean(seeds.years)
    seed_vectors = seeds.vectors[seeds.vectors.any(axis=1)]
    has_vectors = candidates.vectors.any(axis=1) & bool(len(seed_vectors))
    cosines = candidates.vectors @ (seed_vectors if len(seed_vectors) else seeds.vectors).T
    columns = [
        _share(candidates.artists, seeds.artists, number),
        _share(candidates.albums, seeds.albums, number),
        _share(candidates.artists, related, number),
        genre_similarity(seeds.genres, candidates.genres),
        *_mean_and_highest(genre_nearness(seeds.genres, candidates.genres, genre_vectors)),
        candidates.popularity,
        np.full(len(candidates.artists), popularity),
        candidates.popularity - popularity,
        candidates.years,
        np.abs(candidates.years - years),
        np.where(has_vectors, cosines.mean(axis=1), np.nan),
        np.where(has_vectors, cosines.max(axis=1), np.nan),
    ]
    of_songs = np.column_stack(columns).astype(np.float32)
    return np.concatenate([evidence.columns, np.nan_to_num(of_songs, nan=UNKNOWN)], axis=1)


def _mean(values: NDArray[np.float32]) -> float:
    """Mean of the known values; NaN where there is none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def _mean_and_highest(
    values: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) mean and (n,) highest of the known values of each row (n, s); NaN where none is."""
    is_known = ~np.isnan(values)
    number = is_known.sum(axis=1)
    total = np.where(is_known, values, 0).sum(axis=1)
    highest = np.where(is_known, values, -np.inf).max(axis=1, initial=-np.inf)
    none = np.full(len(values), np.nan)
    mean = np.divide(total, number, out=none.copy(), where=number > 0)
    return mean, np.where(number > 0, highest, none)


def _share(
    codes: NDArray[np.int64], of_seeds: NDArray[np.int64], number: int
) -> NDArray[np.float64]:
    """(n,) share of ``number`` seeds with the code of each candidate; 0 where it is unknown."""
    known, times = np.unique(of_seeds[of_seeds >= 0], return_counts=True)
    place = np.searchsorted(known, codes)
    is_found = np.append(known, -1)[place] == codes
    return np.where(is_found & (codes >= 0), np.append(times, 0)[place] / number, 0.0)

"""Playlists of the made-up dump: each follows an artist and their kind, or a corner of the map."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embeat_pipeline.synthetic.artists import ArtistWorld
from embeat_pipeline.synthetic.genres import GenreWorld
from embeat_pipeline.synthetic.songs import KNOWN_ARTISTS
from embeat_pipeline.synthetic.streams import Stream, generator, ids, to_arrow
from embeat_pipeline.synthetic.text import join
from embeat_pipeline.synthetic.tracks import track_ids

PLAYLISTS_SCHEMA = pa.schema(
    [
        ("playlist_id", pa.string()),
        ("source", pa.string()),
        ("name", pa.string()),
        ("num_followers", pa.int64()),
        ("track_ids", pa.list_(pa.string())),
    ]
)

MIN_LENGTH, MAX_LENGTH = 5, 250
PLAYLISTS_PER_KNOWN_ARTIST = 12


class Shelves(NamedTuple):
    """Artists in the orders playlists draw from."""

    by_popularity: NDArray[np.int64]
    by_genre: NDArray[np.int64]
    """Artists of genre 0, most popular first, then of genre 1, …"""
    genre_start: NDArray[np.int64]
    """(genres + 1,)."""


def shelves(genres: GenreWorld, artists: ArtistWorld) -> Shelves:
    """Sort the artists once for all chunks."""
    main = artists.genres[:, 0]
    by_genre = np.lexsort((-artists.level, main))
    sizes = np.bincount(main, minlength=len(genres.names))
    by_popularity = np.argsort(-artists.level, kind="stable")
    return Shelves(by_popularity, by_genre, np.concatenate([[0], np.cumsum(sizes)]))


def playlist_chunk(
    genres: GenreWorld,
    artists: ArtistWorld,
    names: pa.Array,
    order: Shelves,
    first: int,
    last: int,
    seed: int,
) -> pa.RecordBatch:
    """Playlists ``first``..``last`` (exclusive), one batch."""
    rng = generator(seed, Stream.PLAYLISTS, first)
    index = np.arange(first, last)
    around_artist = (rng.random(len(index)) < 0.5) | (index % 4 == 0)
    centre = order.by_popularity[_favour_first(rng, len(artists.level), 3, len(index))]
    # Every fourth of the first playlists is about a known artist, so the examples have company.
    turn = index // 4
    known = (index % 4 == 0) & (turn < PLAYLISTS_PER_KNOWN_ARTIST * len(KNOWN_ARTISTS))
    centre = np.where(known, turn % len(KNOWN_ARTISTS), centre)

    length = np.clip(np.exp(rng.normal(3.7, 0.9, len(index))), MIN_LENGTH, MAX_LENGTH).astype(int)
    playlist = np.repeat(np.arange(len(index)), 2 * length + 10)
    drawn = _draw_artists(rng, genres, artists, order, around_artist[playlist], centre[playlist])
    sizes = np.diff(artists.first_track)[drawn]
    track = artists.first_track[drawn] + _favour_first(rng, sizes, 2, len(drawn))
    playlist, track = _first_distinct(playlist, track, length)
    playlist, track = _copies(rng, playlist, track, len(index))

    strangers = rng.random(len(track)) < 0.003
    characters = track_ids(track, seed)
    characters[strangers] = ids(track[strangers], seed, Stream.STRANGERS)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(playlist, minlength=len(index)))])
    followers = np.floor(rng.pareto(1.0, len(index))).clip(max=10_000_000).astype(np.int64)
    columns = [
        to_arrow(ids(index, seed, Stream.PLAYLISTS)),
        pa.array(["sample"]).take(pa.array(np.zeros(len(index), int))),
        _names(genres, artists, names, around_artist, centre),
        pa.array(followers, mask=rng.random(len(index)) < 0.2),
        pa.ListArray.from_arrays(offsets.astype(np.int32), to_arrow(characters)),
    ]
    return pa.record_batch(columns, PLAYLISTS_SCHEMA)


def _favour_first(
    rng: np.random.Generator, size: int | NDArray[np.integer], power: float, count: int
) -> NDArray[np.int64]:
    """Places 0..size-1, the first likelier the higher ``power``."""
    return np.floor(rng.random(count) ** power * size).astype(np.int64)


def _draw_artists(
    rng: np.random.Generator,
    genres: GenreWorld,
    artists: ArtistWorld,
    order: Shelves,
    around_artist: NDArray[np.bool_],
    centre: NDArray[np.int64],
) -> NDArray[np.int64]:
    """One artist per entry: the centre or their relatives, or someone of a near-by genre."""
    count = len(centre)
    related = artists.related.shape[1]
    relative = artists.related[centre, _favour_first(rng, related, 1.5, count)].astype(np.int64)
    further = artists.related[relative, _favour_first(rng, related, 1.5, count)].astype(np.int64)
    chance = rng.random(count)
    kin = np.where(chance < 0.3, centre, np.where(chance < 0.8, relative, further))

    main = artists.genres[centre, 0]
    near = genres.neighbours[main, _favour_first(rng, genres.neighbours.shape[1], 2, count)]
    genre = np.where(rng.random(count) < 0.7, main, near)
    sizes = np.diff(order.genre_start)
    genre = np.where(sizes[genre] > 0, genre, main)
    place = order.genre_start[genre] + _favour_first(rng, sizes[genre], 2.5, count)

    everyone = order.by_popularity[_favour_first(rng, len(artists.level), 4, count)]
    themed = np.where(around_artist, kin, order.by_genre[place])
    return np.where(rng.random(count) < 0.05, everyone, themed)


def _first_distinct(
    playlist: NDArray[np.int64], track: NDArray[np.int64], length: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Drop repeated tracks of a playlist, then cut it to its length; order is kept."""
    entry = playlist * (int(track.max()) + 1) + track
    kept = np.sort(np.unique(entry, return_index=True)[1])
    playlist, track = playlist[kept], track[kept]
    starts = np.searchsorted(playlist, np.arange(len(length)))
    within = np.arange(len(playlist)) - starts[playlist] < length[playlist]
    return playlist[within], track[within]


def _copies(
    rng: np.random.Generator, playlist: NDArray[np.int64], track: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Let one playlist in twenty-five take over another's entries, all but a tenth."""
    model = np.arange(count)
    copies = np.flatnonzero((rng.random(count) < 0.04) & (np.arange(count) % 4 == 3))
    model[copies] = rng.integers(0, count, len(copies))
    sizes = np.bincount(playlist, minlength=count)
    starts = np.cumsum(sizes) - sizes
    taken = np.repeat(np.arange(count), sizes[model])
    within = np.arange(len(taken)) - np.repeat(np.cumsum(sizes[model]) - sizes[model], sizes[model])
    source = starts[model[taken]] + within
    kept = (model[taken] == taken) | (within < MIN_LENGTH) | (rng.random(len(taken)) >= 0.1)
    return taken[kept], track[source[kept]]


def _names(
    genres: GenreWorld,
    artists: ArtistWorld,
    names: pa.Array,
    around_artist: NDArray[np.bool_],
    centre: NDArray[np.int64],
) -> pa.Array:
    theme = pa.concat_arrays([pa.array(genres.names), names])
    place = np.where(around_artist, len(genres.names) + centre, artists.genres[centre, 0])
    kind = pa.array(["mix", "and friends"]).take(pa.array(around_artist.astype(int)))
    return join([theme.take(pa.array(place)), kind], " ")

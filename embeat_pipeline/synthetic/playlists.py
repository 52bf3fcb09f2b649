"""Playlists of the synthetic dump: each around an artist, or around a genre."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embeat_pipeline.synthetic.artists import ArtistWorld
from embeat_pipeline.synthetic.genres import GenreWorld
from embeat_pipeline.synthetic.songs import KNOWN_ARTISTS
from embeat_pipeline.synthetic.streams import Stream, generator, make_ids, to_arrow
from embeat_pipeline.synthetic.text import join_columns
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


class ArtistOrders(NamedTuple):
    """Orders of artists that playlists draw from."""

    by_popularity: NDArray[np.int64]
    by_genre: NDArray[np.int64]
    """Artists with main genre 0, most popular first, then with main genre 1, …"""
    genre_start: NDArray[np.int64]
    """(genres + 1,) start of each genre in ``by_genre``."""


def artist_orders(genres: GenreWorld, artists: ArtistWorld) -> ArtistOrders:
    """Sort the artists, once for all chunks."""
    main = artists.genres[:, 0]
    by_genre = np.lexsort((-artists.level, main))
    sizes = np.bincount(main, minlength=len(genres.names))
    by_popularity = np.argsort(-artists.level, kind="stable")
    return ArtistOrders(by_popularity, by_genre, np.concatenate([[0], np.cumsum(sizes)]))


def playlist_chunk(
    genres: GenreWorld,
    artists: ArtistWorld,
    names: pa.Array,
    orders: ArtistOrders,
    first: int,
    last: int,
    seed: int,
) -> pa.RecordBatch:
    """Invent the playlists ``first`` to ``last - 1``."""
    rng = generator(seed, Stream.PLAYLISTS, first)
    index = np.arange(first, last)
    around_artist = (rng.random(len(index)) < 0.5) | (index % 4 == 0)
    centre = orders.by_popularity[_draw_skewed(rng, len(artists.level), 3, len(index))]
    # Every fourth of the first playlists is around a known artist, for the examples of the README.
    turn = index // 4
    known = (index % 4 == 0) & (turn < PLAYLISTS_PER_KNOWN_ARTIST * len(KNOWN_ARTISTS))
    centre = np.where(known, turn % len(KNOWN_ARTISTS), centre)

    length = np.clip(np.exp(rng.normal(3.7, 0.9, len(index))), MIN_LENGTH, MAX_LENGTH).astype(int)
    playlist = np.repeat(np.arange(len(index)), 2 * length + 10)
    drawn = _draw_artists(rng, genres, artists, orders, around_artist[playlist], centre[playlist])
    sizes = np.diff(artists.first_track)[drawn]
    track = artists.first_track[drawn] + _draw_skewed(rng, sizes, 2, len(drawn))
    playlist, track = _first_distinct(playlist, track, length)
    playlist, track = _copies(rng, playlist, track, len(index))

    is_unknown = rng.random(len(track)) < 0.003
    track_characters = track_ids(track, seed)
    track_characters[is_unknown] = make_ids(track[is_unknown], seed, Stream.UNKNOWN_TRACKS)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(playlist, minlength=len(index)))])
    followers = np.floor(rng.pareto(1.0, len(index))).clip(max=10_000_000).astype(np.int64)
    columns = [
        to_arrow(make_ids(index, seed, Stream.PLAYLISTS)),
        pa.array(["sample"]).take(pa.array(np.zeros(len(index), int))),
        _names(genres, artists, names, around_artist, centre),
        pa.array(followers, mask=rng.random(len(index)) < 0.2),
        pa.ListArray.from_arrays(offsets.astype(np.int32), to_arrow(track_characters)),
    ]
    return pa.record_batch(columns, PLAYLISTS_SCHEMA)


def _draw_skewed(
    rng: np.random.Generator, size: int | NDArray[np.integer], power: float, count: int
) -> NDArray[np.int64]:
    """(count,) places 0 to size - 1; a higher ``power`` prefers the first more strongly."""
    return np.floor(rng.random(count) ** power * size).astype(np.int64)


def _draw_artists(
    rng: np.random.Generator,
    genres: GenreWorld,
    artists: ArtistWorld,
    orders: ArtistOrders,
    around_artist: NDArray[np.bool_],
    centre: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Draw an artist per entry: the centre or a related artist, or an artist of a similar genre."""
    count = len(centre)
    width = artists.related.shape[1]
    related_artist = artists.related[centre, _draw_skewed(rng, width, 1.5, count)].astype(np.int64)
    second_hop = artists.related[related_artist, _draw_skewed(rng, width, 1.5, count)].astype(
        np.int64
    )
    chance = rng.random(count)
    around = np.where(chance < 0.3, centre, np.where(chance < 0.8, related_artist, second_hop))

    main = artists.genres[centre, 0]
    near = genres.neighbours[main, _draw_skewed(rng, genres.neighbours.shape[1], 2, count)]
    genre = np.where(rng.random(count) < 0.7, main, near)
    sizes = np.diff(orders.genre_start)
    genre = np.where(sizes[genre] > 0, genre, main)
    place = orders.genre_start[genre] + _draw_skewed(rng, sizes[genre], 2.5, count)

    anyone = orders.by_popularity[_draw_skewed(rng, len(artists.level), 4, count)]
    themed = np.where(around_artist, around, orders.by_genre[place])
    return np.where(rng.random(count) < 0.05, anyone, themed)


def _first_distinct(
    playlist: NDArray[np.int64], track: NDArray[np.int64], length: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Drop repeated tracks of each playlist, then cut it to its length; the order stays."""
    entry = playlist * (int(track.max()) + 1) + track
    kept = np.sort(np.unique(entry, return_index=True)[1])
    playlist, track = playlist[kept], track[kept]
    starts = np.searchsorted(playlist, np.arange(len(length)))
    within = np.arange(len(playlist)) - starts[playlist] < length[playlist]
    return playlist[within], track[within]


def _copies(
    rng: np.random.Generator, playlist: NDArray[np.int64], track: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Make 4 % of the playlists copies of another, without a tenth of its entries."""
    original = np.arange(count)
    copies = np.flatnonzero((rng.random(count) < 0.04) & (np.arange(count) % 4 == 3))
    original[copies] = rng.integers(0, count, len(copies))
    sizes = np.bincount(playlist, minlength=count)
    starts = np.cumsum(sizes) - sizes
    target = np.repeat(np.arange(count), sizes[original])
    first = np.cumsum(sizes[original]) - sizes[original]
    within = np.arange(len(target)) - np.repeat(first, sizes[original])
    source = starts[original[target]] + within
    is_own = original[target] == target
    kept = is_own | (within < MIN_LENGTH) | (rng.random(len(target)) >= 0.1)
    return target[kept], track[source[kept]]


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
    return join_columns([theme.take(pa.array(place)), kind], " ")

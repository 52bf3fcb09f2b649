"""What was asked for -> seed songs of the catalogue.

A lookup takes one store call, an artist's songs one more. What a text may mean is asked all at
once, and only the answers are weighed (``matching``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract import ArtistField, Collection, TrackField
from embeat_serve.errors import SeedNotFound, UsageError
from embeat_serve.matching import SAME_NAME, Closeness, Fit, best_artist, best_track, popularity
from embeat_serve.neighbours import Neighbours, unpack
from embeat_serve.query import Filter, Hit, Ids, Match, Query, Words
from embeat_serve.references import (
    Reading,
    check_text,
    looks_like_id,
    parse_isrc,
    parse_link,
    parse_track_id,
    reading_words,
    readings,
    words,
)
from embeat_serve.store import VectorStore
from embeat_serve.suggestions import suggest
from embeat_serve.text import name_key, title_key

MAX_SEEDS = 100
"""Most seed tracks of one question."""

EXACT_LIMIT = 20
"""Songs looked at of those that share a title."""

WORDS_LIMIT = 50
"""Songs looked at of those that hold all words: the most popular ones."""

ARTIST_FIELDS = (
    ArtistField.ARTIST_ID,
    ArtistField.ARTIST_NAME,
    ArtistField.POPULARITY_RANK,
    ArtistField.NUM_TRACKS,
    ArtistField.NAME_KEY,
)
"""What tells artists of one name apart; their neighbours are read of the one that is meant."""

SEED_FIELDS = (*TrackField.DISPLAY, TrackField.RELATED_ARTIST_CODES)


@dataclass(frozen=True)
class Seed:
    """One song that the list shall be like."""

    payload: Mapping[str, Any]
    code: int | None = None
    """Point id; None for a song that is in no catalogue."""
    vector: NDArray[np.float32] | None = None
    """Acoustic vector where the catalogue holds none."""

    @property
    def artist_codes(self) -> tuple[int, ...]:
        """Main artist first."""
        return tuple(self.payload.get(TrackField.ARTIST_CODES, ()))

    @property
    def genre_codes(self) -> tuple[int, ...]:
        """Best first."""
        return tuple(self.payload.get(TrackField.GENRE_CODES, ()))


@dataclass(frozen=True)
class Seeds:
    """The songs a question stands for, and how they were found."""

    songs: tuple[Seed, ...]
    artist: str | None = None
    """Name of the artist whose best-known songs they are; None where songs were asked for."""
    neighbours: Neighbours | None = None
    """Tracks played with that artist's; None where songs were asked for, or nothing is known."""
    missing: tuple[str, ...] = ()
    """What was asked for besides but is not in the catalogue."""
    store_calls: int = 1


def from_ids(store: VectorStore, references: Sequence[str]) -> Seeds:
    """Seeds by track id, URI or URL, in the order given, each once.

    Raises:
        UsageError: none or too many are given, or one is no track reference.
        SeedNotFound: the catalogue has none of them.
    """
    ids = list(dict.fromkeys(parse_track_id(reference) for reference in references))
    if not 1 <= len(ids) <= MAX_SEEDS:
        raise UsageError(f"expected 1..{MAX_SEEDS} seed tracks, found {len(ids)}")
    by_id = Filter((Match(TrackField.TRACK_ID, tuple(ids)),))
    hits = store.query([Query(Collection.TRACKS, len(ids), filter=by_id, payload=SEED_FIELDS)])[0]
    found = {hit.payload[TrackField.TRACK_ID]: hit for hit in hits}
    missing = tuple(id for id in ids if id not in found)
    if not found:
        raise SeedNotFound(f"no track {', '.join(missing[:3])} in the catalogue")
    return Seeds(tuple(_seed(found[id]) for id in ids if id in found), missing=missing)


def from_isrc(store: VectorStore, text: str) -> Seeds:
    """The recording's most popular track.

    Raises:
        UsageError: ``text`` is no ISRC.
        SeedNotFound: the catalogue does not have it.
    """
    isrc = parse_isrc(text)
    if isrc is None:
        raise UsageError(f"expected an ISRC such as TWK970300503, found {text!r}")
    hits = store.query([_tracks(TrackField.ISRC, [isrc])])[0]
    if not hits:
        raise SeedNotFound(f"no track with ISRC {isrc} in the catalogue")
    return Seeds((_seed(_most_popular(hits)),))


def from_artist(store: VectorStore, text: str, number: int) -> Seeds:
    """The artist's ``number`` most popular songs; ``text`` is a name, or a link to the artist.

    Raises:
        UsageError: ``text`` is empty, or a link to something else.
        SeedNotFound: no artist of that name has songs in the catalogue.
    """
    text = check_text(text)
    link = parse_link(text)
    if link and link.kind != "artist":
        raise UsageError(f"expected an artist, found a link to a {link.kind}: {text!r}")
    if link:
        hits = store.query([_artists(Match(ArtistField.ARTIST_ID, (link.id,)))])[0]
        if not hits:
            raise SeedNotFound(f"no artist {link.id} in the catalogue")
        return _artist_songs(store, hits[0], number)
    answers = store.query(_artist_queries(text))
    best = best_artist(text, _merged(answers))
    if best is None:
        raise SeedNotFound(f"no artist matches {text!r}", suggest(store, text, songs=False))
    return _artist_songs(store, best[1], number)


def from_text(store: VectorStore, text: str, number: int) -> Seeds:
    """The song (or artist) that a person means by ``text``.

    An id, a link or an ISRC is one; otherwise "title - artist" either way round, a title, or
    an artist's name, which then stands for ``number`` songs as in ``from_artist``. Where an
    artist and a song share a name, the more popular of them is meant.

    Raises:
        UsageError: ``text`` is empty, too long, or a link to something else.
        SeedNotFound: nothing matches; carries what may have been meant.
    """
    text = check_text(text)
    link = parse_link(text)
    if link and link.kind == "artist":
        return from_artist(store, text, number)
    if link:
        return from_ids(store, [text])
    by_code = _code_queries(text)
    texts = readings(text)
    song_queries = _song_queries(texts)
    answers = store.query([*by_code, *song_queries, *_artist_queries(text)])
    coded = _merged(answers[: len(by_code)])
    if coded:
        return Seeds((_seed(_most_popular(coded)),))
    songs, artists = answers[len(by_code) :][: len(song_queries)], answers[-2:]
    song, artist = best_track(texts, _merged(songs)), best_artist(text, _merged(artists))
    if artist and _is_meant(artist, song):
        return _artist_songs(store, artist[1], number)
    if song is None:
        raise SeedNotFound(f"no song or artist matches {text!r}", suggest(store, text))
    return Seeds((_seed(song[1]),))


def _is_meant(artist: tuple[float, Hit], song: tuple[Closeness, Hit] | None) -> bool:
    """Whether a text that fits both an artist's name and a song means the artist."""
    if song is None:
        return True
    (near, hit), (closeness, track) = artist, song
    if near == SAME_NAME and closeness.fit == Fit.TITLE:
        return hit.payload.get(ArtistField.POPULARITY_RANK, 0) > popularity(track)
    return near == SAME_NAME or closeness.fit == Fit.WORDS


def _artist_songs(store: VectorStore, artist: Hit, number: int) -> Seeds:
    name = artist.payload[ArtistField.ARTIST_NAME]
    # Editions of one song are many, and songs where the artist is only a guest come after.
    query = _tracks(TrackField.ARTIST_CODES, [artist.id], limit=5 * number)
    played = Query(
        Collection.ARTISTS,
        1,
        filter=Filter((Ids((artist.id,)),)),
        payload=(ArtistField.NEIGHBOURS,),
    )
    hits, of_artist = store.query([query, played])
    hits.sort(key=lambda hit: hit.payload[TrackField.ARTIST_CODES][0] != artist.id)
    songs: dict[Any, Hit] = {}
    recordings: set[Any] = set()
    for hit in hits:
        recording = hit.payload.get(TrackField.RECORDING_CODE)
        if recording is None or recording not in recordings:
            songs.setdefault(title_key(hit.payload.get(TrackField.TRACK_NAME, "")), hit)
        recordings.add(recording)
    if not songs:
        raise SeedNotFound(f"the artist {name!r} has no songs in the catalogue")
    chosen = list(songs.values())[:number]
    lists = (hit.payload.get(ArtistField.NEIGHBOURS) for hit in of_artist)
    neighbours = next((unpack(text) for text in lists if text), None)
    return Seeds(tuple(_seed(hit) for hit in chosen), name, neighbours, store_calls=2)


def _code_queries(text: str) -> list[Query]:
    queries = [_tracks(TrackField.TRACK_ID, [text])] if looks_like_id(text) else []
    isrc = parse_isrc(text)
    return [*queries, _tracks(TrackField.ISRC, [isrc])] if isrc else queries


def _song_queries(texts: Sequence[Reading]) -> list[Query]:
    queries = []
    for reading in texts:
        conditions = (Match(TrackField.NAME_KEY, (name_key(reading.title),)),)
        if reading.artist is not None:
            tokens = words(reading.artist)
            if not tokens:
                continue
            conditions = (*conditions, Words(TrackField.SEARCH_TEXT, tokens))
        queries.append(_by_popularity(Collection.TRACKS, conditions, EXACT_LIMIT))
    # Both ways round hold the same words.
    for tokens in dict.fromkeys(tuple(sorted(reading_words(reading))) for reading in texts):
        with_words = (Words(TrackField.SEARCH_TEXT, tokens),)
        queries.append(_by_popularity(Collection.TRACKS, with_words, WORDS_LIMIT))
    return queries


def _artist_queries(text: str) -> list[Query]:
    return [
        _artists(Match(ArtistField.NAME_KEY, (name_key(text),))),
        _artists(Words(ArtistField.SEARCH_TEXT, words(text))),
    ]


def _artists(condition: Match | Words) -> Query:
    return _by_popularity(Collection.ARTISTS, (condition,), EXACT_LIMIT)


def _tracks(field: str, values: Sequence[str | int], limit: int = EXACT_LIMIT) -> Query:
    return _by_popularity(Collection.TRACKS, (Match(field, tuple(values)),), limit)


def _by_popularity(collection: str, must: tuple[Match | Words, ...], limit: int) -> Query:
    return Query(
        collection,
        limit,
        order_by=TrackField.POPULARITY_RANK,
        filter=Filter(must),
        payload=SEED_FIELDS if collection == Collection.TRACKS else ARTIST_FIELDS,
    )


def _merged(answers: Iterable[list[Hit]]) -> list[Hit]:
    return list({hit.id: hit for hits in answers for hit in hits}.values())


def _most_popular(hits: Iterable[Hit]) -> Hit:
    return max(hits, key=lambda hit: (popularity(hit), -hit.id))


def _seed(hit: Hit) -> Seed:
    return Seed(hit.payload, hit.id)

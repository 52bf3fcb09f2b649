"""What was asked for -> seed songs of the catalogue.

A lookup takes one store call; an artist's songs, or a text with typing errors, one more. What a
text may mean is asked all at once, and only the answers are weighed: exactly (``matching``), and
where nothing fits by letters (``fuzzy``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from embeat_serve.contract.neighbour_codec import unpack
from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.errors import SeedNotFound, UsageError
from embeat_serve.seeds import lookup_queries as asking
from embeat_serve.seeds.alternatives import other_artists, other_songs
from embeat_serve.seeds.matching import (
    SAME_NAME,
    Closeness,
    Fit,
    best_artist,
    best_track,
    closest_labels,
    popularity,
)
from embeat_serve.seeds.models import Catalogue, Seed, SeedSet
from embeat_serve.seeds.parsing import (
    PlaylistEntry,
    check_text,
    parse_isrc,
    parse_link,
    parse_track_id,
    readings,
    several,
)
from embeat_serve.seeds.representative_tracks import chosen_songs
from embeat_serve.seeds.typo_matching import Guess, guessed_artists, guessed_tracks
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.query import Filter, Hit, Ids, Query

MAX_SEEDS = 100
"""Most seed tracks of one question."""

MAX_GUESSED = 20
"""Entries of a playlist that are looked up once more with typing errors."""


def from_ids(store: VectorStore, references: Sequence[str]) -> SeedSet:
    """Seeds by track id, URI or URL, in the order given, each once.

    Raises:
        UsageError: none or too many are given, or one is no track reference.
        SeedNotFound: the catalogue has none of them.
    """
    ids = list(dict.fromkeys(parse_track_id(reference) for reference in references))
    if not 1 <= len(ids) <= MAX_SEEDS:
        raise UsageError(f"expected 1..{MAX_SEEDS} seed tracks, found {len(ids)}")
    hits = store.query([asking.tracks(TrackField.TRACK_ID, ids, len(ids))])[0]
    found = {hit.payload[TrackField.TRACK_ID]: hit for hit in hits}
    missing = tuple(id for id in ids if id not in found)
    if not found:
        raise SeedNotFound(f"no track {', '.join(missing[:3])} in the catalogue")
    return SeedSet(tuple(_seed(found[id]) for id in ids if id in found), missing=missing)


def from_isrc(store: VectorStore, text: str) -> SeedSet:
    """The recording's most popular track.

    Raises:
        UsageError: ``text`` is no ISRC.
        SeedNotFound: the catalogue does not have it.
    """
    isrc = parse_isrc(text)
    if isrc is None:
        raise UsageError(f"expected an ISRC such as TWK970300503, found {text!r}")
    hits = store.query([asking.tracks(TrackField.ISRC, [isrc])])[0]
    if not hits:
        raise SeedNotFound(f"no track with ISRC {isrc} in the catalogue")
    return SeedSet((_seed(_most_popular(hits)),))


def from_artist(catalogue: Catalogue, text: str, number: int) -> SeedSet:
    """``number`` songs that stand for an artist; ``text`` is a name, or a link to the artist.

    Raises:
        UsageError: ``text`` is empty, or a link to something else.
        SeedNotFound: no artist of that name has songs in the catalogue.
    """
    text, store = check_text(text), catalogue.store
    link = parse_link(text)
    if link and link.kind != "artist":
        raise UsageError(f"expected an artist, found a link to a {link.kind}: {text!r}")
    if link:
        hits = store.query([asking.artist_of_id(link.id)])[0]
        if not hits:
            raise SeedNotFound(f"no artist {link.id} in the catalogue")
        return _artist_songs(store, hits[0], number)
    exact, alike = asking.artists(text), asking.misspelt_artists(text, catalogue.vocabulary)
    answers = store.query([*exact, *alike])
    named, similar = _merged(answers[: len(exact)]), _merged(answers)
    best = best_artist(text, named)
    if best is not None:
        others = other_artists(text, best[1], named)
        return _artist_songs(store, best[1], number, others)
    guesses = guessed_artists(text, similar)
    if guesses:
        others = tuple(closest_labels(text, (), [guess.hit for guess in guesses[1:]]))
        return _artist_songs(store, guesses[0].hit, number, others, guessed=True)
    raise SeedNotFound(f"no artist matches {text!r}", closest_labels(text, (), similar))


def from_text(catalogue: Catalogue, text: str, number: int) -> SeedSet:
    """The song (or artist, or several songs) that a person means by ``text``.

    An id, a link or an ISRC is one; otherwise "title - artist" either way round, a title, or
    an artist's name, which then stands for ``number`` songs as in ``from_artist``. Where an
    artist and a song share a name, the more popular of them is meant. Songs on lines of their
    own, or with semicolons between, are several. What fits exactly comes first; else what is
    a few letters from it is taken.

    Raises:
        UsageError: ``text`` is empty, too long, or a link to something else.
        SeedNotFound: nothing matches; carries what may have been meant.
    """
    parts, store = several(text), catalogue.store
    if len(parts) > 1:
        return from_entries(catalogue, [PlaylistEntry.of(part) for part in parts], text)
    text = check_text(text)
    link = parse_link(text)
    if link and link.kind == "artist":
        return from_artist(catalogue, text, number)
    if link:
        return from_ids(store, [text])
    texts, by_code = readings(text), asking.by_code(text)
    groups = [
        by_code,
        asking.songs(texts),
        asking.artists(text),
        asking.misspelt_artists(text, catalogue.vocabulary),
    ]
    coded, songs, artists, similar = _asked(store, groups)
    if coded:
        return SeedSet((_seed(_most_popular(coded)),))
    song, artist = best_track(texts, songs), best_artist(text, artists)
    if artist and _is_meant(artist, song):
        rival = song[1] if song and song[0].fit == Fit.TITLE else None
        others = other_artists(text, artist[1], artists, rival)
        return _artist_songs(store, artist[1], number, others)
    if song is not None:
        others = other_songs(texts, song, songs, artist and artist[1])
        return SeedSet((_seed(song[1]),), alternatives=others)
    guesses = guessed_artists(text, [*artists, *similar])
    if guesses:
        others = tuple(closest_labels(text, songs, [guess.hit for guess in guesses[1:]]))
        return _artist_songs(store, guesses[0].hit, number, others, guessed=True)
    (near,) = _asked(store, [asking.misspelt_songs(texts, catalogue.vocabulary)])
    return _guessed_song(text, guessed_tracks(texts, near), near, [*artists, *similar])


def from_entries(
    catalogue: Catalogue, entries: Sequence[PlaylistEntry], whole: str | None = None
) -> SeedSet:
    """Songs of a playlist, in its order, each once; of a longer one ``MAX_SEEDS`` spread over it.

    Args:
        catalogue: where to look.
        entries: what the playlist says of each song.
        whole: the text that the entries were divided from, which may be one title after all.

    Raises:
        UsageError: there are no entries.
        SeedNotFound: the catalogue has none of the songs.
    """
    if not entries:
        raise UsageError("expected a playlist with at least one song, found none")
    places = np.unique(np.linspace(0, len(entries) - 1, min(len(entries), MAX_SEEDS)).round())
    chosen = [entries[int(place)] for place in places]
    titles = [[] if entry.is_coded else entry.readings() for entry in chosen]
    whole_texts = readings(whole) if whole and ";" in whole and "\n" not in whole else []
    groups = [_of_codes(chosen), asking.songs(whole_texts), *map(asking.songs, titles)]
    coded, together, *answers = _asked(catalogue.store, groups)
    single = best_track(whole_texts, together) if whole_texts else None
    if single and single[0].fit == Fit.TITLE:
        return SeedSet((_seed(single[1]),))
    found = [
        _of_entry(entry, coded) if entry.is_coded else _hit(best_track(texts, hits))
        for entry, texts, hits in zip(chosen, titles, answers, strict=True)
    ]
    unknown = [place for place, hit in enumerate(found) if hit is None and chosen[place].title]
    again = {place: chosen[place].readings() for place in unknown}
    groups = [
        [*asking.songs(texts), *asking.misspelt_songs(texts, catalogue.vocabulary)]
        if number < MAX_GUESSED
        else asking.songs(texts)
        for number, texts in enumerate(again.values())
    ]
    guessed = False
    for (place, texts), hits in zip(again.items(), _asked(catalogue.store, groups), strict=True):
        found[place] = _hit(best_track(texts, hits))
        if found[place] is None and (guesses := guessed_tracks(texts, hits)):
            found[place], guessed = guesses[0].hit, True
    songs = {hit.id: _seed(hit) for hit in found if hit is not None}
    missing = tuple(entry.label for entry, hit in zip(chosen, found, strict=True) if hit is None)
    if not songs:
        raise SeedNotFound(f"none of the {len(chosen)} songs is in the catalogue: {missing[0]}")
    calls = 2 if again else 1
    return SeedSet(tuple(songs.values()), missing=missing, store_calls=calls, guessed=guessed)


def _is_meant(artist: tuple[float, Hit], song: tuple[Closeness, Hit] | None) -> bool:
    """Whether a text that fits both an artist's name and a song means the artist."""
    if song is None:
        return True
    (near, hit), (closeness, track) = artist, song
    if near >= SAME_NAME and closeness.fit == Fit.TITLE:
        return hit.payload.get(ArtistField.POPULARITY_RANK, 0) > popularity(track)
    return near >= SAME_NAME or closeness.fit == Fit.WORDS


def _guessed_song(
    text: str, guesses: Sequence[Guess], near: Sequence[Hit], artists: Sequence[Hit]
) -> SeedSet:
    labels = closest_labels(text, near, artists)
    if not guesses:
        raise SeedNotFound(f"no song or artist matches {text!r}", labels)
    taken = closest_labels(text, [guesses[0].hit], ())
    others = tuple(label for label in labels if label not in taken)
    return SeedSet((_seed(guesses[0].hit),), store_calls=2, guessed=True, alternatives=others)


def _artist_songs(
    store: VectorStore,
    artist: Hit,
    number: int,
    others: tuple[str, ...] = (),
    guessed: bool = False,
) -> SeedSet:
    name = artist.payload[ArtistField.ARTIST_NAME]
    # Editions of one song are many, and songs where the artist is only a guest come after.
    query = asking.tracks(TrackField.ARTIST_CODES, [artist.id], limit=5 * number)
    played = Query(
        Collection.ARTISTS,
        1,
        filter=Filter((Ids((artist.id,)),)),
        payload=(ArtistField.NEIGHBOURS,),
    )
    hits, of_artist = store.query([replace(query, with_vector=True), played])
    if not hits:
        raise SeedNotFound(f"the artist {name!r} has no songs in the catalogue")
    lists = (hit.payload.get(ArtistField.NEIGHBOURS) for hit in of_artist)
    return SeedSet(
        tuple(_seed(hit) for hit in chosen_songs(hits, artist.id, number)),
        name,
        next((unpack(text) for text in lists if text), None),
        store_calls=2,
        guessed=guessed,
        alternatives=others,
    )


def _asked(store: VectorStore, groups: Sequence[Sequence[Query]]) -> list[list[Hit]]:
    """Hits of each group of queries, each once; one store call."""
    queries = [query for group in groups for query in group]
    answers = iter(store.query(queries) if queries else ())
    return [_merged([next(answers) for _ in group]) for group in groups]


def _of_codes(entries: Sequence[PlaylistEntry]) -> list[Query]:
    ids = list(dict.fromkeys(entry.track_id for entry in entries if entry.track_id))
    isrcs = list(dict.fromkeys(entry.isrc for entry in entries if entry.isrc))
    queries = [asking.tracks(TrackField.TRACK_ID, ids, len(ids))] if ids else []
    # An ISRC may be that of several tracks.
    limit = asking.EXACT_LIMIT * len(isrcs)
    return [*queries, asking.tracks(TrackField.ISRC, isrcs, limit)] if isrcs else queries


def _of_entry(entry: PlaylistEntry, coded: Sequence[Hit]) -> Hit | None:
    by_id = [hit for hit in coded if hit.payload.get(TrackField.TRACK_ID) == entry.track_id]
    same = [hit for hit in coded if entry.isrc and hit.payload.get(TrackField.ISRC) == entry.isrc]
    hits = by_id or same
    return _most_popular(hits) if hits else None


def _hit(best: tuple[Closeness, Hit] | None) -> Hit | None:
    return None if best is None else best[1]


def _merged(answers: Iterable[list[Hit]]) -> list[Hit]:
    return list({hit.id: hit for hits in answers for hit in hits}.values())


def _most_popular(hits: Iterable[Hit]) -> Hit:
    return max(hits, key=lambda hit: (popularity(hit), -hit.id))


def _seed(hit: Hit) -> Seed:
    return Seed(hit.payload, hit.id)

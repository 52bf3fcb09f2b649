"""Songs and artists while a person is still typing.

The index holds whole words. The last word typed is completed from the release's list of words
(``words.TermDictionary``), and songs with any of the completions are asked for at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.contract.text_keys import name_key, title_key
from embeat_serve.errors import SeedNotFound
from embeat_serve.seeds.alternatives import track_label
from embeat_serve.seeds.matching import popularity
from embeat_serve.seeds.models import CatalogueView
from embeat_serve.seeds.parsing import (
    check_text,
    looks_like_id,
    parse_isrc,
    parse_link,
    search_tokens,
)
from embeat_serve.seeds.resolver import resolve_text
from embeat_serve.stores.query import Filter, Hit, Ids, Match, Query, Words
from embeat_serve.text_index.term_dictionary import TermDictionary

LOOKED_AT = 50
"""Most popular songs, and artists, looked at per question."""

EXACT, BEGINS, IN_NAME = 40, 20, 10
"""Popularity, of 100, that a name is worth that is what was typed, begins so, or holds it all."""


class Found(NamedTuple):
    """What may be meant, best first."""

    songs: list[Hit]
    artists: list[Hit]
    did_you_mean: tuple[str, ...] = ()
    """Where nothing fits: names like it."""


SONG_FIELDS = (
    TrackField.TRACK_ID,
    TrackField.TRACK_NAME,
    TrackField.ARTIST_NAMES,
    TrackField.ARTIST_CODES,
    TrackField.ALBUM_NAME,
    TrackField.POPULARITY,
    TrackField.YEAR,
    TrackField.NAME_KEY,
)
ARTIST_FIELDS = (
    ArtistField.ARTIST_ID,
    ArtistField.ARTIST_NAME,
    ArtistField.GENRES,
    ArtistField.POPULARITY_RANK,
    ArtistField.NUM_TRACKS,
    ArtistField.NAME_KEY,
)


class Searched(CatalogueView, Protocol):
    """A release that can be searched."""

    @property
    def term_dictionary(self) -> TermDictionary:
        """Words to complete the last one with."""
        ...


def search(release: Searched, text: str, limit: int = 10) -> Found:
    """Songs and artists that ``text`` may be the beginning of; also an id, a link or an ISRC.

    One store call, and those of a seed where nothing begins so.

    Raises:
        UsageError: ``text`` is empty, too long, or a link that leads nowhere.
    """
    unfinished = not text[-1:].isspace()
    text = check_text(text)
    link = parse_link(text)
    queries = [_pointed_at(*link)] if link else _named(release.term_dictionary, text, unfinished)
    answers = release.store.query(queries)
    songs, artists = (
        [
            hit
            for query, hits in zip(queries, answers, strict=True)
            if query.collection == collection
            for hit in hits
        ]
        for collection in (Collection.TRACKS, Collection.ARTISTS)
    )
    found = Found(
        _best(text, songs, TrackField.TRACK_NAME)[:limit],
        _best(text, artists, ArtistField.ARTIST_NAME)[:limit],
    )
    if found.songs or found.artists or link:
        return found
    return found._replace(did_you_mean=_meant(release, text))


def _meant(catalogue: CatalogueView, text: str) -> tuple[str, ...]:
    try:
        found = resolve_text(catalogue, text, artist_tracks=1)
    except SeedNotFound as error:
        return error.suggestions
    best = found.artist or track_label(found.songs[0].payload)
    return tuple(dict.fromkeys([best, *found.alternatives]))


def _pointed_at(kind: str, id: str) -> Query:
    if kind == "artist":
        return _query(Collection.ARTISTS, Match(ArtistField.ARTIST_ID, (id,)))
    return _query(Collection.TRACKS, Match(TrackField.TRACK_ID, (id,)))


def _named(word_list: TermDictionary, text: str, unfinished: bool) -> list[Query]:
    queries = [
        _query(Collection.TRACKS, Match(TrackField.NAME_KEY, (name_key(text),))),
        _query(Collection.ARTISTS, Match(ArtistField.NAME_KEY, (name_key(text),))),
    ]
    if looks_like_id(text):
        queries.append(_pointed_at("track", text))
    if isrc := parse_isrc(text):
        queries.append(_query(Collection.TRACKS, Match(TrackField.ISRC, (isrc,))))
    typed = search_tokens(text)
    if not typed:
        return queries
    *whole, last = typed
    conditions: list[Words] = []
    if not unfinished:
        whole.append(last)
    else:
        conditions.append(Words(TrackField.SEARCH_TEXT, word_list.completions(last), any=True))
    if whole:
        conditions.append(Words(TrackField.SEARCH_TEXT, tuple(whole)))
    return [
        *queries,
        _query(Collection.TRACKS, *conditions),
        _query(Collection.ARTISTS, *conditions),
    ]


def _query(collection: str, *conditions: Match | Words | Ids) -> Query:
    return Query(
        collection,
        LOOKED_AT,
        order_by=TrackField.POPULARITY_RANK,
        filter=Filter(conditions),
        payload=SONG_FIELDS if collection == Collection.TRACKS else ARTIST_FIELDS,
    )


def _best(text: str, hits: Sequence[Hit], name_field: str) -> list[Hit]:
    """Best first, each song once whatever its editions."""
    asked, typed = name_key(text), set(search_tokens(text)[:-1])

    def worth(hit: Hit) -> tuple[float, int]:
        name = str(hit.payload.get(TrackField.NAME_KEY) or name_key(_name(hit, name_field)))
        known = hit.payload.get(ArtistField.POPULARITY_RANK, popularity(hit))
        if name == asked:
            known += EXACT
        elif name.startswith(asked):
            known += BEGINS
        elif typed.issubset(name.split()):
            known += IN_NAME
        return -known, hit.id

    best: dict[Any, Hit] = {}
    for hit in sorted(hits, key=worth):
        best.setdefault(_song(hit.payload, hit.id), hit)
    return list(best.values())


def _song(payload: Mapping[str, Any], id: int) -> object:
    if TrackField.TRACK_ID not in payload:
        return id
    title = title_key(payload.get(TrackField.TRACK_NAME, ""))
    return title, *payload.get(TrackField.ARTIST_CODES, (id,))[:1]


def _name(hit: Hit, field: str) -> str:
    return str(hit.payload.get(field, ""))

"""Find songs and artists while a person is still typing.

The index holds whole words. The last word is completed from the term dictionary of the release,
and one query finds the songs with any of its completions.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

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

MAX_HITS = 50
"""Most popular songs, and artists, that each query reads."""

EXACT, BEGINS, IN_NAME = 40, 20, 10
"""Popularity (of 100) added to a name that equals the text, begins with it, or holds its words."""


class Completions(NamedTuple):
    """Songs and artists that the text may mean, best first."""

    songs: list[Hit]
    artists: list[Hit]
    did_you_mean: tuple[str, ...] = ()
    """Names like the text, if no song or artist fits."""


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


class SearchableRelease(CatalogueView, Protocol):
    """What the search reads of a release."""

    @property
    def term_dictionary(self) -> TermDictionary:
        """The words that may complete the last one."""
        ...


def search(release: SearchableRelease, text: str, limit: int = 10) -> Completions:
    """Songs and artists that ``text`` may be the beginning of, or the id, link or ISRC of.

    It takes one store call, and those of ``resolve_text`` if nothing is found.

    Args:
        release: to search.
        text: as typed so far; with a space at its end, the last word is complete.
        limit: most songs, and most artists.

    Raises:
        UsageError: ``text`` is empty, too long, or a link of an unknown kind.
    """
    is_unfinished = not text[-1:].isspace()
    text = check_text(text)
    link = parse_link(text)
    queries = (
        [_query_by_id(*link)] if link else _queries(release.term_dictionary, text, is_unfinished)
    )
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
    best = Completions(
        _best(text, songs, TrackField.TRACK_NAME)[:limit],
        _best(text, artists, ArtistField.ARTIST_NAME)[:limit],
    )
    if best.songs or best.artists or link:
        return best
    return best._replace(did_you_mean=_similar_names(release, text))


def _similar_names(catalogue: CatalogueView, text: str) -> tuple[str, ...]:
    try:
        seeds = resolve_text(catalogue, text, artist_tracks=1)
    except SeedNotFound as error:
        return error.suggestions
    best = seeds.artist or track_label(seeds.songs[0].payload)
    return tuple(dict.fromkeys([best, *seeds.alternatives]))


def _query_by_id(kind: str, id: str) -> Query:
    if kind == "artist":
        return _query(Collection.ARTISTS, Match(ArtistField.ARTIST_ID, (id,)))
    return _query(Collection.TRACKS, Match(TrackField.TRACK_ID, (id,)))


def _queries(terms: TermDictionary, text: str, is_unfinished: bool) -> list[Query]:
    """Queries for an exact name, an id, a code, and the words of a name."""
    queries = [
        _query(Collection.TRACKS, Match(TrackField.NAME_KEY, (name_key(text),))),
        _query(Collection.ARTISTS, Match(ArtistField.NAME_KEY, (name_key(text),))),
    ]
    if looks_like_id(text):
        queries.append(_query_by_id("track", text))
    if isrc := parse_isrc(text):
        queries.append(_query(Collection.TRACKS, Match(TrackField.ISRC, (isrc,))))
    tokens = search_tokens(text)
    if not tokens:
        return queries
    complete = tuple(tokens[:-1] if is_unfinished else tokens)
    conditions: list[Words] = []
    if is_unfinished:
        completions = terms.completions(tokens[-1])
        conditions.append(Words(TrackField.SEARCH_TEXT, completions, any=True))
    if complete:
        conditions.append(Words(TrackField.SEARCH_TEXT, complete))
    return [
        *queries,
        _query(Collection.TRACKS, *conditions),
        _query(Collection.ARTISTS, *conditions),
    ]


def _query(collection: str, *conditions: Match | Words | Ids) -> Query:
    return Query(
        collection,
        MAX_HITS,
        order_by=TrackField.POPULARITY_RANK,
        filter=Filter(conditions),
        payload=SONG_FIELDS if collection == Collection.TRACKS else ARTIST_FIELDS,
    )


def _best(text: str, hits: Sequence[Hit], name_field: str) -> list[Hit]:
    """The hits, best first, each song once whatever its editions."""
    key, complete = name_key(text), set(search_tokens(text)[:-1])

    def order(hit: Hit) -> tuple[float, int]:
        name = str(
            hit.payload.get(TrackField.NAME_KEY) or name_key(str(hit.payload.get(name_field, "")))
        )
        score = hit.payload.get(ArtistField.POPULARITY_RANK, popularity(hit))
        if name == key:
            score += EXACT
        elif name.startswith(key):
            score += BEGINS
        elif complete.issubset(name.split()):
            score += IN_NAME
        return -score, hit.id

    best: dict[object, Hit] = {}
    for hit in sorted(hits, key=order):
        best.setdefault(_song_key(hit), hit)
    return list(best.values())


def _song_key(hit: Hit) -> object:
    """Equal for the editions of one song; the id for an artist."""
    if TrackField.TRACK_ID not in hit.payload:
        return hit.id
    title = title_key(hit.track.get(TrackField.TRACK_NAME, ""))
    return title, *hit.track.get(TrackField.ARTIST_CODES, [hit.id])[:1]

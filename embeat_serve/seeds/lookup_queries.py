"""Build the store queries that look up a song, a code or an artist, spelt rightly or not."""

from collections.abc import Iterable, Sequence

from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.contract.text_keys import name_key
from embeat_serve.seeds.parsing import (
    PlaylistEntry,
    Reading,
    looks_like_id,
    name_tokens,
    parse_isrc,
    reading_tokens,
    search_tokens,
)
from embeat_serve.stores.batch import PendingHits, QueryBatch
from embeat_serve.stores.query import Condition, Filter, Hit, Match, Query, Words
from embeat_serve.text_index.spelling import Vocabulary

EXACT_LIMIT = 20
"""Tracks, or artists, read of those that share a name."""

WORDS_LIMIT = 50
"""Tracks read of those that hold all words: the most popular ones."""

MAX_MISSPELT = 8
"""Words of a text up to which each is tried as the only misspelt one."""

MIN_LEFT_OUT = 3
"""Characters of a CJK name, each a token of its own, from which one may be wrong."""

MAX_APART = 3
"""Words of a text up to which each is also looked up alone, for suggestions."""

ARTIST_FIELDS = (
    ArtistField.ARTIST_ID,
    ArtistField.ARTIST_NAME,
    ArtistField.ALIASES,
    ArtistField.POPULARITY_RANK,
    ArtistField.NUM_TRACKS,
    ArtistField.NAME_KEY,
)
"""Payload that tells artists of one name apart."""

SEED_FIELDS = (
    *TrackField.DISPLAY,
    TrackField.RELATED_ARTIST_CODES,
    TrackField.ARTIST_ALIASES,
)
"""Payload of a seed track: what channels, rules and explanations read."""


def add_queries(batch: QueryBatch, queries: Iterable[Query]) -> list[PendingHits]:
    """Add queries that look up one thing; ``unique_hits`` reads them together."""
    return [batch.add(query) for query in queries]


def unique_hits(lookups: Iterable[PendingHits]) -> list[Hit]:
    """Hits of several queries, each point once, in order of its first hit."""
    return list({hit.id: hit for lookup in lookups for hit in lookup.hits}.values())


def code_queries(text: str) -> list[Query]:
    """Find tracks with the id, or the ISRC, that ``text`` looks like."""
    queries = [track_query(TrackField.TRACK_ID, [text])] if looks_like_id(text) else []
    isrc = parse_isrc(text)
    return [*queries, track_query(TrackField.ISRC, [isrc])] if isrc else queries


def entry_code_queries(entries: Sequence[PlaylistEntry]) -> list[Query]:
    """Find the tracks of all playlist entries that have an id or an ISRC."""
    ids = list(dict.fromkeys(entry.track_id for entry in entries if entry.track_id))
    isrcs = list(dict.fromkeys(entry.isrc for entry in entries if entry.isrc))
    queries = [track_query(TrackField.TRACK_ID, ids, len(ids))] if ids else []
    # Several tracks may share an ISRC.
    limit = EXACT_LIMIT * len(isrcs)
    return [*queries, track_query(TrackField.ISRC, isrcs, limit)] if isrcs else queries


def song_queries(readings: Sequence[Reading]) -> list[Query]:
    """Find tracks of a reading's title, and tracks with all its words."""
    queries: list[Query] = []
    for reading in readings:
        conditions: tuple[Condition, ...] = (
            Match(TrackField.NAME_KEY, (name_key(reading.title),)),
        )
        if reading.artist is not None:
            tokens = search_tokens(reading.artist)
            if not tokens:
                continue
            conditions = (*conditions, Words(TrackField.SEARCH_TEXT, tokens))
        queries.append(_popular_query(Collection.TRACKS, conditions, EXACT_LIMIT))
    for tokens in _token_bags(readings):
        with_words = (Words(TrackField.SEARCH_TEXT, tokens),)
        queries.append(_popular_query(Collection.TRACKS, with_words, WORDS_LIMIT))
    return queries


def artist_queries(text: str) -> list[Query]:
    """Find artists of that name, and artists with all its words in theirs."""
    return [
        _artist_query(Match(ArtistField.NAME_KEY, (name_key(text),))),
        _artist_query(Words(ArtistField.SEARCH_TEXT, name_tokens(text))),
    ]


def misspelt_artist_queries(text: str, vocabulary: Vocabulary) -> list[Query]:
    """Find artists whose names have words like those of the text, or all but one character."""
    field, tokens = ArtistField.SEARCH_TEXT, search_tokens(text)
    conditions = [
        tuple(_similar_words(field, token, vocabulary) for token in tokens),
        *_respaced(field, tokens, vocabulary),
    ]
    if MIN_LEFT_OUT <= len(tokens) <= MAX_MISSPELT:
        conditions += [
            (Words(field, tokens[:at] + tokens[at + 1 :]),)
            for at, token in enumerate(tokens)
            if len(token) == 1
        ]
    return [_artist_query(*must) for must in conditions if must]


def misspelt_song_queries(readings: Sequence[Reading], vocabulary: Vocabulary) -> list[Query]:
    """Find tracks whose titles and credits nearly hold the words of a reading.

    All words may be misspelt, or one of them, or one may be left out, or a space be misplaced.
    Short texts are looked up word by word as well.
    """
    queries: dict[tuple[Condition, ...], None] = {}
    field = TrackField.SEARCH_TEXT
    for tokens in _token_bags(readings):
        similar = [_similar_words(field, token, vocabulary) for token in tokens]
        queries[tuple(similar)] = None
        for at, token in enumerate(tokens):
            others = tokens[:at] + tokens[at + 1 :]
            if others and len(tokens) <= MAX_MISSPELT and len(similar[at].tokens) > 1:
                queries[Words(field, others), similar[at]] = None
            if len(others) > 1:
                queries[(Words(field, others),)] = None
            if len(tokens) <= MAX_APART:
                queries[(Words(field, (token,)),)] = None
    for conditions in _respaced(field, search_tokens(readings[0].title), vocabulary):
        queries[conditions] = None
    return [_popular_query(Collection.TRACKS, must, WORDS_LIMIT) for must in queries if must]


def track_query(field: str, values: Sequence[str | int], limit: int = EXACT_LIMIT) -> Query:
    """Find the most popular tracks whose field has one of the values."""
    return _popular_query(Collection.TRACKS, (Match(field, tuple(values)),), limit)


def artist_id_query(artist_id: str) -> Query:
    """Find the artist with that Spotify id."""
    return _artist_query(Match(ArtistField.ARTIST_ID, (artist_id,)))


def _popular_query(collection: str, must: Iterable[Condition], limit: int) -> Query:
    """Find the most popular tracks, or artists, that meet all conditions."""
    return Query(
        collection,
        limit,
        order_by=TrackField.POPULARITY_RANK,
        filter=Filter(tuple(must)),
        payload=SEED_FIELDS if collection == Collection.TRACKS else ARTIST_FIELDS,
    )


def _token_bags(readings: Sequence[Reading]) -> list[tuple[str, ...]]:
    # "title - artist" and "artist - title" hold the same words.
    return list(dict.fromkeys(tuple(sorted(reading_tokens(reading))) for reading in readings))


def _artist_query(*conditions: Condition) -> Query:
    return _popular_query(Collection.ARTISTS, conditions, EXACT_LIMIT)


def _similar_words(field: str, token: str, vocabulary: Vocabulary) -> Words:
    return Words(field, vocabulary.alternatives(token), any=True)


def _respaced(
    field: str, tokens: Sequence[str], vocabulary: Vocabulary
) -> list[tuple[Condition, ...]]:
    """Conditions with one space put in, or left out, between words of the vocabulary."""
    variants: list[tuple[str, ...]] = []
    for at, token in enumerate(tokens):
        before, after = tuple(tokens[:at]), tuple(tokens[at + 1 :])
        variants += [(*before, *pair, *after) for pair in vocabulary.splits(token)]
        joined = token + after[0] if after else ""
        if joined in vocabulary:
            variants.append((*before, joined, *after[1:]))
    return [(Words(field, variant),) for variant in variants[:MAX_MISSPELT]]

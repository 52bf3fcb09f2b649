"""What the store is asked to find what a text may mean."""

from collections.abc import Iterable, Sequence

from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.contract.text_keys import name_key
from embeat_serve.seeds.parsing import Reading, looks_like_id, parse_isrc, reading_words, words
from embeat_serve.stores.query import Condition, Filter, Match, Query, Words
from embeat_serve.text_index.spelling import Vocabulary

EXACT_LIMIT = 20
"""Songs looked at of those that share a title."""

WORDS_LIMIT = 50
"""Songs looked at of those that hold all words: the most popular ones."""

MAX_MISSPELT = 8
"""Words of a text up to which each is tried as the only one that is wrong."""

MIN_LEFT_OUT = 3
"""Characters of a name, each a word of its own, from which one may be another."""

MAX_APART = 3
"""Words of a text up to which each is also looked up alone, to suggest what has it."""

ARTIST_FIELDS = (
    ArtistField.ARTIST_ID,
    ArtistField.ARTIST_NAME,
    ArtistField.ALIASES,
    ArtistField.POPULARITY_RANK,
    ArtistField.NUM_TRACKS,
    ArtistField.NAME_KEY,
)
"""What tells artists of one name apart; their neighbours are read of the one that is meant."""

SEED_FIELDS = (
    *TrackField.DISPLAY,
    TrackField.RELATED_ARTIST_CODES,
    TrackField.ARTIST_ALIASES,
)


def by_code(text: str) -> list[Query]:
    """Tracks with the id, or the ISRC, that ``text`` looks like."""
    queries = [tracks(TrackField.TRACK_ID, [text])] if looks_like_id(text) else []
    isrc = parse_isrc(text)
    return [*queries, tracks(TrackField.ISRC, [isrc])] if isrc else queries


def songs(texts: Sequence[Reading]) -> list[Query]:
    """Tracks of a title, and tracks with all words of a reading."""
    queries = []
    for reading in texts:
        conditions: tuple[Condition, ...] = (
            Match(TrackField.NAME_KEY, (name_key(reading.title),)),
        )
        if reading.artist is not None:
            tokens = words(reading.artist)
            if not tokens:
                continue
            conditions = (*conditions, Words(TrackField.SEARCH_TEXT, tokens))
        queries.append(by_popularity(Collection.TRACKS, conditions, EXACT_LIMIT))
    for tokens in _bags(texts):
        with_words = (Words(TrackField.SEARCH_TEXT, tokens),)
        queries.append(by_popularity(Collection.TRACKS, with_words, WORDS_LIMIT))
    return queries


def artists(text: str) -> list[Query]:
    """Artists of that name, and artists with all its words in theirs."""
    return [
        _artists(Match(ArtistField.NAME_KEY, (name_key(text),))),
        _artists(Words(ArtistField.SEARCH_TEXT, words(text))),
    ]


def misspelt_artists(text: str, vocabulary: Vocabulary) -> list[Query]:
    """Artists whose name has all words of the text, or words like them, or all but one."""
    field, tokens = ArtistField.SEARCH_TEXT, words(text)
    asked = [
        tuple(_like(field, token, vocabulary) for token in tokens),
        *_written_apart(field, tokens, vocabulary),
    ]
    if MIN_LEFT_OUT <= len(tokens) <= MAX_MISSPELT:
        asked += [
            (Words(field, tokens[:at] + tokens[at + 1 :]),)
            for at, token in enumerate(tokens)
            if len(token) == 1
        ]
    return [_artists(*conditions) for conditions in asked if conditions]


def misspelt_songs(texts: Sequence[Reading], vocabulary: Vocabulary) -> list[Query]:
    """Tracks whose title and credits have nearly the words of a reading.

    With one word or all of them like those typed, with one left out, with spaces put elsewhere;
    and for short texts with any of the words.
    """
    queries: dict[tuple[Condition, ...], None] = {}
    field = TrackField.SEARCH_TEXT
    for tokens in _bags(texts):
        like = [_like(field, token, vocabulary) for token in tokens]
        queries[tuple(like)] = None
        for at, token in enumerate(tokens):
            others = tokens[:at] + tokens[at + 1 :]
            if others and len(tokens) <= MAX_MISSPELT and len(like[at].tokens) > 1:
                queries[Words(field, others), like[at]] = None
            if len(others) > 1:
                queries[(Words(field, others),)] = None
            if len(tokens) <= MAX_APART:
                queries[(Words(field, (token,)),)] = None
    for conditions in _written_apart(field, words(texts[0].title), vocabulary):
        queries[conditions] = None
    return [by_popularity(Collection.TRACKS, asked, WORDS_LIMIT) for asked in queries if asked]


def tracks(field: str, values: Sequence[str | int], limit: int = EXACT_LIMIT) -> Query:
    """The most popular tracks with one of the values."""
    return by_popularity(Collection.TRACKS, (Match(field, tuple(values)),), limit)


def artist_of_id(artist_id: str) -> Query:
    """The artist with that id."""
    return _artists(Match(ArtistField.ARTIST_ID, (artist_id,)))


def by_popularity(collection: str, must: Iterable[Condition], limit: int) -> Query:
    """What holds all conditions, most popular first."""
    return Query(
        collection,
        limit,
        order_by=TrackField.POPULARITY_RANK,
        filter=Filter(tuple(must)),
        payload=SEED_FIELDS if collection == Collection.TRACKS else ARTIST_FIELDS,
    )


def _bags(texts: Sequence[Reading]) -> list[tuple[str, ...]]:
    # Both ways round hold the same words.
    return list(dict.fromkeys(tuple(sorted(reading_words(reading))) for reading in texts))


def _artists(*conditions: Condition) -> Query:
    return by_popularity(Collection.ARTISTS, conditions, EXACT_LIMIT)


def _like(field: str, token: str, vocabulary: Vocabulary) -> Words:
    return Words(field, vocabulary.alternatives(token), any=True)


def _written_apart(
    field: str, tokens: Sequence[str], vocabulary: Vocabulary
) -> list[tuple[Condition, ...]]:
    """Conditions with one space put in or left out between words of the vocabulary."""
    found: list[tuple[str, ...]] = []
    for at, token in enumerate(tokens):
        before, after = tuple(tokens[:at]), tuple(tokens[at + 1 :])
        found += [(*before, *pair, *after) for pair in vocabulary.parted(token)]
        joined = token + after[0] if after else ""
        if joined in vocabulary:
            found.append((*before, joined, *after[1:]))
    return [(Words(field, asked),) for asked in found[:MAX_MISSPELT]]

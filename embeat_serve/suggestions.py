"""Closest names of the catalogue to a text that matches nothing."""

from embeat_serve.contract import Collection, TrackField
from embeat_serve.matching import closest_labels
from embeat_serve.query import Filter, Query, Words
from embeat_serve.references import words
from embeat_serve.store import VectorStore

PER_QUERY = 30
"""Most popular names looked at per way of going wrong."""

MIN_MISSPELT = 4
"""Letters from which a word is tried with one letter wrong; shorter ones turn into anything."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def suggest(store: VectorStore, text: str, songs: bool = True) -> tuple[str, ...]:
    """What may have been meant, best first: songs as ``title - artist``, artists by name.

    One store call asks for names with one word left out, with one letter of a word wrong, and
    with any one of the words.

    Args:
        store: where to look.
        text: what was typed.
        songs: suggest songs, too, not artists only.
    """
    tokens = words(text)
    if not tokens:
        return ()
    conditions = [Words(TrackField.SEARCH_TEXT, (token,)) for token in tokens]
    if len(tokens) > 2:
        conditions += [
            Words(TrackField.SEARCH_TEXT, tokens[:left_out] + tokens[left_out + 1 :])
            for left_out in range(len(tokens))
        ]
    conditions += [
        Words(TrackField.SEARCH_TEXT, misspellings(token), any=True)
        for token in tokens
        if len(token) >= MIN_MISSPELT and token.isascii()
    ]
    collections = (Collection.TRACKS, Collection.ARTISTS) if songs else (Collection.ARTISTS,)
    queries = [
        Query(
            collection,
            PER_QUERY,
            order_by=TrackField.POPULARITY_RANK,
            filter=Filter((condition,)),
            payload=True,
        )
        for collection in collections
        for condition in conditions
    ]
    answers = store.query(queries)
    of_tracks = len(conditions) if songs else 0
    tracks = [hit for hits in answers[:of_tracks] for hit in hits]
    artists = [hit for hits in answers[of_tracks:] for hit in hits]
    return closest_labels(text, tracks, artists)


def misspellings(word: str) -> tuple[str, ...]:
    """Words one letter away: left out, changed, put in, or two neighbours swapped.

    After P. Norvig, "How to Write a Spelling Corrector" (2007).
    """
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    left_out = {before + after[1:] for before, after in cuts if after}
    swapped = {b + a[1] + a[0] + a[2:] for b, a in cuts if len(a) > 1}
    changed = {before + c + after[1:] for before, after in cuts if after for c in _LETTERS}
    put_in = {before + c + after for before, after in cuts for c in _LETTERS}
    return tuple(sorted((left_out | swapped | changed | put_in) - {word}))

"""How well a track or an artist of the catalogue fits a text."""

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from rapidfuzz import fuzz

from embeat_serve.contract.schema import ArtistField, TrackField
from embeat_serve.contract.text_keys import name_key, reissue_key, title_key
from embeat_serve.seeds.parsing import Reading, readings, words
from embeat_serve.stores.query import Hit

CLOSE = 75
"""Likeness from which a name that is not the same counts as the one meant: similarity, 0..100,
plus what its popularity lends it ("Beatles" is The Beatles rather than Re Beatles)."""

POPULARITY_SHARE = 0.25
"""Of a name's popularity, 0..100, in its likeness."""

RUN_TOGETHER = 95
"""Similarity, 0..100, from which a text with a dash may still be title and artist run together."""

SUGGESTED = 55
"""Similarity, 0..100, from which a name is worth suggesting."""

TITLE_SHARE = 0.7
"""Of the similarity to a suggestion; the artist's is the rest."""


SAME_NAME = 1_000.0
"""Likeness of a name to itself."""

ALIAS_HANDICAP = 15
"""Popularity by which an artist with that alias has to lead one who goes by the name."""

EXACT_BONUS = 10
"""Popularity that a title letter by letter is worth over an edition of it ("- Live at ..."), so
that "Yesterday" finds the well-known one although its title says more."""

EDITION_BONUS = 1_000
"""The same where the edition itself was asked for: it decides."""


class Fit(IntEnum):
    """Kinds of agreement, worst to best."""

    WORDS = 1
    """All words are there, in the right places where title and artist were told apart."""
    TITLE = 2
    """Same title, but for its edition."""


class Closeness(NamedTuple):
    """Agreement of a track with a text; the greater the better."""

    fit: Fit
    similarity: int
    """0..100, of the folded strings: of the artists where the titles are the same."""
    bonus: int
    """Popularity that the agreement of the titles is worth."""


def closeness(texts: Sequence[Reading], track: Mapping[str, Any]) -> Closeness | None:
    """Best agreement of a track's payload with any reading of a text; None where there is none."""
    apart = len(texts) > 1
    found = (_fit(reading, track, apart and reading.artist is None) for reading in texts)
    return max((fit for fit in found if fit), default=None)


def _fit(reading: Reading, track: Mapping[str, Any], by_title_only: bool) -> Closeness | None:
    name = track.get(TrackField.TRACK_NAME, "")
    artists = [*track.get(TrackField.ARTIST_NAMES, []), *track.get(TrackField.ARTIST_ALIASES, [])]
    asked, song = name_key(reading.title), title_key(name)
    exact = asked in (track.get(TrackField.NAME_KEY) or name_key(name), reissue_key(name))
    bare = title_key(reading.title)
    same_title = exact or bare == song
    bonus = exact * (EXACT_BONUS if asked == bare else EDITION_BONUS)
    if reading.artist is None:
        if same_title:
            return Closeness(Fit.TITLE, 100, bonus)
        near = _run_together(asked, song, artists)
        if by_title_only and near < RUN_TOGETHER:
            return None
        return Closeness(Fit.WORDS, near, bonus)
    wanted, of_name = set(words(reading.artist)), set(words(name))
    credited = wanted.issubset(token for artist in artists for token in words(artist))
    near = max((similarity(reading.artist, artist) for artist in artists), default=0)
    # "(feat. Bruno Mars)" credits an artist in the title only.
    if same_title and (credited or wanted.issubset(of_name)):
        return Closeness(Fit.TITLE, near, bonus)
    if credited and of_name.issuperset(words(bare)):
        return Closeness(Fit.WORDS, similarity(reading.title, name), bonus)
    return None


def _run_together(asked: str, song: str, artists: Sequence[str]) -> int:
    names = [name_key(artist) for artist in artists]
    candidates = [song, f"{song} {' '.join(names)}", *(f"{song} {name}" for name in names)]
    return max(round(fuzz.token_sort_ratio(asked, candidate)) for candidate in candidates)


def similarity(one: str, other: str) -> int:
    """0..100 of two names, folded, order of words aside."""
    return round(fuzz.token_sort_ratio(name_key(one), name_key(other)))


def best_track(texts: Sequence[Reading], hits: Iterable[Hit]) -> tuple[Closeness, Hit] | None:
    """The track that fits best; among equals the most popular, then the lowest id."""

    def order(pair: tuple[Closeness, Hit]) -> tuple[int, float, int, int]:
        (fit, near, bonus), hit = pair
        lent = POPULARITY_SHARE * popularity(hit) if fit == Fit.WORDS else 0
        return fit, near + lent, popularity(hit) + bonus, -hit.id

    fitting = [(fit, hit) for hit in hits if (fit := closeness(texts, hit.payload))]
    best = max(fitting, key=order, default=None)
    if best is None:
        return None
    # Words that happen to be somewhere in a title and its credits are no request for it.
    scattered = len(texts) == 1 and best[0].fit == Fit.WORDS and order(best)[1] < CLOSE
    return None if scattered else best


def popularity(hit: Hit) -> int:
    """0..100, -1 where unknown."""
    return hit.payload.get(TrackField.POPULARITY, -1)


def best_artist(name: str, hits: Iterable[Hit]) -> tuple[float, Hit] | None:
    """The artist with songs that is meant by ``name``, and how likely (``SAME_NAME``: it is it).

    Among artists of one name the most popular, then the one with most songs, then the lowest
    id: they stay apart.
    """
    key = name_key(name)

    def order(hit: Hit) -> tuple[float, int, int, int]:
        rank = hit.payload.get(ArtistField.POPULARITY_RANK, 0)
        if hit.payload.get(ArtistField.NAME_KEY) == key:
            near = SAME_NAME
        elif any(name_key(alias) == key for alias in hit.payload.get(ArtistField.ALIASES, ())):
            near, rank = SAME_NAME, max(rank - ALIAS_HANDICAP, 0)
        else:
            near = max(similarity(name, other) for other in artist_names(hit.payload))
            near = min(near + POPULARITY_SHARE * rank, SAME_NAME - 1)
        return near, rank, hit.payload.get(ArtistField.NUM_TRACKS, 0), -hit.id

    with_songs = [hit for hit in hits if hit.payload.get(ArtistField.NUM_TRACKS, 0) > 0]
    best = max(with_songs, key=order, default=None)
    if best is None or order(best)[0] < CLOSE:
        return None
    return order(best)[0], best


def artist_names(artist: Mapping[str, Any]) -> tuple[str, ...]:
    """The artist's name and aliases."""
    return (artist.get(ArtistField.ARTIST_NAME, ""), *artist.get(ArtistField.ALIASES, ()))


def track_label(track: Mapping[str, Any]) -> str:
    """A track as a person would type it: ``title - artist``."""
    artists = ", ".join(track.get(TrackField.ARTIST_NAMES, []))
    title = track.get(TrackField.TRACK_NAME) or track.get(TrackField.TRACK_ID) or "?"
    return f"{title} - {artists}" if artists else title


def closest_labels(
    text: str, tracks: Iterable[Hit], artists: Iterable[Hit], number: int = 5
) -> tuple[str, ...]:
    """What may have been meant by ``text``, best first, each once."""
    texts = readings(text)
    offers: list[tuple[float, int, str, object]] = []
    for hit in tracks:
        song = (
            title_key(hit.payload.get(TrackField.TRACK_NAME, "")),
            *hit.payload.get(TrackField.ARTIST_CODES, ())[:1],
        )
        near = max(_likeness(reading, hit.payload) for reading in texts)
        offers.append((-near, -popularity(hit), track_label(hit.payload), song))
    for hit in artists:
        name = hit.payload.get(ArtistField.ARTIST_NAME, "")
        # An artist's name alone is the better offer than a song that happens to be called so.
        offers.append((-similarity(text, name), -101, name, name))
    best: dict[object, str] = {}
    for near, _, label, song in sorted(offers, key=lambda offer: offer[:3]):
        if -near >= SUGGESTED:
            best.setdefault(song, label)
    return tuple(dict.fromkeys(best.values()))[:number]


def _likeness(reading: Reading, track: Mapping[str, Any]) -> float:
    """0..100; where title and artist are told apart, a wrong artist is the lesser mistake."""
    name = track.get(TrackField.TRACK_NAME, "")
    if reading.artist is None:
        return max(similarity(reading.title, name), similarity(reading.title, track_label(track)))
    artists = track.get(TrackField.ARTIST_NAMES, [])
    near = max((similarity(reading.artist, artist) for artist in artists), default=0)
    return TITLE_SHARE * similarity(reading.title, name) + (1 - TITLE_SHARE) * near

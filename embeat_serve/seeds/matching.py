"""Score how well a track or an artist of the catalogue fits a text, and pick the best."""

import re
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from rapidfuzz import fuzz

from embeat_serve.contract.payload import ArtistPayload, TrackPayload
from embeat_serve.contract.text_keys import name_key, reissue_key, title_key
from embeat_serve.seeds.parsing import Reading, joined_key, search_tokens
from embeat_serve.stores.query import Hit

MIN_SIMILARITY = 75
"""Similarity, 0..100 plus the share of popularity, from which a name that is not the same counts
as the one meant: "Beatles" is The Beatles rather than Re Beatles."""

POPULARITY_SHARE = 0.25
"""Share of a name's popularity, 0..100, that is added to its similarity."""

MIN_SIMILARITY_UNDIVIDED = 95
"""Similarity, 0..100, from which a text with a dash may be title and artist without a divider."""

SAME_NAME = 1_000.0
"""Similarity of a name to itself: greater than any other similarity."""

ALIAS_HANDICAP = 15
"""Popularity by which an artist of that alias has to lead an artist of that name."""

EXACT_BONUS = 10
"""Popularity that the exact title is worth over an edition of it ("- Live at ..."), so that
"Yesterday" finds the well-known one although its title says more."""

EDITION_BONUS = 1_000
"""The same where the text names the edition: more than any popularity."""

_MOVEMENT = re.compile(
    r"(?:(?!\s-\s)[^()\[\]\"“„«])*:\s+(?:(?:No\.\s*)?(?:\d+|[IVXL]+)[.,]\s*)?(?P<title>.+)"
)
"""The title of a part after the title of the whole: "Suite bergamasque: III. Clair de lune". A
colon in brackets, in quotes or after a dash belongs to the name of a film."""


class Fit(IntEnum):
    """How a track agrees with a text, worst to best."""

    WORDS = 1
    """All words are there; where title and artist are divided, each in its own place."""
    TITLE = 2
    """Same title, but for its edition, or for the work that it is a part of."""


class Closeness(NamedTuple):
    """Agreement of a track with a text; the greater the better."""

    fit: Fit
    similarity: int
    """0..100 of the folded strings; of the artists where the titles are the same."""
    bonus: int
    """Popularity that the agreement of the titles is worth."""


class TrackMatch(NamedTuple):
    """A track, and how well it fits a text."""

    closeness: Closeness
    hit: Hit


class ArtistMatch(NamedTuple):
    """An artist, and how well the name fits a text."""

    similarity: float
    """0..100, plus the share of popularity; ``SAME_NAME`` where the text is the name."""
    hit: Hit


def track_closeness(readings: Sequence[Reading], track: TrackPayload) -> Closeness | None:
    """Best agreement of a track with any reading of a text; None where it fits none."""
    divided = len(readings) > 1
    fits = (_fit(reading, track, divided and reading.artist is None) for reading in readings)
    return max((fit for fit in fits if fit), default=None)


def _fit(reading: Reading, track: TrackPayload, is_divided_text: bool) -> Closeness | None:
    name = track.get("track_name", "")
    title, song = name_key(reading.title), title_key(name)
    bare_title = title_key(reading.title)
    exact = title in (track.get("name_key") or name_key(name), reissue_key(name))
    same_title = exact or bare_title in (song, _movement_key(name))
    bonus = exact * (EXACT_BONUS if title == bare_title else EDITION_BONUS)
    if reading.artist is not None:
        return _fit_of_title_and_artist(reading.title, reading.artist, track, same_title, bonus)
    if same_title:
        return Closeness(Fit.TITLE, 100, bonus)
    likeness = _undivided_similarity(title, song, credited_names(track))
    if is_divided_text and likeness < MIN_SIMILARITY_UNDIVIDED:
        return None
    return Closeness(Fit.WORDS, likeness, bonus)


def _movement_key(name: str) -> str | None:
    """Key of the title of a part of a work; None where the title is that of a whole."""
    movement = _MOVEMENT.fullmatch(name)
    return title_key(movement["title"]) if movement else None


def _fit_of_title_and_artist(
    title: str, artist: str, track: TrackPayload, same_title: bool, bonus: int
) -> Closeness | None:
    name, artists = track.get("track_name", ""), credited_names(track)
    artist_words, title_words = set(search_tokens(artist)), set(search_tokens(name))
    credited = artist_words.issubset(token for other in artists for token in search_tokens(other))
    # "(feat. Bruno Mars)" credits an artist in the title only.
    if same_title and (credited or artist_words.issubset(title_words)):
        likeness = max((similarity(artist, other) for other in artists), default=0)
        return Closeness(Fit.TITLE, likeness, bonus)
    if credited and title_words.issuperset(search_tokens(title_key(title))):
        return Closeness(Fit.WORDS, similarity(title, name), bonus)
    return None


def _undivided_similarity(text: str, song: str, artists: Sequence[str]) -> int:
    """0..100 of a folded text and a title, alone or with the artists' names."""
    names = [name_key(artist) for artist in artists]
    labels = [song, f"{song} {' '.join(names)}", *(f"{song} {name}" for name in names)]
    return max(round(fuzz.token_sort_ratio(text, label)) for label in labels)


def similarity(one: str, other: str) -> int:
    """Similarity, 0..100, of two names, folded, whatever the order of their words."""
    return round(fuzz.token_sort_ratio(name_key(one), name_key(other)))


def best_track(readings: Sequence[Reading], hits: Iterable[Hit]) -> TrackMatch | None:
    """The track that fits best; among equals the most popular, then the lowest id."""
    matches = [
        TrackMatch(closeness, hit)
        for hit in hits
        if (closeness := track_closeness(readings, hit.track))
    ]
    best = max(matches, key=_track_order, default=None)
    if best is None:
        return None
    # Words that happen to be somewhere in a title and its credits do not ask for that track.
    is_weak = best.closeness.fit == Fit.WORDS and _track_order(best)[1] < MIN_SIMILARITY
    return None if len(readings) == 1 and is_weak else best


def _track_order(match: TrackMatch) -> tuple[int, float, int, int]:
    (fit, likeness, bonus), hit = match
    share = POPULARITY_SHARE * popularity(hit) if fit == Fit.WORDS else 0
    return fit, likeness + share, popularity(hit) + bonus, -hit.id


def popularity(hit: Hit) -> int:
    """Popularity of a track, 0..100; -1 where unknown."""
    return hit.track.get("popularity", -1)


def popularity_rank(hit: Hit) -> int:
    """Popularity of an artist, 0..100; 0 where unknown."""
    return hit.artist.get("popularity_rank", 0)


def has_tracks(hit: Hit) -> bool:
    """Whether the catalogue has a track of the artist."""
    return hit.artist.get("num_tracks", 0) > 0


def best_artist(name: str, hits: Iterable[Hit]) -> ArtistMatch | None:
    """The artist with tracks that ``name`` means; None where none is similar enough.

    Among artists of one name it is the most popular, then the one with most tracks, then the
    lowest id. "Simon and Garfunkel" is the name of Simon & Garfunkel.
    """
    key, joined = name_key(name), joined_key(name)

    def order(hit: Hit) -> tuple[float, int, int, int]:
        artist, rank = hit.artist, popularity_rank(hit)
        if artist.get("name_key") == key or (
            joined is not None and joined_key(artist.get("artist_name", "")) == joined
        ):
            likeness = SAME_NAME
        elif any(name_key(alias) == key for alias in artist.get("aliases", ())):
            likeness, rank = SAME_NAME, max(rank - ALIAS_HANDICAP, 0)
        else:
            likeness = max(similarity(name, other) for other in artist_names(artist))
            likeness = min(likeness + POPULARITY_SHARE * rank, SAME_NAME - 1)
        return likeness, rank, artist.get("num_tracks", 0), -hit.id

    best = max(filter(has_tracks, hits), key=order, default=None)
    if best is None or order(best)[0] < MIN_SIMILARITY:
        return None
    return ArtistMatch(order(best)[0], best)


def artist_names(artist: ArtistPayload) -> tuple[str, ...]:
    """The artist's name, then the aliases."""
    return (artist.get("artist_name", ""), *artist.get("aliases", ()))


def credited_names(track: TrackPayload) -> list[str]:
    """Names of the artists credited, then their aliases."""
    return [*track.get("artist_names", ()), *track.get("artist_aliases", ())]


def most_popular(hits: Iterable[Hit]) -> Hit:
    """The most popular of several tracks, then the one with the lowest id."""
    return max(hits, key=lambda hit: (popularity(hit), -hit.id))

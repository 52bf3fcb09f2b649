"""How far a track or an artist of the catalogue is from a text with typing errors."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rapidfuzz.distance import OSA

from embeat_serve.contract.schema import ArtistField, TrackField
from embeat_serve.contract.text_keys import name_key, title_key
from embeat_serve.seeds.matching import artist_names, popularity
from embeat_serve.seeds.parsing import Reading, words
from embeat_serve.stores.query import Hit
from embeat_serve.text_index.spelling import allowed

LETTER_WORTH = 30
"""Popularity that one letter less is worth: "metalica" is Metallica, not an unknown Metalice."""


class Guess(NamedTuple):
    """A track or an artist within a few letters of what was typed."""

    wrong: int
    """Letters."""
    popularity: int
    """0..100."""
    hit: Hit

    @property
    def order(self) -> tuple[int, int, int]:
        """Ascending: best first, ties by id."""
        return LETTER_WORTH * self.wrong - self.popularity, self.wrong, self.hit.id


def guessed_tracks(texts: Sequence[Reading], hits: Iterable[Hit]) -> list[Guess]:
    """Tracks that fit a reading but for a few letters, best first."""
    guesses = []
    for hit in hits:
        wrong = [_letters_wrong(reading, hit.payload) for reading in texts]
        least = min((number for number in wrong if number is not None), default=None)
        if least is not None:
            guesses.append(Guess(least, max(popularity(hit), 0), hit))
    return sorted(guesses, key=lambda guess: guess.order)


def guessed_artists(text: str, hits: Iterable[Hit]) -> list[Guess]:
    """Artists with songs whose name, or an alias, is the text but for a few letters."""
    asked = _compact(text)
    guesses = []
    for hit in hits:
        if hit.payload.get(ArtistField.NUM_TRACKS, 0) == 0:
            continue
        wrong = min(_distance(asked, _compact(name)) for name in artist_names(hit.payload))
        if wrong <= allowed(len(asked)):
            known = hit.payload.get(ArtistField.POPULARITY_RANK, 0)
            guesses.append(Guess(wrong, known, hit))
    return sorted(guesses, key=lambda guess: guess.order)


def _letters_wrong(reading: Reading, track: Mapping[str, Any]) -> int | None:
    """None where it is too many to be meant."""
    name = track.get(TrackField.TRACK_NAME, "")
    names = [*track.get(TrackField.ARTIST_NAMES, ()), *track.get(TrackField.ARTIST_ALIASES, ())]
    song, asked = _compact(title_key(name)), _compact(title_key(reading.title))
    if reading.artist is None:
        wrong = [_run_together(text, song, names) for text in {asked, _compact(reading.title)}]
        return min((number for number in wrong if number is not None), default=None)
    of_title = min(_distance(asked, song), _distance(_compact(reading.title), _compact(name)))
    of_artist = min((_of_artist(reading.artist, other) for other in names), default=len(asked))
    # Where the artist is right, a title of two characters may have one wrong: 晴夭 for 晴天.
    most = max(allowed(len(asked)), int(of_artist == 0 and len(asked) == 2))
    if of_title > most or of_artist > allowed(len(_compact(reading.artist))):
        return None
    return of_title + of_artist


def _run_together(asked: str, song: str, names: Sequence[str]) -> int | None:
    by = [_compact(name) for name in names]
    wholes = [song, *(song + name for name in by), *(name + song for name in by)]
    wrong = min(_distance(asked, whole) for whole in wholes)
    return wrong if wrong <= allowed(len(asked)) else None


def _of_artist(asked: str, name: str) -> int:
    """Letters wrong in the name as a whole, or word by word: "zepelin" is Led Zeppelin."""
    whole = _distance(_compact(asked), _compact(name))
    typed, known = words(asked), words(name)
    if not typed or not known:
        return whole
    nearest = [min(_distance(word, other) for other in known) for word in typed]
    fits = all(wrong <= allowed(len(word)) for wrong, word in zip(nearest, typed, strict=True))
    return min(whole, sum(nearest)) if fits else whole


def _compact(text: str) -> str:
    return name_key(text).replace(" ", "")


def _distance(one: str, other: str) -> int:
    return OSA.distance(one, other)

"""Match tracks and artists whose names differ from a text by a few letters.

Distances are optimal string alignment (OSA): letters left out, put in, changed, or two neighbours
swapped. ``spelling.max_typos`` says how many letters may differ.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rapidfuzz.distance import OSA

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.text_keys import name_key, title_key
from embeat_serve.seeds.matching import (
    artist_names,
    credited_names,
    has_tracks,
    popularity,
    popularity_rank,
)
from embeat_serve.seeds.parsing import Reading, search_tokens
from embeat_serve.stores.query import Hit
from embeat_serve.text_index.spelling import max_typos

TYPO_PENALTY = 30
"""Popularity that one letter less is worth: "metalica" is Metallica, not an unknown Metalice."""


class TypoMatch(NamedTuple):
    """A track or an artist within a few letters of a text."""

    typos: int
    """Letters that differ."""
    popularity: int
    """0..100."""
    hit: Hit

    @property
    def order(self) -> tuple[int, int, int]:
        """Sort key: best match first, ties by id."""
        return TYPO_PENALTY * self.typos - self.popularity, self.typos, self.hit.id


def match_misspelt_tracks(readings: Sequence[Reading], hits: Iterable[Hit]) -> list[TypoMatch]:
    """Tracks within a few letters of a reading, best first."""
    matches: list[TypoMatch] = []
    for hit in hits:
        typos = [_track_typos(reading, hit.track) for reading in readings]
        fewest = min((number for number in typos if number is not None), default=None)
        if fewest is not None:
            matches.append(TypoMatch(fewest, max(popularity(hit), 0), hit))
    return sorted(matches, key=lambda match: match.order)


def match_misspelt_artists(text: str, hits: Iterable[Hit]) -> list[TypoMatch]:
    """Artists with tracks whose name, or an alias, is within a few letters of the text."""
    compact = _compact(text)
    matches: list[TypoMatch] = []
    for hit in filter(has_tracks, hits):
        names = artist_names(hit.artist)
        typos = min(_distance(compact, _compact(name)) for name in names)
        if typos <= max_typos(len(compact)):
            matches.append(TypoMatch(typos, popularity_rank(hit), hit))
    return sorted(matches, key=lambda match: match.order)


def _track_typos(reading: Reading, track: TrackPayload) -> int | None:
    """Letters by which a track differs from a reading; None where too many do."""
    name, artists = track.get("track_name", ""), credited_names(track)
    song, title = _compact(title_key(name)), _compact(title_key(reading.title))
    if reading.artist is None:
        texts = {title, _compact(reading.title)}
        typos = [_undivided_typos(text, song, artists) for text in texts]
        return min((number for number in typos if number is not None), default=None)
    in_title = min(_distance(title, song), _distance(_compact(reading.title), _compact(name)))
    in_artist = min((_name_typos(reading.artist, other) for other in artists), default=len(title))
    # Where the artist is right, a title of two characters may have one wrong: 晴夭 for 晴天.
    most = max(max_typos(len(title)), int(in_artist == 0 and len(title) == 2))
    if in_title > most or in_artist > max_typos(len(_compact(reading.artist))):
        return None
    return in_title + in_artist


def _undivided_typos(text: str, song: str, artists: Sequence[str]) -> int | None:
    names = [_compact(artist) for artist in artists]
    labels = [song, *(song + name for name in names), *(name + song for name in names)]
    typos = min(_distance(text, label) for label in labels)
    return typos if typos <= max_typos(len(text)) else None


def _name_typos(text: str, name: str) -> int:
    """Letters wrong in the name as a whole, or word by word: "zepelin" is Led Zeppelin."""
    whole = _distance(_compact(text), _compact(name))
    words, name_words = search_tokens(text), search_tokens(name)
    if not words or not name_words:
        return whole
    nearest = [min(_distance(word, other) for other in name_words) for word in words]
    fits = all(typos <= max_typos(len(word)) for typos, word in zip(nearest, words, strict=True))
    return min(whole, sum(nearest)) if fits else whole


def _compact(text: str) -> str:
    return name_key(text).replace(" ", "")


def _distance(one: str, other: str) -> int:
    return OSA.distance(one, other)

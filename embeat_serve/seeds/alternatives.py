"""Name what else a text may mean: namesakes, near misses and suggestions ("did you mean")."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.text_keys import name_key, title_key
from embeat_serve.seeds.matching import (
    Fit,
    TrackMatch,
    best_track,
    has_tracks,
    popularity,
    popularity_rank,
    similarity,
)
from embeat_serve.seeds.parsing import Reading, possible_readings
from embeat_serve.stores.query import Hit

CLEAR_LEAD = 10
"""Popularity by which the best has to lead for there to be no doubt."""

MAX_ALTERNATIVES = 5
"""Alternatives named at most."""

MIN_SUGGESTED = 55
"""Similarity, 0..100, from which a label is worth suggesting."""

TITLE_SHARE = 0.7
"""Share of the title in the similarity of a suggestion; the artist has the rest."""


def alternative_songs(
    readings: Sequence[Reading],
    best: TrackMatch,
    hits: Sequence[Hit],
    artist: Hit | None,
) -> tuple[str, ...]:
    """Labels of songs by others that fit as well, and of an artist of that name.

    A song is left out if it is far less popular, unless its title is more exactly the text.

    Args:
        readings: ways to understand the text.
        best: the song that was taken.
        hits: all tracks of that title, or with all the words.
        artist: an artist whose name the text is; None where there is none.

    Returns:
        At most ``MAX_ALTERNATIVES`` labels, most popular first.
    """
    closeness, song = best
    seen = {_main_artist(song)}
    offers: list[tuple[int, str]] = []
    for hit in hits:
        main_artist = _main_artist(hit)
        match = None if main_artist in seen else best_track(readings, [hit])
        if match is None or match.closeness[:2] < closeness[:2]:
            continue
        is_close = popularity(song) - popularity(hit) <= CLEAR_LEAD
        # Who types a title in full may mean it, however little the song is known.
        if is_close or match.closeness.bonus > closeness.bonus:
            seen.add(main_artist)
            offers.append((popularity(hit), track_label(hit.track)))
    if artist is not None:
        rank = popularity_rank(artist)
        if popularity(song) - rank <= CLEAR_LEAD or closeness.fit == Fit.WORDS:
            offers.append((rank, _artist_label(artist)))
    ordered = sorted(offers, key=lambda offer: (-offer[0], offer[1]))
    return tuple(dict.fromkeys(label for _, label in ordered))[:MAX_ALTERNATIVES]


def alternative_artists(
    text: str, best: Hit, hits: Sequence[Hit], song: Hit | None = None
) -> tuple[str, ...]:
    """Labels of artists of the same name nearly as popular, and of a song of that name.

    Namesakes are told apart by their links, which can be typed instead.

    Args:
        text: the name.
        best: the artist that was taken.
        hits: all artists of that name, or with all the words.
        song: a song of that title; None where there is none.

    Returns:
        At most ``MAX_ALTERNATIVES`` labels, most popular first.
    """
    rank, key = popularity_rank(best), name_key(text)
    offers: list[tuple[int, str]] = []
    for hit in hits:
        is_namesake = hit.artist.get("name_key") == key and hit.id != best.id
        if is_namesake and has_tracks(hit) and rank - popularity_rank(hit) <= CLEAR_LEAD:
            offers.append((popularity_rank(hit), _artist_label(hit, linked=True)))
    if song is not None and rank - popularity(song) <= CLEAR_LEAD:
        offers.append((popularity(song), track_label(song.track)))
    return tuple(label for _, label in sorted(offers, reverse=True))[:MAX_ALTERNATIVES]


class _Offer(NamedTuple):
    """One suggestion; offers sort best first."""

    distance: float
    popularity: int
    """Negative: the most popular first."""
    label: str


def closest_labels(
    text: str, tracks: Iterable[Hit], artists: Iterable[Hit], number: int = 5
) -> tuple[str, ...]:
    """Labels of the tracks and artists that are most similar to a text, best first, each once."""
    readings = possible_readings(text)
    offers: list[tuple[_Offer, object]] = []
    for hit in tracks:
        track = hit.track
        song = title_key(track.get("track_name", "")), *track.get("artist_codes", ())[:1]
        likeness = max(_similarity_of_track(reading, track) for reading in readings)
        offers.append((_Offer(-likeness, -popularity(hit), track_label(track)), song))
    for hit in artists:
        name = hit.artist.get("artist_name", "")
        # An artist's name alone is the better offer than a song that happens to be called so.
        offers.append((_Offer(-similarity(text, name), -101, name), name))
    labels: dict[object, str] = {}
    for offer, song in sorted(offers, key=lambda pair: pair[0]):
        if -offer.distance >= MIN_SUGGESTED:
            labels.setdefault(song, offer.label)
    return tuple(dict.fromkeys(labels.values()))[:number]


def track_label(track: TrackPayload) -> str:
    """A track as a person would type it: ``title - artist``."""
    artists = ", ".join(track.get("artist_names", ()))
    title = track.get("track_name") or track.get("track_id") or "?"
    return f"{title} - {artists}" if artists else title


def _similarity_of_track(reading: Reading, track: TrackPayload) -> float:
    """Similarity, 0..100; of a divided text, a wrong artist is the lesser mistake."""
    name = track.get("track_name", "")
    if reading.artist is None:
        return max(similarity(reading.title, name), similarity(reading.title, track_label(track)))
    artists = track.get("artist_names", ())
    of_artist = max((similarity(reading.artist, artist) for artist in artists), default=0)
    return TITLE_SHARE * similarity(reading.title, name) + (1 - TITLE_SHARE) * of_artist


def _main_artist(hit: Hit) -> int | None:
    return next(iter(hit.track.get("artist_codes", ())), None)


def _artist_label(hit: Hit, linked: bool = False) -> str:
    artist = hit.artist
    artist_id = artist.get("artist_id")
    link = f", spotify:artist:{artist_id}" if linked and artist_id else ""
    return f"{artist.get('artist_name', '')} (artist{link})"

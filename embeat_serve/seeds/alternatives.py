"""What else may have been meant where the best answer is not clearly the best."""

from collections.abc import Sequence

from embeat_serve.contract.schema import ArtistField, TrackField
from embeat_serve.contract.text_keys import name_key
from embeat_serve.seeds.matching import Closeness, Fit, best_track, popularity, track_label
from embeat_serve.seeds.parsing import Reading
from embeat_serve.stores.query import Hit

CLOSE_CALL = 10
"""Popularity by which the best has to lead for there to be no doubt."""

MOST = 5
"""Runners-up named."""


def other_songs(
    texts: Sequence[Reading],
    best: tuple[Closeness, Hit],
    hits: Sequence[Hit],
    artist: Hit | None,
) -> tuple[str, ...]:
    """Songs by others that fit nearly as well, most popular first, and an artist of that name.

    Args:
        texts: ways to understand what was typed.
        best: the song taken, and how well it fits.
        hits: all songs found.
        artist: one who goes by what was typed; None where there is none.
    """
    closeness, taken = best
    main = taken.payload.get(TrackField.ARTIST_CODES, [None])[0]
    seen = {main}
    found: list[tuple[int, str]] = []
    for hit in hits:
        by = hit.payload.get(TrackField.ARTIST_CODES, [None])[0]
        behind = popularity(taken) - popularity(hit)
        fits = by not in seen and behind <= CLOSE_CALL and best_track(texts, [hit])
        if fits and fits[0][:2] >= closeness[:2]:
            seen.add(by)
            found.append((popularity(hit), track_label(hit.payload)))
    if artist is not None:
        rank = artist.payload.get(ArtistField.POPULARITY_RANK, 0)
        if popularity(taken) - rank <= CLOSE_CALL or closeness.fit == Fit.WORDS:
            found.append((rank, _artist_label(artist)))
    ordered = sorted(found, key=lambda other: (-other[0], other[1]))
    return tuple(dict.fromkeys(label for _, label in ordered))[:MOST]


def other_artists(
    text: str, taken: Hit, hits: Sequence[Hit], song: Hit | None = None
) -> tuple[str, ...]:
    """Artists of the same name nearly as popular, and a song of that name.

    Namesakes are told apart by their links, which can be typed instead.
    """
    rank, key = taken.payload.get(ArtistField.POPULARITY_RANK, 0), name_key(text)
    found = []
    for hit in hits:
        of_hit = hit.payload.get(ArtistField.POPULARITY_RANK, 0)
        same = hit.payload.get(ArtistField.NAME_KEY) == key and hit.id != taken.id
        if same and hit.payload.get(ArtistField.NUM_TRACKS, 0) and rank - of_hit <= CLOSE_CALL:
            found.append((of_hit, _artist_label(hit, linked=True)))
    if song is not None and rank - popularity(song) <= CLOSE_CALL:
        found.append((popularity(song), track_label(song.payload)))
    return tuple(label for _, label in sorted(found, reverse=True))[:MOST]


def _artist_label(artist: Hit, linked: bool = False) -> str:
    name = artist.payload.get(ArtistField.ARTIST_NAME, "")
    artist_id = artist.payload.get(ArtistField.ARTIST_ID)
    link = f", spotify:artist:{artist_id}" if linked and artist_id else ""
    return f"{name} (artist{link})"

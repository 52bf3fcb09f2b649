"""Text that all exports share: the link of a song, one-line titles, the title of a list."""

import unicodedata
from collections.abc import Iterator

from embeat_serve.results import Recommendations, SeedSong, Song

TRACK_URL = "https://open.spotify.com/track/"


def link(song: Song) -> str:
    """The address of the song on Spotify."""
    return f"{TRACK_URL}{song.track_id}"


def plain(text: str) -> str:
    """The text in one line, without control characters that could steer a terminal."""
    return " ".join("".join(_visible(text)).split())


def _visible(text: str) -> Iterator[str]:
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Zl", "Zp"):
            yield " "
        elif category not in ("Cf", "Cs"):
            yield character


def list_heading(answer: Recommendations) -> str:
    """What a list is: of songs like its seeds, for its title, or both."""
    like = f" like {seeds_label(answer)}" if answer.seeds else ""
    name = f" for “{plain(answer.title.text)}”" if answer.title else ""
    return f"Songs{like}{name}" if like or name else "Songs as asked for"


def seeds_label(answer: Recommendations) -> str:
    """The artist of a list, or its first seed and the number of others; there is one at least."""
    if answer.artist is not None:
        number = len(answer.seeds)
        songs = f"{number} best-known songs" if number > 1 else "one song"
        return f"{plain(answer.artist)} ({songs})"
    first = _seed_label(answer.seeds[0])
    others = len(answer.seeds) - 1
    return f"{first} and {others} more" if others else first


def _seed_label(seed: SeedSong) -> str:
    title = plain(seed.track_name or seed.track_id or "the song described")
    artists = plain(", ".join(seed.artist_names))
    return f"{title} - {artists}" if artists else title

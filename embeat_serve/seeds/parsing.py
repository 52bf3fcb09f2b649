"""Parse what a person types: ids, links, ISRCs, and readings of "title - artist".

Nothing is looked up here.
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

import regex as re

from embeat_serve.contract.text_keys import search_text, title_key
from embeat_serve.errors import UsageError

MAX_TEXT = 500
"""Characters of one song's text at most."""

MAX_LIST = 50_000
"""Characters of a text with several songs at most."""

MAX_TOKENS = 24
"""Words of a text that are looked up at most; more make no text clearer."""

MAX_SPLITS = 3
"""Dashes of a text at which it is divided into title and artist at most."""

_ID = re.compile(r"[0-9A-Za-z]{22}")
_LINK = re.compile(
    r"(?:spotify:|(?:https?://)?(?:open|play)\.spotify\.com/(?:intl-[a-z-]+/)?(?:embed/)?)"
    r"(?P<kind>[a-z]+)[:/](?P<id>[0-9A-Za-z]{22})(?:[/?#].*)?",
    re.IGNORECASE,
)
_ANY_LINK = re.compile(r"(?:spotify:[a-z]+:|(?:https?://)?(?:open|play)\.spotify\.com/).*", re.I)
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")
_DASHES = r"[-‐‑–—―－]"
_SPACED_DASH = re.compile(rf"\s+{_DASHES}+\s+")
_BARE_DASH = re.compile(rf"\s*{_DASHES}\s*")
_BY = re.compile(r"\s+by\s+", re.IGNORECASE)
_SONG_DIVIDER = re.compile(r"[\n\r;；]+")
_CREDITS = re.compile(r"[,;]|\s+(?:&|feat\.?|ft\.?)\s+", re.I)
_JOINING_WORDS = {"feat", "ft", "featuring"}
_AND = frozenset(["and", "und", "y", "et", "e", "en", "i", "og", "och", "ve", "и"])
_AND_SIGN = re.compile("[&＆+]")


class Link(NamedTuple):
    """The target of a Spotify URI or URL."""

    kind: str
    """``track``, ``artist``, ``album``, ..."""
    id: str
    """22 letters and digits."""


class Reading(NamedTuple):
    """One way to divide a text into title and artist."""

    title: str
    artist: str | None = None
    """None: the whole text is a title, or title and artist without a divider."""


def parse_link(text: str) -> Link | None:
    """Parse a Spotify URI or URL; None where ``text`` is none.

    Raises:
        UsageError: it is a link, but not to anything with an id.
    """
    text = text.strip()
    if match := _LINK.fullmatch(text):
        return Link(match["kind"].lower(), match["id"])
    if _ANY_LINK.fullmatch(text):
        raise UsageError(f"expected a link to a track with an id of 22 letters, found {text!r}")
    return None


def parse_artist_link(text: str) -> Link | None:
    """Parse a link to an artist; None where ``text`` is no link.

    Raises:
        UsageError: it is a link to something else.
    """
    link = parse_link(text)
    if link and link.kind != "artist":
        raise UsageError(f"expected an artist, found a link to a {link.kind}: {text!r}")
    return link


def parse_track_id(text: str) -> str:
    """Parse the track id in a bare id, ``spotify:track:…`` or an open.spotify.com URL.

    Raises:
        UsageError: it is none of them.
    """
    link = parse_link(text)
    if link and link.kind == "track":
        return link.id
    if link:
        raise UsageError(f"expected a track, found a link to an {link.kind}: {text.strip()!r}")
    if _ID.fullmatch(text.strip()):
        return text.strip()
    raise UsageError(
        f"expected a track id of 22 letters and digits, spotify:track:… or "
        f"an open.spotify.com/track/… URL, found {text!r}"
    )


def looks_like_id(text: str) -> bool:
    """Whether ``text`` may be a track id; a title of one long word may be one, too."""
    return _ID.fullmatch(text.strip()) is not None


def parse_isrc(text: str) -> str | None:
    """Parse an ISRC to ``TWK970300503``; None where ``text`` is none."""
    bare = re.sub(r"[\s-]", "", text).upper().removeprefix("ISRC").removeprefix(":")
    return bare if _ISRC.fullmatch(bare) else None


def check_unicode(text: object) -> None:
    """Check that something is a text that files and stores can hold.

    Raises:
        UsageError: it is no text, or has half of a surrogate pair.
    """
    if not isinstance(text, str) or any("\ud800" <= one <= "\udfff" for one in text):
        raise UsageError(f"expected a text, found {text!r}")


def check_text(text: str) -> str:
    """Strip a text of outer space, and check its length.

    Raises:
        UsageError: it is no text that can be written as UTF-8, empty, or longer than ``MAX_TEXT``.
    """
    check_unicode(text)
    text = text.strip()
    if not text:
        raise UsageError("expected a song, e.g. 'Yesterday - The Beatles', found an empty text")
    if len(text) > MAX_TEXT:
        raise UsageError(f"expected a song in at most {MAX_TEXT} characters, found {len(text)}")
    return text


def split_songs(text: str) -> list[str]:
    """Split a text at line breaks and semicolons into songs.

    Raises:
        UsageError: it is no text, or longer than ``MAX_LIST``.
    """
    check_unicode(text)
    if len(text) > MAX_LIST:
        raise UsageError(f"expected songs in at most {MAX_LIST} characters, found {len(text)}")
    parts = [part.strip() for part in _SONG_DIVIDER.split(text)]
    return [part[:MAX_TEXT] for part in parts if part] or [text]


@dataclass(frozen=True)
class PlaylistEntry:
    """One song as a playlist names it: by id, ISRC, title, or several of them."""

    title: str = ""
    """The title; where ``artist`` is None, it may hold the artist as well."""
    artist: str | None = None
    track_id: str | None = None
    isrc: str | None = None

    @classmethod
    def of(cls, text: str) -> Self:
        """Parse one line: an id, a link, an ISRC or a text."""
        try:
            link = parse_link(text)
        except UsageError:
            link = None
        if link and link.kind == "track":
            return cls(track_id=link.id)
        if isrc := parse_isrc(text):
            return cls(isrc=isrc)
        if looks_like_id(text):
            return cls(text.strip(), track_id=text.strip())
        return cls(text.strip()[:MAX_TEXT])

    @property
    def is_coded(self) -> bool:
        """Whether it has an id or an ISRC."""
        return self.track_id is not None or self.isrc is not None

    @property
    def label(self) -> str:
        """Text to name the entry by where the catalogue lacks it."""
        name = " - ".join(text for text in (self.title, self.artist) if text)
        return name or self.track_id or self.isrc or "?"

    def readings(self) -> list[Reading]:
        """Ways to divide the entry into title and artist."""
        if self.artist:
            # Services differ in whom they credit, but all name the first artist.
            credits = dict.fromkeys((self.artist, _CREDITS.split(self.artist)[0].strip()))
            return [Reading(self.title, artist) for artist in credits if artist]
        return possible_readings(self.title)


def possible_readings(text: str) -> list[Reading]:
    """List the ways to divide ``text`` into title and artist, first of all not at all.

    A title may hold a dash itself, so every dash is tried; "by" only where there is none.
    """
    readings = [Reading(text)]
    for separator in (_SPACED_DASH, _BY, _BARE_DASH):
        cuts = [match.span() for match in separator.finditer(text)][:MAX_SPLITS]
        for start, end in cuts:
            left, right = text[:start].strip(), text[end:].strip()
            if left and right:
                readings.append(Reading(left, right))
                if separator is not _BY:
                    readings.append(Reading(right, left))
        if cuts:
            break
    return readings


def search_tokens(text: str) -> tuple[str, ...]:
    """Split ``text`` into search tokens, each once, without the words that join credits."""
    tokens = search_text(text).split()
    kept = [token for token in dict.fromkeys(tokens) if token not in _JOINING_WORDS]
    return tuple(kept[:MAX_TOKENS])


def reading_tokens(reading: Reading) -> tuple[str, ...]:
    """Search tokens that a track must hold to fit a reading, without those of its edition."""
    return search_tokens(f"{title_key(reading.title)} {reading.artist or ''}")


def joined_key(name: str) -> str | None:
    """Key that a name with an "and" in it shares however the "and" is written; None without one.

    >>> joined_key("Simon und Garfunkel") == joined_key("Simon & Garfunkel")
    True
    """
    words = search_text(_AND_SIGN.sub(" and ", name)).split()
    inner = ["&" if word in _AND else word for word in words[1:-1]]
    return " ".join([words[0], *inner, words[-1]]) if "&" in inner else None


def name_tokens(name: str) -> tuple[str, ...]:
    """Search tokens of the name of an artist, without an "and" that may be written otherwise."""
    key = joined_key(name)
    return search_tokens(name if key is None else key)

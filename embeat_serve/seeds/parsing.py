"""What a person may type for a song or an artist, taken apart. Nothing is looked up here."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import regex as re

from embeat_serve.contract.text_keys import search_text, title_key
from embeat_serve.errors import UsageError

MAX_TEXT = 500
"""Longest text accepted, characters."""

MAX_LIST = 50_000
"""Longest text with several songs, characters."""

MAX_TOKENS = 24
"""Words looked up at most; more make no text clearer."""

MAX_SPLITS = 3
"""Places at most where a text is divided into title and artist."""

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
_BETWEEN = re.compile(r"[\n\r;；]+")
_CREDITS = re.compile(r"[,;]|\s+(?:&|feat\.?|ft\.?)\s+", re.I)
_NOT_NAMES = {"feat", "ft", "featuring"}


class Link(NamedTuple):
    """A Spotify URI or URL."""

    kind: str
    """``track``, ``artist``, ``album``, ..."""
    id: str


class Reading(NamedTuple):
    """One way to understand a text."""

    title: str
    artist: str | None = None
    """None: the whole text is one name, or title and artist run together."""


def parse_link(text: str) -> Link | None:
    """The URI or URL in ``text``; None where it is none.

    Raises:
        UsageError: it is a link, but not to anything with an id.
    """
    text = text.strip()
    if match := _LINK.fullmatch(text):
        return Link(match["kind"].lower(), match["id"])
    if _ANY_LINK.fullmatch(text):
        raise UsageError(f"expected a link to a track with an id of 22 letters, found {text!r}")
    return None


def parse_track_id(text: str) -> str:
    """Track id in a bare id, ``spotify:track:…`` or an open.spotify.com URL.

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
    """Whether ``text`` could be a track id; a title of one long word could be, too."""
    return _ID.fullmatch(text.strip()) is not None


def parse_isrc(text: str) -> str | None:
    """ISRC in capitals without hyphens, e.g. ``TWK970300503``; None where it is none."""
    bare = re.sub(r"[\s-]", "", text).upper().removeprefix("ISRC").removeprefix(":")
    return bare if _ISRC.fullmatch(bare) else None


def check_text(text: str) -> str:
    """The text without outer space.

    Raises:
        UsageError: nothing is there, or far too much.
    """
    text = text.strip()
    if not text:
        raise UsageError("expected a song, e.g. 'Yesterday - The Beatles', found an empty text")
    if len(text) > MAX_TEXT:
        raise UsageError(f"expected a song in at most {MAX_TEXT} characters, found {len(text)}")
    return text


def several(text: str) -> list[str]:
    """Songs on lines of their own, or with semicolons between; just one where there are neither.

    Raises:
        UsageError: it is far too much.
    """
    if len(text) > MAX_LIST:
        raise UsageError(f"expected songs in at most {MAX_LIST} characters, found {len(text)}")
    parts = [part.strip() for part in _BETWEEN.split(text)]
    return [part[:MAX_TEXT] for part in parts if part] or [text]


@dataclass(frozen=True)
class PlaylistEntry:
    """What a playlist says of a song: an id, an ISRC, a title, or any of them."""

    title: str = ""
    """Title, or all that is known where ``artist`` is None."""
    artist: str | None = None
    track_id: str | None = None
    isrc: str | None = None

    @classmethod
    def of(cls, text: str) -> Self:
        """An entry of a line: an id, a link, an ISRC or a text."""
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
        """What to call it where it is missing."""
        name = " - ".join(text for text in (self.title, self.artist) if text)
        return name or self.track_id or self.isrc or "?"

    def readings(self) -> list[Reading]:
        """Ways to understand it."""
        if self.artist:
            # Services differ in whom they credit; the first is whom all name.
            credits = dict.fromkeys((self.artist, _CREDITS.split(self.artist)[0].strip()))
            return [Reading(self.title, artist) for artist in credits if artist]
        return readings(self.title)


def readings(text: str) -> list[Reading]:
    """Ways to understand ``text``: as a whole, then as title and artist, either way round.

    A title may hold a dash itself, so every dash is tried; "by" only where there is none.
    """
    found = [Reading(text)]
    for separator in (_SPACED_DASH, _BY, _BARE_DASH):
        cuts = [match.span() for match in separator.finditer(text)][:MAX_SPLITS]
        for start, end in cuts:
            left, right = text[:start].strip(), text[end:].strip()
            if left and right:
                found.append(Reading(left, right))
                if separator is not _BY:
                    found.append(Reading(right, left))
        if cuts:
            break
    return found


def words(text: str) -> tuple[str, ...]:
    """Search tokens of ``text``, each once, without words that credits differ in."""
    tokens = search_text(text).split()
    kept = [token for token in dict.fromkeys(tokens) if token not in _NOT_NAMES]
    return tuple(kept[:MAX_TOKENS])


def reading_words(reading: Reading) -> tuple[str, ...]:
    """Tokens that a track must hold to fit ``reading``; "(Remastered)" is not asked for."""
    return words(f"{title_key(reading.title)} {reading.artist or ''}")

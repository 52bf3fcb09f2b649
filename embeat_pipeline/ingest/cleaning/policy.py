"""Cleaning policy: which rows are refused, which values become null, which texts are cut.

A row is refused only if it cannot be addressed or shown: it has no usable id or no title. Other
absurd values become null and are counted, so that one bad tempo does not cost a song.
"""

from enum import Enum

import polars as pl

from embeat_serve.contract.audio_features import VALID_RANGE

MAX_TEXT = 500
"""Longest title or name in characters; longer ones are cut."""

MAX_ID = 64
"""Longest id in bytes; longer ones are refused."""

MAX_VALUE = 200
"""Characters of a refused value that the report shows."""

MIN_PLAYLIST_TRACKS = 2
"""A playlist with fewer known tracks does not say which tracks go together."""

INTEGERS: dict[str, tuple[float, float]] = {
    "popularity": (0, 100),
    **{
        name: VALID_RANGE[name]
        for name in ("release_year", "duration_ms", "key", "mode", "time_signature")
    },
}
"""Integer column -> inclusive range. Values are rounded; those outside become null."""

DECIMALS: dict[str, tuple[float, float]] = {
    name: bounds for name, bounds in VALID_RANGE.items() if name not in INTEGERS
}
"""Decimal column -> inclusive range; values outside become null."""

ISRC = r"^[A-Z]{2}[A-Z0-9]{3}[0-9]{7}$"
"""ISO 3901, without hyphens."""

NO_ID = "no id"
NO_TITLE = "no title"
NO_NAME = "no id and no name"
NO_GENRE = "no genre name"
TOO_SHORT = f"fewer than {MIN_PLAYLIST_TRACKS} known tracks"
UNKNOWN_TRACK = "track not in the catalogue"
NOT_RELATED = "related to nobody, or to itself"

SAME_RECORDING_MS = 2_000
"""Releases of one recording differ in length by at most this, because of silence at the ends."""

SAME_SOUND_MS = 8_000
"""Largest difference in length of two releases of one recording that sound the same."""

SAME_SOUND = 0.1
"""Largest distance of sounds that are the same. 98 % of the releases with one ISRC differ less."""

SQL_VARIABLES = {
    "no_title": NO_TITLE,
    "no_genre": NO_GENRE,
    "not_related": NOT_RELATED,
    "same_recording_ms": SAME_RECORDING_MS,
    "same_sound_ms": SAME_SOUND_MS,
    "same_sound": SAME_SOUND,
}
"""Variable -> value; SQL reads them with ``getvariable``."""


class PopularityScale(Enum):
    """Range of a file's popularity values; the value is the factor to percent."""

    PERCENT = 1
    FRACTION = 100


def bad_id(what: str) -> str:
    """Reason for refusing a text that cannot be an id."""
    return f"not a {what} id"


def in_range(column: str, values: pl.Expr) -> pl.Expr:
    """Numbers of ``column``; null where they are no number or out of its range."""
    low, high = INTEGERS.get(column) or DECIMALS[column]
    rounded = values.round() if column in INTEGERS else values
    return pl.when(rounded.is_between(low, high)).then(rounded)


def to_percent(values: pl.Expr, scale: PopularityScale) -> pl.Expr:
    """Popularity on the scale 0..100."""
    return values if scale is PopularityScale.PERCENT else values * scale.value


def is_fraction(values: pl.Expr) -> pl.Expr:
    """Whether a column of popularity has the range 0..1.

    It does if no value within 0..100 exceeds 1 and one lies between 0 and 1.
    """
    believable = values.filter(values.is_between(0, 100))
    between = (believable > 0) & (believable < 1)
    return (believable <= 1).all() & between.any()


def text(values: pl.Expr) -> pl.Expr:
    """Text on one line without surrounding space, cut to ``MAX_TEXT``; null where blank."""
    line = values.str.replace_all(_SPACE_TO_FOLD, " ").str.strip_chars()
    return pl.when(line != "").then(line.str.head(MAX_TEXT))


_SPACE_TO_FOLD = r" *[[\s\x00-\x1f\x7f]--[ ]][\s\x00-\x1f\x7f]*| {2,}"
"""Space and control characters that are not just one plain space."""


def isrc(values: pl.Expr) -> pl.Expr:
    """ISRCs in the form of the standard; null where they are none."""
    bare = values.str.replace_all(r"[\s-]", "").str.to_uppercase()
    return pl.when(bare.str.contains(ISRC)).then(bare)


def year_of(date: pl.Expr) -> pl.Expr:
    """Year of a date that begins with it, checked like ``release_year``."""
    digits = date.str.extract(r"^\s*(\d{4})(?:\D|$)")
    return in_range("release_year", digits.cast(pl.Float64, strict=False))


def identifier(values: pl.Expr, what: str) -> pl.Expr:
    """Bare id from an id, a ``spotify:what:…`` URI or an open.spotify.com URL; null if blank."""
    stripped = values.str.strip_chars()
    named = stripped.str.extract(rf"(?:^spotify:|\.spotify\.com/(?:.*/)?){what}s?[:/]([^:/?#\s]+)")
    bare = pl.coalesce(named, stripped)
    return pl.when(bare != "").then(bare)


def is_identifier(values: pl.Expr) -> pl.Expr:
    """Whether a bare id is plausible: short, without characters of URIs and sentences."""
    unlike = values.str.contains(r"[\s:/?#]")
    return ~unlike & values.str.len_bytes().is_between(1, MAX_ID)


def refusal(bare: pl.Expr, what: str) -> pl.Expr:
    """Reason for refusing a row with this bare id; null where it is accepted."""
    return (
        pl.when(bare.is_null())
        .then(pl.lit(NO_ID))
        .when(~is_identifier(bare))
        .then(pl.lit(bad_id(what)))
    )


def usable_identifier(values: pl.Expr, what: str) -> pl.Expr:
    """Bare id; null where it is not plausible."""
    bare = identifier(values, what)
    return pl.when(is_identifier(bare)).then(bare)


def genre(values: pl.Expr) -> pl.Expr:
    """Genre names in lower case and with single spaces; null where blank."""
    return text(values).str.to_lowercase()


def excerpt(values: pl.Expr) -> pl.Expr:
    """Refused values, cut for the report."""
    return values.cast(pl.String).str.head(MAX_VALUE)

"""The cleaning policy, all of it: what is refused, what becomes null, what is cut.

A row is refused only where it cannot be addressed or shown: no usable id, no title. Everything
else that is absurd becomes null and is counted, so that one bad tempo does not cost a song.
"""

import polars as pl

from embeat_serve.contract.audio_features import VALID_RANGE

MAX_TEXT = 500
"""Characters a title or a name is cut to."""

MAX_ID = 64
"""Characters of the longest id believed."""

MAX_VALUE = 200
"""Characters of an offending value kept for the report."""

MIN_PLAYLIST_TRACKS = 2
"""A playlist with fewer known tracks says nothing about what goes together."""

INTEGERS: dict[str, tuple[float, float]] = {
    "popularity": (0, 100),
    **{
        name: VALID_RANGE[name]
        for name in ("release_year", "duration_ms", "key", "mode", "time_signature")
    },
}
"""Column -> range, inclusive; a value outside is null. Fractions of these are rounded."""

DECIMALS: dict[str, tuple[float, float]] = {
    name: bounds for name, bounds in VALID_RANGE.items() if name not in INTEGERS
}

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
"""Releases of one recording differ in length by silence at the ends; other takes by more."""

SAME_SOUND_MS = 8_000
"""They may differ by as much where the audio analysis says the same of both ..."""

SAME_SOUND = 0.1
"""... to within this. Of releases of one ISRC 98 in 100 differ by less."""

SQL_VARIABLES = {
    "no_title": NO_TITLE,
    "no_genre": NO_GENRE,
    "not_related": NOT_RELATED,
    "same_recording_ms": SAME_RECORDING_MS,
    "same_sound_ms": SAME_SOUND_MS,
    "same_sound": SAME_SOUND,
}
"""What the steps in SQL read with ``getvariable``."""


def bad_id(what: str) -> str:
    """Reason for refusing an id that is none."""
    return f"not a {what} id"


def in_range(column: str, values: pl.Expr) -> pl.Expr:
    """Numbers of ``column``, null where not a number or out of its range."""
    low, high = INTEGERS.get(column) or DECIMALS[column]
    rounded = values.round() if column in INTEGERS else values
    return pl.when(rounded.is_between(low, high)).then(rounded)


def to_percent(values: pl.Expr, fraction: bool) -> pl.Expr:
    """Popularity on the scale 0..100; ``fraction`` where the file has it as 0..1."""
    return values * 100 if fraction else values


def is_fraction(values: pl.Expr) -> pl.Expr:
    """Whether a whole column of popularity is on the scale 0..1: no value of 0..100 exceeds 1,
    and one lies in between."""
    believable = values.filter(values.is_between(0, 100))
    between = (believable > 0) & (believable < 1)
    return (believable <= 1).all() & between.any()


def text(values: pl.Expr) -> pl.Expr:
    """Text on one line without surrounding space, cut to ``MAX_TEXT``; null where blank."""
    line = values.str.replace_all(_SPACE_TO_FOLD, " ").str.strip_chars()
    return pl.when(line != "").then(line.str.head(MAX_TEXT))


_SPACE_TO_FOLD = r" *[[\s\x00-\x1f\x7f]--[ ]][\s\x00-\x1f\x7f]*| {2,}"
"""Space and control characters, unless they are one plain space already, as nearly all are."""


def isrc(values: pl.Expr) -> pl.Expr:
    """Recording codes in the standard's form, null where it is not one."""
    bare = values.str.replace_all(r"[\s-]", "").str.to_uppercase()
    return pl.when(bare.str.contains(ISRC)).then(bare)


def year_of(date: pl.Expr) -> pl.Expr:
    """Year of a date that begins with it, checked like ``release_year``."""
    digits = date.str.extract(r"^\s*(\d{4})(?:\D|$)")
    return in_range("release_year", digits.cast(pl.Float64, strict=False))


def identifier(values: pl.Expr, what: str) -> pl.Expr:
    """The bare id in an id, a ``spotify:what:…`` URI or an open.spotify.com URL; null if blank."""
    stripped = values.str.strip_chars()
    named = stripped.str.extract(rf"(?:^spotify:|\.spotify\.com/(?:.*/)?){what}s?[:/]([^:/?#\s]+)")
    bare = pl.coalesce(named, stripped)
    return pl.when(bare != "").then(bare)


def is_identifier(values: pl.Expr) -> pl.Expr:
    """Whether a bare id can be one: short, and nothing that only URIs and sentences have."""
    unlike = values.str.contains(r"[\s:/?#]")
    return ~unlike & values.str.len_bytes().is_between(1, MAX_ID)


def refusal(bare: pl.Expr, what: str) -> pl.Expr:
    """Why a row with this bare id is refused; null where it is not."""
    return (
        pl.when(bare.is_null())
        .then(pl.lit(NO_ID))
        .when(~is_identifier(bare))
        .then(pl.lit(bad_id(what)))
    )


def usable_identifier(values: pl.Expr, what: str) -> pl.Expr:
    """The bare id, null where there is none that can be one."""
    bare = identifier(values, what)
    return pl.when(is_identifier(bare)).then(bare)


def genre(values: pl.Expr) -> pl.Expr:
    """Genre names, compared without regard to case and spacing; null where blank."""
    return text(values).str.to_lowercase()


def shown(values: pl.Expr) -> pl.Expr:
    """An offending value for the report."""
    return values.cast(pl.String).str.head(MAX_VALUE)

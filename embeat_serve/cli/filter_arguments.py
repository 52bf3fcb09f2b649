"""Read filters and dislikes from the command line."""

import argparse
import re
from typing import Any

from embeat_serve.errors import UsageError
from embeat_serve.filters.request import LIMITS, Filters

_NUMBER = r"\d+(?:\.\d+)?"
_RANGE = re.compile(rf"({_NUMBER})?\s*(-|–|\.\.)\s*({_NUMBER})?")


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the flags for what songs must be."""
    group = parser.add_argument_group("what its songs must be (ranges: 1990-1999, 1990-, -1999)")
    group.add_argument(
        "--not-like",
        action="append",
        metavar="TRACK",
        help="track id, URI or URL that the list shall not be like; repeat for several",
    )
    group.add_argument("--year", metavar="RANGE", help="year of release")
    group.add_argument("--popularity", metavar="RANGE", help="0..100")
    group.add_argument("--tempo", metavar="RANGE", help="beats per minute")
    group.add_argument("--energy", metavar="RANGE", help="0..1")
    for name, word in (("genre", "at least one of them"), ("without-genre", "none of them")):
        group.add_argument(
            f"--{name}", action="append", metavar="NAME", help=f"{word}; repeat for several"
        )
    group.add_argument(
        "--without-artist", action="append", metavar="NAME", help="name, id or link; repeat"
    )
    explicit = group.add_mutually_exclusive_group()
    explicit.add_argument(
        "--no-explicit",
        dest="explicit",
        action="store_const",
        const=False,
        help="no song marked as explicit",
    )
    explicit.add_argument(
        "--explicit",
        dest="explicit",
        action="store_const",
        const=True,
        help="only songs marked as explicit",
    )
    group.add_argument("--instrumental", action="store_true", help="without vocals")
    group.add_argument(
        "--same-language", action="store_true", help="in the seed's language, as inferred"
    )
    group.add_argument(
        "--language",
        action="append",
        metavar="CODE",
        help="in one of these languages, as inferred, e.g. fr; repeat for several",
    )


def read(arguments: argparse.Namespace) -> Filters:
    """The filters that the flags set.

    Raises:
        UsageError: a range cannot be read, or is empty.
    """
    ranges: dict[str, Any] = {}
    for name in LIMITS:
        low, high = parse_range(name, getattr(arguments, name))
        ranges |= {f"{name}_min": low, f"{name}_max": high}
    return Filters(
        **ranges,
        explicit=arguments.explicit,
        genres=tuple(arguments.genre or ()),
        without_genres=tuple(arguments.without_genre or ()),
        without_artists=tuple(arguments.without_artist or ()),
        instrumental=arguments.instrumental,
        same_language=arguments.same_language,
        languages=tuple(arguments.language or ()),
    )


def parse_range(name: str, text: str | None) -> tuple[float | None, float | None]:
    """The ends of ``1990-1999``, ``1990-``, ``-1999`` or ``1990``; None where open.

    Args:
        name: of the filter: ``year`` and ``popularity`` are whole numbers.
        text: of the flag; None if it was not given.

    Raises:
        UsageError: the text is none of these.
    """
    if text is None:
        return None, None
    ends = _RANGE.fullmatch(text.strip())
    if re.fullmatch(_NUMBER, text.strip()):
        low = high = text.strip()
    elif ends and (ends[1] or ends[3]):
        low, high = ends[1], ends[3]
    else:
        raise UsageError(f"--{name} expects a range like 1990-1999, 1990- or -1999, found {text!r}")
    number = int if name in ("year", "popularity") else float
    try:
        return number(low) if low else None, number(high) if high else None
    except ValueError:
        raise UsageError(f"--{name} expects whole numbers, found {text!r}") from None

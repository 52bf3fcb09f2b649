"""The filters of a request, checked: what the songs of a list must be.

A song whose value is unknown does not pass, with two exceptions: a song that is not marked as
explicit is not explicit, and unknown popularity counts as 0.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

from embeat_serve.errors import UsageError

LIMITS: dict[str, tuple[float, float]] = {
    "year": (0, 9_999),
    "popularity": (0, 100),
    "tempo": (0, 1_000),
    "energy": (0, 1),
}
"""Range filter -> lowest and highest value that its ends may have."""

MAX_NAMES = 100
"""Most names in one filter."""

_LANGUAGE_CODE = re.compile("[a-z]{2,3}")


@dataclass(frozen=True)
class Filters:
    """What songs must be. By default every song passes.

    Raises:
        UsageError: a value is out of range, of another type, or a range is empty.
    """

    year_min: int | None = None
    """First year of release."""
    year_max: int | None = None
    """Last year of release."""
    explicit: bool | None = None
    """False: no song marked as explicit; True: only such songs; None: both."""
    popularity_min: int | None = None
    """Lowest popularity, 0..100."""
    popularity_max: int | None = None
    """Highest popularity, 0..100."""
    tempo_min: float | None = None
    """Lowest tempo, in beats per minute."""
    tempo_max: float | None = None
    """Highest tempo, in beats per minute."""
    energy_min: float | None = None
    """Lowest energy, 0..1."""
    energy_max: float | None = None
    """Highest energy, 0..1."""
    genres: tuple[str, ...] = ()
    """Names; a song must have at least one of them."""
    without_genres: tuple[str, ...] = ()
    """Names; a song must have none of them."""
    without_artists: tuple[str, ...] = ()
    """Names, ids or links. A name means every artist of that name."""
    instrumental: bool = False
    """Only songs that are most likely without vocals."""
    same_language: bool = False
    """Only songs in a language of the seeds, as far as it is known."""
    languages: tuple[str, ...] = ()
    """ISO 639 codes such as fr; a song must be in one of them."""

    def __post_init__(self) -> None:
        for name, limits in LIMITS.items():
            low, high = self.range(name)
            for side, value in (("min", low), ("max", high)):
                _check_number(f"{name}_{side}", value, limits, whole=name in ("year", "popularity"))
            if low is not None and high is not None and low > high:
                raise UsageError(f"{name}_min ({low:g}) must not exceed {name}_max ({high:g})")
        for name in ("genres", "without_genres", "without_artists"):
            object.__setattr__(self, name, _checked_names(name, getattr(self, name)))
        object.__setattr__(self, "languages", _checked_languages(self.languages))
        for name, choices in (
            ("explicit", (None, True, False)),
            ("instrumental", (True, False)),
            ("same_language", (True, False)),
        ):
            if not any(getattr(self, name) is choice for choice in choices):
                raise UsageError(f"{name} must be true or false, found {getattr(self, name)!r}")

    def __bool__(self) -> bool:
        """Whether any filter is set."""
        return any(getattr(self, item.name) != item.default for item in fields(self))

    def range(self, name: str) -> tuple[float | None, float | None]:
        """The ends of the range ``name`` (a key of ``LIMITS``); None where open."""
        return getattr(self, f"{name}_min"), getattr(self, f"{name}_max")


def _check_number(name: str, value: Any, limits: tuple[float, float], whole: bool) -> None:
    low, high = limits
    number = int if whole else int | float
    is_valid = isinstance(value, number) and not isinstance(value, bool) and low <= value <= high
    if value is not None and not is_valid:
        kind = "a whole number" if whole else "a number"
        raise UsageError(f"{name} must be {kind} in {low:g}..{high:g}, found {value!r}")


def _checked_names(name: str, value: object) -> tuple[str, ...]:
    items = cast(Sequence[object], value) if isinstance(value, tuple | list) else None
    if items is None or not all(isinstance(item, str) for item in items):
        raise UsageError(f"{name} must be a list of names, found {value!r}")
    names = tuple(dict.fromkeys(str(item).strip() for item in items))
    if not all(names) or len(names) > MAX_NAMES:
        raise UsageError(f"{name} must be up to {MAX_NAMES} names, none empty, found {len(names)}")
    return names


def _checked_languages(value: object) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(code.lower() for code in _checked_names("languages", value)))
    for code in codes:
        if not _LANGUAGE_CODE.fullmatch(code):
            raise UsageError(f"languages must be ISO 639 codes such as fr or yue, found {code!r}")
    return codes

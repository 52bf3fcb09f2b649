"""What a list may hold: the filters a question comes with, and how they are held to.

Unknown values do not pass, with two exceptions: a song that nobody marked as explicit is not
explicit, and unknown popularity counts as 0.
"""

from dataclasses import dataclass, fields
from typing import Any

from embeat_serve.errors import UsageError

GIVE_WAY = (
    "tempo",
    "energy",
    "popularity",
    "year",
    "same_language",
    "instrumental",
    "genres",
    "without_genres",
)
"""Filters in the order in which they give way, least missed first, after all rules of the list.
``explicit`` and ``without_artists`` never do."""

LIMITS: dict[str, tuple[float, float]] = {
    "year": (0, 9_999),
    "popularity": (0, 100),
    "tempo": (0, 1_000),
    "energy": (0, 1),
}
"""Lowest and highest value that a range can be given by."""

MAX_NAMES = 100
"""Most genres, or artists, of one filter."""


@dataclass(frozen=True)
class Filters:
    """What songs must be. The defaults mean: any.

    Raises:
        UsageError: a value is out of range, of another type, or a range is empty.
    """

    year_min: int | None = None
    year_max: int | None = None
    explicit: bool | None = None
    """False: none that is marked as explicit; True: only those."""
    popularity_min: int | None = None
    """0..100."""
    popularity_max: int | None = None
    tempo_min: float | None = None
    """Beats per minute."""
    tempo_max: float | None = None
    energy_min: float | None = None
    """0..1."""
    energy_max: float | None = None
    genres: tuple[str, ...] = ()
    """Names; a song has at least one of them."""
    without_genres: tuple[str, ...] = ()
    without_artists: tuple[str, ...] = ()
    """Names, ids, or links. A name stands for every artist of that name."""
    instrumental: bool = False
    """Only songs that are most likely without vocals."""
    same_language: bool = False
    """Only songs in a language of the seeds, as far as it was inferred."""

    def __post_init__(self) -> None:
        for name, limits in LIMITS.items():
            low, high = self.range(name)
            for side, value in (("min", low), ("max", high)):
                _check_number(f"{name}_{side}", value, limits, whole=name in ("year", "popularity"))
            if low is not None and high is not None and low > high:
                raise UsageError(f"{name}_min ({low:g}) must not exceed {name}_max ({high:g})")
        for name in ("genres", "without_genres", "without_artists"):
            object.__setattr__(self, name, _checked_names(name, getattr(self, name)))
        for name, choices in (
            ("explicit", (None, True, False)),
            ("instrumental", (True, False)),
            ("same_language", (True, False)),
        ):
            if not any(getattr(self, name) is choice for choice in choices):
                raise UsageError(f"{name} must be true or false, found {getattr(self, name)!r}")

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return any(getattr(self, item.name) != item.default for item in fields(self))

    def range(self, name: str) -> tuple[float | None, float | None]:
        """Ends of a range; None where open."""
        return getattr(self, f"{name}_min"), getattr(self, f"{name}_max")


def _check_number(name: str, value: Any, limits: tuple[float, float], whole: bool) -> None:
    low, high = limits
    number = int if whole else int | float
    right = isinstance(value, number) and not isinstance(value, bool) and low <= value <= high
    if value is not None and not right:
        kind = "a whole number" if whole else "a number"
        raise UsageError(f"{name} must be {kind} in {low:g}..{high:g}, found {value!r}")


def _checked_names(name: str, given: Any) -> tuple[str, ...]:
    listed = isinstance(given, tuple | list) and all(isinstance(item, str) for item in given)
    if not listed:
        raise UsageError(f"{name} must be a list of names, found {given!r}")
    names = tuple(dict.fromkeys(item.strip() for item in given))
    if not all(names) or len(names) > MAX_NAMES:
        raise UsageError(f"{name} must be up to {MAX_NAMES} names, none empty, found {len(names)}")
    return names

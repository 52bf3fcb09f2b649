"""Recall options of a request: channels, limits, rules, and the presets."""

from dataclasses import dataclass, fields
from typing import Any

from embeat_serve.contract.schema import CHANNELS
from embeat_serve.errors import UsageError

MAX_K = 1_000
"""Longest list that can be asked for."""


ORDERS = ("score", "harmonic")
"""Best first; or so that each song goes over into the next, in key and tempo."""


_RANGES: dict[str, tuple[float, float]] = {
    "share": (0, 1),
    "weight_first": (0, 100),
    "weight_last": (0, 100),
    "cosine": (-1, 1),
    "popularity": (0, 100),
    "threshold": (0, 100),
    "ratio": (1, 1_000),
    "factor": (1, 1_000),
    "limit": (1, 10_000),
    "artist_run": (1, 1_000),
    "tracks": (1, 100),
    "genres": (1, 100),
    "distinct_first": (1, 100),
    "dislike_weight": (0, 10),
    "adventure": (-1, 1),
    "hits": (-1, 1),
}
"""How a numeric setting's name ends -> lowest and highest value allowed."""


def range_of(name: str) -> tuple[float, float]:
    """Lowest and highest value of a numeric recall setting."""
    return next(limits for end, limits in _RANGES.items() if name.endswith(end))


def _check_range(name: str, value: Any, default: Any) -> None:
    if isinstance(default, tuple):
        return
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise UsageError(f"{name} must be true or false, found {value!r}")
        return
    if isinstance(default, str):
        if value not in ORDERS:
            raise UsageError(f"{name} must be one of {', '.join(ORDERS)}, found {value!r}")
        return
    low, high = range_of(name)
    number = int if isinstance(default, int) else int | float
    in_range = isinstance(value, number) and not isinstance(value, bool) and low <= value <= high
    if not in_range:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise UsageError(f"{name} must be {kind} in {low:g}..{high:g}, found {value!r}")


@dataclass(frozen=True)
class RecallOptions:
    """How one list is recalled, merged and ordered. The defaults are those that measured best;
    ``PRESETS["upstream"]`` is upstream's merge.

    Shares are fractions of the list length k; weights are linear in rank, first to last.

    Raises:
        UsageError: a channel is unknown, or a number is out of its range.
    """

    channels: tuple[str, ...] = CHANNELS

    # Candidates per channel: factor times k, capped.
    acoustic_factor: int = 10
    acoustic_limit: int = 512
    playlist_factor: int = 10
    playlist_limit: int = 128
    other_factor: int = 3
    other_limit: int = 128

    learned: bool = True
    """Evidence is weighed by the release's fusion model (``fusion.py``); off: by place alone, with
    the weights below."""

    acoustic_weight_first: float = 1.7
    acoustic_weight_last: float = 1.0
    genre_popular_weight_first: float = 1.0
    genre_popular_weight_last: float = 0.8
    same_artist_weight_first: float = 1.9
    same_artist_weight_last: float = 1.0
    related_artist_weight_first: float = 1.8
    related_artist_weight_last: float = 1.0
    playlist_weight_first: float = 2.0
    playlist_weight_last: float = 1.2

    playlist_neighbours: bool = True
    """Playlist candidates come from the neighbour lists; off: nearest by playlist vector."""
    playlist_min_cosine: float = 0.75
    """Lowest cosine of a neighbour by playlist vector; neighbour lists have no cut-off."""
    min_popularity: int = 0
    """0..100; candidates below it are dropped, or below the seed's own where that is lower."""
    genre_vote: bool = False
    """Narrow the seed's genre to its playlist neighbours' favourite. It takes their vectors, which
    is most of the time of a question where hundreds of thousands of tracks are in playlists."""
    genre_vote_ratio: float = 2.0
    """Votes the winning genre needs, as a multiple of the runner-up's."""

    diversify: bool = True
    """Apply the list rules below; off gives the raw ranking."""
    same_artist_min_share: float = 0.15
    same_artist_max_share: float = 0.20
    other_artist_max_share: float = 0.15
    popular_min_share: float = 0.10
    popular_threshold: int = 60
    """0..100; from here on a track counts as popular."""
    album_max_share: float = 0.15
    max_artist_run: int = 2
    distinct_first: int = 5
    """So many songs at the head of the list have main artists of their own; 1: no matter."""
    drop_remixes: bool = True
    artist_seed_tracks: int = 10
    """How many of an artist's own songs stand for the artist."""
    max_genres: int = 4
    """How many of a seed's genres are searched, best first."""

    adventure: float = 0.0
    """-1 familiar: well-known songs, and more by the same artist; 1 adventurous: the opposite."""
    hits: float = 0.0
    """-1 hidden gems .. 1 hits."""
    order: str = ORDERS[0]
    """``score`` or ``harmonic``."""
    dislike_weight: float = 1.0
    """How much being played with a disliked song counts against a track, as a multiple of what
    being played with a seed counts for it."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.channels if name not in CHANNELS]
        if unknown or not self.channels:
            found = ", ".join(map(str, unknown)) or "none"
            raise UsageError(f"unknown channels: {found}; choose from {', '.join(CHANNELS)}")
        # Order and repetition mean nothing, and equal options should compare equal.
        ordered = tuple(name for name in CHANNELS if name in self.channels)
        object.__setattr__(self, "channels", ordered)
        for option in fields(self):
            _check_range(option.name, getattr(self, option.name), option.default)
        if self.same_artist_min_share > self.same_artist_max_share:
            raise UsageError(
                f"same_artist_min_share ({self.same_artist_min_share:g}) must not exceed "
                f"same_artist_max_share ({self.same_artist_max_share:g})"
            )

    def limits(self, channel: str) -> tuple[int, int]:
        """Candidates of a channel: so many times k, and at most."""
        named = channel if channel in ("acoustic", "playlist") else "other"
        return getattr(self, f"{named}_factor"), getattr(self, f"{named}_limit")

    def weights(self, channel: str) -> tuple[float, float]:
        """Weights of a channel's first and last candidate."""
        first, last = f"{channel}_weight_first", f"{channel}_weight_last"
        return getattr(self, first), getattr(self, last)


PRESETS: dict[str, RecallOptions] = {
    "default": RecallOptions(),
    "upstream": RecallOptions(
        playlist_factor=2,
        other_factor=2,
        learned=False,
        genre_vote=True,
        playlist_neighbours=False,
        min_popularity=10,
        album_max_share=1.0,
        distinct_first=1,
    ),
}
"""Named sets of recall settings; the first is the default."""

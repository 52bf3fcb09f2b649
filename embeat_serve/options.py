"""Recall options of a request: channels, limits, list rules, and the presets."""

from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, fields, replace
from typing import Any, Self

from embeat_serve.contract.schema import CHANNELS
from embeat_serve.errors import UsageError
from embeat_serve.option_fields import bounded, check_options, one_of
from embeat_serve.upstream_options import UpstreamOptions

MAX_K = 1_000
"""Longest list that can be asked for."""

ORDERS = ("score", "harmonic")
"""Best first; or so that each song goes over into the next, in key and tempo."""


@dataclass(frozen=True)
class RecallOptions:
    """How one list is retrieved, ranked and ordered. The defaults are those that measured best.

    Shares are fractions of the list length k. ``OPTION_FIELDS`` holds every field that a variable
    or a request may set, with its range.

    Raises:
        UsageError: a channel is unknown, or a number is out of its range.
    """

    channels: tuple[str, ...] = CHANNELS
    """Channels that find candidates."""

    acoustic_factor: int = bounded(10, 1, 1_000)
    """Candidates of the acoustic channel, as a multiple of k."""
    acoustic_limit: int = bounded(512, 1, 10_000)
    """Most candidates of the acoustic channel."""
    playlist_factor: int = bounded(10, 1, 1_000)
    """Candidates of the playlist channel, as a multiple of k."""
    playlist_limit: int = bounded(128, 1, 10_000)
    """Most candidates of the playlist channel."""
    other_factor: int = bounded(3, 1, 1_000)
    """Candidates of each other channel, as a multiple of k."""
    other_limit: int = bounded(128, 1, 10_000)
    """Most candidates of each other channel."""

    min_popularity: int = bounded(0, 0, 100)
    """0..100; candidates below it are dropped, or below the seed's own where that is lower."""

    off_style_penalty: float = bounded(0.5, 0, 1)
    """Share of its score that a song loses where it has no style in common with the seeds, in
    releases with trees; 0: style does not matter beyond what they make of it."""

    diversify: bool = True
    """Apply the list rules below; off gives the raw ranking."""
    same_artist_min_share: float = bounded(0.15, 0, 1)
    """Least share of songs by the artists of the seeds."""
    same_artist_max_share: float = bounded(0.25, 0, 1)
    """Most share of songs by one artist of the seeds."""
    other_artist_max_share: float = bounded(0.2, 0, 1)
    """Most share of songs by any other artist."""
    popular_min_share: float = bounded(0.10, 0, 1)
    """Least share of popular songs, where half of the seeds are, or ``hits`` is above 0."""
    popular_threshold: int = bounded(60, 0, 100)
    """0..100; from here on a track counts as popular."""
    album_max_share: float = bounded(0.2, 0, 1)
    """Most share of songs from one album."""
    max_artist_run: int = bounded(2, 1, 1_000)
    """Most songs in a row by one artist."""
    distinct_first: int = bounded(5, 1, 100)
    """So many songs at the head of the list have main artists of their own; 1: no matter."""
    drop_remixes: bool = True
    """Leave out remixes, unless a seed is one."""
    artist_seed_tracks: int = bounded(10, 1, 100)
    """How many of an artist's own songs stand for the artist."""
    max_genres: int = bounded(4, 1, 100)
    """How many of a seed's genres are searched, best first."""

    adventure: float = bounded(0.0, -1, 1)
    """-1 familiar: well-known songs, and more by the same artist; 1 adventurous: the opposite."""
    hits: float = bounded(0.0, -1, 1)
    """-1 hidden gems .. 1 hits."""
    order: str = one_of(*ORDERS)
    """``score`` or ``harmonic``."""
    dislike_weight: float = bounded(1.0, 0, 10)
    """How much being played with a disliked song counts against a track, as a multiple of what
    being played with a seed counts for it."""

    upstream: UpstreamOptions | None = None
    """Set only where the list follows upstream's merge, as ``PRESETS["upstream"]`` does."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.channels if name not in CHANNELS]
        if unknown or not self.channels:
            found = ", ".join(map(str, unknown)) or "none"
            raise UsageError(f"unknown channels: {found}; choose from {', '.join(CHANNELS)}")
        # Order and repetition mean nothing, and equal options should compare equal.
        ordered = tuple(name for name in CHANNELS if name in self.channels)
        object.__setattr__(self, "channels", ordered)
        if self.upstream == UpstreamOptions():
            object.__setattr__(self, "upstream", None)
        check_options(self)
        if self.same_artist_min_share > self.same_artist_max_share:
            raise UsageError(
                f"same_artist_min_share ({self.same_artist_min_share:g}) must not exceed "
                f"same_artist_max_share ({self.same_artist_max_share:g})"
            )

    def limits(self, channel: str) -> tuple[int, int]:
        """Candidates of a channel: so many times k, and at most."""
        named = channel if channel in ("acoustic", "playlist") else "other"
        return getattr(self, f"{named}_factor"), getattr(self, f"{named}_limit")

    @property
    def uses_neighbour_lists(self) -> bool:
        """Whether playlist candidates come from neighbour lists, not from playlist vectors."""
        return self.upstream is None or self.upstream.playlist_neighbours

    def with_values(self, values: Mapping[str, Any]) -> Self:
        """These options with some values changed, by the names in ``OPTION_FIELDS``.

        Raises:
            UsageError: a value is out of its range.
            TypeError: a name is unknown.
        """
        of_upstream = {name: values[name] for name in values if name in _UPSTREAM_NAMES}
        own = {name: values[name] for name in values if name not in of_upstream}
        if of_upstream:
            own["upstream"] = replace(self.upstream or UpstreamOptions(), **of_upstream)
        return replace(self, **own)

    def to_dict(self) -> dict[str, Any]:
        """Every value by the name in ``OPTION_FIELDS``; ``with_values`` reads it."""
        own = asdict(self)
        del own["upstream"]
        return own | asdict(self.upstream or UpstreamOptions())


OPTION_FIELDS: dict[str, Field[Any]] = {
    option.name: option
    for options in (RecallOptions, UpstreamOptions)
    for option in fields(options)
    if option.name != "upstream"
}
"""Every option that a variable, a request or a command may set, by name."""

_UPSTREAM_NAMES = frozenset(option.name for option in fields(UpstreamOptions))


PRESETS: dict[str, RecallOptions] = {
    "default": RecallOptions(),
    "upstream": RecallOptions(
        playlist_factor=2,
        other_factor=2,
        min_popularity=10,
        same_artist_max_share=0.2,
        other_artist_max_share=0.15,
        album_max_share=1.0,
        distinct_first=1,
        upstream=UpstreamOptions(learned=False, genre_vote=True, playlist_neighbours=False),
    ),
}
"""Named sets of recall options; the first is the default."""

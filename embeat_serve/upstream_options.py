"""Options that only the baseline ``--preset upstream`` needs.

The product's channels and its ranking never read them. ``retrieval.upstream_baseline`` and
``ranking.upstream_scoring`` do. Their variables (``EMBEAT_PLAYLIST_MIN_COSINE``...) and their
names in HTTP requests are those of the fields below.
"""

from dataclasses import dataclass

from embeat_serve.option_fields import bounded, check_options


@dataclass(frozen=True)
class UpstreamOptions:
    """Where a list follows upstream's merge. The defaults follow it nowhere.

    Raises:
        UsageError: a value is out of its range.
    """

    learned: bool = True
    """Score by the ranking model; off: by place in each channel's list, with the
    weights below."""

    acoustic_weight_first: float = bounded(1.7, 0, 100)
    """Weight of the first track of the channel ``acoustic``."""
    acoustic_weight_last: float = bounded(1.0, 0, 100)
    """Weight of the last track of the channel ``acoustic``."""
    genre_popular_weight_first: float = bounded(1.0, 0, 100)
    """Weight of the first track of the channel ``genre_popular``."""
    genre_popular_weight_last: float = bounded(0.8, 0, 100)
    """Weight of the last track of the channel ``genre_popular``."""
    same_artist_weight_first: float = bounded(1.9, 0, 100)
    """Weight of the first track of the channel ``same_artist``."""
    same_artist_weight_last: float = bounded(1.0, 0, 100)
    """Weight of the last track of the channel ``same_artist``."""
    related_artist_weight_first: float = bounded(1.8, 0, 100)
    """Weight of the first track of the channel ``related_artist``."""
    related_artist_weight_last: float = bounded(1.0, 0, 100)
    """Weight of the last track of the channel ``related_artist``."""
    playlist_weight_first: float = bounded(2.0, 0, 100)
    """Weight of the first track of the channel ``playlist``."""
    playlist_weight_last: float = bounded(1.2, 0, 100)
    """Weight of the last track of the channel ``playlist``."""

    playlist_neighbours: bool = True
    """Playlist candidates come from the neighbour lists; off: nearest by playlist vector."""
    playlist_min_cosine: float = bounded(0.75, -1, 1)
    """Lowest cosine of a neighbour by playlist vector; neighbour lists have no cut-off."""
    genre_vote: bool = False
    """Narrow the seed's genres to the favourite of its playlist neighbours. This reads their
    vectors, which is most of the time of a request if hundreds of thousands of tracks have one."""
    genre_vote_ratio: float = bounded(2.0, 1, 1_000)
    """Votes that the winning genre needs, as a multiple of the runner-up's."""

    def __post_init__(self) -> None:
        check_options(self)

    def weights(self, channel: str) -> tuple[float, float]:
        """Weights of a channel's first and last track; those between lie on a straight line."""
        first, last = f"{channel}_weight_first", f"{channel}_weight_last"
        return getattr(self, first), getattr(self, last)

"""Settings of the genre assignment."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GenreOptions:
    """The centroid score's constants, what evidence is gathered, and when a prediction counts."""

    scale: float | None = None
    """S, in units of the genre map (0..1): the distance at which a genre's weight is halved.
    None: derived from the map, see ``scale.derived_scale``."""
    exponent: float = 2.0
    """a: how sharply weight falls beyond S; upstream's."""
    max_genres: int = 8
    """Genres kept per artist, best first."""
    predicted_genres: int = 5
    """Genres kept for an artist that lists none."""
    min_confidence: float = 0.15
    """Confidence a predicted genre needs; an artist without one that has it stays unknown."""
    max_teachers: int = 25_000
    """Labelled artists the model is fitted, calibrated and checked on, drawn by hash."""
    min_teachers: int = 200
    """With fewer, nothing is fitted: a source's share of votes, shrunk, is the confidence."""
    max_circles: int = 32
    """Playlists, tracks, albums, ... read per artist and source, the weightiest first."""
    max_members: int = 2_000
    """Labelled artists that vote per circle, drawn by hash."""
    max_playlist: int = 500
    """Tracks read of a playlist, from its beginning."""
    max_credits: int = 8
    """Artists read of a track's credits."""
    profile_genres: int = 24
    """Genres remembered per circle."""
    vote_genres: int = 30
    """Genres remembered per artist and source."""
    candidates: int = 10
    """Genres each source may propose for an artist."""
    damping: float = 0.5
    """How much less a large circle says about each member: n of them vote like n^(1 - damping)."""
    sound_cells: int = 512
    """Clusters of mean audio features."""
    max_listeners: int = 100_000
    """Labelled artists whose sound is compared with, drawn by hash."""
    seed: int = 0
    """Of all draws."""
    memory_limit: str = "2GB"
    """DuckDB's; beyond it work spills to disk."""

    def __post_init__(self) -> None:
        if (self.scale is not None and self.scale <= 0) or self.exponent <= 0:
            raise ValueError("scale and exponent must be above 0")
        if not 1 <= self.max_genres <= 255 or not 1 <= self.predicted_genres <= 255:
            raise ValueError("max_genres and predicted_genres must lie in 1..255")
        if not 0 <= self.min_confidence <= 1:
            raise ValueError("min_confidence must lie in 0..1")

"""Options of the genres stage: of the assignment, and of the genre vectors."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GenreOptions:
    """Constants of the centroid score, limits of the evidence, and the threshold of predictions."""

    scale: float | None = None
    """S: the distance on the map (0..1) at which a genre's weight is halved. None: derived from
    the map, see ``map_scale``."""
    exponent: float = 2.0
    """a: how sharply weight falls with distance beyond S; upstream's value."""
    max_genres: int = 8
    """Genres kept per artist, best first."""
    predicted_genres: int = 5
    """Genres kept for an artist that lists none."""
    min_confidence: float = 0.15
    """Smallest confidence of a predicted genre that is kept."""
    max_labelled: int = 25_000
    """Labelled artists the model is fitted, calibrated and checked on, drawn by hash."""
    min_labelled: int = 200
    """With fewer labelled artists no model is fitted: confidence is the shrunk share of votes."""
    max_groups: int = 32
    """Co-membership groups read per artist and source, those with the largest weight first."""
    max_members: int = 2_000
    """Labelled artists that vote per group, drawn by hash."""
    max_playlist: int = 500
    """Tracks read of a playlist, from its beginning."""
    max_credits: int = 8
    """Artists read of a track's credits."""
    profile_genres: int = 24
    """Genres kept per group."""
    vote_genres: int = 30
    """Genres kept per artist and source."""
    candidates: int = 10
    """Genres that each source may propose for an artist."""
    damping: float = 0.5
    """How much less a large group says about each member: n artists vote like n^(1 - damping)."""
    acoustic_clusters: int = 512
    """Clusters of mean audio features."""
    max_sound_labelled: int = 100_000
    """Labelled artists that are clustered by sound, drawn by hash."""
    seed: int = 0
    """Seed of all draws."""
    memory_limit: str = "2GB"
    """Memory of DuckDB; beyond it, work spills to disk."""

    def __post_init__(self) -> None:
        if (self.scale is not None and self.scale <= 0) or self.exponent <= 0:
            raise ValueError("scale and exponent must be above 0")
        if not 1 <= self.max_genres <= 255 or not 1 <= self.predicted_genres <= 255:
            raise ValueError("max_genres and predicted_genres must lie in 1..255")
        if not 0 <= self.min_confidence <= 1:
            raise ValueError("min_confidence must lie in 0..1")


@dataclass(frozen=True)
class GenreVectorOptions:
    """How genre vectors are trained. The length of a vector is ``schema.GENRE_VECTOR_SIZE``."""

    genres_per_artist: int = 5
    """Listed genres of an artist that count, best first."""
    context_exponent: float = 0.75
    """Exponent of the counts of the genres beside a genre; below 1, rare ones count less."""
    support_shift: float = 0.5
    """A pair of genres that w artists tell of counts w / (w + support_shift)."""
    seed: int = 0
    """Seed of the decomposition."""
    memory_limit: str = "2GB"
    """Memory of DuckDB; beyond it, work spills to disk."""

    def __post_init__(self) -> None:
        if self.genres_per_artist < 1 or self.support_shift < 0:
            raise ValueError("genres_per_artist must be above 0, support_shift not negative")

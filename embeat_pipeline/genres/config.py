"""Settings of the genre assignment."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GenreOptions:
    """The centroid score's constants (upstream's) and when a prediction counts."""

    scale: float = 0.015
    """S, in units of the genre map (0..1): the distance at which a genre's weight is halved."""
    exponent: float = 2.0
    """a: how sharply weight falls beyond S."""
    max_genres: int = 8
    """Genres kept per artist, best first."""
    predicted_genres: int = 3
    """Genres kept for an artist that lists none."""
    min_confidence: float = 0.2
    """Share of the related artists' vote a predicted genre needs; below it stays unknown."""
    memory_limit: str = "2GB"
    """DuckDB's; beyond it work spills to disk."""

    def __post_init__(self) -> None:
        if self.scale <= 0 or self.exponent <= 0:
            raise ValueError("scale and exponent must be above 0")
        if not 1 <= self.max_genres <= 255:
            raise ValueError("max_genres must lie in 1..255")

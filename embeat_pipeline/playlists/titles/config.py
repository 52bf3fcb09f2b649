"""Settings of the title model: which playlists, terms and phrases it is made from."""

from dataclasses import dataclass

TITLE_INPUTS = (
    "artists",
    "genre_map",
    "tracks",
    "playlists",
    "playlist_vectors",
    "track_vectors",
    "artist_genres",
    "genre_vectors",
)
"""Tables that the title model is made from."""


@dataclass(frozen=True)
class TitleConfig:
    """Settings of the title model. The defaults were chosen on playlists of the real dump."""

    max_playlists: int = 200_000
    """Most playlists that it learns from, drawn at random where there are more: some 20 million
    terms, 160 MB."""
    min_titles: int = 2
    """Titles that a term must be in."""
    max_terms: int = 100_000
    """Most terms, those in most titles: 350 bytes each in a release."""
    min_phrase_titles: int = 3
    """Titles that a phrase must be in for its tracks to be counted."""
    min_phrase_count: int = 2
    """Playlists of a phrase that must hold a track for it to be counted."""
    max_phrases: int = 20_000
    """Most phrases, those in most titles."""
    max_phrase_tracks: int = 200
    """Most tracks of a phrase, those in most playlists: 6 bytes each in a release."""
    regularization: float = 3.0
    """Titles that a term must be in for half of what they say to count."""
    smoothing: float = 0.1
    """See ``titles.title_model.playlist_queries``."""
    genre_decay: float = 0.8
    """See ``NeighbourConfig.genre_decay``."""
    seed: int = 0
    """Seed of the draw."""

    def __post_init__(self) -> None:
        if min(self.max_playlists, self.min_titles, self.max_terms) < 1:
            raise ValueError("max_playlists, min_titles and max_terms must be above 0")
        counts = (self.min_phrase_titles, self.min_phrase_count)
        if min(*counts, self.max_phrases, self.max_phrase_tracks) < 1:
            raise ValueError("what phrases are kept by must be above 0")
        if min(self.regularization, self.smoothing) <= 0:
            raise ValueError("regularization and smoothing must be above 0")

"""Settings of the ranking stage: which queries the trees learn from, and how they are grown."""

from dataclasses import dataclass

TABLES = (
    "tracks",
    "artists",
    "genre_map",
    "playlists",
    "artist_genres",
    "genre_vectors",
    "related_artists",
    "track_vectors",
)
"""Tables that the ranking model is made from; playlist vectors are trained anew in every fold."""


@dataclass(frozen=True)
class RankingConfig:
    """Settings of the ranking model. The defaults were chosen on playlists of the real dump."""

    folds: int = 2
    """Times that playlists are held out, Track2Vec is trained on the others, and the held-out ones
    become queries."""
    fold_share: float = 0.2
    """Share of all playlists that one fold holds out."""
    max_fold_playlists: int = 2_000
    """Most playlists that one fold holds out."""
    draws: tuple[tuple[int, int], ...] = ((1, 4), (3, 1), (5, 2), (10, 1), (25, 1))
    """Pairs of a number of seeds, and how often that many are drawn from a playlist."""
    min_playlists: int = 100
    """Playlists below which nothing is learned."""
    validation_share: float = 0.15
    """Share of the held-out playlists that the number of trees is chosen on."""

    least_stratum: int = 50
    """Validation playlists of a kind of seeds from which on the trees must not be worse on them."""

    candidates: int = 128
    """Tracks of the neighbour lists that a query ranks."""
    title_draws: int = 2
    """Draws of each number of seeds that are asked with the name of the playlist as well."""
    title_candidates: int = 16
    """Tracks that fit the name best, which a query with a name ranks besides."""
    artist_candidates: int = 10
    """Most popular other songs of the seeds' artists that it ranks besides."""
    max_genres: int = 5
    """Genres of a track that count; those that a release keeps."""
    max_related_artists: int = 20
    """Related artists of a seed that count; those that a release keeps."""

    trees: int = 400
    """Most trees."""
    patience: int = 50
    """Trees without a better nDCG@20 on validation playlists after which growing ends."""
    leaves: int = 15
    """Most leaves of a tree."""
    min_leaf: int = 100
    """Fewest candidates in a leaf."""
    learning_rate: float = 0.06
    """Factor of each tree's leaves."""
    feature_share: float = 0.6
    """Share of the features that a tree may use, drawn for each."""
    candidate_share: float = 0.7
    """Share of the candidates that a tree is grown on, drawn for each."""
    truncation: int = 30
    """Places of a list whose order counts (``lambdarank_truncation_level``)."""

    seed: int = 11
    """Seed of the folds, the queries and the trees."""
    threads: int = 2
    """Threads that grow trees, whatever the cores: the last digits depend on how many."""

    def __post_init__(self) -> None:
        if self.folds < 1 or not 0 < self.folds * self.fold_share <= 1:
            raise ValueError(
                f"{self.folds} folds of {self.fold_share:g} of all playlists must fit into all"
            )
        if not 2 <= self.leaves <= 16:
            raise ValueError(f"leaves must be in 2..16, found {self.leaves}")
        if not 0 < self.validation_share < 1:
            raise ValueError(f"validation_share must be in 0..1, found {self.validation_share:g}")

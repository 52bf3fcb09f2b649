"""Count votes for the genres of each artist, source by source, as features of the classifier.

A source is a set of co-membership groups: artists with something in common
(``sql/co_membership.sql``). Members that list genres vote for these
(``sql/vote_co_membership.sql``). The own genres of an artist never count for it, so artists that
list genres get the same features as if they listed none, and can train the classifier.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embeat_pipeline.common.progress import progress
from embeat_pipeline.genres.acoustic_clusters import cluster_artists
from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.genres.session import run_sql

COLUMNS = {
    "related": "related",
    "related of related": "through",
    "playlist": "playlist",
    "credit": "credit",
    "album": "album",
    "registrant": "registrant",
    "country": "country",
    "sound": "sound",
}
"""Source, as ``artist_genres`` names it -> ending of its columns in the table ``evidence``."""

SOURCES = tuple(COLUMNS)
FOLDS = 5
"""Folds of labelled artists: three to fit, one to calibrate, one to check."""
BATCH = 20_000
"""Artists per batch."""


@dataclass(frozen=True)
class VoteFeatures:
    """Rows of the table ``evidence``: n pairs of artist and genre, with votes of s ``SOURCES``."""

    artist: NDArray[np.uint32]
    """(n,) codes."""
    genre: NDArray[np.uint32]
    """(n,) codes."""
    fold: NDArray[np.int64]
    """(n,) fold of the artist; -1 if it lists no genre."""
    prior: NDArray[np.float64]
    """(n,) share of labelled artists that list the genre."""
    votes: NDArray[np.float64]
    """(n, s) weight of the votes for the genre."""
    totals: NDArray[np.float64]
    """(n, s) weight of all voters; 0 if the source has none. A voter votes for all it lists."""
    listed: NDArray[np.bool_]
    """(n,) whether the artist lists the genre."""

    def __len__(self) -> int:
        return len(self.artist)

    def select(self, rows: NDArray[Any] | slice) -> Self:
        """Select some of the rows."""
        return type(self)(**{name: column[rows] for name, column in vars(self).items()})

    @classmethod
    def from_columns(cls, columns: Mapping[str, NDArray[Any]]) -> Self:
        """Read the columns of the table ``evidence``."""
        wide = {
            kind: np.stack(
                [np.ma.filled(columns[f"{kind}_{name}"], 0.0) for name in COLUMNS.values()], axis=1
            ).astype(np.float64)
            for kind in ("votes", "total")
        }
        return cls(
            artist=np.asarray(columns["artist_code"]),
            genre=np.asarray(columns["genre_code"]),
            fold=np.ma.filled(np.ma.asarray(columns["fold"]).astype(np.int64), -1),
            prior=np.asarray(columns["prior"], np.float64),
            votes=wide["votes"],
            totals=wide["total"],
            listed=np.asarray(columns["listed"], np.bool_),
        )


def count_votes(
    database: duckdb.DuckDBPyConnection, tables: Mapping[str, str], options: GenreOptions
) -> None:
    """Create the table ``evidence`` from the table ``assigned`` and the tables of the lake.

    Args:
        database: has the table ``assigned`` of listed genres.
        tables: paths of the lake's tables by name.
        options: limits.
    """
    parameters = {**asdict(options), **tables, "folds": FOLDS}
    run_sql(database, "labels", parameters)
    with progress("genre evidence", len(SOURCES), "sources") as advance:
        for source in SOURCES:
            _count_source(database, source, parameters, options)
            advance(note=source)
    run_sql(database, "evidence", parameters)


def _count_source(
    database: duckdb.DuckDBPyConnection,
    source: str,
    parameters: Mapping[str, Any],
    options: GenreOptions,
) -> None:
    """Add the votes of one source to the table ``vote``."""
    votes = "vote_related" if source == "related" else "vote_co_membership"
    # "related of related" uses the groups that "related" left.
    if source != "related of related":
        database.execute("DELETE FROM membership")
        if source == "sound":
            database.register("clusters", _acoustic_clusters(database, parameters, options))
        run_sql(database, "co_membership", parameters, source)
    run_sql(database, votes, {**parameters, "source": source})


def _acoustic_clusters(
    database: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any], options: GenreOptions
) -> pa.Table:
    columns = run_sql(database, "artist_sound", parameters).fetchnumpy()
    artist = np.asarray(columns.pop("artist_code"), np.uint32)
    missing = np.float32(np.nan)
    features = np.stack([np.ma.filled(column, missing) for column in columns.values()], axis=1)
    return cluster_artists(
        artist,
        features.astype(np.float32),
        clusters=options.acoustic_clusters,
        seed=options.seed,
    )


def labelled_features(database: duckdb.DuckDBPyConnection) -> VoteFeatures:
    """Read the features of the sampled artists that list genres."""
    statement = "SELECT * FROM evidence WHERE fold IS NOT NULL ORDER BY artist_code, genre_code"
    return VoteFeatures.from_columns(database.execute(statement).fetchnumpy())


def unlabelled_features(database: duckdb.DuckDBPyConnection) -> Iterator[VoteFeatures]:
    """Read the features of artists that list no genre, in batches of whole artists."""
    statement = "SELECT coalesce(max(artist_code) + 1, 0) FROM evidence WHERE fold IS NULL"
    ((stop,),) = database.execute(statement).fetchall()
    for start in range(0, stop, BATCH):
        rows = database.execute(
            "SELECT * FROM evidence WHERE fold IS NULL AND artist_code >= $1 AND artist_code < $2 "
            "ORDER BY artist_code, genre_code",
            [start, start + BATCH],
        )
        yield VoteFeatures.from_columns(rows.fetchnumpy())

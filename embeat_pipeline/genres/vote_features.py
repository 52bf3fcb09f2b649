"""What speaks for each genre of an artist, gathered in SQL source by source.

Every source but the first is a set of circles (``sql/circles.sql``): artists with something in
common. The labelled ones vote on the others' genres (``sql/vote_circles.sql``). A labelled
artist's own label never counts towards it, so teachers see what an artist without a label sees.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embeat_pipeline.common.progress import progress
from embeat_pipeline.genres.acoustic_clusters import sound_cells
from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.genres.engine import first_row, run_sql

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
"""Source, as ``artist_genres`` names it -> its columns' name in table ``evidence``."""

SOURCES = tuple(COLUMNS)
FOLDS = 5
"""Of teachers: three to fit, one to calibrate, one to check."""
ARTISTS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Evidence:
    """Rows of table ``evidence``, by artist and genre; n rows, s sources as in ``SOURCES``."""

    artist: NDArray[np.uint32]
    genre: NDArray[np.uint32]
    fold: NDArray[np.int64]
    """-1: lists no genre."""
    prior: NDArray[np.float64]
    """Share of labelled artists that list the genre."""
    votes: NDArray[np.float64]
    """(n, s) weight of votes for the genre."""
    totals: NDArray[np.float64]
    """(n, s) weight of all who voted, each for all genres it lists; 0: the source is silent."""
    listed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.artist)

    def take(self, rows: NDArray[Any] | slice) -> Self:
        """Some of the rows."""
        return type(self)(**{name: column[rows] for name, column in vars(self).items()})

    @classmethod
    def of(cls, columns: Mapping[str, NDArray[Any]]) -> Self:
        """From the columns of table ``evidence``."""
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


def gather(
    engine: duckdb.DuckDBPyConnection, tables: Mapping[str, str], options: GenreOptions
) -> None:
    """Make table ``evidence`` from ``assigned`` and the tables of the lake."""
    parameters = {**asdict(options), **tables, "folds": FOLDS}
    run_sql(engine, "labels", parameters)
    with progress("genre evidence", len(SOURCES), "sources") as advance:
        for source in SOURCES:
            named = {**parameters, "source": source}
            if source == "related of related":
                run_sql(engine, "vote_circles", named)  # of the circles "related" left
            else:
                engine.execute("DELETE FROM circle")
                if source == "sound":
                    engine.register("cells", cells(engine, parameters, options))
                run_sql(engine, "circles", parameters, source)
                run_sql(engine, "vote_related" if source == "related" else "vote_circles", named)
            advance(note=source)
    run_sql(engine, "evidence", parameters)


def cells(
    engine: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any], options: GenreOptions
) -> pa.Table:
    """Cells of sound: ``cell``, ``artist_code``."""
    columns = run_sql(engine, "sound", parameters).fetchnumpy()
    artist = np.asarray(columns.pop("artist_code"), np.uint32)
    unknown = np.float32(np.nan)
    features = np.stack([np.ma.filled(column, unknown) for column in columns.values()], axis=1)
    return sound_cells(artist, features.astype(np.float32), options.sound_cells, options.seed)


def teachers(engine: duckdb.DuckDBPyConnection) -> Evidence:
    """Evidence on artists that list genres."""
    statement = "SELECT * FROM evidence WHERE fold IS NOT NULL ORDER BY artist_code, genre_code"
    return Evidence.of(engine.execute(statement).fetchnumpy())


def unlabelled(engine: duckdb.DuckDBPyConnection) -> Iterator[Evidence]:
    """Evidence on artists that list none, some artists at a time, each whole."""
    statement = "SELECT coalesce(max(artist_code) + 1, 0) AS stop FROM evidence WHERE fold IS NULL"
    stop = first_row(engine.execute(statement))["stop"]
    for start in range(0, stop, ARTISTS_AT_ONCE):
        found = engine.execute(
            "SELECT * FROM evidence WHERE fold IS NULL AND artist_code >= $1 AND artist_code < $2 "
            "ORDER BY artist_code, genre_code",
            [start, start + ARTISTS_AT_ONCE],
        )
        yield Evidence.of(found.fetchnumpy())

"""Assign an ordered, scored list of genres to every artist.

Listed genres are ranked by the centroid score (``sql/centroid_round.sql``), one position at a time.
Genres of artists that list none are predicted (``predict.py``), if that is certain enough.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from embeat_pipeline.common.duckdb_session import fetch_rows
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.parquet import write_table
from embeat_pipeline.common.progress import Advance, progress
from embeat_pipeline.common.schemas import ARTIST_GENRES
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.genres.map_scale import map_scale
from embeat_pipeline.genres.predict import predict_genres
from embeat_pipeline.genres.session import open_session, run_sql
from embeat_pipeline.genres.spelling_variants import spelling_variants
from embeat_serve.contract.lake import LakePaths

INPUTS = ("artists", "genre_map", "related_artists", "tracks", "playlists")
BATCH = 200_000
"""Rows written at a time."""
VARIANTS_SHOWN = 50
"""Spelling variants in the metadata."""


def assign_genres(lake: LakePaths, options: GenreOptions = GenreOptions()) -> dict[str, Any]:
    """Write the table ``artist_genres``; artists whose genre stays unknown have no row.

    Returns:
        Number of rows; numbers of artists and tracks with a listed, a predicted and no genre, and
        by source; the scale S; spelling variants; quality of the model on held-out artists.
        ``unchanged`` if nothing had to be done.
    """
    output = lake.table("artist_genres")
    inputs = {name: lake.table(name) for name in INPUTS}
    key = fingerprint(__name__, settings=asdict(options), inputs=inputs.values())
    if is_current([output], key):
        return {**made_metadata(output), "unchanged": True}
    tables = {name: str(path) for name, path in inputs.items()}
    with open_session(options.memory_limit) as database:
        with progress("rank genres", options.max_genres, "positions") as advance:
            ranked = rank_listed(database, tables, options, advance)
        predicted = predict_genres(database, tables, options)
        export(database, output)
        metadata = fetch_rows(run_sql(database, "coverage", tables))[0]
        sources = database.execute(
            "SELECT source, count(*) FROM assigned WHERE position = 0 GROUP BY source ORDER BY 1"
        ).fetchall()
    metadata["artists_unknown"] = (
        metadata["artists"] - metadata["artists_listed"] - metadata["artists_predicted"]
    )
    metadata |= {"sources": dict(sources), **ranked, **predicted, "parameters": asdict(options)}
    mark_current([output], key, metadata)
    return metadata


def rank_listed(
    database: duckdb.DuckDBPyConnection,
    tables: Mapping[str, str],
    options: GenreOptions,
    advance: Advance,
) -> dict[str, Any]:
    """Rank the genres that artists list into the table ``assigned``, a position at a time.

    Args:
        database: gets the table ``assigned``.
        tables: paths of the lake's tables by name.
        options: constants of the score.
        advance: reports progress.

    Returns:
        ``scale``, S as used; ``aliases``, the first spelling variants and the genres they stand
        for, and ``num_aliases``; ``genres_without_place``, the number of listed genres that have
        no place on the map.
    """
    variants = spelling_variants(Path(tables["genre_map"]))
    database.register("variants", variants.to_arrow())
    run_sql(database, "listed_genres", {"artists": tables["artists"]})
    run_sql(database, "remaining_genres", {"genre_map": tables["genre_map"]})
    ((without_place,),) = database.execute(
        "SELECT count(DISTINCT genre_code) FROM remaining WHERE x IS NULL OR y IS NULL"
    ).fetchall()
    scale = map_scale(Path(tables["genre_map"])) if options.scale is None else options.scale
    for position in range(options.max_genres):
        settings = {"scale": scale, "exponent": options.exponent, "position": position}
        run_sql(database, "centroid_round", settings)
        advance(note=f"position {position}")
    shown = variants.head(VARIANTS_SHOWN)
    return {
        "scale": scale,
        "num_aliases": variants.height,
        "aliases": dict(zip(shown["variant"], shown["genre"], strict=True)),
        "genres_without_place": without_place,
    }


def export(database: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write the table ``assigned`` to ``path``, by artist and position.

    COPY is not used: DuckDB marks a column without nulls as required, so the schema of the file
    would depend on its content.
    """
    assigned = database.sql("SELECT * FROM assigned ORDER BY artist_code, position")
    batches = assigned.to_arrow_reader(BATCH)
    write_table(path, ARTIST_GENRES, (pa.Table.from_batches([batch]) for batch in batches))

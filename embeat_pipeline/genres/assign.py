"""From the genres artists list to an ordered, scored list for every artist.

The SQL is in ``sql/``: ``listed`` gathers, ``round`` ranks one position at a time, ``related``
predicts for artists that list nothing, ``coverage`` counts.
"""

import tempfile
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.lake import is_current, made_metadata, mark_current, stage_key
from embeat_pipeline.progress import Advance, progress
from embeat_pipeline.tables import ARTIST_GENRES, write_table
from embeat_serve.contract import LakePaths

INPUTS = ("artists", "genre_map", "related_artists", "tracks")
ROWS_AT_ONCE = 200_000


def assign_genres(lake: LakePaths, options: GenreOptions = GenreOptions()) -> dict[str, Any]:
    """Write table ``artist_genres``; artists whose genre stays unknown have no row.

    Returns:
        Rows, and how many artists and tracks have a listed, a predicted and no genre.
    """
    output = lake.table("artist_genres")
    inputs = {name: lake.table(name) for name in INPUTS}
    key = stage_key(inputs.values(), asdict(options))
    if is_current([output], key):
        return {**made_metadata(output), "unchanged": True}
    with tempfile.TemporaryDirectory(prefix="embeat-genres-") as spill, duckdb.connect() as engine:
        engine.execute("SET temp_directory = $1", [spill])
        engine.execute("SET memory_limit = $1", [options.memory_limit])
        engine.execute("SET enable_progress_bar = false")
        tables = {name: str(path) for name, path in inputs.items()}
        with progress("rank genres", options.max_genres, "positions") as advance:
            rank_listed(engine, tables, options, advance)
        related = {
            "related_artists": tables["related_artists"],
            "min_confidence": options.min_confidence,
            "predicted_genres": options.predicted_genres,
        }
        run_sql(engine, "related", related)
        export(engine, output)
        covered = run_sql(
            engine, "coverage", {"tracks": tables["tracks"], "artists": tables["artists"]}
        )
        names = [column[0] for column in covered.description or ()]
        metadata: dict[str, Any] = dict(zip(names, covered.fetchone() or (), strict=True))
    metadata["artists_unknown"] = (
        metadata["artists"] - metadata["artists_listed"] - metadata["artists_predicted"]
    )
    metadata["parameters"] = asdict(options)
    mark_current([output], key, metadata)
    return metadata


def rank_listed(
    engine: duckdb.DuckDBPyConnection,
    tables: dict[str, str],
    options: GenreOptions,
    advance: Advance,
) -> None:
    """Fill table ``assigned`` of ``engine`` from what artists list, a position at a time."""
    run_sql(engine, "listed", {"artists": tables["artists"], "genre_map": tables["genre_map"]})
    settings = {"scale": options.scale, "exponent": options.exponent}
    for position in range(options.max_genres):
        run_sql(engine, "round", {**settings, "position": position})
        advance(note=f"position {position}")


def run_sql(
    engine: duckdb.DuckDBPyConnection, name: str, parameters: dict[str, Any]
) -> duckdb.DuckDBPyConnection:
    """Run ``sql/<name>.sql``; each of its statements gets the parameters it names.

    Returns:
        The connection, holding the last statement's result.
    """
    text = files("embeat_pipeline.genres").joinpath("sql", f"{name}.sql").read_text("utf-8")
    for statement in duckdb.extract_statements(text):
        named = {key: parameters[key] for key in statement.named_parameters}
        engine.execute(statement, named)
    return engine


def export(engine: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write ``assigned`` to ``path``, by artist and position.

    Not by COPY: DuckDB marks a column without nulls as required, so the file's schema would
    depend on what is in it.
    """
    assigned = engine.sql("SELECT * FROM assigned ORDER BY artist_code, position")
    batches = assigned.to_arrow_reader(ROWS_AT_ONCE)
    write_table(path, ARTIST_GENRES, (pa.Table.from_batches([batch]) for batch in batches))

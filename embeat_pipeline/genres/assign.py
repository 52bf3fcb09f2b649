"""From the genres artists list to an ordered, scored, explained list for every artist.

Listed genres are ranked by the centroid score (``sql/listed``, ``sql/round``), one position at a
time. Artists that list none get what the evidence says (``predict``), where it says enough.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.parquet import write_table
from embeat_pipeline.common.progress import Advance, progress
from embeat_pipeline.common.schemas import ARTIST_GENRES
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.genres.engine import first_row, open_engine, run_sql
from embeat_pipeline.genres.map_scale import map_scale
from embeat_pipeline.genres.predict import predict_genres
from embeat_pipeline.genres.spelling_variants import spelling_variants
from embeat_serve.contract.lake import LakePaths

INPUTS = ("artists", "genre_map", "related_artists", "tracks", "playlists")
ROWS_AT_ONCE = 200_000
ALIASES_SHOWN = 50


def assign_genres(lake: LakePaths, options: GenreOptions = GenreOptions()) -> dict[str, Any]:
    """Write table ``artist_genres``; artists whose genre stays unknown have no row.

    Returns:
        Rows; how many artists and tracks have a listed, a predicted and no genre, and by which
        source; the scale S; spelling variants; how the model does on artists held out.
    """
    output = lake.table("artist_genres")
    inputs = {name: lake.table(name) for name in INPUTS}
    key = fingerprint(__name__, settings=asdict(options), inputs=inputs.values())
    if is_current([output], key):
        return {**made_metadata(output), "unchanged": True}
    tables = {name: str(path) for name, path in inputs.items()}
    with open_engine(options.memory_limit) as engine:
        with progress("rank genres", options.max_genres, "positions") as advance:
            ranked = rank_listed(engine, tables, options, advance)
        found = predict_genres(engine, tables, options)
        export(engine, output)
        metadata = first_row(run_sql(engine, "coverage", tables))
        sources = engine.execute(
            "SELECT source, count(*) FROM assigned WHERE position = 0 GROUP BY source ORDER BY 1"
        ).fetchall()
    metadata["artists_unknown"] = (
        metadata["artists"] - metadata["artists_listed"] - metadata["artists_predicted"]
    )
    metadata |= {"sources": dict(sources), **ranked, **found, "parameters": asdict(options)}
    mark_current([output], key, metadata)
    return metadata


def rank_listed(
    engine: duckdb.DuckDBPyConnection,
    tables: Mapping[str, str],
    options: GenreOptions,
    advance: Advance,
) -> dict[str, Any]:
    """Fill table ``assigned`` of ``engine`` from what artists list, a position at a time.

    Returns:
        ``scale`` used; ``aliases``, the first spelling variants and what they stand for, and
        ``num_aliases``; ``genres_without_place``, how many listed genres the map lacks.
    """
    variants = spelling_variants(Path(tables["genre_map"]))
    engine.register("alias", variants.to_arrow())
    run_sql(engine, "listing", {"artists": tables["artists"]})
    run_sql(engine, "listed", {"genre_map": tables["genre_map"]})
    unplaced = engine.execute(
        "SELECT count(DISTINCT genre_code) AS genres FROM remaining WHERE x IS NULL OR y IS NULL"
    )
    without_place = first_row(unplaced)["genres"]
    scale = map_scale(Path(tables["genre_map"])) if options.scale is None else options.scale
    for position in range(options.max_genres):
        settings = {"scale": scale, "exponent": options.exponent, "position": position}
        run_sql(engine, "round", settings)
        advance(note=f"position {position}")
    shown = variants.head(ALIASES_SHOWN)
    return {
        "scale": scale,
        "num_aliases": variants.height,
        "aliases": dict(zip(shown["variant"], shown["genre"], strict=True)),
        "genres_without_place": without_place,
    }


def export(engine: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write ``assigned`` to ``path``, by artist and position.

    Not by COPY: DuckDB marks a column without nulls as required, so the file's schema would
    depend on what is in it.
    """
    assigned = engine.sql("SELECT * FROM assigned ORDER BY artist_code, position")
    batches = assigned.to_arrow_reader(ROWS_AT_ONCE)
    write_table(path, ARTIST_GENRES, (pa.Table.from_batches([batch]) for batch in batches))

"""Make the points of a collection from the tables, in batches with bounded memory."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import qdrant_edge as edge
from numpy.typing import NDArray

from embeat_pipeline.common.text_expressions import name_key, search_text
from embeat_pipeline.index.config import BuildOptions
from embeat_pipeline.index.language import genre_languages, languages
from embeat_pipeline.index.neighbour_payload import read_neighbours
from embeat_pipeline.index.vectors import as_matrix
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import ArtistField, Collection, TrackField, VectorName

SLICE = 50_000
"""Rows joined at a time."""

UPSERT = 1_000
"""Points handed to the engine at a time."""

FACTS = "artist_facts.parquet"
CENTROIDS = "artist_vectors.parquet"


@dataclass(frozen=True)
class Source:
    """Tables that the points of a collection are made from."""

    vectors: Path
    """Table with one row per point: its code and its vector."""
    entities: Path
    """Table that the payload is read from."""
    code: str
    """Column of the point id, in both."""
    query: str
    """Name of the SQL file that selects the payload."""
    neighbours: Path | None = None
    """Table of neighbour lists; None where points have none."""


def source_of(collection: str, lake: LakePaths, scratch: Path) -> Source:
    """Return the source of a collection; ``scratch`` has the artists' facts and centroids."""
    tracks = lake.table("tracks")
    match collection:
        case Collection.TRACKS:
            return Source(lake.table("track_vectors"), tracks, "track_code", "tracks.sql")
        case Collection.TRACKS_PLAYLIST:
            vectors, lists = lake.table("playlist_vectors"), lake.table("track_neighbours")
            return Source(vectors, tracks, "track_code", "tracks.sql", lists)
        case _:
            artists = lake.table("artists")
            lists = lake.table("artist_neighbours")
            return Source(scratch / CENTROIDS, artists, "artist_code", "artists.sql", lists)


def write_facts(lake: LakePaths, scratch: Path, options: BuildOptions) -> None:
    """Write the facts of artists that go into tracks: genres and related artists, by code."""
    tables = ("artists", "artist_genres", "genre_map", "related_artists")
    values = [str(lake.table(name)) for name in tables]
    names = pl.read_parquet(lake.table("genre_map"), columns=["genre_code", "genre"])
    languages_of_genres = names.select("genre_code", genre_language=genre_languages(names["genre"]))
    with duckdb.connect() as connection:
        connection.register("genre_languages", languages_of_genres.to_arrow())
        facts = connection.sql(
            read_sql("facts.sql"),
            params=[*values, options.max_genres, options.max_related_artists],
        )
        facts.write_parquet(str(scratch / FACTS), compression="zstd", row_group_size=SLICE)


def read_sql(name: str) -> str:
    """Return the text of an SQL file of this package."""
    return files(__package__ or "").joinpath("sql", name).read_text(encoding="utf-8")


class Slice(NamedTuple):
    """Some points of a collection as columns, in order of code."""

    codes: NDArray[np.uint32]
    """(n,) point ids."""
    rows: pl.DataFrame
    """(n,) payload, one column per field; null where a point lacks the field."""
    matrix: NDArray[np.float32]
    """(n, 64) vectors; zero where there is none."""
    usable: NDArray[np.bool_]
    """(n,) whether a point has a vector."""


def slices(
    source: Source,
    collection: str,
    scratch: Path,
    low: int,
    high: int,
    only: NDArray[np.uint32] | None = None,
) -> Iterator[Slice]:
    """Yield the points with ``low <= code < high``, ``SLICE`` at a time.

    Args:
        source: tables of the collection.
        collection: name of the collection.
        scratch: folder with the artists' facts.
        low: first code.
        high: code after the last.
        only: ascending codes to restrict the points to; None for all.

    Raises:
        ValueError: a code has a vector and no row.
    """
    sql = read_sql(source.query)
    vector_name = VectorName.OF_COLLECTION[collection]
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = true")
        for vectors in _vectors(connection, source, low, high, only):
            codes = vectors.column(source.code).to_numpy()
            with connection.cursor() as cursor:
                cursor.register("codes", vectors.select([source.code]))
                facts, entities = str(scratch / FACTS), str(source.entities)
                bounds = [int(codes[0]), int(codes[-1]) + 1]
                rows = cursor.sql(sql, params=[entities, facts, *bounds]).pl()
            rows = rows.with_columns(*text_keys(collection))
            if "genre_language" in rows.columns:
                rows = with_language(rows)
            if not np.array_equal(rows[source.code].to_numpy(), codes):
                raise ValueError(
                    f"{source.vectors.name} and {source.entities.name} disagree on {source.code}"
                )
            matrix, usable = as_matrix(vectors.column(vector_name))
            if collection in VectorName.WEIGHTED:
                weight = pl.Series(TrackField.PLAYLIST_WEIGHT, np.linalg.norm(matrix, axis=1))
                rows = rows.with_columns(weight.cast(pl.Float64).round(4))
            if source.neighbours is not None:
                lists = read_neighbours(connection, source.neighbours, source.code, codes)
                rows = rows.join(lists, on=source.code, how="left", maintain_order="left")
            yield Slice(codes, rows.drop(source.code), matrix, usable)


def _vectors(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    low: int,
    high: int,
    only: NDArray[np.uint32] | None,
) -> Iterator[pa.Table]:
    # Sparse codes are collected into full slices, so that few joins follow.
    reader = connection.sql(
        f"SELECT * FROM read_parquet($1) WHERE {source.code} >= $2 AND {source.code} < $3",  # noqa: S608
        params=[str(source.vectors), low, high],
    ).to_arrow_reader(SLICE)
    waiting: list[pa.RecordBatch] = []
    for batch in reader:
        if only is not None:
            codes = batch.column(batch.schema.get_field_index(source.code)).to_numpy()
            batch = batch.filter(pa.array(np.isin(codes, only)))
        waiting.append(batch)
        if sum(len(piece) for piece in waiting) >= SLICE:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if any(len(piece) for piece in waiting):
        yield pa.Table.from_batches(waiting)


def with_language(rows: pl.DataFrame) -> pl.DataFrame:
    """Replace the column ``genre_language`` of tracks by their detected language."""
    credits = rows[TrackField.ARTIST_NAMES].list.join(" ", ignore_nulls=True)
    detected = languages(rows[TrackField.TRACK_NAME], credits, rows["genre_language"])
    return rows.drop("genre_language").with_columns(detected.alias(TrackField.LANGUAGE))


def text_keys(collection: str) -> tuple[pl.Expr, pl.Expr]:
    """Return the expressions of a collection's text fields; null where they would be empty."""
    if collection == Collection.ARTISTS:
        name = pl.col(ArtistField.ARTIST_NAME)
        names = [pl.col(ArtistField.ALIASES).list.join(" ", ignore_nulls=True)]
        fields = ArtistField.NAME_KEY, ArtistField.SEARCH_TEXT
    else:
        name = pl.col(TrackField.TRACK_NAME)
        names = [
            pl.col(field).list.join(" ", ignore_nulls=True)
            for field in (TrackField.ARTIST_NAMES, TrackField.ARTIST_ALIASES)
        ]
        fields = TrackField.NAME_KEY, TrackField.SEARCH_TEXT
    all_names = pl.concat_str(name, *names, separator=" ", ignore_nulls=True)
    keys = name_key(name), search_text(all_names)
    key, text = (
        pl.when(column != "").then(column).alias(field)
        for column, field in zip(keys, fields, strict=True)
    )
    return key, text


def points(rows: Slice, collection: str) -> Iterator[list[edge.Point]]:
    """Yield the points of a slice, ``UPSERT`` at a time."""
    vector_name = VectorName.OF_COLLECTION[collection]
    # Millions of short-lived dicts and lists without cycles: collection would triple the time.
    gc.disable()
    try:
        for start in range(0, len(rows.codes), UPSERT):
            batch = slice(start, start + UPSERT)
            # The only loop over rows: the engine takes points as Python objects.
            yield [
                edge.Point(
                    code,
                    {vector_name: vector} if has_vector else {},
                    {field: value for field, value in row.items() if value is not None},
                )
                for code, vector, has_vector, row in zip(
                    rows.codes[batch].tolist(),
                    rows.matrix[batch].tolist(),
                    rows.usable[batch].tolist(),
                    rows.rows[batch].to_dicts(),
                    strict=True,
                )
            ]
    finally:
        gc.enable()

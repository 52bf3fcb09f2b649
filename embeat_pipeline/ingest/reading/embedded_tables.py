"""Rows of tracks that also tell of their artist, or of a playlist they stand in, as such tables.

A flat table says the same of an artist again with every track, and a playlist is all the rows
that name it.
"""

from collections.abc import Iterator

import polars as pl

from embeat_pipeline.ingest.reading.column_synonyms import Match


def tables_beside(
    frame: pl.LazyFrame, match: Match, stem: str
) -> Iterator[tuple[str, pl.LazyFrame]]:
    """Further tables of rows of tracks, by name, in canonical columns.

    Args:
        frame: of ``convert.canonical``.
        match: how the file was read.
        stem: name of the file, which stands for the playlist that it is where rows say when
            they were added, but not to what.
    """
    if "artists" in match.beside:
        yield "artists", _artists(frame)
    if "playlists" in match.beside:
        named = "playlist_id" in match.beside["playlists"]
        yield "playlists", _playlists(frame, None if named else stem)


def _artists(frame: pl.LazyFrame) -> pl.LazyFrame:
    """What the tracks of one artist say of that artist; of several it says nothing clear."""
    ids, names = pl.col("artist_ids"), pl.col("artist_names")
    alone = (ids.list.len() == 1) | (ids.is_null() & (names.list.len() == 1))
    one = frame.filter(alone & (names.list.len().fill_null(1) == 1)).select(
        artist_id=ids.list.first(),
        artist_name=names.list.first(),
        genres="artists.genres",
        aliases=pl.lit(None, pl.List(pl.String)),
        genre_weights=pl.lit(None, pl.List(pl.String)),
        popularity="artists.popularity",
        followers="artists.followers",
    )
    told = (pl.col("genres").list.len() > 0) | pl.col("popularity", "followers").is_not_null()
    return one.filter(pl.any_horizontal(told)).unique(
        ["artist_id", "artist_name"], keep="first", maintain_order=True
    )


def _playlists(frame: pl.LazyFrame, stem: str | None) -> pl.LazyFrame:
    """The rows of each playlist in one, in order of position, else of the rows."""
    playlist_id = pl.col("playlists.playlist_id") if stem is None else pl.lit(f"file:{stem}")
    ordered = frame.with_row_index("row").select(
        playlist_id.alias("playlist_id"),
        pl.coalesce("playlists.name", pl.lit(stem, pl.String)).alias("name"),
        pl.col("playlists.source").alias("source"),
        pl.col("playlists.num_followers").alias("num_followers"),
        "track_id",
        place=pl.struct(pl.col("playlists.position").fill_null(float("inf")), "row"),
    )
    return (
        ordered.filter(pl.col("playlist_id").is_not_null() & pl.col("track_id").is_not_null())
        .group_by("playlist_id", maintain_order=True)
        .agg(
            pl.col("name", "source", "num_followers").drop_nulls().first(),
            track_ids=pl.col("track_id").sort_by("place"),
        )
    )

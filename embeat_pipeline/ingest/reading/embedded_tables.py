"""Extract tables of artists and playlists from the columns of a flat table of tracks.

Such a table repeats the facts of an artist with every track, and a playlist is all rows that name
it.
"""

from collections.abc import Iterator

import polars as pl

from embeat_pipeline.ingest.reading.column_matching import Match


def embedded_tables(
    frame: pl.LazyFrame, match: Match, stem: str
) -> Iterator[tuple[str, pl.LazyFrame]]:
    """Yield names and canonical columns of the tables that are embedded in rows of tracks.

    Args:
        frame: result of ``to_canonical``.
        match: how the file's columns were mapped.
        stem: name of the file. The file is taken for one playlist of this name if its rows say
            when they were added, but not to which playlist.
    """
    if "artists" in match.embedded:
        yield "artists", _artists(frame)
    if "playlists" in match.embedded:
        has_id = "playlist_id" in match.embedded["playlists"]
        yield "playlists", _playlists(frame, None if has_id else stem)


def _artists(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Facts of artists, from tracks of one artist only: others do not say whose they are."""
    ids, names = pl.col("artist_ids"), pl.col("artist_names")
    has_one_id = (ids.list.len() == 1) | (ids.is_null() & (names.list.len() == 1))
    single = frame.filter(has_one_id & (names.list.len().fill_null(1) == 1)).select(
        artist_id=ids.list.first(),
        artist_name=names.list.first(),
        genres="artists.genres",
        aliases=pl.lit(None, pl.List(pl.String)),
        genre_weights=pl.lit(None, pl.List(pl.String)),
        popularity="artists.popularity",
        followers="artists.followers",
    )
    has_facts = (pl.col("genres").list.len() > 0) | pl.col("popularity", "followers").is_not_null()
    return single.filter(pl.any_horizontal(has_facts)).unique(
        ["artist_id", "artist_name"], keep="first", maintain_order=True
    )


def _playlists(frame: pl.LazyFrame, stem: str | None) -> pl.LazyFrame:
    """One row per playlist, its tracks by position, or else in the order of the rows."""
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

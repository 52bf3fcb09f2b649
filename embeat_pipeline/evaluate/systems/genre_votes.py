"""Baselines for genre prediction: votes of related artists and of playlist neighbours.

Every neighbour has one vote for each genre it lists.
"""

from pathlib import Path

import polars as pl

from embeat_serve.contract.lake import LakePaths


def related_vote(lake: LakePaths, artists: pl.Series, genres: int) -> pl.DataFrame:
    """Predict the most frequent genres among an artist's related artists, in either direction.

    Args:
        lake: with tables ``artists`` and ``related_artists``.
        artists: codes of the artists to predict for.
        genres: how many genres an artist gets at most.

    Returns:
        ``artist_code``, ``genre_code``, ``position``, ``confidence`` (share of neighbours).
    """
    edges = pl.read_parquet(lake.table("related_artists"))
    one, other = pl.col("artist_code"), pl.col("related_artist_code")
    ties = pl.concat(
        [
            edges.select(artist_code=one, neighbour_code=other),
            edges.select(artist_code=other, neighbour_code=one),
        ]
    ).unique()
    labels = listed_genres(lake.table("artists"))
    votes = (
        ties.filter(pl.col("artist_code").is_in(artists.implode()))
        .join(labels, left_on="neighbour_code", right_on="artist_code")
        .group_by("artist_code", "genre_code")
        .agg(votes=pl.col("neighbour_code").n_unique().cast(pl.Float64))
    )
    return most_voted(votes, genres)


def playlist_vote(lake: LakePaths, artists: pl.Series, genres: int) -> pl.DataFrame:
    """Predict the most frequent genres among main artists that share playlists with an artist.

    A neighbour votes once for each playlist that both are in. Reads the tables ``artists``,
    ``playlists`` and ``tracks``; arguments and result are those of ``related_vote``.
    """
    main = pl.read_parquet(lake.table("tracks"), columns=["track_code", "artist_codes"]).select(
        "track_code", artist_code=pl.col("artist_codes").list.first()
    )
    present = (
        pl.read_parquet(lake.table("playlists"), columns=["playlist_code", "track_codes"])
        .explode("track_codes")
        .join(main, left_on="track_codes", right_on="track_code")
        .select("playlist_code", "artist_code")
        .drop_nulls()
        .unique()
    )
    profile = (
        present.join(listed_genres(lake.table("artists")), on="artist_code")
        .group_by("playlist_code", "genre_code")
        .agg(votes=pl.len().cast(pl.Float64))
    )
    votes = (
        present.filter(pl.col("artist_code").is_in(artists.implode()))
        .join(profile, on="playlist_code")
        .group_by("artist_code", "genre_code")
        .agg(pl.col("votes").sum())
    )
    return most_voted(votes, genres)


def listed_genres(artists_table: Path) -> pl.DataFrame:
    """Columns ``artist_code`` and ``genre_code``: a row for every genre that an artist lists."""
    return (
        pl.read_parquet(artists_table, columns=["artist_code", "genre_codes"])
        .select("artist_code", genre_code=pl.col("genre_codes").list.unique())
        .explode("genre_code")
        .drop_nulls()
    )


def most_voted(votes: pl.DataFrame, genres: int) -> pl.DataFrame:
    """Keep the genres of each artist with most votes; ties go to the lower code."""
    ranked = votes.sort(
        ["artist_code", "votes", "genre_code"], descending=[False, True, False]
    ).with_columns(
        position=pl.int_range(pl.len()).over("artist_code").cast(pl.UInt32),
        confidence=pl.col("votes") / pl.col("votes").sum().over("artist_code"),
    )
    return ranked.filter(pl.col("position") < genres).drop("votes")

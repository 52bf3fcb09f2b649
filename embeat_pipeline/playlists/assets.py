"""Playlists as assets: a vector for every track that is in one."""

import time

import dagster as dg

from embeat_pipeline.resources import LakeResource, asset_result


@dg.asset(
    group_name="playlists",
    deps=["playlists"],
    kinds={"gensim", "parquet"},
    description="Track2Vec: tracks that are played together lie in one direction; the length of "
    "a vector says how many playlists it rests on.",
)
def playlist_vectors(lake: LakeResource) -> dg.MaterializeResult:
    """Train the playlist vectors."""
    from embeat_pipeline.playlists.track2vec import train_track2vec

    started = time.perf_counter()
    metadata = train_track2vec(lake.paths)
    seconds = time.perf_counter() - started
    return asset_result(metadata, lake.paths.table("playlist_vectors"), seconds=seconds)


@dg.asset(
    group_name="playlists",
    deps=["tracks", "artists", "playlists", "playlist_vectors", "artist_genres"],
    kinds={"parquet"},
    description="Neighbour lists of the tracks in playlists: what is played together, by tracks, "
    "vectors, artists, albums and genres.",
)
def track_neighbours(lake: LakeResource) -> dg.MaterializeResult:
    """List each track's neighbours."""
    from embeat_pipeline.playlists.neighbours import write_track_neighbours

    started = time.perf_counter()
    metadata = write_track_neighbours(lake.paths)
    seconds = time.perf_counter() - started
    return asset_result(metadata, lake.paths.table("track_neighbours"), seconds=seconds)


@dg.asset(
    group_name="playlists",
    deps=["tracks", "artists", "playlists", "playlist_vectors", "artist_genres"],
    kinds={"parquet"},
    description="Neighbour lists of artists, for their tracks that are in no playlist.",
)
def artist_neighbours(lake: LakeResource) -> dg.MaterializeResult:
    """List each artist's neighbours."""
    from embeat_pipeline.playlists.neighbours import write_artist_neighbours

    started = time.perf_counter()
    metadata = write_artist_neighbours(lake.paths)
    seconds = time.perf_counter() - started
    return asset_result(metadata, lake.paths.table("artist_neighbours"), seconds=seconds)


ASSETS = [playlist_vectors, track_neighbours, artist_neighbours]
CHECKS: list[dg.AssetChecksDefinition] = []

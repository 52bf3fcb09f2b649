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


ASSETS = [playlist_vectors]
CHECKS: list[dg.AssetChecksDefinition] = []

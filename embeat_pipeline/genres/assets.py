"""Genres as assets: an ordered list for every artist."""

import time

import dagster as dg

from embeat_pipeline.resources import LakeResource, asset_result


@dg.asset(
    group_name="genres",
    deps=["artists", "genre_map", "related_artists", "tracks"],
    kinds={"duckdb", "parquet"},
    description="Genres of each artist, best first: listed ones by the centroid score, or a vote "
    "of related artists where none are listed.",
)
def artist_genres(lake: LakeResource) -> dg.MaterializeResult:
    """Assign genres."""
    from embeat_pipeline.genres.assign import assign_genres

    started = time.perf_counter()
    metadata = assign_genres(lake.paths)
    seconds = time.perf_counter() - started
    return asset_result(metadata, lake.paths.table("artist_genres"), seconds=seconds)


ASSETS = [artist_genres]
CHECKS: list[dg.AssetChecksDefinition] = []

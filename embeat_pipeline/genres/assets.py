"""Dagster assets and checks of the genres stage.

The checks warn and never block: a release with poor genres still gives good lists.
"""

from collections.abc import Iterator

import dagster as dg

from embeat_pipeline.common.fingerprint import code_version
from embeat_pipeline.orchestration.materialization import asset_result, timed
from embeat_pipeline.orchestration.resources import LakeResource


@dg.asset(
    group_name="genres",
    code_version=code_version("embeat_pipeline.genres.assign"),
    deps=["artists", "genre_map", "related_artists", "tracks", "playlists"],
    kinds={"duckdb", "parquet"},
    description="Genres of each artist, best first: listed ones by the centroid score, or ones "
    "predicted from related artists, playlists, credits, albums, ISRCs and sound.",
)
def artist_genres(lake: LakeResource) -> dg.MaterializeResult:
    """Assign genres to all artists."""
    from embeat_pipeline.common.plots import to_markdown_image
    from embeat_pipeline.genres.assign import assign_genres
    from embeat_pipeline.genres.map_plot import plot_genre_map

    metadata, seconds = timed(assign_genres, lake.paths)
    image = to_markdown_image(plot_genre_map(lake.paths), "genre map with artists")
    metadata |= {"genre_map": dg.MetadataValue.md(image)}
    return asset_result(metadata, table=lake.paths.table("artist_genres"), seconds=seconds)


@dg.asset(
    group_name="genres",
    code_version=code_version("embeat_pipeline.genres.genre_vectors"),
    deps=["artist_genres", "genre_map", "related_artists"],
    kinds={"duckdb", "parquet"},
    description="Genres that artists list together, or artists related to one another, point in "
    "the same direction: which micro-genres are near each other.",
)
def genre_vectors(lake: LakeResource) -> dg.MaterializeResult:
    """Train the genre vectors."""
    from embeat_pipeline.genres.genre_vectors import write_genre_vectors

    metadata, seconds = timed(write_genre_vectors, lake.paths)
    return asset_result(metadata, table=lake.paths.table("genre_vectors"), seconds=seconds)


@dg.multi_asset_check(
    specs=[
        dg.AssetCheckSpec("coverage", asset=artist_genres, description="Tracks that have a genre."),
        dg.AssetCheckSpec(
            "calibration", asset=artist_genres, description="Confidence against held-out artists."
        ),
        dg.AssetCheckSpec(
            "predicted_share",
            asset=artist_genres,
            description="Artists with predicted genres.",
        ),
        dg.AssetCheckSpec(
            "confused_genres", asset=artist_genres, description="Genres taken for one another."
        ),
    ]
)
def genres_are_plausible(lake: LakeResource) -> Iterator[dg.AssetCheckResult]:
    """Check the assigned genres."""
    from embeat_pipeline.common.stage_cache import made_metadata
    from embeat_pipeline.genres.checks import check_genres

    for result in check_genres(made_metadata(lake.paths.table("artist_genres"))):
        figures = {
            name: dg.MetadataValue.md(value) if isinstance(value, str) else value
            for name, value in result.figures.items()
        }
        yield dg.AssetCheckResult(
            asset_key=artist_genres.key,
            check_name=result.name,
            passed=result.passed,
            severity=dg.AssetCheckSeverity.WARN,
            description=result.description,
            metadata=figures,
        )


ASSETS = [artist_genres, genre_vectors]
CHECKS = [genres_are_plausible]

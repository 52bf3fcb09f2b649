"""Dagster assets and checks of the ingest stage: six clean tables, made in one step."""

from collections.abc import Iterator

import dagster as dg

from embeat_pipeline.common.fingerprint import code_version
from embeat_pipeline.orchestration.materialization import asset_result, timed
from embeat_pipeline.orchestration.resources import LakeResource

TABLES = {
    "tracks": "Every track with an id and a title, once, with clean values and codes.",
    "artists": "Every artist that is listed, credited or related, by id, else by name.",
    "playlists": "Playlists of at least two known tracks: track codes in order, without repeats.",
    "genre_map": "Genres with their places on the map, then genres that only artists list.",
    "related_artists": "Related artists of each artist, closest first.",
    "rejects": "Everything that was refused, with file, row and reason.",
}


@dg.multi_asset(
    name="ingest",
    specs=[
        dg.AssetSpec(
            name,
            group_name="ingest",
            code_version=code_version("embeat_pipeline.ingest.ingest"),
            kinds={"polars", "duckdb"},
            description=text,
        )
        for name, text in TABLES.items()
    ],
)
def ingest_dump(lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Read every file of the raw folder into clean tables."""
    from embeat_pipeline.ingest.ingest import ingest
    from embeat_pipeline.ingest.report import files_markdown, read_report, rejects_markdown

    metadata, seconds = timed(ingest, lake.paths, lake.raw)
    report = read_report(lake.paths)
    tables_shown = {
        "tracks": {"files": dg.MetadataValue.md(files_markdown(report))},
        "rejects": {"refused": dg.MetadataValue.md(rejects_markdown(report))},
    }
    for name in TABLES:
        shown = {**metadata, **tables_shown.get(name, {})}
        yield asset_result(shown, table=lake.paths.table(name), asset_key=name, seconds=seconds)


@dg.asset_check(asset="tracks", blocking=True)
def every_row_is_accounted_for(lake: LakeResource) -> dg.AssetCheckResult:
    """For every file, accepted, merged and rejected rows are the rows read."""
    from embeat_pipeline.ingest.report import read_report, unaccounted

    files = unaccounted(read_report(lake.paths))
    return dg.AssetCheckResult(passed=not files, metadata={"files": ", ".join(files)})


@dg.asset_check(asset="tracks", blocking=False)
def recordings_agree_with_isrcs(lake: LakeResource) -> dg.AssetCheckResult:
    """Recordings by title, artists, length and sound agree with recordings by ISRC.

    Passes with a precision of 0.99 and a recall of 0.98, or with fewer than 100 pairs of one ISRC.
    """
    from embeat_pipeline.ingest.recordings.quality import as_markdown, measure_recordings

    agreement = measure_recordings(lake.paths.table("tracks"))
    return dg.AssetCheckResult(
        passed=agreement.is_good,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "precision": agreement.precision,
            "precision_without_registered_again": agreement.precision_judged,
            "recall": agreement.recall,
            "tracks": agreement.tracks,
            "pairs_grouped": agreement.grouped_pairs,
            "pairs_of_one_isrc": agreement.isrc_pairs,
            "pairs_right": agreement.right_pairs,
            "pairs_registered_again": agreement.reregistered_pairs,
            "joined_though_isrcs_differ": dg.MetadataValue.md(as_markdown(agreement.joined)),
            "parted_though_isrcs_agree": dg.MetadataValue.md(as_markdown(agreement.parted)),
        },
    )


ASSETS = [ingest_dump]
CHECKS = [every_row_is_accounted_for, recordings_agree_with_isrcs]

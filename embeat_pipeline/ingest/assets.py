"""Assets of the ingest stage: the clean tables, made in one go from whatever is in the dump."""

import time
from collections.abc import Iterator

import dagster as dg

from embeat_pipeline.orchestration.materialization import asset_result
from embeat_pipeline.orchestration.resources import LakeResource

TABLES = {
    "tracks": "Every track that can be addressed and shown, once, with clean values and codes.",
    "artists": "Everyone who is listed, credited or related, told apart by id, else by name.",
    "playlists": "Playlists of two known tracks or more: track codes in order, without repeats.",
    "genre_map": "Genres with their places on the map, then those that only artists list.",
    "related_artists": "Which artists are related to which, closest first.",
    "rejects": "Whatever was refused, with its file, row and reason.",
}


@dg.multi_asset(
    name="ingest",
    specs=[
        dg.AssetSpec(name, group_name="ingest", kinds={"polars", "duckdb"}, description=text)
        for name, text in TABLES.items()
    ],
)
def ingest_dump(lake: LakeResource) -> Iterator[dg.MaterializeResult]:
    """Read every file of the raw folder into clean tables."""
    from embeat_pipeline.ingest.ingest import ingest
    from embeat_pipeline.ingest.report import files_markdown, read_report, rejects_markdown

    started = time.monotonic()
    metadata = ingest(lake.paths, lake.raw)
    seconds = time.monotonic() - started
    report = read_report(lake.paths)
    shown = {
        "tracks": {"files": dg.MetadataValue.md(files_markdown(report))},
        "rejects": {"refused": dg.MetadataValue.md(rejects_markdown(report))},
    }
    for name in TABLES:
        told = {**metadata, **shown.get(name, {})}
        yield asset_result(told, lake.paths.table(name), asset_key=name, seconds=seconds)


@dg.asset_check(asset="tracks", blocking=True)
def every_row_is_accounted_for(lake: LakeResource) -> dg.AssetCheckResult:
    """Of every file, accepted, merged and rejected rows are those that were read."""
    from embeat_pipeline.ingest.report import read_report, unaccounted

    files = unaccounted(read_report(lake.paths))
    return dg.AssetCheckResult(passed=not files, metadata={"files": ", ".join(files)})


@dg.asset_check(asset="tracks", blocking=False)
def recordings_agree_with_isrcs(lake: LakeResource) -> dg.AssetCheckResult:
    """Recordings told by title, artists, length and sound are those that the ISRCs tell.

    Passes with a precision of 0.99 and a recall of 0.98, or with fewer than 100 pairs of one ISRC.
    """
    from embeat_pipeline.ingest.recordings.quality import as_markdown, measure_recordings

    found = measure_recordings(lake.paths.table("tracks"))
    return dg.AssetCheckResult(
        passed=found.is_good,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "precision": found.precision,
            "precision_without_registered_again": found.precision_judged,
            "recall": found.recall,
            "tracks": found.tracks,
            "pairs_told": found.told_pairs,
            "pairs_of_one_isrc": found.isrc_pairs,
            "pairs_right": found.right_pairs,
            "pairs_registered_again": found.reregistered_pairs,
            "joined_though_isrcs_differ": dg.MetadataValue.md(as_markdown(found.joined)),
            "parted_though_isrcs_agree": dg.MetadataValue.md(as_markdown(found.parted)),
        },
    )


ASSETS = [ingest_dump]
CHECKS = [every_row_is_accounted_for, recordings_agree_with_isrcs]

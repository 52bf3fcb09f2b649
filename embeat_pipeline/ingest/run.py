"""The stage: raw dumps in, clean tables with dense codes out, everything refused kept with why."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from embeat_pipeline.ingest import artists, genre_map, playlists, related, tracks
from embeat_pipeline.ingest.assemble import write_queries, write_tracks
from embeat_pipeline.ingest.report import build_report, failures, report_path
from embeat_pipeline.ingest.sources import (
    UNREADABLE,
    NotUsable,
    Source,
    describe,
    dump_files,
    open_source,
)
from embeat_pipeline.ingest.workplace import Workplace, workplace
from embeat_pipeline.lake import is_current, made_metadata, mark_current, stage_key, write_json
from embeat_pipeline.progress import progress
from embeat_serve.contract import LakePaths
from embeat_serve.errors import UnusableDump

OUTPUTS = ("tracks", "artists", "playlists", "genre_map", "related_artists", "rejects")
"""Tables this stage writes."""

FILES_NAMED = 10
"""Files an error names before it stops counting them out."""


RESOLVED = ("artists", "genre_map", "related", "same_recording", "recordings")
"""Steps in SQL that come after the one for tracks, in order."""


class Step(NamedTuple):
    """How the rows of one table are cleaned."""

    columns: dict[str, Any]
    reported: Sequence[str]
    stage: Callable[[Workplace, Source], dict[str, int]]


STEPS = {
    "tracks": Step(tracks.STAGED, tracks.REPORTED, tracks.stage_tracks),
    "artists": Step(artists.STAGED, artists.REPORTED, artists.stage_artists),
    "related_artists": Step(related.STAGED, related.REPORTED, related.stage_related),
    "genre_map": Step(genre_map.STAGED, genre_map.REPORTED, genre_map.stage_genre_map),
    "playlists": Step(playlists.STAGED, playlists.REPORTED, playlists.stage_playlists),
}


def ingest(lake: LakePaths, raw: Path | None = None) -> dict[str, Any]:
    """Read every file of the dump and write the clean tables and ``reports/ingest.json``.

    Files are recognised by content. What cannot be read or used is refused with a reason, in the
    table ``rejects`` and as a warning on stderr, and stops nothing. Row counts add up: of every
    file, accepted, merged and rejected rows are those read.

    Args:
        lake: where tables and the report go.
        raw: the dump; the lake's own ``raw`` by default.

    Returns:
        Rows per table, and files read and refused; ``unchanged`` where nothing was to be done.

    Raises:
        UnusableDump: there is no dump, or no track in it that can be used.
    """
    raw = raw or lake.raw
    files = dump_files(raw) if raw.is_dir() else []
    if not files:
        raise UnusableDump(
            f"no dump in {raw}: put one there, or run python -m embeat_pipeline sample --out {raw}"
        )
    names = {number: path.relative_to(raw).as_posix() for number, path in enumerate(files)}
    key = stage_key(files, {"files": list(names.values())})
    report = report_path(lake)
    outputs = [*map(lake.table, OUTPUTS), report]
    if is_current(outputs, key):
        return made_metadata(report) | {"unchanged": True}
    columns = {table: step.columns for table, step in STEPS.items()}
    with workplace(lake.tables, columns) as place:
        sources, given = _stage(place, files, names)
        content = _write_tables(place, lake, raw, sources, given, names)
    write_json(report, content)
    metadata = content["tables"] | {"files": len(files), "files_refused": len(files) - len(sources)}
    mark_current(outputs, key, metadata)
    return metadata


def _stage(
    place: Workplace, files: Sequence[Path], names: Mapping[int, str]
) -> tuple[list[Source], dict[int, dict[str, int]]]:
    """Recognise and clean all files; those that fail are refused whole."""
    sources, given = [], {}
    with progress("ingest", len(files), "files") as advance:
        for number, path in enumerate(files):
            try:
                source = open_source(path, names[number], number, place.folder)
                try:
                    given[number] = STEPS[source.table].stage(place, source)
                except UNREADABLE as error:
                    raise NotUsable(describe(error)) from error
                sources.append(source)
            except NotUsable as error:
                print(f"warning: {names[number]}: {error}", file=sys.stderr)
                _refuse(place, number, str(error))
            advance(note=names[number])
    return sources, given


def _refuse(place: Workplace, number: int, reason: str) -> None:
    row = {"file": number, "row": None, "kind": "file", "reason": reason, "value": None, "count": 1}
    place.reject(pl.DataFrame([row], infer_schema_length=None))


def _write_tables(
    place: Workplace,
    lake: LakePaths,
    raw: Path,
    sources: Sequence[Source],
    given: Mapping[int, Mapping[str, int]],
    names: Mapping[int, str],
) -> dict[str, Any]:
    """Resolve codes and write the six tables; the content of the report."""

    def report(entries: Mapping[int, Mapping[str, int]]) -> dict[str, Any]:
        reported = {table: step.reported for table, step in STEPS.items()}
        return build_report(place, sources, names, given, entries, reported)

    with progress("ingest tables", len(RESOLVED) + 4, "steps") as advance:
        place.open_views()
        place.run("tracks")
        if not place.outcomes["tracks", "accepted"]:
            raise UnusableDump(_nothing_usable(raw, report({})))
        advance(note="tracks merged")
        for step in RESOLVED:
            place.run(step)
            advance(note=f"{step} resolved")
        rows = {"tracks": write_tracks(place, lake.table("tracks"), names)}
        advance(note="tracks written")
        entries = playlists.write_playlists(place, lake.table("playlists"))
        rows["playlists"] = sum(place.outcomes["playlists", "accepted"].values())
        advance(note="playlists written")
        files = pl.DataFrame(list(names.items()), ["file", "name"], orient="row")
        place.database.register("files", files)
        rows |= write_queries(place, lake.table)
        advance(note="all tables written")
    return {"tables": rows} | report({row["file"]: row for row in entries.to_dicts()})


def _nothing_usable(raw: Path, report: Mapping[str, Any]) -> str:
    lines = failures(report)
    more = f"; and {len(lines) - FILES_NAMED} more" if len(lines) > FILES_NAMED else ""
    return f"no usable track in {raw}: {'; '.join(lines[:FILES_NAMED])}{more}"

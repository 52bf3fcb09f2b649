"""The stage: raw dumps in, clean tables with dense codes out, everything refused kept with why."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from embeat_pipeline.ingest import playlists
from embeat_pipeline.ingest.assemble import write_queries, write_tracks
from embeat_pipeline.ingest.report import build_report, failures, report_path
from embeat_pipeline.ingest.sources import dump_files
from embeat_pipeline.ingest.staging import columns_of_steps, stage_files
from embeat_pipeline.ingest.workplace import Workplace, workplace
from embeat_pipeline.lake import (
    file_digest,
    forget,
    is_current,
    made_metadata,
    mark_current,
    stage_key,
    sync_folder,
    write_json,
)
from embeat_pipeline.progress import progress
from embeat_serve.contract import LakePaths
from embeat_serve.errors import UnusableDump

STAGED = ".staged"
"""Folder of cleaned files, so that only new ones are read."""

OUTPUTS = ("tracks", "artists", "playlists", "genre_map", "related_artists", "rejects")
"""Tables this stage writes."""

FILES_NAMED = 10
"""Files an error names before it stops counting them out."""


RESOLVED = ("artists", "genre_map", "related", "same_recording", "recordings")
"""Steps in SQL that come after the one for tracks, in order."""


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
    dump = [(path, path.relative_to(raw).as_posix(), file_digest(path)) for path in files]
    key = stage_key([], {"files": [[name, digest] for _, name, digest in dump]})
    report = report_path(lake)
    outputs = [*map(lake.table, OUTPUTS), report]
    if is_current(outputs, key):
        return made_metadata(report) | {"unchanged": True}
    names = {number: name for number, (_, name, _) in enumerate(dump)}
    with workplace(lake.tables, columns_of_steps()) as place:
        facts = stage_files(place, lake.tables / STAGED, dump)
        made = place.folder / "made"
        content = _write_tables(place, made, raw, facts, names)
        forget(outputs)
        for name in OUTPUTS:
            (made / f"{name}.parquet").replace(lake.table(name))
        sync_folder(lake.tables)
    write_json(report, content)
    metadata = content["tables"] | {"files": len(files), "files_refused": len(files) - len(facts)}
    mark_current(outputs, key, metadata)
    return metadata


def _write_tables(
    place: Workplace,
    made: Path,
    raw: Path,
    facts: Mapping[int, Mapping[str, Any]],
    names: Mapping[int, str],
) -> dict[str, Any]:
    """Resolve codes and write the six tables into ``made``; the content of the report."""

    def path(table: str) -> Path:
        return made / f"{table}.parquet"

    with progress("ingest tables", len(RESOLVED) + 4, "steps") as advance:
        place.open_views()
        place.run("tracks")
        if not place.outcomes["tracks", "accepted"]:
            raise UnusableDump(_nothing_usable(raw, build_report(place, facts, names, {})))
        advance(note="tracks merged")
        for step in RESOLVED:
            place.run(step)
            advance(note=f"{step} resolved")
        rows = {"tracks": write_tracks(place, path("tracks"), names)}
        advance(note="tracks written")
        entries = playlists.write_playlists(place, path("playlists"))
        rows["playlists"] = sum(place.outcomes["playlists", "accepted"].values())
        advance(note="playlists written")
        files = pl.DataFrame(list(names.items()), ["file", "name"], orient="row")
        place.database.register("files", files)
        rows |= write_queries(place, path)
        advance(note="all tables written")
    by_file = {row.pop("file"): row for row in entries.to_dicts()}
    return {"tables": rows} | build_report(place, facts, names, by_file)


def _nothing_usable(raw: Path, report: Mapping[str, Any]) -> str:
    lines = failures(report)
    more = f"; and {len(lines) - FILES_NAMED} more" if len(lines) > FILES_NAMED else ""
    return f"no usable track in {raw}: {'; '.join(lines[:FILES_NAMED])}{more}"

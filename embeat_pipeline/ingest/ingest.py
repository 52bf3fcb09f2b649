"""The stage: raw dumps in, clean tables with dense codes out, everything refused kept with why."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from embeat_pipeline.common.atomic import sync_folder, write_json
from embeat_pipeline.common.fingerprint import file_digest, stage_key
from embeat_pipeline.common.stage_cache import forget, is_current, made_metadata, mark_current
from embeat_pipeline.ingest.incremental.plan import Earlier, StartAfresh, find_earlier, settle
from embeat_pipeline.ingest.reading.discovery import dump_files
from embeat_pipeline.ingest.report import build_report, failures, report_path
from embeat_pipeline.ingest.resolve import write_tables
from embeat_pipeline.ingest.session import Dump, ingest_session, sweep
from embeat_pipeline.ingest.staging import code_digest, columns_of_steps, stage_files
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import UnusableDump

STAGED = ".staged"
"""Folder of cleaned files, so that only new ones are read."""

OUTPUTS = ("tracks", "artists", "playlists", "genre_map", "related_artists", "rejects")
"""Tables this stage writes."""

FILES_NAMED = 10
"""Files an error names before it stops counting them out."""


def ingest(lake: LakePaths, raw: Path | None = None) -> dict[str, Any]:
    """Read every file of the dump and write the clean tables and ``reports/ingest.json``.

    Files are recognised by content. What cannot be read or used is refused with a reason, in the
    table ``rejects`` and as a warning on stderr, and stops nothing. Row counts add up: of every
    file, accepted, merged and rejected rows are those read.

    Where files came in addition to those of the last ingest, the tables grow (``growth.py``).

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
    known = [(name, digest) for _, name, digest in dump]
    key = stage_key([], {"files": known})
    report = report_path(lake)
    outputs = [*map(lake.table, OUTPUTS), report]
    sweep(lake.tables)
    if is_current(outputs, key):
        return made_metadata(report) | {"unchanged": True}
    told = {"key": key, "code": code_digest("*.py", "*.sql"), "files": known}
    earlier = find_earlier(lake.tables, known, told["code"], outputs)
    try:
        content = _make(lake, raw, dump, earlier, outputs, told)
    except StartAfresh as change:
        print(f"ingest: codes are given out anew: {change}", file=sys.stderr)
        content = _make(lake, raw, dump, None, outputs, told)
    write_json(report, content)
    refused = sum("format" not in file for file in content["files"])
    metadata = content["tables"] | {"files": len(files), "files_refused": refused}
    mark_current(outputs, key, metadata)
    return metadata


def _make(
    lake: LakePaths,
    raw: Path,
    files: Sequence[tuple[Path, str, str]],
    earlier: Earlier | None,
    outputs: Sequence[Path],
    told: Mapping[str, Any],
) -> dict[str, Any]:
    """Make the tables and put them into place together; the content of the report."""
    names = {number: name for number, (_, name, _) in enumerate(files)}
    with ingest_session(lake.tables, columns_of_steps()) as place:
        facts = stage_files(place, lake.tables / STAGED, files)
        place.open_views()
        dump = Dump(
            names,
            {
                number
                for number, (_, name, digest) in enumerate(files)
                if earlier is None or (name, digest) not in earlier.files
            },
        )
        made = place.folder / "made"
        made.mkdir()
        written = write_tables(place, made, dump, earlier, told)
        if written is None:
            raise UnusableDump(_nothing_usable(raw, build_report(place, facts, names, {})))
        rows, entries = written
        content = {"tables": rows} | build_report(place, facts, names, entries)
        forget(outputs)
        for name in OUTPUTS:
            (made / f"{name}.parquet").replace(lake.table(name))
        settle(lake.tables, made / "resolved")
        sync_folder(lake.tables)
    return content


def _nothing_usable(raw: Path, report: Mapping[str, Any]) -> str:
    lines = failures(report)
    more = f"; and {len(lines) - FILES_NAMED} more" if len(lines) > FILES_NAMED else ""
    return f"no usable track in {raw}: {'; '.join(lines[:FILES_NAMED])}{more}"
